import type { InputFile } from '../../iceberg/file-io/file-io.ts'
import type { Row } from '../../iceberg/types.ts'
import type { Position } from '../spool/position.ts'
import { type Frame, readFrames } from '../spool/read.ts'
import type { ByteRange, Damage } from '../spool/salvage.ts'
import type { SegmentName } from '../spool/stream.ts'
import { valuesInside } from '../values-inside.ts'
import { RowFault } from './captured-value.ts'
import { eachLine } from './lines.ts'

/** A segment that nothing is added to any more. */
export interface WaitingSegment extends SegmentName, ByteRange {
  readonly path: string
}

/** How the rows of a stream become rows of the table. @throws RowFault */
export type ShapeRow = (json: string) => Row

/** A row that cannot be written. */
export interface FaultyLine {
  /** Which row of its frame, from 0. */
  readonly index: number
  readonly fault: RowFault
  readonly json: string
}

/** A frame whose rows are in a batch. */
export interface BatchFrame extends ByteRange {
  readonly segment: WaitingSegment
  /** Where in the rows of the batch its rows begin. */
  readonly firstRow: number
  rowCount: number
  /** Those of its lines that are no row of the batch. */
  readonly faults: FaultyLine[]
}

/** Rows that are committed together, and how far their streams are flushed then. */
export interface Batch {
  readonly rows: Row[]
  readonly frames: BatchFrame[]
  readonly reached: Map<string, Position>
}

export interface BatchLimits {
  readonly rows: number
  /** Of JSON. */
  readonly bytes: number
  /** In lists, maps and structs; default 2 000 000. One frame has no more, and may come on top. */
  readonly inside?: number
}

const usualInside = 2_000_000

export interface BatchReaderOptions<Segment extends WaitingSegment = WaitingSegment> {
  /** In order; only of streams that have a shape. */
  readonly segments: readonly Segment[]
  /** What it gives is closed when it was read. */
  readonly open: (segment: Segment) => Promise<InputFile>
  /** How far each stream is flushed already. */
  readonly positions: ReadonlyMap<string, Position>
  readonly shapes: ReadonlyMap<string, ShapeRow>
  readonly limits: BatchLimits
  /** Told of bytes that are no batch, before the batch that passes them is given out. */
  readonly onDamage: (segment: Segment, damage: Damage, file: InputFile) => Promise<void>
  /** Told of a stream that cannot be read on; its segments that follow are left out. */
  readonly onUnreadable: (stream: string, error: unknown) => void
  readonly signal: AbortSignal | undefined
}

/** A frame, damaged bytes, or the news that a stream ends here for now. */
type Piece<Segment> =
  | { readonly kind: 'frame'; readonly segment: Segment; readonly frame: Frame }
  | { readonly kind: 'damage'; readonly segment: Segment; readonly damage: Damage; readonly file: InputFile }
  | { readonly kind: 'unreadable'; readonly segment: Segment; readonly error: unknown }

/** Reads what waits, a batch at a time. */
export class BatchReader<Segment extends WaitingSegment> {
  readonly #options: BatchReaderOptions<Segment>
  readonly #pieces: AsyncGenerator<Piece<Segment>>
  /** Read already, for the next batch. */
  #ahead: Piece<Segment> | undefined

  constructor(options: BatchReaderOptions<Segment>) {
    this.#options = options
    this.#pieces = piecesOf(options)
  }

  /** @returns undefined where nothing waits any more */
  async next(): Promise<Batch | undefined> {
    const { limits, signal } = this.#options
    const batch: Batch = { rows: [], frames: [], reached: new Map() }
    let bytes = 0
    let inside = 0
    for (;;) {
      signal?.throwIfAborted()
      const piece = this.#ahead ?? ((await this.#pieces.next()).value as Piece<Segment> | undefined)
      this.#ahead = undefined
      if (piece === undefined) return batch.reached.size === 0 ? undefined : batch
      if (piece.kind === 'frame') {
        const { rows, rowCount } = piece.frame
        bytes += rows.byteLength
        const isFull =
          batch.rows.length + rowCount > limits.rows || bytes > limits.bytes || inside > (limits.inside ?? usualInside)
        if (isFull && batch.rows.length > 0) {
          this.#ahead = piece
          return batch
        }
        inside += await this.#add(batch, piece.segment, piece.frame)
      } else if (piece.kind === 'damage') {
        const { segment, damage, file } = piece
        await this.#options.onDamage(segment, damage, file)
        batch.reached.set(segment.stream, { segment: segment.segment, end: damage.end })
      } else this.#options.onUnreadable(piece.segment.stream, piece.error)
    }
  }

  /** To be called when no more is read. */
  async close(): Promise<void> {
    await this.#pieces.return(undefined)
  }

  /** @returns how many values stand inside of those of its rows */
  async #add(batch: Batch, segment: WaitingSegment, { start, end, rows }: Frame): Promise<number> {
    const shape = this.#options.shapes.get(segment.stream) as ShapeRow
    const faults: FaultyLine[] = []
    const firstRow = batch.rows.length
    let index = 0
    let inside = 0
    await eachLine(rows, json => {
      try {
        const row = shape(json)
        for (const name in row) inside += valuesInside(row[name])
        batch.rows.push(row)
      } catch (fault) {
        if (!(fault instanceof RowFault)) throw fault
        faults.push({ index, fault, json })
      }
      index++
    })
    batch.frames.push({ segment, start, end, firstRow, rowCount: batch.rows.length - firstRow, faults })
    batch.reached.set(segment.stream, { segment: segment.segment, end })
    return inside
  }
}

async function* piecesOf<Segment extends WaitingSegment>({
  open,
  segments,
  positions,
}: BatchReaderOptions<Segment>): AsyncGenerator<Piece<Segment>> {
  const unreadable = new Set<string>()
  for (const segment of segments) {
    const range = unreadIn(segment, positions.get(segment.stream))
    if (range === undefined || unreadable.has(segment.stream)) continue
    let file: InputFile | undefined
    // Only what reading throws: what whoever takes the pieces throws does not come by here.
    const failed = (error: unknown): Piece<Segment> => {
      unreadable.add(segment.stream)
      return { kind: 'unreadable', segment, error }
    }
    try {
      file = await open(segment)
    } catch (error) {
      yield failed(error)
      continue
    }
    const frames = readFrames(file, range)
    try {
      for (;;) {
        let step: IteratorResult<Frame | Damage, unknown>
        try {
          step = await frames.next()
        } catch (error) {
          yield failed(error)
          break
        }
        if (step.done === true) break
        const found = step.value
        if (found.kind === 'frame') yield { kind: 'frame', segment, frame: found }
        else yield { kind: 'damage', segment, damage: found, file }
      }
    } finally {
      await file.close()
    }
  }
}

/** What of a segment is not flushed; undefined where all of it is. */
export function unreadIn(segment: WaitingSegment, position: Position | undefined): ByteRange | undefined {
  const { start, end } = segment
  if (position === undefined || position.segment < segment.segment) return end > start ? { start, end } : undefined
  if (position.segment > segment.segment || position.end >= end) return undefined
  return { start: Math.max(start, position.end), end }
}
