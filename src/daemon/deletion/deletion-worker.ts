import { yieldToOthers } from '../../ingest/low-priority.ts'
import { serveTasks } from '../../ingest/task-thread.ts'
import { type DeletionOutcome, type DeletionTask, runDeletion } from './deletion-task.ts'

/*
 * The thread that deletes rows: it looks for them, writes the others again and commits beside those who write.
 */

yieldToOthers()

serveTasks<DeletionTask, DeletionOutcome>((task, { signal }) => runDeletion(task, signal))
