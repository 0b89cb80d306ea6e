import { runInThread } from '../../ingest/task-thread.ts'
import type { DeletionOutcome, DeletionTask } from './deletion-task.ts'

/** Deletes in a thread of its own, which is there no longer than that takes. */
export function deleteInThread(task: DeletionTask, signal: AbortSignal): Promise<DeletionOutcome> {
  return runInThread(new URL('./deletion-worker.js', import.meta.url), 'deletion', task, signal)
}
