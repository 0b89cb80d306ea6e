import { systemCode } from '../unreadable.ts'
import { DamagedZst } from '../zst.ts'
import { type ReadLine, readLine } from './line.ts'
import { projectRecord } from './project.ts'
import { lacksItems, type Replay } from './replay.ts'
import { openRollout, type Rollout, rolloutLines } from './rollout.ts'
import type { Threads } from './threads.ts'
import { newTrack, type Track } from './track.ts'

/** What another thread's history comes to before the one that goes on from it. */
type Tail = Pick<Track, 'messages' | 'previousMessageId' | 'reported'>

/** The thread that was not found, of those that go on from one another. */
interface Missing {
  readonly missing: string
}

/** Asks the files of other threads for what a track depends on. */
export type Settle = (track: Track, signal: AbortSignal | undefined) => Promise<void>

/** Whether a line cannot be placed before {@link Settle} was called. */
export function isWaiting(read: ReadLine, track: Track): boolean {
  return read.record.is === 'item' && lacksItems(track.replay)
}

/** So many ends of histories are remembered; several threads may go on from one place. */
const mostRemembered = 256
/** A chain of references longer than this is a circle. */
const mostDepth = 64

export function newSettle(threads: Threads): Settle {
  const tails = new Map<string, Tail>()
  return (track, signal) => settle(track, signal, 0)

  async function settle(track: Track, signal: AbortSignal | undefined, depth: number): Promise<void> {
    const { thread, unsettled } = track
    track.unsettled = null
    track.replay = await withParent(track.replay, signal)
    if (unsettled !== 'base' || !thread?.base) return
    const tail = await tailOf(thread.base.threadId, thread.base.endOrdinal, signal, depth + 1)
    track.missingBase = 'missing' in tail ? tail.missing : null
    if (!('missing' in tail)) Object.assign(track, tail)
  }

  async function withParent(replay: Replay, signal: AbortSignal | undefined): Promise<Replay> {
    if (replay.by !== 'turns') return replay
    if (replay.parent) {
      const [parentId = ''] = replay.candidates
      return { ...replay, parent: { ...replay.parent, items: await threads.items(parentId, signal) } }
    }
    for (const candidate of replay.candidates) {
      const turns = await threads.turns(candidate, signal)
      if (turns !== undefined) return { ...replay, candidates: [candidate], parent: { turns, items: undefined } }
    }
    return { ...replay, parent: null }
  }

  async function tailOf(
    threadId: string,
    endOrdinal: number,
    signal: AbortSignal | undefined,
    depth: number,
  ): Promise<Tail | Missing> {
    const file = depth > mostDepth ? undefined : await threads.file(threadId, signal)
    if (file === undefined) return { missing: threadId }
    const key = JSON.stringify([file.path, file.size, file.mtimeMs, endOrdinal])
    const tail = tails.get(key) ?? (await readTail(file.path, endOrdinal, signal, depth)) ?? { missing: threadId }
    if ('missing' in tail) return tail
    tails.set(key, tail)
    const [oldest] = tails.keys()
    if (tails.size > mostRemembered && oldest !== undefined) tails.delete(oldest)
    return tail
  }

  /** Undefined where the file cannot be read. */
  async function readTail(
    path: string,
    endOrdinal: number,
    signal: AbortSignal | undefined,
    depth: number,
  ): Promise<Tail | Missing | undefined> {
    try {
      const rollout = await openRollout(path)
      const track = newTrack(path, rollout)
      try {
        await readUpTo(endOrdinal, rollout, track, signal, depth)
      } finally {
        await rollout.handle.close()
      }
      const { messages, previousMessageId, reported } = track
      return track.missingBase === null ? { messages, previousMessageId, reported } : { missing: track.missingBase }
    } catch (error) {
      if (signal?.aborted === true) throw error
      if (error instanceof DamagedZst || systemCode(error) !== undefined) return undefined
      throw error
    }
  }

  async function readUpTo(
    endOrdinal: number,
    rollout: Rollout,
    track: Track,
    signal: AbortSignal | undefined,
    depth: number,
  ): Promise<void> {
    for await (const batch of rolloutLines(rollout, { signal })) {
      for (const found of batch) {
        const read = readLine(found, track.isBare)
        if (typeof read === 'string') continue
        if ((read.ordinal ?? track.records) >= endOrdinal) return
        if (isWaiting(read, track)) await settle(track, signal, depth)
        projectRecord(read.record, read.line, read.ordinal, track)
        if (track.unsettled !== null) await settle(track, signal, depth)
      }
    }
  }
}
