import { stat } from 'node:fs/promises'
import type { HistoryFile, ThreadFiles, Whereabouts } from '../source.ts'
import { systemCode } from '../unreadable.ts'
import { DamagedZst } from '../zst.ts'
import { threadOfName } from './file-name.ts'
import { findCodexHistories } from './find.ts'
import { readLine } from './line.ts'
import { openRollout, rolloutLines } from './rollout.ts'
import { threadOf } from './thread.ts'

/** The file of a thread as it is now, undefined where there is none. */
export type FileOfThread = (threadId: string, signal: AbortSignal | undefined) => Promise<HistoryFile | undefined>

/** So much of a file is read to see which thread it describes: its first line is seldom longer. */
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
 * Finds files by thread: by their names, which the client makes of thread ids; where none fits, by what their first
 * lines say. The files are listed when first asked, and again when a thread is not among them.
 */
export function newThreadFiles(where: Whereabouts): FileOfThread {
  let named = new Map<string, string>()
  let described = new Map<string, string>()
  /** Of each path, the thread that its first line describes; null as long as it describes none. */
  const threads = new Map<string, { readonly threadId: string | null; readonly size: number }>()
  /** Of those that are newer than the list, the ones that were not in the next one either. */
  const missed = new Set<string>()
  let listedAt: number | undefined
  let spentMs = 0
  const began = performance.now()

  return async (threadId, signal) => {
    const known = await find(threadId)
    if (known !== undefined) return known
    // Threads whose parent was deleted long ago must not cost a listing each; one that began since is in none yet.
    const isNew = listedAt !== undefined && (bornAt(threadId) ?? 0) > listedAt - lateMs && mayBeNew(threadId)
    if (listedAt !== undefined && !isNew && spentMs > 200 + (performance.now() - began) / 20) return undefined
    const start = performance.now()
    const now = Date.now()
    await list(threadId, signal)
    listedAt = now
    spentMs += performance.now() - start
    const found = await find(threadId)
    if (found === undefined && isNew) missed.add(threadId)
    return found
  }

  function mayBeNew(threadId: string): boolean {
    return missed.size < mostMissed && !missed.has(threadId)
  }

  async function find(threadId: string): Promise<HistoryFile | undefined> {
    return (await asItIs(named.get(threadId))) ?? asItIs(described.get(threadId))
  }

  async function list(threadId: string, signal: AbortSignal | undefined): Promise<void> {
    const histories = await findCodexHistories(where, { signal })
    const files = histories.flatMap(history => history.files)
    const paths = files.map(({ path }) => path)
    // Of a thread that lies in two places, the first: archived ones come last.
    named = firstOf(paths, threadOfName)
    described = new Map()
    if (named.has(threadId)) return
    for (const { path, size } of files) {
      signal?.throwIfAborted()
      const known = threads.get(path)
      if (known?.threadId || known?.size === size) continue
      threads.set(path, { threadId: await describedThread(path), size })
    }
    described = firstOf(paths, path => threads.get(path)?.threadId ?? null)
  }
}

/** Those of the threads that a file is named after, or that a new one describes. */
export async function threadsIn(files: ThreadFiles, threads: ReadonlySet<string>): Promise<ReadonlySet<string>> {
  const found = new Set<string>()
  const note = (threadId: string | null): void => {
    if (threadId !== null && threads.has(threadId)) found.add(threadId)
  }
  for (const path of files.all) note(threadOfName(path))
  for (const path of files.fresh) note(await describedThread(path))
  return found
}

function firstOf(paths: readonly string[], threadOfPath: (path: string) => string | null): Map<string, string> {
  const first = new Map<string, string>()
  for (const path of paths) {
    const threadId = threadOfPath(path)
    if (threadId !== null && !first.has(threadId)) first.set(threadId, path)
  }
  return first
}

async function asItIs(path: string | undefined): Promise<HistoryFile | undefined> {
  if (path === undefined) return undefined
  try {
    const { size, mtimeMs } = await stat(path)
    return { path, size, mtimeMs }
  } catch (error) {
    if (systemCode(error) === undefined) throw error
    return undefined
  }
}

/** The thread a file says it is, null where its first line tells none. */
async function describedThread(path: string): Promise<string | null> {
  try {
    const rollout = await openRollout(path)
    try {
      const head = { ...rollout, size: Math.min(rollout.size, headBytes) }
      for await (const [first] of rolloutLines(head)) {
        const read = first === undefined ? 'no-content' : readLine(first, false)
        if (typeof read === 'string' || read.record.is !== 'meta') return null
        return threadOf(read.record.meta, null)?.threadId ?? null
      }
      return null
    } finally {
      await rollout.handle.close()
    }
  } catch (error) {
    if (error instanceof DamagedZst || systemCode(error) !== undefined) return null
    throw error
  }
}
