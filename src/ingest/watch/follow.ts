import { type SourceName, sourceNames, sources } from '../../sources/catalogue.ts'
import type { Unreadable, Whereabouts } from '../../sources/source.ts'
import { unreadable } from '../../sources/unreadable.ts'
import type { Handover, Outbox } from './handover.ts'
import { Marks } from './mark.ts'
import { edgesOf, isSameStamp, lookAt, readEdges, type Stamp, stampOf } from './stamp.ts'
import type { WatchedFile } from './tree-watch.ts'

/** Reads what is new in files, and hands over its rows. */
export interface Follower {
  /**
   * Resolves when the rows of all that has been written are taken. Where there is very much to read in a file, that goes
   * on beside, and the others do not wait for it.
   * @throws what `Take` throws, and the signal's reason
   */
  follow(files: readonly WatchedFile[]): Promise<void>
  /** Notes how a file begins and ends whose rows are somebody else's to hand over, as far as it is written by now. */
  mark(file: WatchedFile): void
  /** Forgets what it knows of files that are not there any more. */
  retain(files: Iterable<WatchedFile>): void
  /** Waits for what goes on beside. Never throws. */
  settled(): Promise<void>
}

export interface FollowerOptions {
  readonly where: Whereabouts
  readonly handover: Handover
  readonly signal: AbortSignal
  /** A file that is to be looked at once more. */
  readonly again: (file: WatchedFile) => void
  /** A new file waits so many milliseconds for another one that would say more of it; then it is looked at once more. */
  readonly parentMs: number
  readonly onGone: (file: WatchedFile) => void
  readonly onUnreadable: (problem: Unreadable) => void
  /** Rows of a source that are too long to be handed over. */
  readonly onTooLong: (source: SourceName, rows: number) => void
}

/** A file that has more to read is read beside the others. */
const largeBytes = 32 * 1024 * 1024

/** The rows of so many files are taken together. */
const filesAtOnce = 100

/** What became of reading a file, once its rows are taken. */
type Settle = () => void

export function newFollower(options: FollowerOptions): Follower {
  const { where, handover, signal, onUnreadable } = options
  const readers = new Map(sourceNames.map(name => [name, sources[name].open(where)] as const))
  const marks = new Marks()
  const outbox = handover.outbox()
  const large = handover.outbox()
  const busy = new Set<WatchedFile>()
  /** Until when new files wait, as `performance.now()`. */
  const waits = new WeakMap<WatchedFile, number>()
  let beside: Promise<void> = Promise.resolve()
  let failure: { readonly error: unknown } | undefined

  return {
    follow: async changed => {
      if (failure !== undefined) throw failure.error
      const files = changed.filter(file => !busy.has(file))
      for (const file of files.filter(isLarge)) readBeside(file)
      const small = files.filter(file => !busy.has(file))
      for (let at = 0; at < small.length; at += filesAtOnce) await readAll(small.slice(at, at + filesAtOnce), outbox)
    },
    mark: ({ path, stamp }) => {
      const now = look(path)
      if (stamp !== undefined && now !== undefined && isSameStamp(stamp, now) && !marks.has(now) && isOfLines(path))
        marks.set(path, now, now.size)
    },
    retain: files => marks.retain(new Set(Array.from(files, ({ stamp }) => stamp?.id ?? ''))),
    settled: () => beside,
  }

  function isLarge({ path }: WatchedFile): boolean {
    const now = look(path)
    return now !== undefined && now.size - marks.behind(now) > largeBytes
  }

  function readBeside(file: WatchedFile): void {
    busy.add(file)
    beside = beside
      .then(() => readAll([file], large))
      .catch((error: unknown) => {
        failure ??= { error }
      })
      .finally(() => {
        busy.delete(file)
        // What it was told of meanwhile was passed over.
        options.again(file)
      })
  }

  async function readAll(files: readonly WatchedFile[], out: Outbox): Promise<void> {
    const settles: Settle[] = []
    for (const file of files) settles.push(await read(file, out))
    await out.flush()
    for (const settle of settles) settle()
  }

  async function read(file: WatchedFile, out: Outbox): Promise<Settle> {
    signal.throwIfAborted()
    const { path, source, stamp } = file
    const now = look(path)
    if (now === undefined) return () => options.onGone(file)
    if (stamp !== undefined && isSameStamp(stamp, now) && !file.isUnopened) return () => undefined
    const { from, taken } = marks.start(path, stamp, now)
    const reading = readers.get(source)?.read({ path, size: now.size, mtimeMs: now.mtimeMs }, { signal, from })
    if (reading === undefined) return () => undefined
    let tooLong = 0
    // The beginning of a file is read again for what the rest of it refers to.
    const isNew = (): boolean => from !== undefined || taken === 0 || reading.counts.bytes > taken
    for await (const rows of reading.captured) {
      // Known from the first rows on, so that none of them was handed over.
      if (stamp === undefined && taken === 0 && reading.waitsFor?.length && isWaiting(file)) return () => undefined
      if (isNew()) tooLong += await out.add(rows)
    }
    const { end } = reading
    // Until its rows are taken, which may be long, something else may be written in its place.
    const edges = end === undefined ? undefined : edgesOf(path, end.offset, readEdges)
    return () => {
      file.stamp = now
      tell(file, reading.unreadable)
      file.isUnopened = file.problem !== undefined && reading.counts.lines === 0
      if (end !== undefined) marks.set(path, now, end.offset, end, edges)
      if (tooLong > 0) options.onTooLong(source, tooLong)
    }
  }

  /** Whether a file still waits for another one. The first time it begins to. */
  function isWaiting(file: WatchedFile): boolean {
    const until = waits.get(file)
    if (until !== undefined) return performance.now() < until
    waits.set(file, performance.now() + options.parentMs)
    setTimeout(() => options.again(file), options.parentMs).unref()
    return true
  }

  function tell(file: WatchedFile, problems: readonly Unreadable[]): void {
    const before = file.problem
    file.problem = undefined
    for (const problem of problems) {
      // The client deletes and moves transcripts while they are read.
      if (look(problem.path) === undefined) continue
      if (problem.path === file.path) file.problem = problem.reason
      if (problem.reason !== before) onUnreadable(problem)
    }
  }

  /** Undefined where no file is. */
  function look(path: string): Stamp | undefined {
    try {
      const stats = lookAt(path)
      return stats?.isFile() === true ? stampOf(stats) : undefined
    } catch (error) {
      onUnreadable(unreadable(path, error))
      return undefined
    }
  }
}

/** Of these the counts of a reading say how far it came; others can only be read whole. */
function isOfLines(path: string): boolean {
  return path.endsWith('.jsonl')
}
