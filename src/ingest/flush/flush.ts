import type { AppendContext } from '../../iceberg/append.ts'
import { type Catalog, makeDurable, type Table } from '../../iceberg/catalog/catalog.ts'
import { IcebergError, isCode } from '../../iceberg/errors.ts'
import { type FileIO, type InputFile, isNotFound } from '../../iceberg/file-io/file-io.ts'
import type { Declaration } from '../../schema/declaration.ts'
import { isAnother } from '../another-table.ts'
import { type Appended, appendOnce } from '../keys/append-once.ts'
import { type FirstKeys, readFirstKeys } from '../keys/first-keys.ts'
import { rowKey } from '../keys/row-key.ts'
import { type Position, positionsOf } from '../spool/position.ts'
import { quarantine } from '../spool/quarantine.ts'
import type { Damage } from '../spool/salvage.ts'
import type { ReadTombstones } from '../tombstones/tombstones.ts'
import { faultyRows, isOfRows } from './faulty-rows.ts'
import { type Batch, type BatchLimits, BatchReader } from './flush-batch.ts'
import { hasReached, isSamePosition, PositionsMoved, passing } from './flush-positions.ts'
import { countHeld, type FlushedSegment, type HeldStream, judgeStreams, whyUnreadable } from './flush-streams.ts'
import { setAside, withoutRows } from './set-aside.ts'

export type { BatchLimits } from './flush-batch.ts'
export type { FlushedSegment, HeldStream } from './flush-streams.ts'

export interface FlushOptions {
  readonly catalog: Catalog
  readonly io: FileIO
  /** All closed segments of the spool, in order; those that are flushed already too. */
  readonly segments: readonly FlushedSegment[]
  /** All streams that have files in the spool; those of the segments where left out. A stream that cannot be read has no segments. */
  readonly streams?: readonly string[]
  /** What is applied to the table. */
  readonly declaration: Declaration
  /** What was deleted from the table and does not come back; without it everything is taken. */
  readonly tombstones?: ReadTombstones | undefined
  /** `quarantine/<table>`, for damaged bytes. */
  readonly quarantine: string
  /** `spool/<table>/rejects`, for rows that cannot be written. */
  readonly rejects: string
  readonly context: AppendContext & { readonly monotonic: () => number }
  /** Of one commit: 50 000 rows or 64 MiB of JSON unless told otherwise; twice what a daemon lets gather. A frame is never taken apart. */
  readonly limits?: BatchLimits
  readonly onEvent?: (event: FlushEvent) => void
  readonly signal?: AbortSignal | undefined
}

/** One commit. */
export interface FlushEvent {
  readonly type: 'committed'
  /** New in the table. */
  readonly rows: number
  readonly duplicates: number
  readonly deleted: number
  /** All positions that the table has after it. */
  readonly positions: ReadonlyMap<string, Position>
}

/** What became of what waited. */
export interface FlushResult {
  readonly commits: number
  /** New in the table. */
  readonly rows: number
  /** Rows whose key was in the table or came before. */
  readonly duplicates: number
  /** Rows that a tombstone is in the way of. */
  readonly deleted: number
  /** Rows that cannot be written, and are among the rejects now. */
  readonly setAside: number
  /** All that the table has, durably. Segments at or before them are not needed any more. */
  readonly positions: ReadonlyMap<string, Position>
  readonly held: readonly HeldStream[]
  /** Bytes that were no batch and are in the quarantine now. */
  readonly damaged: { readonly ranges: number; readonly bytes: number }
  readonly ms: number
}

const usualLimits: BatchLimits = { rows: 50_000, bytes: 64 * 1024 * 1024 }

/** A flush that others got in the way of so often, one time after the other, gives up for now. */
const mostRestarts = 20

/**
 * Writes the rows of a spool's closed segments into their table, each once, in
 * as many commits as it takes. Every commit says with its rows how far it got,
 * so that the table alone knows what is flushed. Streams that the table does
 * not take stay as they are, and the others go on. What was committed stays
 * when the flush fails; the next one goes on from there.
 * @throws HypError and IcebergError; the reason of the signal when it is aborted
 */
export async function flush(options: FlushOptions): Promise<FlushResult> {
  const { catalog, io, context, declaration, segments, streams = [], signal, limits = usualLimits } = options
  const start = context.monotonic()
  const key = rowKey(declaration.identifier)
  const onDisk = new Set([...streams, ...segments.map(({ stream }) => stream)])
  const total = { commits: 0, rows: 0, duplicates: 0, deleted: 0, setAside: 0 }
  const damaged = new Map<string, number>()
  let held: ReadonlyMap<string, string> = new Map()
  let restarts = 0
  let firstKeys: FirstKeys | undefined
  let table = await catalog.load()
  // What it says is flushed will be removed, and whoever said it may have died before its commit was durable.
  if (hasAny(positionsIn(table), onDisk)) await makeDurable(table)
  while (!(await flushAll())) if (++restarts > mostRestarts) throw neverFirst()
  const positions = positionsIn(table)
  return {
    ...total,
    positions,
    held: await countHeld(open, segments, positions, held),
    damaged: { ranges: damaged.size, bytes: Array.from(damaged.values()).reduce((sum, bytes) => sum + bytes, 0) },
    ms: Math.round(context.monotonic() - start),
  }

  function open({ path }: FlushedSegment): Promise<InputFile> {
    return io.open(path)
  }

  /** Durably, before a commit passes it. */
  async function keepDamage(segment: FlushedSegment, damage: Damage, file: InputFile): Promise<void> {
    if (await quarantine(io, options.quarantine, segment, file, damage))
      damaged.set(`${segment.path} ${damage.start}`, damage.end - damage.start)
  }

  /** @returns false where the table is another one meanwhile, and what waits has to be read again for it */
  async function flushAll(): Promise<boolean> {
    const judged = judgeStreams(segments, declaration, table.metadata)
    const unreadable = new Map<string, unknown>()
    const begun = table
    // Not what the table says by then: somebody else may have moved a stream while rows of another were committed.
    const read = positionsIn(table)
    const reader = new BatchReader({
      open,
      segments: segments.filter(({ stream }) => judged.shapes.has(stream)),
      positions: new Map(read),
      shapes: judged.shapes,
      limits,
      onDamage: keepDamage,
      onUnreadable: (stream, error) => unreadable.set(stream, error),
      signal,
    })
    try {
      for (;;) {
        const batch = await reader.next()
        if (batch === undefined) break
        if (!(await commit(batch, read)) || isAnother(begun, table)) return false
        for (const [stream, position] of batch.reached) read.set(stream, position)
      }
    } finally {
      await reader.close()
    }
    if (Array.from(unreadable.values()).some(isNotFound) && (await hasMoved(unreadable.keys()))) return false
    held = new Map([
      ...judged.held,
      ...Array.from(unreadable, ([stream, why]) => [stream, whyUnreadable(why)] as const),
    ])
    return true
  }

  /**
   * @param from how far the streams were when the batch was read
   * @returns false where others were first, and `table` is what they made of it
   */
  async function commit(batch: Batch, from: ReadonlyMap<string, Position>): Promise<boolean> {
    const aside = await setAside(io, options.rejects, batch, context.now)
    if (total.commits > 0 && batch.rows.length > 0) firstKeys ??= await readFirstKeys(table, key)
    const also = passing(from, batch.reached, onDisk)
    try {
      const appended = await appendOnce(catalog, table, batch.rows, key, context, {
        firstKeys,
        also,
        tombstones: options.tombstones,
      })
      committed(appended, aside)
      return true
    } catch (error) {
      if (isOfRows(error)) {
        const faults = await faultyRows(table, batch.rows)
        if (faults.size === 0) throw error
        return commit(await withoutRows(io, batch, faults), from)
      }
      if (isCode(error, 'COMMIT_STATE_UNKNOWN')) {
        const now = await catalog.load().catch(() => undefined)
        if (now === undefined || !hasReached(now.metadata.properties, batch.reached)) throw error
        await makeDurable(now)
        committed({ ...((error as IcebergError).details as unknown as Appended), table: now }, aside)
        return true
      }
      const isOvertaken = error instanceof PositionsMoved
      if (!(isOvertaken || isCode(error, 'COMMIT_CONFLICT') || isCode(error, 'UPDATE_ILLEGAL'))) throw error
      const before = table
      await reload()
      if (!isOvertaken && !isAnother(before, table)) throw error
      return false
    }
  }

  function committed({ table: now, rows, duplicates, deleted }: Appended, aside: number): void {
    table = now
    restarts = 0
    total.commits++
    total.rows += rows
    total.duplicates += duplicates
    total.deleted += deleted
    total.setAside += aside
    options.onEvent?.({ type: 'committed', rows, duplicates, deleted, positions: positionsIn(now) })
  }

  /** A segment that is gone was flushed by somebody else, who then has said so. */
  async function hasMoved(some: Iterable<string>): Promise<boolean> {
    const before = positionsIn(table)
    await reload()
    const now = positionsIn(table)
    return [...some].some(stream => !isSamePosition(now.get(stream), before.get(stream)))
  }

  /** What others made of the table is relied on only when it cannot vanish. */
  async function reload(): Promise<void> {
    table = await catalog.load()
    await makeDurable(table)
  }

  function neverFirst(): IcebergError {
    return new IcebergError('COMMIT_CONFLICT', 'others changed the table each time before rows could be committed')
  }
}

function positionsIn({ metadata }: Table): Map<string, Position> {
  return positionsOf(metadata.properties)
}

function hasAny(positions: ReadonlyMap<string, Position>, streams: ReadonlySet<string>): boolean {
  return Array.from(streams).some(stream => positions.has(stream))
}
