import { toHypError } from '../errors.ts'
import type { DeletionReport } from '../ingest/deletion/report.ts'
import { type DeletionRequest, instantOf } from '../ingest/deletion/request.ts'
import { builtinTable } from '../schema/builtin.ts'
import { readConfig } from '../stores/config.ts'
import { type Home, tableDirectory } from '../stores/home.ts'
import { performDeletion } from './deletion/deletion.ts'
import type { DeletionOutcome, DeletionTask } from './deletion/deletion-task.ts'
import { deleteInThread } from './deletion/deletion-thread.ts'
import type { DaemonEvent } from './event.ts'
import type { Intakes } from './intakes.ts'
import type { Check } from './status.ts'
import { keptTable, type Tables } from './tables.ts'
import type { Upkeep } from './upkeep.ts'

/** What a daemon deletes: what it is asked to, and what is older than it is told to keep. */
export interface Deletions {
  /** @throws HypError NOT_FOUND, and as `performDeletion` */
  readonly run: (table: string, request: DeletionRequest) => Promise<DeletionReport>
  /** What there is to say of the retention; nothing where there is none. */
  readonly checks: () => readonly Check[]
  /** Ends what is under way: it is finished by whoever asks for it again. Never throws. */
  readonly stop: () => Promise<void>
}

/** When the retention is looked at, in milliseconds. */
export interface RetentionPace {
  /** After the start of the daemon, which has enough to do then. */
  readonly firstMs: number
  readonly everyMs: number
}

const usualPace: RetentionPace = { firstMs: 90_000, everyMs: 24 * 60 * 60_000 }

export interface DeletionsOptions {
  readonly home: Home
  readonly tables: Pick<Tables, 'find'>
  readonly intakes: Pick<Intakes, 'flushNow' | 'purgeRejects' | 'status'>
  readonly upkeep: Pick<Upkeep, 'inTurn'>
  readonly onEvent: (event: DaemonEvent) => void
  readonly pace?: RetentionPace | undefined
  /** Milliseconds since 1970. */
  readonly now?: () => number
  /** In a thread of its own unless given. */
  readonly deleteRows?: (task: DeletionTask, signal: AbortSignal) => Promise<DeletionOutcome>
}

const dayMs = 24 * 60 * 60_000

export function startDeletions(options: DeletionsOptions): Deletions {
  const { home, tables, intakes, upkeep, onEvent, now = Date.now, deleteRows = deleteInThread } = options
  const pace = options.pace ?? usualPace
  const stopping = new AbortController()
  let check: Check | undefined
  let timer = setTimeout(() => void retain(), pace.firstMs).unref()
  let running: Promise<unknown> = Promise.resolve()

  return {
    run: (table, request) => run(table, request, 'request'),
    checks: () => (check === undefined ? [] : [check]),
    stop: async () => {
      stopping.abort()
      clearTimeout(timer)
      await running.catch(() => undefined)
    },
  }

  async function run(table: string, request: DeletionRequest, by: 'request' | 'retention'): Promise<DeletionReport> {
    const directory = tableDirectory(home, keptTable(tables.find, table).declaration)
    const work = upkeep.inTurn(table, () =>
      performDeletion({
        home,
        table,
        directory,
        request,
        site: {
          flush: () => intakes.flushNow(table),
          waiting: async () => intakes.status(table),
          run: () => deleteRows({ home, table, directory, request }, stopping.signal),
          purgeRejects: (graves, dryRun) => intakes.purgeRejects(table, graves, dryRun),
        },
        monotonic: () => performance.now(),
      }),
    )
    // Of what has ended nothing is held.
    running = Promise.allSettled([running, work]).then(() => undefined)
    const report = await work
    if (!report.dryRun && (report.rows > 0 || report.purged !== null))
      onEvent({
        type: 'deleted',
        table,
        rows: report.rows,
        by,
        files: report.files.removed + report.files.rewritten,
        purged: report.purged?.files ?? 0,
        ms: report.ms,
      })
    return report
  }

  /** Deletes what is too old. Never throws: a failure is told, and tried again the next time. */
  async function retain(): Promise<void> {
    timer = setTimeout(() => void retain(), pace.everyMs).unref()
    try {
      const { retention } = await readConfig(home)
      check = undefined
      if (retention === null) return
      const before = instantOf(new Date(now() - retention.days * dayMs).toISOString())
      // A clock that is years ahead must not cost everything there is.
      const request: DeletionRequest = {
        unwanted: { kind: 'before', before },
        dryRun: false,
        purge: false,
        leaveSome: true,
      }
      const { rows } = await run(builtinTable, request, 'retention')
      const kept = `${builtinTable} keeps ${retention.days} days`
      const message = `${kept}; ${rows} ${rows === 1 ? 'row' : 'rows'} from before ${before.slice(0, 19)}Z went the last time`
      check = { name: 'retention', ok: true, message, hint: null }
    } catch (error) {
      if (stopping.signal.aborted) return
      const { code, message, hint, details } = toHypError(error)
      // Where nobody came for long, nothing is wrong.
      const ok = details['leavesNone'] === true
      check = { name: 'retention', ok, message: `nothing was deleted: ${message} [${code}]`, hint }
      onEvent({ type: 'retention-failed', code, message, hint })
    }
  }
}
