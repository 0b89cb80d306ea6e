import type { FileIO } from '../../iceberg/file-io/file-io.ts'
import type { Inventory, StoredSegment, StoredStream } from './inventory.ts'
import type { IdempotencyKeys } from './keys.ts'
import type { Position } from './position.ts'

/**
 * Removes the closed segments that lie at or before positions, after their
 * idempotency keys are durable elsewhere. A removal need not be durable: what
 * comes back lies before its position still.
 * @throws whatever the disk throws; what was not removed then, is the next time
 */
export async function releaseSegments(
  { io, directory, inventory, keys }: { io: FileIO; directory: string; inventory: Inventory; keys: IdempotencyKeys },
  positions: ReadonlyMap<string, Position>,
): Promise<void> {
  const covered = inventory.streams.flatMap(stream => coveredOf(stream, positions.get(stream.stream)))
  let kept = false
  for (const segment of covered) if (await keys.keep(segment, segment.tally)) kept = true
  if (kept) await io.syncDirectory(directory)
  for (const segment of covered) {
    await io.remove(segment.path, { background: true })
    inventory.remove(segment)
  }
  await keys.removeExpired()
}

/**
 * The first segments of a stream up to its position, and then those in which
 * nothing is. None after one that stays: its header may say what of that counts.
 */
function coveredOf({ problem, segments }: StoredStream, position: Position | undefined): StoredSegment[] {
  if (problem !== undefined) return []
  const covers = ({ segment, tally }: StoredSegment): boolean =>
    position !== undefined &&
    (segment < position.segment || (segment === position.segment && tally.end <= position.end))
  const first = segments.findIndex(each => each.active || !(covers(each) || each.tally.end <= each.tally.start))
  return first < 0 ? [...segments] : segments.slice(0, first)
}
