import type { HypError } from '../../../src/errors.ts'
import type { FileIO } from '../../../src/iceberg/file-io/file-io.ts'
import type { Position } from '../../../src/ingest/spool/position.ts'
import type { Spool, SpoolBatch } from '../../../src/ingest/spool/spool.ts'
import type { Declaration } from '../../../src/schema/declaration.ts'
import {
  batchOf,
  declaration,
  failureOf,
  keyedBatch,
  laterDeclaration,
  open,
  positionsAfter,
  readClosed,
} from './spooling.ts'

/* Everything that is done with a spool, once, and what is promised at every moment of it. */

export interface Story {
  /** Batches that were acknowledged. */
  readonly acknowledged: Set<string>
  /** Batches that the table holds, durably, and up to where. */
  readonly flushed: Set<string>
  readonly positions: Map<string, Position>
  readonly errors: HypError[]
  /** What a flush was given that is not acknowledged, or was given before, and what it was not given. */
  readonly wrong: string[]
  spool: Spool | undefined
}

export function newStory(): Story {
  return {
    acknowledged: new Set(),
    flushed: new Set(),
    positions: new Map(),
    errors: [],
    wrong: [],
    spool: undefined,
  }
}

/** Batches with an idempotency key. */
export const keyed: readonly string[] = ['c', 'e', 'h']
export const everyBatch: readonly string[] = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']

/**
 * Plays a story to its end, whatever fails in it, and leaves its spool open.
 * @param reading the disk as a flush reads it
 */
export async function play(io: FileIO, reading: FileIO, story: Story): Promise<void> {
  try {
    story.spool = (await open(io, { seed: 7, segmentBytes: 2000, flushed: story.positions })).spool
  } catch (error) {
    story.errors.push(error as HypError)
    return
  }
  const { spool } = story
  await Promise.all([append(story, spool, batchOf('a')), append(story, spool, batchOf('b', 3))])
  await append(story, spool, keyedBatch('c'))
  await flush(reading, story, spool)
  await append(story, spool, batchOf('d', 1))
  // Longer than a segment, so that the next batch goes to another one.
  await append(story, spool, keyedBatch('e', 120))
  await append(story, spool, batchOf('f', 2))
  await append(story, spool, batchOf('g', 2), laterDeclaration)
  await flush(reading, story, spool)
  await append(story, spool, keyedBatch('h'), laterDeclaration)
}

export async function append(
  story: Story,
  spool: Spool,
  batch: SpoolBatch,
  under: Declaration = declaration,
): Promise<void> {
  if (await attempt(story, spool.append(batch, under)))
    story.acknowledged.add(/"id":"(.*)\/0"/.exec(Buffer.from(batch.bytes).toString())?.[1] ?? '')
}

/** Puts what is acknowledged into a table that never fails, and releases it. */
export async function flush(reading: FileIO, story: Story, spool: Spool): Promise<void> {
  try {
    const segments = (await spool.rotate()).filter(({ stream, segment, end }) => {
      const known = story.positions.get(stream)
      return known === undefined || segment > known.segment || (segment === known.segment && end > known.end)
    })
    const found = await readClosed(reading, segments)
    const waiting = [...story.acknowledged].filter(name => !story.flushed.has(name))
    if (found.toSorted().join() !== waiting.toSorted().join())
      story.wrong.push(`a flush was given ${found.join()} in place of ${waiting.join()}`)
    for (const name of found) story.flushed.add(name)
    for (const [stream, position] of positionsAfter(segments)) story.positions.set(stream, position)
    await spool.release(story.positions)
  } catch (error) {
    story.errors.push(error as HypError)
  }
}

async function attempt(story: Story, work: Promise<unknown>): Promise<boolean> {
  const error = await failureOf(work)
  if (error !== undefined) story.errors.push(error)
  return error === undefined
}
