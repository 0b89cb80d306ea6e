import { startTaskThread } from '../../ingest/task-thread.ts'
import type { DeletionOutcome, DeletionTask } from './deletion-task.ts'

/** Deletes in a thread of its own, which is there no longer than that takes. */
export async function deleteInThread(task: DeletionTask, signal: AbortSignal): Promise<DeletionOutcome> {
  const thread = startTaskThread<DeletionTask, DeletionOutcome>(
    new URL('./deletion-worker.js', import.meta.url),
    'deletion',
  )
  try {
    return await thread.run(task, signal)
  } finally {
    await thread.close()
  }
}
