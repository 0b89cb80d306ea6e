import type { HistoryFile, Whereabouts } from '../source.ts'
import { systemCode } from '../unreadable.ts'
import { DamagedZst } from '../zst.ts'
import { type Head, readHead } from './head.ts'
import { itemDigest, itemKey } from './identity.ts'
import { type ReadLine, readLine } from './line.ts'
import { openRollout, rolloutLines } from './rollout.ts'
import { type Thread, threadOf } from './thread.ts'
import { type FilesOfThread, newThreadFiles } from './thread-files.ts'

/** Finds the files of threads that others were made from, and what has to be known of them. */
export interface Threads {
  /** The files of a thread, none where there is none. */
  readonly files: FilesOfThread
  /** Its turns, undefined where no file of it is there and can be read. */
  readonly turns: (threadId: string, signal: AbortSignal | undefined) => Promise<ReadonlySet<string> | undefined>
  /** Digests of its items; none where no file of it is there and can be read. */
  readonly items: (threadId: string, signal: AbortSignal | undefined) => Promise<ReadonlySet<string>>
}

/** The turns of so many threads are remembered; many files may come from one. */
const mostTurns = 64
/** Items are many, and seldom asked for. */
const mostItems = 2
/** A chain of forks longer than this is no history but a circle. */
const mostAncestors = 64

export function newThreads(where: Whereabouts): Threads {
  const files = newThreadFiles(where)
  const partsOf = remembering(mostTurns, readTurns)
  const itemsOf = remembering(mostItems, readItems)

  return {
    files,
    turns: async (threadId, signal) => {
      const turns = new Set<string>()
      let next: string | null = threadId
      for (let ancestors = 0; next !== null && ancestors < mostAncestors; ancestors++) {
        const parts: readonly Turns[] = await readAll(next, partsOf, signal)
        // What an ancestor of the parent had is only missing where the parent holds no copy of it.
        if (parts.length === 0) return ancestors === 0 ? undefined : turns
        for (const part of parts) for (const turn of part.turns) turns.add(turn)
        next = parts.find(({ before }) => before !== null)?.before ?? null
      }
      return turns
    },
    items: async (threadId, signal) => {
      const [first = new Set<string>(), ...others] = await readAll(threadId, itemsOf, signal)
      // They may be many.
      return others.length === 0 ? first : new Set([first, ...others].flatMap(items => [...items]))
    },
  }

  /** What the files of a thread tell, without those that cannot be read. */
  async function readAll<T>(
    threadId: string,
    read: Reading<T>,
    signal: AbortSignal | undefined,
  ): Promise<readonly T[]> {
    const all: T[] = []
    for (const file of await files(threadId, signal)) {
      const part = await read(file, signal)
      if (part !== undefined) all.push(part)
    }
    return all
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
