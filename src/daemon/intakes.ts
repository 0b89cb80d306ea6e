import { HypError, toHypError } from '../errors.ts'
import { startChecks } from '../ingest/batch/check-thread.ts'
import type { PurgedRejects } from '../ingest/deletion/purge-rejects.ts'
import { type Flusher, startFlusher } from '../ingest/flush/flush-thread.ts'
import type { Accepted, IntakeRequest } from '../ingest/intake.ts'
import { type SpoolStatus, tablesWithSpool } from '../ingest/spool-report.ts'
import { openTableIntake, type TableIntake } from '../ingest/table-intake.ts'
import type { Grave } from '../ingest/tombstones/row-matcher.ts'
import type { Declaration } from '../schema/declaration.ts'
import type { SpoolWriters } from '../stores/backup/spools.ts'
import type { Home } from '../stores/home.ts'
import type { DaemonEvent } from './event.ts'
import type { IntakeLimits } from './intake-limits.ts'
import { intakeMetrics } from './intake-metrics.ts'
import { intakeStatus } from './intake-status.ts'
import type { Metrics } from './metrics/metrics.ts'
import { type KeptTable, keptTable } from './tables.ts'

/** The spools of a daemon's tables, and the work of emptying them. */
export interface Intakes {
  /**
   * @param declaration what the rows were made under; where they come from elsewhere, they are taken as the table is
   *   declared
   * @throws HypError NOT_FOUND, SPOOL_FULL, and as {@link TableIntake.accept}
   */
  readonly accept: (table: string, request: IntakeRequest, declaration?: Declaration) => Promise<Accepted>
  readonly status: (table: string) => SpoolStatus
  /** For who copies the spools while rows come in. */
  readonly segments: SpoolWriters
  /** Writes what waits for a table into it, as far as that goes. Never throws: a failure is told, and in the status. */
  readonly flushNow: (table: string) => Promise<void>
  /** See {@link TableIntake.purgeRejects}. */
  readonly purgeRejects: (table: string, graves: readonly Grave[], dryRun: boolean) => Promise<PurgedRejects>
  /** Tries everything that waits: a declaration was applied, or a table declared again. */
  readonly resume: () => Promise<void>
  /** Writes what waits into the tables, as far as it gets until the signal, and closes. */
  readonly stop: (patience: AbortSignal) => Promise<void>
}

export interface IntakesOptions {
  readonly home: Home
  readonly limits: IntakeLimits
  /** The declared table of a name. */
  readonly find: (table: string) => KeptTable | undefined
  readonly metrics: Metrics
  readonly onEvent: (event: DaemonEvent) => void
  /** A thread of its own where left out. */
  readonly flusher?: Flusher
}

/** What is known of the rows of one table. */
interface Kept {
  readonly intake: TableIntake
  /** Bytes that came since the last flush began. */
  fresh: number
  timer: NodeJS.Timeout | undefined
  flushing: Promise<void> | undefined
  /** The flush under way knows less than there is to know by now: another one follows it. */
  isOutdated: boolean
  failure: HypError | undefined
  /** Tries that failed, one after the other. */
  failures: number
  /** Rows that the last flush left where they are, and why. */
  held: ReadonlyMap<string, string>
}

/** How long it is waited after so many failures, one after the other. */
function retryMs(failures: number): number {
  return Math.min(60_000, 500 * 2 ** failures)
}

/** Opens the spools that there are, and begins to empty them. */
export async function openIntakes(options: IntakesOptions): Promise<Intakes> {
  const { home, limits, find, onEvent, flusher = startFlusher() } = options
  const checks = startChecks()
  // A spool that may hold less than one flush would be full before it is flushed.
  const flushBytes = Math.min(limits.flushBytes, limits.spoolBytes / 2)
  const stopping = new AbortController()
  const kept = new Map<string, Promise<Kept>>()
  const opened = new Map<string, Kept>()
  const unopened = new Map<string, { readonly failure: HypError; readonly timer: NodeJS.Timeout }>()
  const counts = intakeMetrics(options.metrics, () => Array.from(opened.keys(), table => [table, status(table)]))
  await openAll()
  const segments = segmentsOf(() => Array.from(opened.values(), ({ intake }) => intake))
  return { accept, status, segments, flushNow, purgeRejects, resume: openAll, stop }

  /** Opens the spools that are there for declared tables, and begins to empty them. */
  async function openAll(): Promise<void> {
    for (const table of await tablesWithSpool(home)) await begin(table)
  }

  async function flushNow(table: string): Promise<void> {
    if (!(await tablesWithSpool(home)).includes(table) || !isFlushed(table)) return
    const state = await keptOf(table).catch(() => undefined)
    if (state === undefined) return
    // The one that is under way may have begun before the last rows came.
    await state.flushing
    schedule(table, state, 0)
    await state.flushing
  }

  async function purgeRejects(table: string, graves: readonly Grave[], dryRun: boolean): Promise<PurgedRejects> {
    if (!(await tablesWithSpool(home)).includes(table)) return { rows: 0, unknown: 0 }
    return (await keptOf(table)).intake.purgeRejects(graves, dryRun)
  }

  /** Never throws. A spool that cannot be opened now is opened later, also where nobody sends rows to it. */
  async function begin(table: string, failures = 1): Promise<void> {
    if (stopping.signal.aborted || find(table) === undefined) return
    try {
      const state = await keptOf(table)
      state.isOutdated = state.flushing !== undefined
      schedule(table, state, 0)
    } catch (error) {
      const failure = toHypError(error)
      tellFailure(table, failure)
      clearTimeout(unopened.get(table)?.timer)
      const timer = setTimeout(() => void begin(table, failures + 1), retryMs(failures))
      unopened.set(table, { failure, timer })
    }
  }

  async function accept(table: string, request: IntakeRequest, declaration?: Declaration): Promise<Accepted> {
    const { captured, failure } = keptTable(find, table)
    checkRoom()
    const state = await keptOf(table)
    const { byteLength } = request.body
    const accepted = await state.intake
      .accept(request, { declaration: declaration ?? captured, held: failure !== undefined })
      .catch((error: unknown) => {
        const { code, details } = toHypError(error)
        if (code === 'ROWS_REFUSED') counts.refused(table, Number(details['refused']))
        throw error
      })
    if (!accepted.replayed) counts.ingested(table, accepted.answer)
    state.fresh += accepted.replayed ? 0 : byteLength
    schedule(table, state, state.fresh >= flushBytes ? 0 : limits.flushAgeMs)
    return accepted
  }

  function checkRoom(): void {
    const states = Array.from(opened.values(), ({ intake }) => intake.state())
    const bytes = states.reduce((sum, state) => sum + state.bytes, 0)
    if (bytes < limits.spoolBytes) return
    for (const [table, state] of opened) schedule(table, state, 0)
    // What is held stays until somebody acts; what waits for the disk goes on by itself.
    const isStuck = Array.from(opened.keys(), status).some(({ held, failure }) => held > 0 || failure !== null)
    throw new HypError('SPOOL_FULL', `${bytes} bytes of rows wait on their way to the tables; no more are taken now.`, {
      details: { bytes, limit: limits.spoolBytes, retryAfter: isStuck ? 60 : 1 },
    })
  }

  /** The spool of a table, opened when it is needed first. */
  function keptOf(table: string): Promise<Kept> {
    let state = kept.get(table)
    if (state === undefined) {
      state = open(table)
      kept.set(table, state)
      // What could not be opened may be opened the next time.
      state.catch(() => kept.delete(table))
    }
    return state
  }

  async function open(table: string): Promise<Kept> {
    const { declaration } = keptTable(find, table)
    const intake = await openTableIntake({ home, declaration, flusher, checks, signal: stopping.signal })
    const state: Kept = {
      intake,
      fresh: 0,
      timer: undefined,
      flushing: undefined,
      isOutdated: false,
      failure: undefined,
      failures: 0,
      held: new Map(),
    }
    opened.set(table, state)
    clearTimeout(unopened.get(table)?.timer)
    unopened.delete(table)
    return state
  }

  /** Rows of a table that refuses them, or that is not declared any more, stay where they are until an apply. */
  function isFlushed(table: string): boolean {
    const target = find(table)
    return target !== undefined && target.failure === undefined
  }

  /** Sees to it that a flush begins so soon, or sooner where one is due sooner. */
  function schedule(table: string, state: Kept, delayMs: number): void {
    if (stopping.signal.aborted || !isFlushed(table)) return
    if (delayMs === 0) {
      clearTimeout(state.timer)
      state.timer = undefined
      state.flushing ??= flush(table, state)
    } else state.timer ??= setTimeout(() => schedule(table, state, 0), delayMs)
  }

  /** Never throws: a failure is told, kept for the status, and tried again later. */
  async function flush(table: string, state: Kept): Promise<void> {
    state.fresh = 0
    state.isOutdated = false
    try {
      const { declaration } = keptTable(find, table)
      const result = await state.intake.flush(declaration)
      state.failure = undefined
      state.failures = 0
      tellHeld(table, state, new Map(result.held.map(({ stream, reason }) => [stream, reason])))
      counts.flushed(table, result)
      if (result.damaged.ranges > 0) onEvent({ type: 'damaged', table, ...result.damaged })
      if (result.commits > 0)
        onEvent({
          type: 'flushed',
          table,
          rows: result.rows,
          duplicates: result.duplicates,
          deleted: result.deleted,
          setAside: result.setAside,
          commits: result.commits,
          ms: result.ms,
        })
    } catch (error) {
      const known = toHypError(error)
      if (known.code === 'INTERRUPTED' && stopping.signal.aborted) return
      state.failure = known
      state.failures++
      counts.flushFailed(table)
      tellFailure(table, known)
    } finally {
      state.flushing = undefined
    }
    if (state.isOutdated) schedule(table, state, 0)
    else if (state.failure !== undefined) schedule(table, state, retryMs(state.failures))
    else if (state.fresh >= flushBytes) schedule(table, state, 0)
    else if (state.fresh > 0) schedule(table, state, limits.flushAgeMs)
  }

  function tellFailure(table: string, { code, message, hint }: HypError): void {
    onEvent({ type: 'flush-failed', table, code, message, hint })
  }

  /** Says of each stream once that it is held. */
  function tellHeld(table: string, state: Kept, held: ReadonlyMap<string, string>): void {
    for (const [stream, reason] of held) {
      if (state.held.get(stream) !== reason) onEvent({ type: 'held', table, stream, reason })
    }
    state.held = held
  }

  function status(table: string): SpoolStatus {
    const state = opened.get(table)
    return intakeStatus({
      streams: state?.intake.state().streams ?? [],
      held: state?.held ?? new Map(),
      refusal: find(table)?.failure,
      failure: state?.failure ?? unopened.get(table)?.failure,
    })
  }

  async function stop(patience: AbortSignal): Promise<void> {
    const last = Promise.all(
      Array.from(opened, async ([table, state]) => {
        clearTimeout(state.timer)
        await state.flushing
        if (isFlushed(table) && state.intake.state().rows > 0) await flush(table, state)
      }),
    )
    const giveUp = (): void => stopping.abort()
    patience.addEventListener('abort', giveUp, { once: true })
    if (patience.aborted) giveUp()
    await last
    stopping.abort()
    patience.removeEventListener('abort', giveUp)
    for (const { timer } of [...opened.values(), ...unopened.values()]) clearTimeout(timer)
    await Promise.all(Array.from(opened.values(), ({ intake }) => intake.close()))
    await flusher.close()
    await checks.close()
  }
}

function segmentsOf(intakes: () => readonly TableIntake[]): SpoolWriters {
  return {
    close: async () => void (await Promise.all(intakes().map(intake => intake.rotate()))),
    active: () => new Set(intakes().flatMap(intake => intake.active())),
  }
}
