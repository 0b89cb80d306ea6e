import { errorDocument, errorOf, type HypError, toHypError } from '../errors.ts'
import { wasSetBack } from '../ingest/deletion/cleared.ts'
import { builtinTable } from '../schema/builtin.ts'
import { type Home, tableDirectory } from '../stores/home.ts'
import type { UpkeepFacts, UpkeepStep } from '../stores/table/upkeep/due.ts'
import { type LastUpkeep, recallUpkeep, rememberUpkeep } from '../stores/table/upkeep/memory.ts'
import { hasChanged, type UpkeepReport } from '../stores/table/upkeep/report.ts'
import type { MaintenanceStatus } from '../stores/table/upkeep/status.ts'
import type { Tended } from '../stores/table/upkeep/tend.ts'
import type { DaemonEvent } from './event.ts'
import type { Metrics } from './metrics/metrics.ts'
import { type KeptTable, keptTable } from './tables.ts'
import { importBeside } from './upkeep/import-beside.ts'
import { maintained } from './upkeep/maintained.ts'
import { startUpkeepThread, type UpkeepThread } from './upkeep/upkeep-thread.ts'

/** What keeps the tables of a daemon fast and small, beside everything else. */
export interface Upkeep {
  /** Learns of what was committed. */
  readonly hear: (event: DaemonEvent) => void
  /** Does what is asked for, now. @throws HypError NOT_FOUND, and as `tendTable` */
  readonly run: (request: UpkeepRequest) => Promise<UpkeepReport>
  /** Runs work on a table while nothing is done to it here; what is under way is stopped, and goes on afterwards. */
  readonly inTurn: <Result>(table: string, work: () => Promise<Result>) => Promise<Result>
  /** Never throws. */
  readonly status: (table: string) => Promise<MaintenanceStatus>
  /** Stops whatever is under way: it loses nothing. */
  readonly stop: () => Promise<void>
}

export interface UpkeepRequest {
  readonly table: string
  readonly steps: readonly UpkeepStep[]
  readonly dryRun: boolean
}

/** When tables are looked at, in milliseconds. */
export interface UpkeepPace {
  /** After the start of the daemon, which has enough to do then. */
  readonly firstMs: number
  /** Between looks at a table that nobody is known to have changed: others may, and time does. */
  readonly everyMs: number
  /** A look follows so many commits… */
  readonly commits: number
  /** …but no sooner than so long after the last. */
  readonly pauseMs: number
  /** After a failure it is waited so long, doubled with each. */
  readonly retryMs: number
  /** Between looks whether another program set a table back to before a deletion: that costs reading its metadata. */
  readonly setBackMs: number
}

const usualUpkeepPace: UpkeepPace = {
  firstMs: 60_000,
  everyMs: 3_600_000,
  commits: 8,
  pauseMs: 5_000,
  retryMs: 60_000,
  setBackMs: 60_000,
}

const longestRetryMs = 3_600_000

/** What stops gets so long to end by itself: a commit takes less. */
const longestStopMs = 1_000

export interface UpkeepOptions {
  readonly home: Home
  /** Names of all declared tables. */
  readonly names: () => readonly string[]
  readonly find: (table: string) => KeptTable | undefined
  readonly metrics: Metrics
  readonly onEvent: (event: DaemonEvent) => void
  readonly pace?: Partial<UpkeepPace> | undefined
  /** A thread of its own where left out. */
  readonly thread?: UpkeepThread
}

/** What is known of one table. */
interface Kept {
  /** The end of what is done to it. */
  turn: Promise<unknown>
  /** Of what nobody asked for, while it is done. */
  running: AbortController | undefined
  /** Commits since the last look. */
  commits: number
  timer: NodeJS.Timeout | undefined
  /** When the timer goes off, on the clock that only goes forward. */
  dueAt: number
  lookedAt: Date | undefined
  facts: UpkeepFacts | undefined
  memory: LastUpkeep | undefined
  failure: HypError | undefined
  /** Looks that failed, one after the other. */
  failures: number
}

export function startUpkeep(options: UpkeepOptions): Upkeep {
  const { home, names, find, metrics, onEvent, thread = startUpkeepThread() } = options
  const pace = { ...usualUpkeepPace, ...options.pace }
  const stopping = new AbortController()
  const kept = new Map<string, Kept>()
  const imports = importBeside({ silentMs: pace.firstMs, longestMs: pace.everyMs })
  for (const name of names()) schedule(name, stateOf(name), pace.firstMs)
  const setBacks = setInterval(() => void lookForSetBacks(), pace.setBackMs).unref()
  metrics.onReading(() => {
    for (const [table, { facts }] of kept) {
      if (facts === undefined) continue
      metrics.set('hyp_table_data_files', { table }, facts.files)
      metrics.set('hyp_table_snapshots', { table }, facts.snapshots)
    }
  })
  return { hear, run, inTurn, status, stop }

  function stateOf(table: string): Kept {
    const state = kept.get(table) ?? {
      turn: Promise.resolve(),
      running: undefined,
      commits: 0,
      timer: undefined,
      dueAt: Number.POSITIVE_INFINITY,
      lookedAt: undefined,
      facts: undefined,
      memory: undefined,
      failure: undefined,
      failures: 0,
    }
    kept.set(table, state)
    return state
  }

  function hear(event: DaemonEvent): void {
    imports.hear(event)
    if (event.type === 'flushed') committed(event.table, event.commits)
    else if (event.type === 'backfill' && event.event.type === 'done')
      committed(builtinTable, event.event.summary.commits)
    else if (event.type === 'created' || event.type === 'adopted')
      schedule(event.table, stateOf(event.table), pace.firstMs)
    // It is looked at again in a moment; until then nothing is said rather than what is not so any more.
    else if (event.type === 'deleted' && event.by !== 'tombstone') {
      const state = stateOf(event.table)
      state.facts = undefined
      state.lookedAt = undefined
    }
  }

  function committed(table: string, commits: number): void {
    const state = stateOf(table)
    state.commits += commits
    if (state.commits >= pace.commits && state.failure === undefined) schedule(table, state, pace.pauseMs)
  }

  /** Sees to it that the table is looked at so soon, or sooner where that is planned. */
  function schedule(table: string, state: Kept, delayMs: number): void {
    const dueAt = performance.now() + delayMs
    if (stopping.signal.aborted || dueAt >= state.dueAt) return
    clearTimeout(state.timer)
    state.dueAt = dueAt
    state.timer = setTimeout(() => {
      state.dueAt = Number.POSITIVE_INFINITY
      // Nothing is done beside an import: there is no memory to spare, and what it writes is looked after when it ends.
      if (table !== builtinTable || !imports.isGoingOn()) void look(table, state)
      else schedule(table, state, pace.firstMs)
    }, delayMs)
    state.timer.unref()
  }

  /** Never throws. */
  async function lookForSetBacks(): Promise<void> {
    for (const table of names()) {
      const [target, state] = [find(table), stateOf(table)]
      if (target === undefined || state.failure !== undefined) continue
      if (await wasSetBack(home, target.declaration)) void look(table, state)
    }
  }

  /** Does what is due. Never throws: a failure is told, kept for the status, and tried again later. */
  async function look(table: string, state: Kept): Promise<void> {
    // What is under way looks again when it ends, where enough was committed meanwhile.
    if (state.running !== undefined) return
    const target = find(table)
    // One that is declared no more may be declared again.
    if (target === undefined) return schedule(table, state, pace.everyMs)
    // What is not understood is left alone; a table that only cannot follow its declaration is one still.
    if (target.failure === undefined || target.failure.code === 'SCHEMA_BREAKING') {
      const running = new AbortController()
      state.running = running
      await after(state, () => work(table, state, undefined, false, running.signal)).catch(() => undefined)
      state.running = undefined
    }
    if (state.failure !== undefined)
      schedule(table, state, Math.min(longestRetryMs, pace.retryMs * 2 ** (state.failures - 1)))
    else schedule(table, state, state.commits >= pace.commits ? pace.pauseMs : pace.everyMs)
  }

  async function run({ table, steps, dryRun }: UpkeepRequest): Promise<UpkeepReport> {
    keptTable(find, table)
    const { report } = await inTurn(table, () => work(table, stateOf(table), steps, dryRun, stopping.signal))
    return report as UpkeepReport
  }

  async function inTurn<Result>(table: string, given: () => Promise<Result>): Promise<Result> {
    const state = stateOf(table)
    // Not only of that table: one thread does all of it.
    const stopped = [...kept].filter(([, { running }]) => running !== undefined)
    for (const [, { running }] of stopped) running?.abort()
    try {
      return await after(state, given)
    } finally {
      for (const [name, each] of [...stopped, [table, state] as const]) schedule(name, each, pace.pauseMs)
    }
  }

  function after<Result>(state: Kept, given: () => Promise<Result>): Promise<Result> {
    const turn = state.turn.then(given)
    state.turn = turn.catch(() => undefined)
    return turn
  }

  async function work(
    table: string,
    state: Kept,
    steps: readonly UpkeepStep[] | undefined,
    dryRun: boolean,
    given: AbortSignal,
  ): Promise<Tended> {
    const { declaration } = keptTable(find, table)
    state.memory ??= await recallUpkeep(home, table)
    state.commits = 0
    const sweptMs = state.memory.sweptMs ?? undefined
    const signal = AbortSignal.any([given, stopping.signal])
    try {
      const directory = tableDirectory(home, declaration)
      const writingSinceMs = performance.timeOrigin
      const tended = await thread.run({ home, name: table, directory, steps, dryRun, sweptMs, writingSinceMs }, signal)
      state.facts = tended.facts
      state.lookedAt = new Date()
      if (!dryRun) await tell(table, state, tended.report)
      return tended
    } catch (error) {
      // What somebody asked for is told to whom asked.
      if (!signal.aborted && steps === undefined) fail(table, state, toHypError(error))
      throw error
    }
  }

  async function tell(table: string, state: Kept, report: UpkeepReport | null): Promise<void> {
    if (report !== null) {
      state.memory = await rememberUpkeep(home, report)
      metrics.observe('hyp_maintenance_duration_seconds', { table }, report.ms / 1000)
      const { deleted } = report
      if (deleted !== null && deleted.rows > 0)
        onEvent({ type: 'deleted', table, ...deleted, by: 'tombstone', purged: 0, ms: report.ms })
      if (hasChanged({ ...report, deleted: null })) onEvent(maintained(report))
    }
    const failed = report?.failures[0]
    if (failed === undefined) {
      state.failure = undefined
      state.failures = 0
    } else fail(table, state, errorOf(failed.error))
  }

  function fail(table: string, state: Kept, failure: HypError): void {
    state.failure = failure
    state.failures++
    metrics.count('hyp_maintenance_failures_total', { table })
    const { code, message, hint } = failure
    onEvent({ type: 'maintenance-failed', table, code, message, hint })
  }

  async function status(table: string): Promise<MaintenanceStatus> {
    const state = stateOf(table)
    const { last } = (state.memory ??= await recallUpkeep(home, table))
    const { running, lookedAt, facts, failure } = state
    return {
      running: running !== undefined,
      lookedAt: lookedAt?.toISOString() ?? null,
      waiting: facts ?? null,
      last,
      failure: failure === undefined ? null : errorDocument(failure),
    }
  }

  async function stop(): Promise<void> {
    stopping.abort()
    clearInterval(setBacks)
    for (const { timer } of kept.values()) clearTimeout(timer)
    await thread.close(longestStopMs)
  }
}
