import { HypError, toHypError } from '../errors.ts'
import { type BackfillRequest, requestKey, sourcesOf } from '../ingest/backfill/backfill-request.ts'
import type { BackfillEvent, BackfillSummary } from '../ingest/backfill/backfill-summary.ts'
import type { SourceName } from '../sources/catalogue.ts'
import { backfillTask, runBackfillTask } from './backfill-task.ts'
import type { OpenTask, Tasks } from './tasks.ts'

type Listener = (event: BackfillEvent) => void

/** A backfill and the task that it is. */
export interface Import {
  /** Id of the task. */
  readonly task: Promise<string>
  readonly work: Promise<BackfillSummary>
}

/** Runs one backfill at a time, each as a task. */
export interface Imports {
  /**
   * Loads what histories have by now. While a backfill runs, others wait, in
   * their order: the running one may have passed what was written since. Those
   * that wait and ask for the same share one.
   * @param resumedFrom the task that is done again
   */
  run(request: BackfillRequest, listener: Listener, resumedFrom?: string): Import
  isRunning(): boolean
  /** Why the last backfill of a source failed; undefined when it did not. */
  failure(): HypError | undefined
  /** Waits until nothing runs any more. Never throws. */
  settled(): Promise<void>
}

export interface ImportsOptions {
  readonly tasks: Pick<Tasks, 'open'>
  readonly start: (request: BackfillRequest, onEvent: Listener, signal: AbortSignal) => Promise<BackfillSummary>
}

/** One that runs or waits. */
interface Run {
  readonly task: Promise<OpenTask>
  readonly work: Promise<BackfillSummary>
  readonly listeners: Set<Listener>
  /** Nobody joins it any more: it was cancelled. */
  readonly isCanceled: () => boolean
}

export function newImports({ tasks, start }: ImportsOptions): Imports {
  /** Those that wait, by what they ask for. */
  const waiting = new Map<string, Run>()
  const failures = new Map<SourceName, HypError>()
  /** All that has not ended, in the order in which it runs. */
  const unfinished = new Set<Run>()
  let running = 0

  return {
    run: (request, listener, resumedFrom) => {
      const key = requestKey(request)
      const present = waiting.get(key)
      if (present !== undefined && !present.isCanceled()) {
        present.listeners.add(listener)
        return told(present)
      }
      return told(enter(request, key, listener, resumedFrom))
    },
    isRunning: () => running > 0,
    failure: () => failures.values().next().value,
    settled: async () => void (await Promise.allSettled([...unfinished].map(({ work }) => work))),
  }

  function told({ task, work }: Run): Import {
    const id = task.then(opened => opened.id)
    // Where the task cannot be made, the work says so too.
    id.catch(() => undefined)
    return { task: id, work }
  }

  function enter(request: BackfillRequest, key: string, listener: Listener, resumedFrom: string | undefined): Run {
    const task = tasks.open(backfillTask(request, resumedFrom))
    const before = [...unfinished].at(-1)
    const listeners = new Set([listener])
    let opened: OpenTask | undefined
    const isCanceled = (): boolean => opened?.isCanceled() === true
    const work =
      before === undefined
        ? perform(request, listeners, task)
        : ended(before).then(async () => {
            opened = await task
            if (waiting.get(key) === run) waiting.delete(key)
            // Its turn may be that of another one, which came after it was cancelled.
            if (isCanceled()) throw new HypError('INTERRUPTED', 'The backfill was cancelled before it began.')
            return perform(request, listeners, task)
          })
    const run: Run = { task, work, listeners, isCanceled }
    unfinished.add(run)
    if (before !== undefined) waiting.set(key, run)
    void task.then(
      each => (opened = each),
      () => waiting.get(key) === run && waiting.delete(key),
    )
    void ended(run).then(() => unfinished.delete(run))
    return run
  }

  async function perform(
    request: BackfillRequest,
    listeners: ReadonlySet<Listener>,
    task: Promise<OpenTask>,
  ): Promise<BackfillSummary> {
    const tell = (event: BackfillEvent): void => {
      for (const listener of listeners) listener(event)
    }
    running++
    try {
      const summary = await runBackfillTask(await task, tell, (listen, signal) => start(request, listen, signal))
      note(request, undefined)
      return summary
    } catch (error) {
      const known = toHypError(error)
      if (known.code !== 'INTERRUPTED') note(request, known)
      throw known
    } finally {
      running--
    }
  }

  function note(request: BackfillRequest, failure: HypError | undefined): void {
    // That one counts says nothing about whether rows are taken.
    if (request.dryRun === true) return
    for (const source of sourcesOf(request)) {
      if (failure === undefined) failures.delete(source)
      else failures.set(source, failure)
    }
  }
}

async function ended({ work }: Run): Promise<void> {
  await work.catch(() => undefined)
}
