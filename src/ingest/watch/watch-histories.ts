import type { Declaration } from '../../schema/declaration.ts'
import type { SourceName } from '../../sources/catalogue.ts'
import type { Unreadable, Whereabouts } from '../../sources/source.ts'
import type { WatchFolder } from './folders.ts'
import { newFollower } from './follow.ts'
import { newHandover, type Take } from './handover.ts'
import { usualPace, type WatchPace } from './pace.ts'
import { newRest } from './rest.ts'
import { watchTree } from './tree-watch.ts'

/** What watching tells. Paths and counts; never what a line says. */
export type WatchEvent =
  /** Every file was looked at once: what is written from here on is seen. */
  | { readonly type: 'begun'; readonly ms: number }
  | { readonly type: 'state'; readonly state: WatchState }
  | { readonly type: 'unreadable'; readonly problem: Unreadable }
  /** Rows that are too long to be handed over: an import of the source takes them. */
  | { readonly type: 'too-long'; readonly source: SourceName; readonly rows: number }

export interface WatchState {
  readonly directories: number
  readonly files: number
  /** Why the system does not watch all directories, so that their files are looked at again and again. */
  readonly limit: string | null
  /** How many files and directories cannot be read at present, and the first of them. */
  readonly unreadable: { readonly count: number; readonly first: readonly Unreadable[] }
}

export interface WatchOptions {
  readonly where: Whereabouts
  /** What the table is declared as at the beginning. */
  readonly declaration: Declaration
  readonly take: Take
  readonly onEvent: (event: WatchEvent) => void
  readonly signal: AbortSignal
  readonly pace?: Partial<WatchPace> | undefined
  /** The system's way unless given. */
  readonly watchFolder?: WatchFolder | undefined
}

/** Files from this size on are marked at the beginning: when they change, only what is new in them is handed over. */
const markedBytes = 64 * 1024

const filesMarkedAtOnce = 50

const mostProblems = 20

/**
 * Hands over the rows of every line that is written into the histories from `begun` on, until the signal; what was there
 * before is an import's to read. A row may be handed over more than once, also one that was there before: by its key it
 * is the same.
 * @throws what `take` throws
 */
export async function watchHistories(options: WatchOptions): Promise<void> {
  const { where, onEvent, signal } = options
  const pace = { ...usualPace, ...options.pace }
  const start = performance.now()
  const rest = newRest(signal)
  const tree = watchTree({ where, pace, signal, onTouched: rest.wake, watchFolder: options.watchFolder })
  const told = new Set<string>()
  const follower = newFollower({
    where,
    handover: newHandover(options.declaration, options.take),
    signal,
    again: tree.again,
    parentMs: pace.parentMs,
    onGone: tree.forget,
    onUnreadable: tellUnreadable,
    onTooLong: (source, rows) => onEvent({ type: 'too-long', source, rows }),
  })
  let said = ''
  try {
    await tree.sweep()
    tellState()
    onEvent({ type: 'begun', ms: Math.round(performance.now() - start) })
    await markLarge()
    while (!signal.aborted) {
      if (!tree.isTouched()) await rest.until(tree.dueAt())
      if (tree.isTouched()) await rest.for(pace.settleMs)
      if (signal.aborted) break
      const isSwept = await tree.look()
      await follower.follow(tree.takeChanged())
      // Not before that: a file that was moved is known by its new name only then.
      if (isSwept) follower.retain(tree.files.values())
      tellState()
    }
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    tree.close()
    await follower.settled()
  }

  async function markLarge(): Promise<void> {
    let marked = 0
    for (const file of tree.files.values()) {
      if ((file.stamp?.size ?? 0) < markedBytes) continue
      if (signal.aborted) return
      follower.mark(file)
      if (++marked % filesMarkedAtOnce === 0) await new Promise(resolve => setImmediate(resolve))
    }
  }

  function tellState(): void {
    const problems = tree.unreadable()
    for (const problem of problems) tellUnreadable(problem)
    const state: WatchState = {
      directories: tree.directories(),
      files: tree.files.size,
      limit: tree.limit() ?? null,
      unreadable: { count: problems.length, first: problems.slice(0, mostProblems) },
    }
    const saying = JSON.stringify(state)
    if (saying !== said) onEvent({ type: 'state', state })
    said = saying
  }

  /** Each problem once. */
  function tellUnreadable(problem: Unreadable): void {
    const saying = `${problem.path}\0${problem.reason}`
    if (told.has(saying)) return
    told.add(saying)
    onEvent({ type: 'unreadable', problem })
  }
}
