import { runInThread } from '../../ingest/task-thread.ts'
import type { TablesCopied, TablesTask } from '../../stores/backup/backup.ts'
import type { TablePlace, TableRelocation } from '../../stores/table/relocate.ts'

/** Work on whole tables that reads all of their manifests. Plain data. */
export type TableWork =
  | { readonly type: 'copy'; readonly task: TablesTask }
  | { readonly type: 'relocate'; readonly place: TablePlace; readonly dryRun: boolean }

export type TableWorkDone =
  | { readonly type: 'copied'; readonly result: TablesCopied }
  | { readonly type: 'relocated'; readonly result: TableRelocation }

/** Copies tables in a thread that ends with the work. @throws HypError as `copyTablesTo` */
export async function copyTablesInThread(task: TablesTask, signal: AbortSignal): Promise<TablesCopied> {
  const done = await inThread({ type: 'copy', task }, 'backup', signal)
  if (done.type !== 'copied') throw new Error('a thread did other work than it was given')
  return done.result
}

/** Relocates a table in a thread that ends with the work. @throws HypError as `relocateAt` */
export async function relocateInThread(
  place: TablePlace,
  dryRun: boolean,
  signal: AbortSignal,
): Promise<TableRelocation> {
  const done = await inThread({ type: 'relocate', place, dryRun }, 'relocation', signal)
  if (done.type !== 'relocated') throw new Error('a thread did other work than it was given')
  return done.result
}

function inThread(work: TableWork, name: string, signal: AbortSignal): Promise<TableWorkDone> {
  return runInThread(new URL('./table-worker.js', import.meta.url), name, work, signal)
}
