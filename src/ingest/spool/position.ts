import { isStreamId } from './stream.ts'

/**
 * How far a stream is flushed: everything of segments before this one, and of
 * this one the bytes before `end`. The table says so, in the properties that
 * the commit of the rows sets.
 */
export interface Position {
  readonly segment: number
  /** Offset in the segment's file. */
  readonly end: number
}

const prefix = 'hyp.spool.'

/** The name of the table's property that holds a stream's position. */
export function positionProperty(stream: string): string {
  return prefix + stream
}

/** `<segment>:<end>`. */
export function printPosition({ segment, end }: Position): string {
  return `${segment}:${end}`
}

/** Undefined for a text that {@link printPosition} does not write. */
export function parsePosition(text: string): Position | undefined {
  const [segment = 0, end = 0] = text.split(':').map(Number)
  const position = { segment, end }
  const whole = Number.isSafeInteger(segment) && Number.isSafeInteger(end) && segment > 0 && end >= 0
  return whole && printPosition(position) === text ? position : undefined
}

/** Negative where `a` is before `b`, which is the further one then. */
export function comparePositions(a: Position, b: Position): number {
  return a.segment - b.segment || a.end - b.end
}

/** The positions that a table's properties hold, by stream. What is not written as one is left out: its rows come again. */
export function positionsOf(properties: Readonly<Record<string, string>>): Map<string, Position> {
  const positions = new Map<string, Position>()
  for (const [name, value] of Object.entries(properties)) {
    if (!name.startsWith(prefix)) continue
    const stream = name.slice(prefix.length)
    const position = isStreamId(stream) ? parsePosition(value) : undefined
    if (position !== undefined) positions.set(stream, position)
  }
  return positions
}
