import { randomBytes } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { localFileIO } from '../../../src/iceberg/file-io/local.ts'
import { currentSchema } from '../../../src/iceberg/ids.ts'
import type { Row } from '../../../src/iceberg/types.ts'
import { flush } from '../../../src/ingest/flush/flush.ts'
import { openSpool } from '../../../src/ingest/spool/spool.ts'
import { systemContext } from '../../../src/stores/table/catalog.ts'
import { writeBare } from '../bare-parquet.ts'
import { lineOf } from '../json-lines.ts'
import { say, taskOf } from '../program.ts'
import { rowsFrom } from '../rows.ts'
import { apply, catalogAt, declared } from '../tables.ts'

/*
 * Flushes spooled rows into a table, and writes the same rows as bare Parquet
 * files, in turn.
 */

export interface FlushTask {
  readonly folder: string
  readonly rounds: number
  readonly rows: number
  /** Characters of text in a row. */
  readonly text: number
  /** Rows of a bare file. */
  readonly bareRows: number
}

export interface FlushAnswer {
  /** Milliseconds of each round: ours, those of the bare encoder, and of it with the rows parsed from JSON first. */
  readonly ms: readonly (readonly [number, number, number])[]
}

const { folder, rounds, rows: count, text, bareRows } = taskOf() as FlushTask
const directory = join(folder, 'table')
mkdirSync(directory, { recursive: true })
const { table } = await apply(directory, declared)
const schema = currentSchema(table.metadata)
const ms: [number, number, number][] = []
for (let round = 0; round < rounds; round++) {
  const made = (): Row[] => rowsFrom(round * count, count, { text, perSession: 60 })
  const segments = await spooled(made(), round)
  const rows = made()
  const lines = rows.map(lineOf)
  const contenders = [
    () => ours(segments),
    async () => bare(rows, `${round}`),
    async () => {
      for (const line of lines) JSON.parse(line)
      bare(rows, `${round}-parsed`)
    },
  ]
  const taken: [number, number, number] = [0, 0, 0]
  for (const turn of [round % 3, (round + 1) % 3, (round + 2) % 3]) {
    const start = performance.now()
    await contenders[turn]?.()
    taken[turn] = performance.now() - start
  }
  ms.push(taken)
}
say({ ms } satisfies FlushAnswer)

async function ours(segments: Awaited<ReturnType<typeof spooled>>): Promise<void> {
  const { rows } = await flush({
    catalog: catalogAt(directory),
    io: localFileIO,
    segments,
    declaration: declared,
    quarantine: join(folder, 'quarantine'),
    rejects: join(folder, 'rejects'),
    context: { ...systemContext, monotonic: () => performance.now() },
  })
  if (rows !== count) throw new Error(`${rows} rows were flushed, not ${count}`)
}

function bare(rows: readonly Row[], name: string): void {
  for (let start = 0; start < rows.length; start += bareRows)
    writeBare(join(folder, `bare-${name}-${start}.parquet`), rows.slice(start, start + bareRows), schema, 2500)
}

async function spooled(rows: readonly Row[], round: number): Promise<Parameters<typeof flush>[0]['segments']> {
  const spool = await openSpool({
    io: localFileIO,
    directory: join(folder, `spool-${round}`),
    table: declared.table,
    now: Date.now,
    randomBytes,
  })
  for (let start = 0; start < rows.length; start += 500) {
    const batch = rows.slice(start, start + 500)
    await spool.append({ rows: batch.length, bytes: Buffer.from(batch.map(lineOf).join('')) }, declared)
  }
  const segments = await spool.rotate()
  await spool.close()
  return segments
}
