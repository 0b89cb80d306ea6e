import { setTimeout as sleep } from 'node:timers/promises'
import { type ErrorDocument, errorDocument, HypError, toHypError } from '../errors.ts'
import type { Body } from '../ingest/watch/handover.ts'
import type { WatchEvent, WatchState } from '../ingest/watch/watch-histories.ts'
import { startWatchThread, type WatchTask, type WatchThread } from '../ingest/watch/watch-thread.ts'
import type { Declaration } from '../schema/declaration.ts'
import type { DaemonEvent } from './event.ts'
import type { Intakes } from './intakes.ts'
import type { Metrics } from './metrics/metrics.ts'
import type { KeptTable } from './tables.ts'

/** The histories, being watched: what is written into them goes into the spool of the built-in table. */
export interface Watching {
  /** When all was looked at once, or cannot be: an import that begins after it leaves no gap. Never throws. */
  readonly begun: Promise<void>
  status(): WatchStatus
  /** Waits for what is being taken. Never throws. */
  stop(): Promise<void>
}

/** What is told of watching in a status. */
export interface WatchStatus extends WatchState {
  /** Rows that were taken since the daemon runs, also those that were stored before. */
  readonly rows: number
  /** When the last of them were, RFC 3339, UTC; null where none were. */
  readonly capturedAt: string | null
  /** Why rows wait that were read; null where none do. */
  readonly waiting: ErrorDocument | null
  /** Why nothing is watched at present; null where all is. */
  readonly failure: ErrorDocument | null
}

export interface WatchingOptions {
  readonly where: Pick<WatchTask, 'home' | 'env'>
  readonly accept: Intakes['accept']
  readonly builtin: () => KeptTable
  readonly metrics: Metrics
  readonly onEvent: (event: DaemonEvent) => void
  /** Reads what nobody watched, or what is too long for the spool. Resolves when that has ended, and never throws. */
  readonly reimport: () => Promise<void>
  /** A thread unless given. */
  readonly start?: typeof startWatchThread
  /** Between tries, in milliseconds; doubled with each up to `longest`. */
  readonly delays?: { readonly first: number; readonly longest: number }
}

const usualDelays = { first: 1_000, longest: 30_000 }

/** A thread that ends again and again is not started again at once, and no wait is longer than this. */
const longestPauseMs = 600_000

/**
 * An import for rows that are too long for the spool reads whole files. Where such rows come again and again, so many times
 * as long as it took is waited before the next one, which takes all that came meanwhile.
 */
const restAfterImport = 10

const nothing: WatchState = { directories: 0, files: 0, limit: null, unreadable: { count: 0, first: [] } }

export function startWatching(options: WatchingOptions): Watching {
  const { accept, builtin, metrics, onEvent, start = startWatchThread, delays = usualDelays } = options
  const stopping = new AbortController()
  let state = nothing
  let rows = 0
  let capturedAt: Date | null = null
  let waiting: HypError | undefined
  let failure: HypError | undefined
  let failures = 0
  let startedAt = 0
  let thread: WatchThread | undefined
  /** What the thread makes rows under. */
  let madeUnder: Declaration | undefined
  let taking: Promise<unknown> = Promise.resolve()
  let isReimporting = false
  let isReimportDue = false
  let begin: () => void = () => undefined
  const begun = new Promise<void>(resolve => (begin = resolve))
  metrics.onReading(() => {
    metrics.set('hyp_watched_directories', {}, state.directories)
    metrics.set('hyp_watched_files', {}, state.files)
  })
  run()

  return {
    begun,
    status: () => ({
      ...state,
      rows,
      capturedAt: capturedAt?.toISOString() ?? null,
      waiting: waiting === undefined ? null : errorDocument(waiting),
      failure: failure === undefined ? null : errorDocument(failure),
    }),
    stop: async () => {
      stopping.abort()
      begin()
      await thread?.stop()
      await taking.catch(() => undefined)
    },
  }

  function run(): void {
    madeUnder = builtin().imported
    startedAt = performance.now()
    thread = start({ ...options.where, declaration: madeUnder }, { take: hand, onEvent: hear })
    thread.ended.catch((error: unknown) => void again(toHypError(error)))
  }

  /** What the thread had read and nobody took is read by the import that follows. */
  async function again(error: HypError): Promise<void> {
    if (stopping.signal.aborted) return
    failure = error
    const { code, message, hint } = error
    onEvent({ type: 'watch-failed', code, message, hint })
    begin()
    if (performance.now() - startedAt > longestPauseMs) failures = 0
    if (await pause(delays.first, failures++, longestPauseMs)) run()
  }

  function hear(event: WatchEvent): void {
    switch (event.type) {
      case 'begun':
        onEvent({ type: 'watching', directories: state.directories, files: state.files, ms: event.ms })
        if (failure !== undefined) void options.reimport()
        failure = undefined
        begin()
        break
      case 'state':
        if (event.state.limit !== null && event.state.limit !== state.limit)
          onEvent({ type: 'watch-limited', reason: event.state.limit })
        state = event.state
        break
      case 'unreadable':
        onEvent({ type: 'watch-unreadable', ...event.problem })
        break
      case 'too-long':
        void reimport()
    }
  }

  async function reimport(): Promise<void> {
    isReimportDue = true
    if (isReimporting) return
    isReimporting = true
    for (let goesOn = true; goesOn && isReimportDue; ) {
      isReimportDue = false
      const begunAt = performance.now()
      await options.reimport()
      goesOn = await pause((performance.now() - begunAt) * restAfterImport, 0, longestPauseMs)
    }
    isReimporting = false
  }

  function hand(body: Body): Promise<Declaration | undefined> {
    const taken = take(body)
    taking = taken
    return taken
  }

  /** Tries until the rows are durable. @throws HypError INTERRUPTED when it is stopped before */
  async function take(body: Body): Promise<Declaration | undefined> {
    for (let tries = 0; ; tries++) {
      const { imported, failure: refusal } = builtin()
      if (imported !== madeUnder) return (madeUnder = imported)
      try {
        // While the declaration breaks the table its spool keeps the rows; of a table that is damaged nothing is known.
        if (refusal !== undefined && refusal.code !== 'SCHEMA_BREAKING') throw refusal
        await keep(body, imported)
        return undefined
      } catch (error) {
        const known = toHypError(error)
        if (waiting?.code !== known.code) {
          const { code, message, hint } = known
          onEvent({ type: 'watch-waits', rows: body.rows, code, message, hint })
        }
        waiting = known
        const { retryAfter } = known.details
        const seconds = typeof retryAfter === 'number' ? retryAfter : undefined
        const goesOn =
          seconds === undefined
            ? await pause(delays.first, tries, delays.longest)
            : await pause(seconds * 1000, 0, delays.longest)
        if (!goesOn) throw new HypError('INTERRUPTED', 'The watch was stopped.')
      }
    }
  }

  async function keep({ bytes }: Body, made: Declaration): Promise<void> {
    const { answer } = await accept(made.table, { body: bytes, format: 'ndjson', partial: true }, made)
    waiting = undefined
    rows += answer.rows
    if (answer.rows > 0) capturedAt = new Date()
    const [first] = answer.errors
    if (answer.refused > 0)
      onEvent({
        type: 'watch-refused',
        rows: answer.refused,
        column: first?.column ?? null,
        reason: first?.reason ?? '',
      })
  }

  /** Waits twice as long each time. False where it is stopped. */
  function pause(firstMs: number, times: number, longestMs: number): Promise<boolean> {
    const ms = Math.min(longestMs, firstMs * 2 ** Math.min(times, 20))
    return sleep(ms, true, { signal: stopping.signal, ref: false }).catch(() => false)
  }
}
