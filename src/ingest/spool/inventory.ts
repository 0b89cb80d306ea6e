import type { HypError } from '../../errors.ts'
import type { FileIO } from '../../iceberg/file-io/file-io.ts'
import type { Declaration } from '../../schema/declaration.ts'
import type { KeyCollection } from './key-index.ts'
import { comparePositions, type Position } from './position.ts'
import { failingDisk, type OpenSegment, type OpenStream, openStreams, readFrames, readSummaries } from './read.ts'
import type { SegmentName } from './stream.ts'
import { nothing, SegmentTally, sumOf, type Tally } from './tally.ts'

export interface StoredSegment extends SegmentName {
  readonly path: string
  readonly tally: SegmentTally
  /** Whether batches are still added. */
  active: boolean
}

export interface StoredStream {
  readonly stream: string
  /** Undefined where there is a problem. */
  readonly declaration: Declaration | undefined
  readonly problem: HypError | undefined
  /** In order. */
  readonly segments: StoredSegment[]
}

/** What waits of a stream. */
export interface StreamState extends Tally {
  readonly stream: string
  readonly declaration: Declaration | undefined
  /** RECORD_NEWER, RECORD_UNREADABLE or DISK_FAILED: it is kept as it is until it can be read. */
  readonly problem: HypError | undefined
  /** Files. None is known where the disk failed. */
  readonly segments: number
}

/** What is in a spool, and how much of it is flushed. */
export class Inventory {
  readonly #streams = new Map<string, StoredStream>()
  readonly #flushed = new Map<string, Position>()

  /** In order. */
  get streams(): StoredStream[] {
    return Array.from(this.#streams.values()).sort((a, b) => (a.stream < b.stream ? -1 : 1))
  }

  /** Puts a stream in the place of what was known of it. */
  put(stream: StoredStream): void {
    this.#streams.set(stream.stream, stream)
  }

  /** A stream all of whose files are gone. */
  drop(stream: string): void {
    this.#streams.delete(stream)
  }

  /** A segment whose file is gone. */
  remove(gone: StoredSegment): void {
    const stream = this.#streams.get(gone.stream)
    const index = stream?.segments.indexOf(gone) ?? -1
    if (stream === undefined || index < 0) return
    stream.segments.splice(index, 1)
    if (stream.segments.length === 0) this.#streams.delete(gone.stream)
  }

  /** Positions only grow: one that is not further says nothing new. */
  flushed(positions: ReadonlyMap<string, Position>): void {
    for (const [stream, position] of positions) {
      const known = this.#flushed.get(stream)
      if (known === undefined || comparePositions(known, position) < 0) this.#flushed.set(stream, position)
    }
  }

  /** The greatest name of a stream that is known. */
  newest(): string | undefined {
    return [...this.#streams.keys(), ...this.#flushed.keys()].sort().at(-1)
  }

  states(): StreamState[] {
    return this.streams.map(({ stream, declaration, problem, segments }) => {
      const position = this.#flushed.get(stream)
      const tallies = segments.map(({ segment, tally }) => {
        if (position === undefined || segment > position.segment) return tally.beyond(0)
        return segment < position.segment ? nothing : tally.beyond(position.end)
      })
      return { stream, declaration, problem, segments: segments.length, ...sumOf(tallies) }
    })
  }
}

/**
 * The streams that lie in a spool, counted from the heads of their frames. Where
 * nothing says how much of a segment was acknowledged, its rows are verified
 * too, as the last batches may be half written; and what is there is made
 * durable, as from now on it counts as stored, and under its key is said to be.
 * @param keys takes the idempotency keys that are found
 * @param only these streams
 */
export async function observeStreams(
  io: FileIO,
  directory: string,
  keys: KeyCollection,
  only?: ReadonlySet<string>,
): Promise<StoredStream[]> {
  const open = await openStreams(io, directory, { only, isLocked: true })
  try {
    const stored: StoredStream[] = []
    for (const stream of open.streams) stored.push(await observeStream(io, directory, stream, keys))
    return stored
  } finally {
    await open.close()
  }
}

async function observeStream(
  io: FileIO,
  directory: string,
  open: OpenStream,
  keys: KeyCollection,
): Promise<StoredStream> {
  const { stream, header, problem } = open
  try {
    const segments: StoredSegment[] = []
    const unsure = open.segments.filter(({ sealed, start, end }) => !sealed && end > start)
    for (const { path } of unsure) await io.syncFile(path)
    if (unsure.length > 0) await io.syncDirectory(directory)
    for (const segment of open.segments) segments.push(await observeSegment(segment, keys))
    return { stream, declaration: header?.declaration, problem, segments }
  } catch (error) {
    return { stream, declaration: undefined, problem: failingDisk(error), segments: [] }
  }
}

async function observeSegment(open: OpenSegment, keys: KeyCollection): Promise<StoredSegment> {
  const { stream, segment, path, file, sealed } = open
  const tally = new SegmentTally(open)
  for await (const frame of sealed ? readSummaries(file, open) : readFrames(file, open)) {
    if (!('meta' in frame)) continue
    tally.add(frame)
    const { key, at } = frame.meta
    if (key !== undefined) keys.add({ key, at, path, start: frame.start })
  }
  return { stream, segment, path, tally, active: false }
}
