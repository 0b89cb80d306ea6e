import { stat } from 'node:fs/promises'
import { isDamage } from '../malformed.ts'
import type { HistoryFile, ThreadFiles, Whereabouts } from '../source.ts'
import { systemCode } from '../unreadable.ts'
import { DamagedZst } from '../zst.ts'
import { threadOfName } from './file-name.ts'
import { findCodexHistories } from './find.ts'
import { readLine } from './line.ts'
import { openRollout, type Rollout, rolloutLines } from './rollout.ts'
import { isOwnMeta, threadOf } from './thread.ts'

/**
 * The files of a thread as they are now, none where there is none. Several hold the same history, and one of them may
 * end before the others: a copy that was made before the thread went on.
 */
export type FilesOfThread = (threadId: string, signal: AbortSignal | undefined) => Promise<readonly HistoryFile[]>

/** So much of a file is read at first to see which thread it describes: its first line is seldom longer. */
const headBytes = 256 << 10

/** The file of a thread is made when something is said in it. */
const lateMs = 600_000

/** A hostile file can name any threads. */
const mostMissed = 100

/** When a thread began, as the ids that clients make of the time tell it, in milliseconds; null for other ids. */
function bornAt(threadId: string): number | null {
  const time = /^([0-9a-f]{8})-([0-9a-f]{4})-7/i.exec(threadId)
  return time === null ? null : Number.parseInt(`${time[1]}${time[2]}`, 16)
}

/**
 * Finds files by thread: by their names, which the client makes of thread ids, where they do not describe another one;
 * where none fits, by what their first lines say. The files are listed when first asked, and again when a thread is not
 * among them.
 */
export function newThreadFiles(where: Whereabouts): FilesOfThread {
  let named: Paths = new Map()
  let described: Paths = new Map()
  /** Of each path, the thread that its first lines describe; null as long as they describe none. */
  const threads = new Map<string, { readonly threadId: string | null; readonly size: number }>()
  /** Of those that are newer than the list, the ones that were not in the next one either. */
  const missed = new Set<string>()
  let listedAt: number | undefined
  let spentMs = 0
  const began = performance.now()

  return async (threadId, signal) => {
    const known = await find(threadId)
    if (known.length > 0) return known
    // Threads whose parent was deleted long ago must not cost a listing each; one that began since is in none yet.
    const isNew = listedAt !== undefined && (bornAt(threadId) ?? 0) > listedAt - lateMs && mayBeNew(threadId)
    if (listedAt !== undefined && !isNew && spentMs > 200 + (performance.now() - began) / 20) return []
    const start = performance.now()
    const now = Date.now()
    await list(threadId, signal)
    listedAt = now
    spentMs += performance.now() - start
    const found = await find(threadId)
    if (found.length === 0 && isNew) missed.add(threadId)
    return found
  }

  function mayBeNew(threadId: string): boolean {
    return missed.size < mostMissed && !missed.has(threadId)
  }

  async function find(threadId: string): Promise<readonly HistoryFile[]> {
    const files = await Promise.all([...(named.get(threadId) ?? []), ...(described.get(threadId) ?? [])].map(asItIs))
    const own: HistoryFile[] = []
    for (const file of files)
      if (file !== undefined && [threadId, null].includes(await describedBy(file))) own.push(file)
    return own
  }

  async function list(threadId: string, signal: AbortSignal | undefined): Promise<void> {
    const histories = await findCodexHistories(where, { signal })
    const files = histories.flatMap(history => history.files)
    const paths = files.map(({ path }) => path)
    named = byThread(paths, threadOfName)
    described = new Map()
    if ((await find(threadId)).length > 0) return
    for (const file of files) {
      signal?.throwIfAborted()
      await describedBy(file)
    }
    described = byThread(paths, path => {
      const told = threads.get(path)?.threadId ?? null
      return told === threadOfName(path) ? null : told
    })
  }

  async function describedBy({ path, size }: HistoryFile): Promise<string | null> {
    const known = threads.get(path)
    if (known?.threadId || known?.size === size) return known.threadId
    const threadId = await describedThread(path)
    threads.set(path, { threadId, size })
    return threadId
  }
}

/** Those of the threads that a file is named after, if it does not describe another one, or that a new one describes. */
export async function threadsIn(files: ThreadFiles, threads: ReadonlySet<string>): Promise<ReadonlySet<string>> {
  const found = new Set<string>()
  const fresh = new Set(files.fresh)
  for (const path of files.all) {
    const name = threadOfName(path)
    const isNamed = name !== null && threads.has(name)
    if (!isNamed && !fresh.has(path)) continue
    const threadId = (await describedThread(path)) ?? name
    if (threadId !== null && threads.has(threadId)) found.add(threadId)
  }
  return found
}

/** Paths by thread, in order: archived ones come last. */
type Paths = ReadonlyMap<string, readonly string[]>

function byThread(paths: readonly string[], threadOfPath: (path: string) => string | null): Paths {
  const all = new Map<string, string[]>()
  for (const path of paths) {
    const threadId = threadOfPath(path)
    if (threadId === null) continue
    const same = all.get(threadId)
    if (same === undefined) all.set(threadId, [path])
    else same.push(path)
  }
  return all
}

async function asItIs(path: string): Promise<HistoryFile | undefined> {
  try {
    const { size, mtimeMs } = await stat(path)
    return { path, size, mtimeMs }
  } catch (error) {
    if (systemCode(error) === undefined) throw error
    return undefined
  }
}

/** The thread a file says it is, null where it tells none before its first item. */
async function describedThread(path: string): Promise<string | null> {
  try {
    const rollout = await openRollout(path)
    try {
      for (const size of [Math.min(rollout.size, headBytes), rollout.size]) {
        const told = await toldIn({ ...rollout, size }, threadOfName(path))
        if (told !== undefined) return told
      }
      return null
    } finally {
      await rollout.handle.close()
    }
  } catch (error) {
    if (systemCode(error) !== undefined) return null
    throw error
  }
}

/**
 * The same of what there is of a file; undefined where that is not enough to tell.
 * @param name the thread that it is named after
 */
async function toldIn(rollout: Rollout, name: string | null): Promise<string | null | undefined> {
  let isDamaged = false
  try {
    for await (const batch of rolloutLines(rollout)) {
      for (const found of batch) {
        const read = readLine(found, false)
        if (typeof read === 'string') isDamaged ||= isDamage(read)
        else if (read.record.is === 'item') return null
        else if (read.record.is === 'meta' && isOwnMeta(read.record.meta, name, isDamaged))
          return threadOf(read.record.meta, name)?.threadId ?? null
      }
    }
  } catch (error) {
    if (!(error instanceof DamagedZst)) throw error
  }
  return undefined
}
