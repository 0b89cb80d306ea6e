import { yieldToOthers } from '../../ingest/low-priority.ts'
import { serveTasks } from '../../ingest/task-thread.ts'
import { copyTablesTo } from '../../stores/backup/backup.ts'
import { relocateAt } from '../../stores/table/relocate.ts'
import type { TableWork, TableWorkDone } from './table-thread.ts'

/* Reads what tables consist of, beside those who write and give way to whom waits for an answer. */

yieldToOthers()

serveTasks<TableWork, TableWorkDone>(async (work, { signal }) =>
  work.type === 'copy'
    ? { type: 'copied', result: await copyTablesTo(work.task, signal) }
    : { type: 'relocated', result: await relocateAt(work.place, work.dryRun) },
)
