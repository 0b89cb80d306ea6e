import { type HypError, toHypError } from '../errors.ts'
import type { BackfillEvent, BackfillSummary, SourceName } from '../ingest/backfill.ts'

type Listener = (event: BackfillEvent) => void

/** Runs one backfill of a source at a time. */
export interface Imports {
  /**
   * Loads what a history has by now. While a backfill runs, another one waits:
   * the running one may have passed what was written since. All that wait share it.
   */
  run(source: SourceName, listener: Listener): Promise<BackfillSummary>
  isRunning(): boolean
  /** Why the last backfill of a source failed; undefined when it did not. */
  failure(): HypError | undefined
  /** Waits until nothing runs any more. Never throws. */
  settled(): Promise<void>
}

interface Run {
  readonly work: Promise<BackfillSummary>
  readonly listeners: Set<Listener>
}

export function newImports(start: (source: SourceName, onEvent: Listener) => Promise<BackfillSummary>): Imports {
  const running = new Map<SourceName, Run>()
  const waiting = new Map<SourceName, Run>()
  const failures = new Map<SourceName, HypError>()

  return {
    run: async (source, listener) => {
      const present = running.get(source)
      if (present === undefined) return begin(source, new Set([listener])).work
      const next = waiting.get(source) ?? queue(source, present)
      next.listeners.add(listener)
      return next.work
    },
    isRunning: () => running.size > 0,
    failure: () => failures.values().next().value,
    settled: async () =>
      void (await Promise.allSettled([...running.values(), ...waiting.values()].map(({ work }) => work))),
  }

  function begin(source: SourceName, listeners: Set<Listener>): Run {
    const tell = (event: BackfillEvent): void => {
      for (const listener of listeners) listener(event)
    }
    const run = { work: perform(source, tell), listeners }
    running.set(source, run)
    return run
  }

  async function perform(source: SourceName, tell: Listener): Promise<BackfillSummary> {
    try {
      const summary = await start(source, tell)
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

  function queue(source: SourceName, before: Run): Run {
    const listeners = new Set<Listener>()
    const work = before.work
      .catch(() => undefined)
      .then(async () => {
        waiting.delete(source)
        return begin(source, listeners).work
      })
    const run = { work, listeners }
    waiting.set(source, run)
    return run
  }
}
