import type { AppendContext } from '../../iceberg/append.ts'
import type { Catalog, Table } from '../../iceberg/catalog/catalog.ts'
import { IcebergError } from '../../iceberg/errors.ts'
import { readApplied } from '../../schema/applied.ts'
import type { Declaration } from '../../schema/declaration.ts'
import type { Whereabouts } from '../../sources/source.ts'
import type { RecordPlaceOptions } from '../../stores/records/store.ts'
import { observeTable } from '../../stores/table/store.ts'
import { gatewayIdOf, rowShaper } from '../rows.ts'
import type { ReadTombstones } from '../tombstones/tombstones.ts'
import {
  type LaneOptions,
  type LaneProgress,
  type LaneReport,
  pairedBatch,
  runLane,
  type StoredFile,
} from './backfill-lane.ts'
import type { BackfillRequest } from './backfill-request.ts'
import { type BackfillEvent, type BackfillSummary, newTally } from './backfill-summary.ts'
import { findChangedFiles } from './changed-files.ts'
import { countingSink, waitingSink } from './counting-sink.ts'
import { readersOf } from './readers.ts'
import type { RowSink } from './row-sink.ts'
import { type AcceptRows, spoolSink } from './spool-sink.ts'
import { tableSink } from './table-sink.ts'
import { timeRange } from './time-range.ts'
import { type Baton, type LaneTurns, newTurns, ownTurns } from './turns.ts'

export interface BackfillOptions {
  readonly request: BackfillRequest
  /** Where histories are looked for. */
  readonly where: Whereabouts
  readonly catalog: Catalog
  /** What rows are made under. */
  readonly declaration: Declaration
  /** The schema that the declaration came to in the table; where it came to another since, nothing is read. */
  readonly appliedSchemaId?: number | undefined
  /** To say how much disk is free. */
  readonly tableDirectory: string
  /** Where it is kept which files were read; without it all are. */
  readonly records?: RecordPlaceOptions | undefined
  /** What was deleted from the table and does not come back; without it everything is taken. */
  readonly tombstones?: ReadTombstones | undefined
  readonly context: AppendContext & { readonly monotonic: () => number }
  /** The table refuses rows now: this takes them until it does not. */
  readonly spool?: AcceptRows | undefined
  /** Reads and stores beside this thread where there is much to read. */
  readonly beside?: BesideLane | undefined
  readonly onEvent: (event: BackfillEvent) => void
  readonly signal?: AbortSignal | undefined
}

/** Begins a lane elsewhere that shares the files, and hands the turns on to it. */
export type BesideLane = (options: BesideOptions) => Beside

export interface BesideOptions extends Pick<LaneOptions, 'files' | 'onStored' | 'onProgress'> {
  /** The table that rows are made for. */
  readonly begun: Pick<Table, 'metadata'>
  /** Takes the turns that come back. */
  readonly receive: (baton: Baton) => void
}

export interface Beside {
  readonly pass: (baton: Baton) => void
  /** Resolves with the values that were left out, by column. @throws as `runLane` */
  readonly ended: Promise<Readonly<Record<string, number>>>
  /** Ends it, and waits until it has. Never throws. */
  readonly stop: () => Promise<void>
}

const progressEveryMs = 250

/** Less is read before another thread has begun. */
const besideFromBytes = 32 * 1024 * 1024

/**
 * Loads histories into the table, or into its spool while it refuses rows. Each
 * batch is durable by itself; what is durable stays when the work is
 * interrupted, and a run that follows adds what is missing. A file that is
 * wholly stored is not read again.
 * @throws HypError USAGE for a range of time that is none; IcebergError COMMIT_CONFLICT where the table changed; HypError and IcebergError of the table, of its spool and of
 *   the disk
 */
export async function backfill(options: BackfillOptions): Promise<BackfillSummary> {
  const { catalog, context, declaration, onEvent, request, signal } = options
  const begunAt = context.monotonic()
  const range = timeRange(request.since, request.until)
  const isCounting = request.dryRun === true
  const held = options.spool !== undefined
  // What is in the table of a file that was read in part cannot be told.
  const isNoted = !isCounting && (range === undefined || held)
  const table = isCounting ? await observeTable(catalog) : await catalog.load()
  if (options.spool === undefined) checkApplied(table, options.appliedSchemaId)
  const tally = newTally()
  const { files, cursorsOf } = await findChangedFiles({ ...options, table: table ?? undefined, range, held, tally })
  const totalBytes = files.reduce((sum, { file }) => sum + file.size, 0)
  const shaper = rowShaper(declaration, gatewayIdOf(table))
  const readerOf = readersOf(request, options.where)
  const done = new Map<string, LaneProgress>()
  let noting = Promise.resolve()
  let stored = 0
  let reportedAt = 0
  await runLanes()
  tally.illTyped(shaper.illTyped)
  await note()
  const sums = tally.sums()
  report(true)
  const { since = null, until = null } = request
  const asked = { source: request.source, dryRun: isCounting, since, until }
  const summary: BackfillSummary = { ...asked, ...sums, ms: elapsed() }
  onEvent({ type: 'done', summary })
  return summary

  /** One lane here, and one beside it where that is worth a thread. */
  async function runLanes(): Promise<void> {
    const isMuch = totalBytes >= besideFromBytes && files.length > 1
    const start = isMuch && !isCounting && !held ? options.beside : undefined
    const own = { files, readerOf, shaper, range, sink: sinkOf(options, table ?? undefined), onStored, signal }
    if (start === undefined || table === null)
      return runLane({ ...own, turns: ownTurns(), onProgress: onProgress('own') })
    const turns: LaneTurns = newTurns(baton => beside.pass(baton))
    const beside = start({
      files,
      begun: { metadata: table.metadata },
      receive: turns.receive,
      onStored,
      onProgress: onProgress('beside'),
    })
    turns.receive({ type: 'read', next: 0 })
    turns.receive({ type: 'store' })
    // Whoever waits for the turn of one that failed would wait for ever.
    const ended = beside.ended.catch((error: Error) => {
      turns.fail(error)
      throw error
    })
    try {
      await Promise.all([runLane({ ...own, turns, limits: pairedBatch, onProgress: onProgress('own') }), ended])
      tally.illTyped(await ended)
    } finally {
      await beside.stop()
    }
  }

  function onStored({ files: read, taken, faults }: LaneReport): Promise<void> {
    tally.taken(taken)
    tally.unreadable(faults)
    stored += taken.rows + taken.spooled
    for (const file of read) {
      const { source, root, path, outcome, identity, faults: refused } = file
      tally.file(source, outcome)
      if (identity === undefined || !isDone(file)) continue
      const { lines, rows, waitsFor } = outcome
      const unreadable = [...outcome.unreadable, ...refused]
      cursorsOf.get(source)?.wasRead(root, path, identity, { lines, rows, unreadable, waitsFor, range })
    }
    return note()
  }

  /** While the table refuses rows, those of a file would be spooled again; it is read once more when the table takes them. */
  function isDone({ outcome, faults }: StoredFile): boolean {
    return held || (outcome.isWhole && faults.length === 0)
  }

  /** Stores which files were read. One at a time: the lanes do not wait for each other. */
  function note(): Promise<void> {
    if (!isNoted) return Promise.resolve()
    noting = storeCursors(noting)
    return noting
  }

  async function storeCursors(before: Promise<void>): Promise<void> {
    await before
    if (cursorsOf.size === 0) return
    // As it is now: no row that was durable by then can be missing where its snapshot is.
    const now = await catalog.load()
    for (const cursors of cursorsOf.values()) {
      cursors.follow(now)
      if (cursors.isChanged()) await cursors.store(now)
    }
  }

  function onProgress(lane: string): (progress: LaneProgress) => void {
    return progress => {
      done.set(lane, { ...progress })
      report()
    }
  }

  function report(last = false): void {
    const ms = elapsed()
    if (!last && ms - reportedAt < progressEveryMs) return
    reportedAt = ms
    const sum = (member: keyof LaneProgress): number =>
      [...done.values()].reduce((total, lane) => total + lane[member], 0)
    onEvent({
      type: 'progress',
      source: request.source,
      files: { done: sum('files'), total: files.length },
      bytes: { done: sum('bytes'), total: totalBytes },
      lines: sum('lines'),
      rows: stored,
      ms,
    })
  }

  function elapsed(): number {
    return Math.round(context.monotonic() - begunAt)
  }
}

/** Under a declaration from before, rows would lack what came with the one after it, and keep others out for ever. */
function checkApplied(table: Table | null, schemaId: number | undefined): void {
  if (table === null || schemaId === undefined) return
  if (readApplied(table.metadata.properties).schemaId !== schemaId)
    throw new IcebergError('COMMIT_CONFLICT', 'the table was changed before a history was read for it as it was')
}

/** @param table undefined only where rows are counted for one that is not there yet */
function sinkOf(options: BackfillOptions, table: Table | undefined): RowSink {
  const { catalog, declaration, context, request, spool, tombstones } = options
  if (request.dryRun === true || table === undefined)
    return spool === undefined ? countingSink(declaration, table, tombstones) : waitingSink
  return spool === undefined
    ? tableSink({ catalog, begun: table, declaration, tombstones, context })
    : spoolSink(declaration, spool)
}
