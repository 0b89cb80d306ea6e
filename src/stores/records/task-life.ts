import type { RawRecord } from './kind.ts'
import type { Task, TaskError, TaskProgress, TaskStatus, TerminalReason } from './kinds/task.ts'
import { addEntry } from './task-timeline.ts'

/*
 * What can happen to a task, each as a function of the task before. Times are RFC 3339 in UTC.
 */

/** Long work that somebody asked for. */
export interface TaskRequest {
  readonly kind: string
  readonly input: RawRecord
  /** The task that it does again. */
  readonly resumedFrom?: string | undefined
}

export function newTask(id: string, { kind, input, resumedFrom }: TaskRequest, at: string): Task {
  const names = Object.values(input).filter(value => typeof value === 'string')
  const what = [kind, ...names, ...(resumedFrom === undefined ? [] : ['resumed from', resumedFrom])].join(' ')
  return {
    id,
    kind,
    input,
    status: 'queued',
    createdAt: at,
    startedAt: null,
    endedAt: null,
    progress: null,
    result: null,
    error: null,
    terminalReason: null,
    lifecycleSeq: 1,
    timeline: addEntry([], { at, kind: 'created', summary: what }),
    resumedFrom: resumedFrom ?? null,
  }
}

export function isEnded({ status }: Pick<Task, 'status'>): boolean {
  return status !== 'queued' && status !== 'running'
}

/** Whether the same work may be done again: it ended, and not well. */
export function isResumable({ status }: Pick<Task, 'status'>): boolean {
  return status === 'failed' || status === 'canceled'
}

export function started(task: Task, at: string): Task {
  return moved({ ...task, startedAt: at }, 'running', at, 'started', '')
}

export function progressed(task: Task, progress: TaskProgress, at: string): Task {
  const summary = `${progress.done} of ${progress.total} ${progress.unit}, ${progress.rows} ${progress.rows === 1 ? 'row' : 'rows'}`
  return { ...task, progress, timeline: addEntry(task.timeline, { at, kind: 'progress', summary }) }
}

/** @param result counts of what it came to */
export function completed(task: Task, result: RawRecord, at: string): Task {
  const counts = Object.entries(result).flatMap(([name, count]) =>
    typeof count === 'number' ? [`${name} ${count}`] : [],
  )
  return ended({ ...task, result }, 'completed', 'completed', at, counts.join(', '))
}

export function canceled(task: Task, at: string): Task {
  return ended(task, 'canceled', 'canceled', at, 'on request')
}

/** @param reason `failed`, or what else kept the work from its end */
export function failed(task: Task, reason: 'failed' | 'shutdown' | 'recovered', error: TaskError, at: string): Task {
  return ended({ ...task, error }, 'failed', reason, at, `${error.message} [${error.code}]`)
}

/** A task that says it runs although the process that ran it is gone. It is not begun again by itself. */
export function recovered(task: Task, at: string): Task {
  const how = task.status === 'running' ? 'while it ran' : 'before it began'
  const error = {
    code: 'INTERRUPTED',
    message: `The process ended ${how}.`,
    hint: `Run \`hyp tasks ${task.id} --resume\`: what is stored already is not stored again.`,
  }
  return failed(task, 'recovered', error, at)
}

function ended(task: Task, status: TaskStatus, reason: TerminalReason, at: string, summary: string): Task {
  return moved({ ...task, endedAt: at, terminalReason: reason }, status, at, reason, summary)
}

function moved(task: Task, status: TaskStatus, at: string, kind: string, summary: string): Task {
  return {
    ...task,
    status,
    lifecycleSeq: task.lifecycleSeq + 1,
    timeline: addEntry(task.timeline, { at, kind, summary }),
  }
}
