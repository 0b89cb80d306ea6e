import type { Update } from '../../iceberg/commit.ts'
import type { Companion } from '../../iceberg/companion.ts'
import { comparePositions, type Position, positionProperty, positionsOf, printPosition } from '../spool/position.ts'

/** Somebody else moved a stream while its rows were on their way: what waits has to be read again. */
export class PositionsMoved extends Error {}

/** Of so many streams, the newest, a table keeps the positions. */
const mostPositions = 100

/**
 * What goes with the rows of a batch: how far its streams are flushed by them.
 * It holds only where the table has them where the batch begins.
 * @param from where the streams were when the batch was read
 * @param onDisk streams that have segments: their positions stay, however old
 * @returns a companion that throws {@link PositionsMoved} where the table has them elsewhere
 */
export function passing(
  from: ReadonlyMap<string, Position>,
  reached: ReadonlyMap<string, Position>,
  onDisk: ReadonlySet<string>,
): Companion {
  return ({ properties }) => {
    const now = positionsOf(properties)
    for (const stream of reached.keys())
      if (!isSamePosition(now.get(stream), from.get(stream))) throw new PositionsMoved('the positions of streams moved')
    const set: Update = {
      action: 'set-properties',
      updates: Object.fromEntries(
        Array.from(reached, ([stream, position]) => [positionProperty(stream), printPosition(position)]),
      ),
    }
    // Names of streams sort by time.
    const newest = [...new Set([...now.keys(), ...reached.keys()])].sort().slice(-mostPositions)
    const kept = new Set([...newest, ...onDisk, ...reached.keys()])
    const removals = [...now.keys()].filter(stream => !kept.has(stream)).map(positionProperty)
    return removals.length === 0 ? [set] : [set, { action: 'remove-properties', removals }]
  }
}

/** Whether a table has streams at these positions, or further on. */
export function hasReached(
  properties: Readonly<Record<string, string>>,
  reached: ReadonlyMap<string, Position>,
): boolean {
  const now = positionsOf(properties)
  return Array.from(reached).every(([stream, position]) => {
    const found = now.get(stream)
    return found !== undefined && comparePositions(found, position) >= 0
  })
}

/** Whether two positions, or their absence, are the same. */
export function isSamePosition(a: Position | undefined, b: Position | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && comparePositions(a, b) === 0)
}
