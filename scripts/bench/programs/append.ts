import { once } from 'node:events'
import { join } from 'node:path'
import { isMainThread, Worker, workerData } from 'node:worker_threads'
import { currentSchema } from '../../../src/iceberg/ids.ts'
import { appendOnce } from '../../../src/ingest/keys/append-once.ts'
import { readFirstKeys } from '../../../src/ingest/keys/first-keys.ts'
import { rowKey } from '../../../src/ingest/keys/row-key.ts'
import { threadLimits } from '../../../src/ingest/thread.ts'
import { systemContext } from '../../../src/stores/table/catalog.ts'
import { writeBare } from '../bare-parquet.ts'
import { peakMegabytes, say, taskOf } from '../program.ts'
import { rowsFrom } from '../rows.ts'
import { apply, catalogAt, declared } from '../tables.ts'

/*
 * Appends batches of made-up rows to a table that grows, and writes equal rows
 * by the bare encoder where told so.
 */

export interface AppendTask {
  readonly folder: string
  readonly batches: number
  readonly batchRows: number
  readonly text: number
  /** In a thread as the daemon has one for imports, not in the main one. */
  readonly asImport?: boolean
  /** Rows of a file and of a row group of the bare encoder; none: it is not run. */
  readonly bare?: { readonly fileRows: number; readonly rowGroupRows: number }
}

export interface AppendAnswer {
  /** Milliseconds by batch: ours, then the bare encoder. */
  readonly ms: readonly (readonly number[])[]
  readonly peakMegabytes: number
}

const task = isMainThread ? (taskOf() as AppendTask) : (workerData as AppendTask)
if (!isMainThread) await run()
else {
  const ms = task.asImport === true ? await runAsImport() : await run()
  const answer: AppendAnswer = { ms, peakMegabytes: peakMegabytes() }
  say(answer)
}

async function runAsImport(): Promise<number[][]> {
  const thread = new Worker(new URL(import.meta.url), { workerData: task, resourceLimits: threadLimits })
  await once(thread, 'exit')
  return []
}

async function run(): Promise<number[][]> {
  const { folder, batches, batchRows, text, bare } = task
  const directory = join(folder, 'table')
  const { table } = await apply(directory, declared)
  const schema = currentSchema(table.metadata)
  const catalog = catalogAt(directory)
  const key = rowKey(declared.identifier)
  const known = await readFirstKeys(table, key)
  const ms: number[][] = []

  for (let batch = 0; batch < batches; batch++) {
    const contenders = [
      async (rows: ReturnType<typeof rowsFrom>): Promise<void> => {
        const appended = await appendOnce(catalog, await catalog.load(), rows, key, systemContext, { firstKeys: known })
        if (appended.rows !== rows.length) throw new Error(`${appended.rows} of ${rows.length} rows were appended`)
      },
      ...[bare ?? []]
        .flat()
        .map(({ fileRows, rowGroupRows }) => async (rows: ReturnType<typeof rowsFrom>): Promise<void> => {
          for (let start = 0; start < rows.length; start += fileRows) {
            const path = join(folder, `bare-${batch}-${start}.parquet`)
            writeBare(path, rows.slice(start, start + fileRows), schema, rowGroupRows)
          }
        }),
    ]
    // Rows of its own for each: an encoder leaves the hashes of strings in them, and a second one would find those.
    const rows = contenders.map(() => rowsFrom(batch * batchRows, batchRows, { text, perSession: 60 }))
    const took = new Array<number>(contenders.length)
    for (let turn = 0; turn < contenders.length; turn++) {
      const index = (turn + batch) % contenders.length
      const start = performance.now()
      await contenders[index]?.(rows[index] ?? [])
      took[index] = performance.now() - start
    }
    ms.push(took)
  }
  return ms
}
