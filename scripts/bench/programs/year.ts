import { randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { startUpkeepThread } from '../../../src/daemon/upkeep/upkeep-thread.ts'
import { fileCatalog, tableLocation } from '../../../src/iceberg/catalog/file-catalog.ts'
import { localFileIO } from '../../../src/iceberg/file-io/local.ts'
import { scanRows } from '../../../src/iceberg/scan.ts'
import type { Row } from '../../../src/iceberg/types.ts'
import { flush } from '../../../src/ingest/flush/flush.ts'
import { openSpool } from '../../../src/ingest/spool/spool.ts'
import { openQuerySession } from '../../../src/query/session.ts'
import { ensureHome, homeAt } from '../../../src/stores/home.ts'
import { systemContext } from '../../../src/stores/table/catalog.ts'
import { applyTable } from '../../../src/stores/table/store.ts'
import type { UpkeepFacts } from '../../../src/stores/table/upkeep/due.ts'
import { tendTable } from '../../../src/stores/table/upkeep/tend.ts'
import { lineOf } from '../json-lines.ts'
import { say, taskOf } from '../program.ts'
import { rowsFrom } from '../rows.ts'
import { declared } from '../tables.ts'

/*
 * Feeds a table for a long time on a clock of its own: a flush of some rows of some sessions each half minute, and a
 * look each eight flushes, with a pass of maintenance whenever one is due.
 */

export interface YearTask {
  readonly folder: string
  /** How often it is flushed before each measurement of what has become of the table. */
  readonly flushes: readonly number[]
  /** After so many flushes others talk; 0: the same all the time. */
  readonly sessionFlushes: number
  /** How often it is flushed at last, without a pause, while maintenance goes on in its thread. */
  readonly besideFlushes: number
}

/** What has become of the table after so many flushes. */
export interface YearState {
  readonly flushes: number
  /** Of everything in `metadata`. */
  readonly metadataBytes: number
  /** Milliseconds in which all rows are read, by our own scan and by a query; the best of three. */
  readonly scanMs: number
  readonly queryMs: number
  readonly facts: UpkeepFacts
}

export interface YearAnswer {
  /** Milliseconds of each flush. */
  readonly ms: readonly number[]
  /** Milliseconds of each look that did something. */
  readonly passes: readonly number[]
  readonly states: readonly YearState[]
  /** Milliseconds of each flush beside maintenance, and how often the table was looked after meanwhile. */
  readonly beside: readonly number[]
  readonly besidePasses: number
}

const everyMs = 30_000
const sessions = 5
const rowsPerFlush = 10
const text = 2048
const flushesPerLook = 8

const { folder, flushes, sessionFlushes, besideFlushes } = taskOf() as YearTask
const total = (flushes.at(-1) ?? 0) + besideFlushes
const home = homeAt(join(folder, 'home'))
await ensureHome(home)
const directory = join(home.tables, declared.table)
mkdirSync(directory, { recursive: true })
// It ends now: files are as old as the clock of the disk says.
let clock = Date.now() - total * everyMs
const now = (): number => clock
const context = { ...systemContext, now }
const catalog = fileCatalog({ io: localFileIO, directory, ...context })
await applyTable({ catalog, declaration: declared, location: tableLocation(directory), context })
const spool = await openSpool({
  io: localFileIO,
  directory: join(folder, 'spool'),
  table: declared.table,
  now,
  randomBytes,
})

const ms: number[] = []
const passes: number[] = []
const states: YearState[] = []
let sweptMs: number | undefined
let facts: UpkeepFacts | undefined
for (const end of flushes) {
  while (ms.length < end) {
    clock += everyMs
    ms.push(await flushOnce(ms.length))
    if (ms.length % flushesPerLook === 0) await tend()
  }
  states.push(await measure())
}
const beside = await flushBeside()
await spool.close()
say({ ms, passes, states, ...beside } satisfies YearAnswer)

async function tend(): Promise<void> {
  const start = performance.now()
  const options = { name: declared.table, leased: async () => new Set<bigint>(), context, sweptMs }
  const tended = await tendTable(catalog, options)
  facts = tended.facts
  const { report } = tended
  if (report === null) return
  if (report.failures.length > 0) throw new Error(JSON.stringify(report.failures))
  if (report.swept !== null) sweptMs = clock
  passes.push(performance.now() - start)
}

async function flushOnce(n: number): Promise<number> {
  const bytes = Buffer.from(rowsAt(n).map(lineOf).join(''))
  await spool.append({ rows: rowsPerFlush, bytes }, declared)
  const segments = await spool.rotate()
  const start = performance.now()
  const { rows, positions } = await flush({
    catalog,
    io: localFileIO,
    segments,
    streams: spool.state().streams.map(({ stream }) => stream),
    declaration: declared,
    quarantine: join(folder, 'quarantine'),
    rejects: join(folder, 'rejects'),
    context,
  })
  const took = performance.now() - start
  if (rows !== rowsPerFlush) throw new Error(`${rows} rows were flushed, not ${rowsPerFlush}`)
  await spool.release(positions)
  return took
}

/** Ten rows: the next two of each session that talks now. */
function rowsAt(n: number): Row[] {
  const first = sessionFlushes === 0 ? 0 : Math.floor(n / sessionFlushes) * sessions
  return rowsFrom(n * rowsPerFlush, rowsPerFlush, { text, perSession: 1 }).map((row, index) => {
    const session = first + (index % sessions)
    const id = `${hex(session, 8)}-0000-4000-8000-${hex((session * 2_654_435_761) >>> 0, 12)}`
    return {
      ...row,
      session_id: id,
      conversation_id: id,
      message_created_at: BigInt(now() + index) * 1000n,
      message_index: n * 2 + Math.floor(index / sessions),
    }
  })
}

function hex(value: number, length: number): string {
  return value.toString(16).padStart(length, '0')
}

/** The longest that a flush takes while the table is compacted and expired without a pause. */
async function flushBeside(): Promise<Pick<YearAnswer, 'beside' | 'besidePasses'>> {
  const thread = startUpkeepThread()
  const writingSinceMs = performance.timeOrigin
  const stopping = new AbortController()
  let besidePasses = 0
  const tending = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      const steps = ['compact', 'merge', 'expire', 'sweep'] as const
      const task = { home, name: declared.table, directory, steps, dryRun: false, sweptMs: undefined, writingSinceMs }
      const { report } = await thread.run(task, stopping.signal)
      if (report !== null && report.failures.length > 0) throw new Error(JSON.stringify(report.failures))
      besidePasses++
    }
  }
  const tended = besideFlushes === 0 ? Promise.resolve() : tending()
  const ended = tended.catch((error: unknown) => {
    if (!stopping.signal.aborted) throw error
  })
  const taken: number[] = []
  for (let n = 0; n < besideFlushes; n++) {
    clock += everyMs
    taken.push(await flushOnce(ms.length + n))
  }
  stopping.abort()
  await ended
  await thread.close(10_000)
  return { beside: taken, besidePasses }
}

async function measure(): Promise<YearState> {
  if (facts === undefined) throw new Error('the table was never looked at')
  return {
    flushes: ms.length,
    metadataBytes: sizeOf(join(directory, 'metadata')),
    scanMs: await best(byScan),
    queryMs: await best(byQuery),
    facts,
  }
}

async function best(read: () => Promise<number>): Promise<number> {
  let least = Number.POSITIVE_INFINITY
  for (let round = 0; round < 3; round++) {
    const start = performance.now()
    const rows = await read()
    least = Math.min(least, performance.now() - start)
    if (rows !== ms.length * rowsPerFlush) throw new Error(`${rows} rows were read, not ${ms.length * rowsPerFlush}`)
  }
  return least
}

/** Every value of every row. */
async function byScan(): Promise<number> {
  let rows = 0
  for await (const batch of scanRows(await catalog.load())) rows += batch.length
  return rows
}

/** From an engine that does not run yet to the last value of the last row. */
async function byQuery(): Promise<number> {
  const session = await openQuerySession({ tables: { [declared.table]: await catalog.load() } })
  try {
    const { batches } = await session.run(`SELECT * FROM ${declared.table}`)
    let rows = 0
    for await (const { rowCount } of batches) rows += rowCount
    return rows
  } finally {
    await session.close()
  }
}

function sizeOf(place: string): number {
  return readdirSync(place).reduce(
    (sum, name) => sum + (statSync(join(place, name), { throwIfNoEntry: false })?.size ?? 0),
    0,
  )
}
