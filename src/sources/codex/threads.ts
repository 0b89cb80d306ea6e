import type { HistoryFile, Whereabouts } from '../source.ts'
import { systemCode } from '../unreadable.ts'
import { DamagedZst } from '../zst.ts'
import { type Head, readHead } from './head.ts'
import { itemDigest, itemKey } from './identity.ts'
import { type ReadLine, readLine } from './line.ts'
import { openRollout, rolloutLines } from './rollout.ts'
import { type Thread, threadOf } from './thread.ts'
import { type FileOfThread, newThreadFiles } from './thread-files.ts'

/** Finds the files of threads that others were made from, and what has to be known of them. */
export interface Threads {
  /** The file of a thread, undefined where there is none. */
  readonly file: FileOfThread
  /** Its turns, undefined where its file is not there or cannot be read. */
  readonly turns: (threadId: string, signal: AbortSignal | undefined) => Promise<ReadonlySet<string> | undefined>
  /** Digests of its items; none where its file is not there or cannot be read. */
  readonly items: (threadId: string, signal: AbortSignal | undefined) => Promise<ReadonlySet<string>>
}

/** The turns of so many threads are remembered; many files may come from one. */
const mostTurns = 64
/** Items are many, and seldom asked for. */
const mostItems = 2
/** A chain of forks longer than this is no history but a circle. */
const mostAncestors = 64

export function newThreads(where: Whereabouts): Threads {
  const file = newThreadFiles(where)
  const partsOf = remembering(mostTurns, readTurns)
  const itemsOf = remembering(mostItems, readItems)

  return {
    file,
    turns: async (threadId, signal) => {
      const turns = new Set<string>()
      let next: string | null = threadId
      for (let ancestors = 0; next !== null && ancestors < mostAncestors; ancestors++) {
        const found = await file(next, signal)
        const part: Turns | undefined = found === undefined ? undefined : await partsOf(found, signal)
        // What an ancestor of the parent had is only missing where the parent holds no copy of it.
        if (part === undefined) return ancestors === 0 ? undefined : turns
        for (const turn of part.turns) turns.add(turn)
        next = part.before
      }
      return turns
    },
    items: async (threadId, signal) => {
      const found = await file(threadId, signal)
      return (found === undefined ? undefined : await itemsOf(found, signal)) ?? new Set()
    },
  }
}

type Reading<T> = (file: HistoryFile, signal: AbortSignal | undefined) => Promise<T | undefined>

/** The same, with what was read last kept for as long as the file stays as it is. */
function remembering<T>(most: number, read: Reading<T>): Reading<T> {
  const kept = new Map<string, T>()
  return async (file, signal) => {
    const key = JSON.stringify([file.path, file.size, file.mtimeMs])
    const found = kept.get(key) ?? (await read(file, signal))
    if (found === undefined) return undefined
    kept.delete(key)
    kept.set(key, found)
    const [oldest] = kept.keys()
    if (kept.size > most && oldest !== undefined) kept.delete(oldest)
    return found
  }
}

interface Turns {
  readonly turns: ReadonlySet<string>
  /** The thread whose history comes before, where the file holds no copy of it. */
  readonly before: string | null
}

async function readTurns(file: HistoryFile, signal: AbortSignal | undefined): Promise<Turns | undefined> {
  const turns = new Set<string>()
  let thread: Thread | null = null
  const isRead = await forEachRecord(
    file,
    signal,
    head => head.type !== 'response_item',
    ({ record }) => {
      if (record.is === 'meta') thread ??= threadOf(record.meta, null)
      else if (record.is === 'turn' && record.turnId !== null) turns.add(record.turnId)
    },
  )
  // A closure set it, which the compiler does not see.
  const { base } = (thread as Thread | null) ?? { base: null }
  return isRead ? { turns, before: base?.threadId ?? null } : undefined
}

async function readItems(file: HistoryFile, signal: AbortSignal | undefined): Promise<Set<string> | undefined> {
  const items = new Set<string>()
  const isRead = await forEachRecord(
    file,
    signal,
    head => head.type !== 'event_msg',
    ({ record }) => {
      if (record.is !== 'item') return
      try {
        items.add(itemDigest(itemKey(record.item)))
      } catch (error) {
        // JSON that is nested too deeply is no item in a copy either.
        if (!(error instanceof RangeError)) throw error
      }
    },
  )
  return isRead ? items : undefined
}

/** False where the file cannot be read; what the beginning of a damaged one tells still holds. */
async function forEachRecord(
  file: HistoryFile,
  signal: AbortSignal | undefined,
  isWanted: (head: Head) => boolean,
  take: (read: ReadLine) => void,
): Promise<boolean> {
  try {
    const rollout = await openRollout(file.path)
    let isBare = false
    try {
      for await (const batch of rolloutLines(rollout, { signal })) {
        for (const found of batch) {
          if (!isWanted(readHead(found.bytes))) continue
          const read = readLine(found, isBare)
          if (typeof read === 'string') continue
          if (read.record.is === 'meta' && read.record.meta === read.line) isBare = true
          take(read)
        }
      }
    } finally {
      await rollout.handle.close()
    }
    return true
  } catch (error) {
    if (signal?.aborted === true) throw error
    if (error instanceof DamagedZst) return true
    if (systemCode(error) === undefined) throw error
    return false
  }
}
