import { once } from 'node:events'
import { join } from 'node:path'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { currentSchema } from '../../../src/iceberg/ids.ts'
import { compactTable } from '../../../src/iceberg/rewrite/compact-table.ts'
import { threadLimits } from '../../../src/ingest/thread.ts'
import { systemContext } from '../../../src/stores/table/catalog.ts'
import { writeBare } from '../bare-parquet.ts'
import { manyRows, rowsOfMany } from '../many-files.ts'
import { peakMegabytes, say, taskOf } from '../program.ts'
import { catalogAt } from '../tables.ts'

/*
 * Compacts a table, in a thread with the limits of the daemon's, or writes the
 * rows that are in it by the bare encoder.
 */

export interface CompactTask {
  readonly directory: string
  /** Where the bare encoder writes, and how many rows to a file and to a row group; without it the table is compacted. */
  readonly bare?: { readonly folder: string; readonly fileRows: number; readonly rowGroupRows: number }
}

interface Outcome {
  readonly ms: number
  readonly rows: number
  readonly removed: number
  readonly added: number
  readonly commits: number
}

export interface CompactAnswer extends Outcome {
  readonly peakMegabytes: number
}

if (isMainThread) {
  const task = taskOf() as CompactTask
  const outcome = task.bare === undefined ? await compactInThread(task) : await encode(task.directory, task.bare)
  const answer: CompactAnswer = { ...outcome, peakMegabytes: peakMegabytes() }
  say(answer)
} else parentPort?.postMessage(await compact((workerData as CompactTask).directory))

async function compactInThread(task: CompactTask): Promise<Outcome> {
  const thread = new Worker(new URL(import.meta.url), { workerData: task, resourceLimits: threadLimits })
  const [outcome] = (await once(thread, 'message')) as [Outcome]
  return outcome
}

async function compact(directory: string): Promise<Outcome> {
  const start = performance.now()
  const report = await compactTable(catalogAt(directory), { context: systemContext })
  const ms = performance.now() - start
  const [failed] = report.failed
  if (failed !== undefined) throw failed.error
  const { rows, removed, added, commits } = report
  return { ms, rows, removed: removed.files, added: added.files, commits }
}

async function encode(
  directory: string,
  { folder, fileRows, rowGroupRows }: NonNullable<CompactTask['bare']>,
): Promise<Outcome> {
  const schema = currentSchema((await catalogAt(directory).load()).metadata)
  let ms = 0
  for (let first = 0; first < manyRows; first += fileRows) {
    const rows = rowsOfMany(first, Math.min(fileRows, manyRows - first))
    const start = performance.now()
    writeBare(join(folder, `bare-${first}.parquet`), rows, schema, rowGroupRows)
    ms += performance.now() - start
  }
  return { ms, rows: manyRows, removed: 0, added: Math.ceil(manyRows / fileRows), commits: 0 }
}
