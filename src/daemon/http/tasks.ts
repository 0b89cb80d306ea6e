import { taskDocument, tasksDocument } from '../task-document.ts'
import { sendJson } from './reply.ts'
import type { Exchange, JsonObject } from './route.ts'

export async function listTasks({ daemon, response }: Exchange): Promise<void> {
  sendJson(response, 200, tasksDocument(await daemon.tasks.list()))
}

export async function showTask({ daemon, params, response }: Exchange<'id'>): Promise<void> {
  sendJson(response, 200, taskDocument(await daemon.tasks.find(params.id)))
}

/** Answers when the task has ended. */
export async function cancelTask({ daemon, params, response }: Exchange<'id', JsonObject>): Promise<void> {
  sendJson(response, 200, taskDocument(await daemon.tasks.cancel(params.id)))
}

/** 202 with the new task, which goes on. */
export async function resumeTask({ daemon, params, response }: Exchange<'id', JsonObject>): Promise<void> {
  sendJson(response, 202, taskDocument(await daemon.tasks.resume(params.id)))
}
