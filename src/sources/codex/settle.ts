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

/** What one file of the thread tells of that, and whether it reaches the place where the other one goes on. */
interface Read {
  readonly tail: Tail
  readonly isWhole: boolean
}

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
  const tails = new Map<string, Read>()
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
    const { parentId, parent } = replay
    if (parent) return { ...replay, parent: { ...parent, items: await threads.items(parentId, signal) } }
    const turns = await threads.turns(parentId, signal)
    return { ...replay, parent: turns === undefined ? null : { turns, items: undefined } }
  }

  async function tailOf(
    threadId: string,
    endOrdinal: number,
    signal: AbortSignal | undefined,
    depth: number,
  ): Promise<Tail | Missing> {
    const files = depth > mostDepth ? [] : await threads.files(threadId, signal)
    let longest: Read | Missing = { missing: threadId }
    for (const file of files) {
      const key = JSON.stringify([file.path, file.size, file.mtimeMs, endOrdinal])
      const read = tails.get(key) ?? (await readTail(file.path, endOrdinal, signal, depth))
      if (read === undefined) continue
      // A circle of references, or one that leads nowhere: the thread's other files have the same.
      if ('missing' in read) return read
      remember(key, read)
      // A copy that was made before the thread came so far does not tell.
      if (read.isWhole) return read.tail
      if ('missing' in longest || read.tail.messages > longest.tail.messages) longest = read
    }
    return 'missing' in longest ? longest : longest.tail
  }

  function remember(key: string, read: Read): void {
    tails.set(key, read)
    const [oldest] = tails.keys()
    if (tails.size > mostRemembered && oldest !== undefined) tails.delete(oldest)
  }

  /** Undefined where the file cannot be read. */
  async function readTail(
    path: string,
    endOrdinal: number,
    signal: AbortSignal | undefined,
    depth: number,
  ): Promise<Read | Missing | undefined> {
    try {
      const rollout = await openRollout(path)
      const track = newTrack(path, rollout)
      try {
        const isWhole = await readUpTo(endOrdinal, rollout, track, signal, depth)
        const { messages, previousMessageId, reported, missingBase } = track
        return missingBase === null
          ? { tail: { messages, previousMessageId, reported }, isWhole }
          : { missing: missingBase }
      } finally {
        await rollout.handle.close()
      }
    } catch (error) {
      if (signal?.aborted === true) throw error
      if (error instanceof DamagedZst || systemCode(error) !== undefined) return undefined
      throw error
    }
  }

  /** Whether the history comes as far as that. */
  async function readUpTo(
    endOrdinal: number,
    rollout: Rollout,
    track: Track,
    signal: AbortSignal | undefined,
    depth: number,
  ): Promise<boolean> {
    let next = 0
    for await (const batch of rolloutLines(rollout, { signal })) {
      for (const found of batch) {
        const read = readLine(found, track.isBare)
        if (typeof read === 'string') continue
        const number = read.ordinal ?? track.records
        if (number >= endOrdinal) return true
        next = number + 1
        if (isWaiting(read, track)) await settle(track, signal, depth)
        projectRecord(read.record, read.line, read.ordinal, track)
        if (track.unsettled !== null) await settle(track, signal, depth)
      }
    }
    return next >= endOrdinal
  }
}
