import { toHypError } from '../../errors.ts'
import { type InputFile, isNotFound } from '../../iceberg/file-io/file-io.ts'
import type { TableMetadata } from '../../iceberg/types.ts'
import type { Declaration } from '../../schema/declaration.ts'
import type { Position } from '../spool/position.ts'
import { readSummaries } from '../spool/read.ts'
import { type ShapeRow, unreadIn, type WaitingSegment } from './flush-batch.ts'
import { shapeOf } from './shapes.ts'

/** A closed segment as a flush needs to know it. */
export interface FlushedSegment extends WaitingSegment {
  /** What its rows were captured under; undefined where there is a problem or no batch in it. */
  readonly declaration: Declaration | undefined
  /** Why it cannot be flushed. */
  readonly problem: { readonly message: string } | undefined
}

/** Rows that stay where they are until somebody acts. */
export interface HeldStream {
  readonly stream: string
  /** A sentence. */
  readonly reason: string
  readonly rows: number
}

/** What a table takes of what waits. */
export interface Judged {
  readonly shapes: ReadonlyMap<string, ShapeRow>
  /** Why the others wait. */
  readonly held: ReadonlyMap<string, string>
}

/** Judges streams under the table as it is. Pure. */
export function judgeStreams(
  segments: readonly FlushedSegment[],
  declaration: Declaration,
  metadata: TableMetadata,
): Judged {
  const shapes = new Map<string, ShapeRow>()
  const held = new Map<string, string>()
  const version = metadata['format-version']
  for (const stream of new Set(segments.map(segment => segment.stream))) {
    const parts = segments.filter(segment => segment.stream === stream)
    const problem = parts.find(part => part.problem !== undefined)?.problem
    const captured = parts.find(part => part.declaration !== undefined)?.declaration
    const shape = captured && shapeOf(captured, declaration, metadata)
    if (problem !== undefined) held.set(stream, problem.message)
    else if (version !== 2) held.set(stream, `The table is of format version ${version}; hyp writes version 2.`)
    else if (shape?.kind === 'held') held.set(stream, shape.reason)
    else shapes.set(stream, shape?.shape ?? noRow)
  }
  return { shapes, held }
}

/** Of a stream without a declaration there is nothing but damaged bytes. */
const noRow: ShapeRow = () => {
  throw new Error('a stream that holds a batch has a declaration')
}

/** Why a stream is left where it is although the table takes it. */
export function whyUnreadable(error: unknown): string {
  return isNotFound(error) ? 'A segment of it is gone.' : `A segment of it cannot be read: ${toHypError(error).code}.`
}

/** Counts what is held. What cannot be read is not counted. */
export async function countHeld<Segment extends WaitingSegment>(
  open: (segment: Segment) => Promise<InputFile>,
  segments: readonly Segment[],
  positions: ReadonlyMap<string, Position>,
  held: ReadonlyMap<string, string>,
): Promise<HeldStream[]> {
  const rows = new Map<string, number>()
  for (const segment of segments) {
    const { stream } = segment
    const range = held.has(stream) ? unreadIn(segment, positions.get(stream)) : undefined
    if (range === undefined) continue
    let count = rows.get(stream) ?? 0
    try {
      const file = await open(segment)
      try {
        for await (const { rowCount } of readSummaries(file, range)) count += rowCount
      } finally {
        await file.close()
      }
    } catch {
      // Said already, or the next flush says it.
    }
    rows.set(stream, count)
  }
  return Array.from(rows, ([stream, count]) => ({ stream, reason: held.get(stream) as string, rows: count }))
}
