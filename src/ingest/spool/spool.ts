import { HypError } from '../../errors.ts'
import type { FileIO } from '../../iceberg/file-io/file-io.ts'
import type { Json } from '../../iceberg/types.ts'
import type { Declaration } from '../../schema/declaration.ts'
import { diskError } from './disk-error.ts'
import { encodeBatchHead } from './frame.ts'
import { Inventory, observeStreams, type StreamState } from './inventory.ts'
import { KeyCollection } from './key-index.ts'
import { IdempotencyKeys, type Recalled } from './keys.ts'
import type { Position } from './position.ts'
import { releaseSegments } from './release.ts'
import { newStreamId, type SegmentName } from './stream.ts'
import { sumOf, type Tally } from './tally.ts'
import { SpoolWriter } from './writer.ts'

export interface SpoolOptions {
  readonly io: FileIO
  /** `spool/<table>`; made with the first batch. */
  readonly directory: string
  readonly table: string
  /** What the table says is flushed, where it is known already. */
  readonly flushed?: ReadonlyMap<string, Position>
  /** Bytes after which another segment is begun, 32 MiB unless told otherwise. */
  readonly segmentBytes?: number
  /** Milliseconds since 1970. */
  now(): number
  randomBytes(count: number): Uint8Array
  /** Told of every failure of the disk, also of one that was made good. Must not throw. */
  onFailure?(error: HypError): void
}

export interface SpoolBatch {
  /** How many rows there are. */
  readonly rows: number
  /** NDJSON: one JSON object a line, and every line ended. Must not be changed until the batch is acknowledged. */
  readonly bytes: Uint8Array
  /** SHA-256 of the idempotency key, in hexadecimal. */
  readonly key?: string
  /** SHA-256 of the request, in hexadecimal. */
  readonly digest?: string
  /** What the client will be answered. */
  readonly answer?: Json
}

/** A segment that nothing is added to any more. Its batches lie between `start` and `end`. */
export interface ClosedSegment extends SegmentName {
  readonly path: string
  /** After the headers. */
  readonly start: number
  /** After the last byte that counts: the position of a segment that was read wholly. */
  readonly end: number
  /** What its rows were captured under; undefined where there is a problem, and where damage left no batch at all. */
  readonly declaration: Declaration | undefined
  /** RECORD_NEWER or RECORD_UNREADABLE: it is not to be flushed, nor touched. */
  readonly problem: HypError | undefined
}

/** What waits in a spool: rows that the table's positions, as far as they are known here, do not cover. */
export interface SpoolState extends Tally {
  /** Every stream that has a file, in order; those without rows too. */
  readonly streams: readonly StreamState[]
}

/** Acknowledged rows of one table on their way to it. */
export interface Spool {
  /**
   * Resolves when the batch is durable: with nothing, or, where its idempotency
   * key came before, with what was acknowledged then. The batch is not stored in
   * that case, whether its digest is the same or not.
   * @throws HypError DISK_FULL, DISK_FAILED, HOME_UNUSABLE, TOO_LARGE, INTERRUPTED after `close`: it is not acknowledged
   */
  append(batch: SpoolBatch, declaration: Declaration): Promise<Recalled | undefined>
  /**
   * What was acknowledged under an idempotency key in the last 24 hours, this moment's batch under way included.
   * Undefined also where the disk damaged it.
   * @throws HypError DISK_FAILED, HOME_UNUSABLE
   */
  recall(key: string): Promise<Recalled | undefined>
  /** Closes the active segment after all batches that wait, and gives every closed one that holds anything, in order. */
  rotate(): Promise<readonly ClosedSegment[]>
  /** Paths of segments to which batches are still added: one at most. */
  active(): readonly string[]
  /** Tells what the table says is flushed, for {@link Spool.state}. Positions that are not further than known ones say nothing new. */
  flushed(positions: ReadonlyMap<string, Position>): void
  /**
   * Tells it, and removes closed segments that lie wholly at or before these positions, after their idempotency keys
   * are durable elsewhere. Streams with a problem are left as they are.
   * @throws HypError DISK_FULL, DISK_FAILED, HOME_UNUSABLE; what is not removed then, is the next time
   */
  release(positions: ReadonlyMap<string, Position>): Promise<void>
  state(): SpoolState
  /** Writes what waits, and closes. Nothing is accepted any more. */
  close(): Promise<void>
}

const defaultSegmentBytes = 32 * 2 ** 20

/**
 * Opens the spool of a table, under the lock of the home. Reads names and heads
 * of what is there, and never adds to a segment that is.
 * @throws HypError DISK_FAILED, HOME_UNUSABLE where the directory cannot be read; what one stream's files fail with, is that stream's problem
 */
export async function openSpool(options: SpoolOptions): Promise<Spool> {
  const { io, directory, table, segmentBytes = defaultSegmentBytes } = options
  const onFailure = (error: HypError): void => options.onFailure?.(error)
  const inventory = new Inventory()
  inventory.flushed(options.flushed ?? new Map())
  const keys = new IdempotencyKeys({ io, directory, now: () => options.now(), onFailure })
  const collection = new KeyCollection()
  let newest: string | undefined
  try {
    for (const stream of await observeStreams(io, directory, collection)) inventory.put(stream)
    newest = await keys.open(collection)
  } catch (error) {
    throw diskError(error)
  }
  const underWay = new Map<string, Promise<void>>()
  const writer = new SpoolWriter({
    io,
    directory,
    table,
    inventory,
    segmentBytes,
    onFailure,
    now: () => options.now(),
    newStream,
    onStored: ({ key, at }, path, start) => {
      if (key !== undefined) keys.add({ key, at, path, start })
    },
  })
  let releasing: Promise<void> = Promise.resolve()
  let closed: Promise<void> | undefined
  return { append, recall, rotate, active, flushed, release, state, close }

  async function append(batch: SpoolBatch, declaration: Declaration): Promise<Recalled | undefined> {
    const { key } = batch
    if (key === undefined) {
      await store(batch, declaration)
      return undefined
    }
    await knowAllKeys()
    // Between a recall that finds nothing and storing there is no moment in which another batch could take the key.
    while (underWay.has(key) || keys.has(key)) {
      const known = await recall(key)
      if (known !== undefined) return known
    }
    const done = store(batch, declaration)
    underWay.set(key, done)
    try {
      await done
    } finally {
      underWay.delete(key)
    }
    return undefined
  }

  async function store({ rows, bytes, key, digest, answer }: SpoolBatch, declaration: Declaration): Promise<void> {
    if (closed !== undefined) throw new HypError('INTERRUPTED', `The spool of ${table} is closed.`)
    const meta = {
      at: options.now(),
      ...(key === undefined ? {} : { key }),
      ...(digest === undefined ? {} : { digest }),
      ...(answer === undefined ? {} : { answer }),
    }
    let head: Uint8Array | Promise<Uint8Array>
    try {
      head = encodeBatchHead(meta, bytes, rows)
    } catch (cause) {
      throw new HypError('TOO_LARGE', `A batch for ${table} is too large.`, { cause })
    }
    await writer.store({ meta, head, rows: bytes, rowCount: rows, declaration })
  }

  async function recall(key: string): Promise<Recalled | undefined> {
    await knowAllKeys()
    // A batch that is under way and fails was never acknowledged.
    await underWay.get(key)?.catch(() => undefined)
    try {
      return await keys.recall(key)
    } catch (error) {
      throw diskError(error)
    }
  }

  async function rotate(): Promise<readonly ClosedSegment[]> {
    await writer.rotate()
    await observeAgain()
    return inventory.streams.flatMap(({ declaration, problem, segments }) =>
      segments
        .filter(segment => !segment.active && segment.tally.end > segment.tally.start)
        .map(({ stream, segment, path, tally: { start, end } }) => ({
          stream,
          segment,
          path,
          start,
          end,
          declaration,
          problem,
        })),
    )
  }

  function active(): readonly string[] {
    return inventory.streams.flatMap(({ segments }) => segments.flatMap(each => (each.active ? each.path : [])))
  }

  function flushed(positions: ReadonlyMap<string, Position>): void {
    inventory.flushed(positions)
  }

  async function release(positions: ReadonlyMap<string, Position>): Promise<void> {
    flushed(positions)
    // One after another: two would write the same files of keys.
    const before = releasing
    const done = before.then(() => releaseSegments({ io, directory, inventory, keys }, positions))
    releasing = done.catch(() => undefined)
    try {
      await done
    } catch (error) {
      throw diskError(error)
    }
  }

  function state(): SpoolState {
    const streams = inventory.states()
    return { streams, ...sumOf(streams) }
  }

  function close(): Promise<void> {
    closed ??= writer.end().then(() => releasing)
    return closed
  }

  /** What could not be read before may hold any key: it is read now, or the key is not taken. */
  async function knowAllKeys(): Promise<void> {
    await observeAgain()
    const failed = inventory.streams.find(({ problem }) => isOfDisk(problem))
    if (failed?.problem !== undefined) throw failed.problem
    try {
      await keys.readUnread()
    } catch (error) {
      throw diskError(error)
    }
  }

  /** Looks again at streams that could not be read. */
  async function observeAgain(): Promise<void> {
    const failed = new Set(inventory.streams.flatMap(({ stream, problem }) => (isOfDisk(problem) ? stream : [])))
    if (failed.size === 0) return
    try {
      const found = new KeyCollection()
      const streams = await observeStreams(io, directory, found, failed)
      // Somebody may have moved one away, who was told that it cannot be read.
      for (const stream of failed) inventory.drop(stream)
      for (const stream of streams) inventory.put(stream)
      keys.addAll(found)
    } catch (error) {
      onFailure(diskError(error))
    }
  }

  function newStream(): string {
    const known = [newest, inventory.newest()].filter(id => id !== undefined).sort()
    newest = newStreamId(options.now(), count => options.randomBytes(count), known.at(-1))
    return newest
  }
}

function isOfDisk(problem: HypError | undefined): boolean {
  return problem?.code === 'DISK_FAILED'
}
