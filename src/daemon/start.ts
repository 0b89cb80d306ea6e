import { setTimeout as sleep } from 'node:timers/promises'
import { toHypError } from '../errors.ts'
import { type BackfillRequest, historyEnvironment } from '../ingest/backfill/backfill-request.ts'
import type { BackfillEvent, BackfillSummary } from '../ingest/backfill/backfill-summary.ts'
import { runBackfill } from '../ingest/backfill/backfill-thread.ts'
import { builtinTable } from '../schema/builtin.ts'
import { canonicalJson } from '../schema/fingerprint.ts'
import { readConfig } from '../stores/config.ts'
import { ensureHome, type Home, tableDirectory } from '../stores/home.ts'
import { removeDeadQueryFolders } from '../stores/query-folder.ts'
import type { AdoptionRequest } from '../stores/table/adopt/target.ts'
import type { Adoption } from '../stores/table/adopt.ts'
import type { Outcome } from '../stores/table/apply-tables.ts'
import { version } from '../version.ts'
import { newBackups } from './backups.ts'
import type { Daemon } from './daemon.ts'
import { type Deletions, type RetentionPace, startDeletions } from './deletions.ts'
import type { DaemonEvent } from './event.ts'
import { holdHome } from './hold.ts'
import { openHomeRecords } from './home-records.ts'
import { type HttpServer, listen } from './http/server.ts'
import { type Import, newImports } from './imports.ts'
import { type IntakeLimits, usualIntakeLimits } from './intake-limits.ts'
import { type Intakes, openIntakes } from './intakes.ts'
import { openMetrics } from './metrics/metrics.ts'
import { watchProcess } from './metrics/process.ts'
import { homeIdentity } from './rival.ts'
import { socketPlace } from './socket.ts'
import { type DaemonStatus, statusOf } from './status.ts'
import { type ApplyRequest, openTables } from './tables.ts'
import { newTaskDesk } from './task-desk.ts'
import { openToken } from './token.ts'
import { startUpkeep, type Upkeep, type UpkeepPace } from './upkeep.ts'
import { startWatching, type Watching } from './watch.ts'

export interface DaemonOptions {
  readonly home: Home
  /** The built-in release to run as. */
  readonly release: number
  /** To listen at on 127.0.0.1; any free one by default. */
  readonly port?: number | undefined
  /** Where histories are looked for. */
  readonly userHome: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly onEvent: (event: DaemonEvent) => void
  /** When rows go from the spools into the tables; as usual where left out. */
  readonly limits?: Partial<IntakeLimits> | undefined
  /** When tables are looked after; as usual where left out. */
  readonly pace?: Partial<UpkeepPace> | undefined
  /** When the retention is looked at; as usual where left out. */
  readonly retention?: RetentionPace | undefined
  /** Ends the waiting for another process. */
  readonly signal?: AbortSignal
}

/**
 * Starts a daemon: lock, look without writing, evolve or refuse, listen. A
 * declaration that breaks the table does not stop it: reads go on, and what is imported waits in the spool.
 * @throws HypError LOCKED, DECLARATION_INVALID and STORE_NEWER, with nothing changed; CONFIG_INVALID where the port is
 *   taken
 */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const { home, release } = options
  let upkeep: Upkeep | undefined
  const onEvent = (event: DaemonEvent): void => {
    options.onEvent(event)
    upkeep?.hear(event)
  }
  const start = performance.now()
  await ensureHome(home)
  const held = await holdHome(home, { signal: options.signal, onWait: ({ pid }) => onEvent({ type: 'waiting', pid }) })
  let server: HttpServer | undefined
  let place: Awaited<ReturnType<typeof socketPlace>> | undefined
  let intakes: Intakes | undefined
  let watching: Watching | undefined
  let deletions: Deletions | undefined
  try {
    onEvent({ type: 'home', directory: home.directory, version })
    await removeDeadQueryFolders(home)
    await readConfig(home)
    const token = await openToken(home)
    if (token.replaced !== undefined) onEvent({ type: 'token-replaced', file: token.path, reason: token.replaced })
    const metrics = await openMetrics()
    const unwatch = watchProcess(metrics, release)
    const tables = await openTables({ home, release, onEvent })
    const tasks = await openHomeRecords(home, onEvent)
    const spools = await openIntakes({
      home,
      limits: { ...usualIntakeLimits, ...options.limits },
      find: tables.find,
      metrics,
      onEvent,
    })
    intakes = spools
    const tending = startUpkeep({ home, ...tables, metrics, onEvent, pace: options.pace })
    upkeep = tending
    const deleting = startDeletions({
      home,
      tables,
      intakes: spools,
      upkeep: tending,
      onEvent,
      pace: options.retention,
    })
    deletions = deleting
    const backups = newBackups({ home, release, tables, intakes: spools, upkeep: tending, onEvent })
    place = await socketPlace(home)
    const imports = newImports({ tasks, start: importFrom })
    const desk = newTaskDesk({ tasks, backfill: beginBackfill })
    const daemon: Daemon = {
      release,
      tasks: desk,
      backfill,
      apply,
      adopt,
      ingest: spools.accept,
      maintain: tending.run,
      delete: deleting.run,
      backUp: backups.backUp,
      relocate: backups.relocate,
      status,
      stop,
    }
    const watch = startWatching({
      where: { home: options.userHome, env: historyEnvironment(options.env) },
      accept: spools.accept,
      builtin: tables.builtin,
      metrics,
      onEvent,
      reimport: () => importInBackground(daemon, onEvent),
    })
    watching = watch
    server = await listen({
      daemon,
      home: await homeIdentity(home),
      socket: place.path,
      port: options.port ?? 0,
      token: token.text,
      metrics,
    })
    const { port } = server
    await held.listensAt({ socket: place.path, port, tokenFile: token.path })
    onEvent({ type: 'ready', socket: place.path, port, ms: Math.round(performance.now() - start) })
    const socket = place
    const http = server
    return daemon

    async function backfill(
      request: BackfillRequest,
      listener: (event: BackfillEvent) => void,
    ): Promise<BackfillSummary> {
      checkKept()
      return imports.run(request, listener).work
    }

    async function beginBackfill(request: BackfillRequest, resumedFrom: string): Promise<Import> {
      checkKept()
      const begun = imports.run(request, () => undefined, resumedFrom)
      void tellOfFailure(begun.work, onEvent)
      return begun
    }

    /** @throws HypError where not even the spool can keep rows of the built-in table for it */
    function checkKept(): void {
      const { failure } = tables.builtin()
      if (failure !== undefined && failure.code !== 'SCHEMA_BREAKING') throw failure
    }

    async function importFrom(
      request: BackfillRequest,
      tell: (event: BackfillEvent) => void,
      signal: AbortSignal,
    ): Promise<BackfillSummary> {
      // What is written from here on is watched: between the two there is no gap.
      await watch.begun
      const { declaration, imported, appliedSchemaId, failure } = tables.builtin()
      const made = failure === undefined ? declaration : imported
      return runBackfill(
        {
          request,
          where: { home: options.userHome, env: historyEnvironment(options.env) },
          declaration: made,
          appliedSchemaId,
          tableDirectory: tableDirectory(home, declaration),
          records: home.records,
          held: failure !== undefined,
        },
        {
          onEvent: event => {
            onEvent({ type: 'backfill', event })
            tell(event)
          },
          spool: async body =>
            (await spools.accept(builtinTable, { body, format: 'ndjson', partial: true }, made)).answer,
          signal,
        },
      )
    }

    function apply(request: ApplyRequest): Promise<Outcome[]> {
      return resuming(() => tables.apply(request))
    }

    function adopt(request: AdoptionRequest): Promise<Adoption> {
      return resuming(() => tables.adopt(request))
    }

    /**
     * What a refusal kept waiting is in the spools; what came since is in the transcripts, and those do not stay. An
     * import under way ends where its table changes, and begins again.
     */
    async function resuming<Result>(run: () => Promise<Result>): Promise<Result> {
      const { imported, failure } = tables.builtin()
      const result = await run()
      await spools.resume()
      const now = tables.builtin()
      const isChanged = canonicalJson(imported) !== canonicalJson(now.imported)
      if (now.failure === undefined && (failure !== undefined || (isChanged && imports.isRunning())))
        void importInBackground(daemon, onEvent)
      return result
    }

    async function status(): Promise<DaemonStatus> {
      return statusOf({
        home,
        release,
        pid: process.pid,
        startedAt: held.startedAt,
        tables: await tables.status(async table => ({
          spool: spools.status(table),
          maintenance: await tending.status(table),
        })),
        importing: imports.isRunning(),
        watching: watch.status(),
        waiting: tables.builtin().failure !== undefined,
        settings: deleting.checks(),
        failure: imports.failure(),
      })
    }

    async function stop(signal: string | null): Promise<void> {
      onEvent({ type: 'stopping', signal })
      tasks.stop()
      const patience = AbortSignal.timeout(longestStopMs)
      const copied = backups.stop()
      const tended = tending.stop()
      const deleted = deleting.stop()
      await watch.stop()
      await Promise.race([imports.settled(), sleep(longestStopMs, undefined, { ref: false })])
      await http.close()
      unwatch()
      await spools.stop(patience)
      await copied
      await tended
      await deleted
      await socket.remove()
      await held.release()
      onEvent({ type: 'stopped' })
    }
  } catch (error) {
    await watching?.stop()
    await upkeep?.stop()
    await deletions?.stop()
    await server?.close()
    await place?.remove()
    await intakes?.stop(AbortSignal.abort())
    await held.release()
    throw error
  }
}

/** A backfill that does not end by then is left to end with the process; what it has not committed comes with the next run. */
const longestStopMs = 8_000

/** Starts the import that follows every start; its failure is reported, and the daemon goes on. */
export function importInBackground(daemon: Daemon, onEvent: (event: DaemonEvent) => void): Promise<void> {
  return tellOfFailure(
    daemon.backfill({ source: 'all' }, () => undefined),
    onEvent,
  )
}

async function tellOfFailure(work: Promise<unknown>, onEvent: (event: DaemonEvent) => void): Promise<void> {
  try {
    await work
  } catch (error) {
    const { code, message, hint } = toHypError(error)
    if (code !== 'INTERRUPTED') onEvent({ type: 'backfill-failed', code, message, hint })
  }
}
