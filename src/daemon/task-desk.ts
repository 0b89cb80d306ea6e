import type { BackfillRequest } from '../ingest/backfill/backfill-request.ts'
import type { Task } from '../stores/records/kinds/task.ts'
import { backfillOf } from './backfill-task.ts'
import type { Import } from './imports.ts'
import type { Tasks } from './tasks.ts'

/** What a running daemon lets others do with its tasks. */
export interface TaskDesk extends Pick<Tasks, 'list' | 'find' | 'cancel'> {
  /** Begins a new task of the same kind and input; gives it as it begins. @throws HypError NOT_FOUND, TASK_ENDED */
  resume(id: string): Promise<Task>
}

export interface TaskDeskOptions {
  readonly tasks: Tasks
  /** Begins a backfill in the background. @throws HypError where it cannot begin */
  readonly backfill: (request: BackfillRequest, resumedFrom: string) => Promise<Import>
}

export function newTaskDesk({ tasks, backfill }: TaskDeskOptions): TaskDesk {
  return {
    list: () => tasks.list(),
    find: id => tasks.find(id),
    cancel: id => tasks.cancel(id),
    resume: async id => {
      const request = backfillOf(await tasks.resumable(id))
      const { task } = await backfill(request, id)
      return tasks.find(await task)
    },
  }
}
