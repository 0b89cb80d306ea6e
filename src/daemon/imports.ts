import { HypError, toHypError } from '../errors.ts'
import type { BackfillEvent, BackfillSummary } from '../ingest/backfill.ts'
import type { SourceName } from '../sources/catalogue.ts'
import { backfillRequest, runBackfillTask } from './backfill-task.ts'
import type { OpenTask, Tasks } from './tasks.ts'

type Listener = (event: BackfillEvent) => void

/** A backfill and the task that it is. */
export interface Import {
  /** Id of the task. */
  readonly task: Promise<string>
  readonly work: Promise<BackfillSummary>
}

/** Runs one backfill of a source at a time, each as a task. */
export interface Imports {
  /**
   * Loads what a history has by now. While a backfill runs, another one waits:
   * the running one may have passed what was written since. All that wait share it.
   * @param resumedFrom the task that is done again
   */
  run(source: SourceName, listener: Listener, resumedFrom?: string): Import
  isRunning(): boolean
  /** Why the last backfill of a source failed; undefined when it did not. */
  failure(): HypError | undefined
  /** Waits until nothing runs any more. Never throws. */
  settled(): Promise<void>
}

export interface ImportsOptions {
  readonly tasks: Pick<Tasks, 'open'>
  readonly start: (source: SourceName, onEvent: Listener, signal: AbortSignal) => Promise<BackfillSummary>
}

interface Run {
  readonly task: Promise<OpenTask>
  readonly work: Promise<BackfillSummary>
  readonly listeners: Set<Listener>
}

/** One that waits. */
interface WaitingRun extends Run {
  /** Nobody joins it any more: it was cancelled. */
  readonly isCanceled: () => boolean
}

export function newImports({ tasks, start }: ImportsOptions): Imports {
  const running = new Map<SourceName, Run>()
  const waiting = new Map<SourceName, WaitingRun>()
  const failures = new Map<SourceName, HypError>()

  return {
    run: (source, listener, resumedFrom) => {
      const present = running.get(source)
      const next = waiting.get(source)
      if (next !== undefined && !next.isCanceled()) {
        next.listeners.add(listener)
        return told(next)
      }
      const task = open(source, resumedFrom)
      const listeners = new Set([listener])
      return told(present === undefined ? begin(source, listeners, task) : queue(source, listeners, task, present))
    },
    isRunning: () => running.size > 0,
    failure: () => failures.values().next().value,
    settled: async () =>
      void (await Promise.allSettled([...running.values(), ...waiting.values()].map(({ work }) => work))),
  }

  function told({ task, work }: Run): Import {
    const id = task.then(opened => opened.id)
    // Where the task cannot be made, the work says so too.
    id.catch(() => undefined)
    return { task: id, work }
  }

  function open(source: SourceName, resumedFrom: string | undefined): Promise<OpenTask> {
    const task = tasks.open(backfillRequest(source, resumedFrom))
    task.catch(() => undefined)
    return task
  }

  function begin(source: SourceName, listeners: Set<Listener>, task: Promise<OpenTask>): Run {
    const tell = (event: BackfillEvent): void => {
      for (const listener of listeners) listener(event)
    }
    const run = { task, work: perform(source, tell, task), listeners }
    running.set(source, run)
    return run
  }

  async function perform(source: SourceName, tell: Listener, task: Promise<OpenTask>): Promise<BackfillSummary> {
    try {
      const summary = await runBackfillTask(await task, tell, (listen, signal) => start(source, listen, signal))
      failures.delete(source)
      return summary
    } catch (error) {
      const known = toHypError(error)
      if (known.code !== 'INTERRUPTED') failures.set(source, known)
      throw known
    } finally {
      running.delete(source)
    }
  }

  function queue(source: SourceName, listeners: Set<Listener>, task: Promise<OpenTask>, before: Run): WaitingRun {
    let opened: OpenTask | undefined
    const isCanceled = (): boolean => opened?.isCanceled() === true
    const work = before.work
      .catch(() => undefined)
      .then(async () => {
        opened = await task
        if (waiting.get(source) === run) waiting.delete(source)
        // Its turn may be that of another one, which came after it was cancelled.
        if (isCanceled()) throw new HypError('INTERRUPTED', 'The backfill was cancelled before it began.')
        return begin(source, listeners, task).work
      })
    const run: WaitingRun = { task, work, listeners, isCanceled }
    void task.then(
      each => (opened = each),
      () => waiting.get(source) === run && waiting.delete(source),
    )
    waiting.set(source, run)
    return run
  }
}
