import { setTimeout as sleep } from 'node:timers/promises'
import { toHypError } from '../errors.ts'
import { type BackfillEvent, type BackfillSummary, type SourceName, sourceNames } from '../ingest/backfill.ts'
import { runBackfill } from '../ingest/backfill-thread.ts'
import { ensureHome, type Home, tableDirectory } from '../stores/home.ts'
import type { AdoptionRequest } from '../stores/table/adopt/target.ts'
import type { Adoption } from '../stores/table/adopt.ts'
import { type Outcome, planOf } from '../stores/table/apply-tables.ts'
import { refuse } from '../stores/table/store.ts'
import { version } from '../version.ts'
import type { Daemon } from './daemon.ts'
import type { DaemonEvent } from './event.ts'
import { holdHome } from './hold.ts'
import { type HttpServer, listen } from './http/server.ts'
import { newImports } from './imports.ts'
import { socketPlace } from './socket.ts'
import { type DaemonStatus, statusOf } from './status.ts'
import { type ApplyRequest, openTables } from './tables.ts'

export interface DaemonOptions {
  readonly home: Home
  /** The built-in release to run as. */
  readonly release: number
  /** Where histories are looked for. */
  readonly userHome: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly onEvent: (event: DaemonEvent) => void
  /** Ends the waiting for another process. */
  readonly signal?: AbortSignal
}

/**
 * Starts a daemon: lock, look without writing, evolve or refuse, listen. A
 * declaration that breaks the table does not stop it: reads go on, the import waits.
 * @throws HypError LOCKED, DECLARATION_INVALID and STORE_NEWER, with nothing changed
 */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const { home, release, onEvent } = options
  const start = performance.now()
  await ensureHome(home)
  const held = await holdHome(home, { signal: options.signal, onWait: ({ pid }) => onEvent({ type: 'waiting', pid }) })
  let server: HttpServer | undefined
  let place: Awaited<ReturnType<typeof socketPlace>> | undefined
  try {
    onEvent({ type: 'home', directory: home.directory, version })
    const tables = await openTables({ home, release, onEvent })
    place = await socketPlace(home)
    const stopping = new AbortController()
    const imports = newImports(importFrom)
    const daemon: Daemon = { release, backfill, apply, adopt, status, stop }
    server = await listen(place.path, daemon)
    await held.listensAt(place.path)
    onEvent({ type: 'ready', socket: place.path, ms: Math.round(performance.now() - start) })
    const socket = place
    const http = server
    return daemon

    async function backfill(source: SourceName, listener: (event: BackfillEvent) => void): Promise<BackfillSummary> {
      const { declaration, failure } = tables.builtin()
      if (failure !== undefined) {
        refuse(await planOf(home, declaration))
        throw failure
      }
      return imports.run(source, listener)
    }

    function importFrom(source: SourceName, tell: (event: BackfillEvent) => void): Promise<BackfillSummary> {
      const { declaration } = tables.builtin()
      const directory = tableDirectory(home, declaration)
      const task = { source, declaration, directory, home: options.userHome, env: sourceEnvironment(options.env) }
      return runBackfill(
        task,
        event => {
          onEvent({ type: 'backfill', event })
          tell(event)
        },
        stopping.signal,
      )
    }

    function apply(request: ApplyRequest): Promise<Outcome[]> {
      return resuming(() => tables.apply(request))
    }

    function adopt(request: AdoptionRequest): Promise<Adoption> {
      return resuming(() => tables.adopt(request))
    }

    /** What a refusal kept waiting is in the transcripts, and those do not stay. */
    async function resuming<Result>(run: () => Promise<Result>): Promise<Result> {
      const waited = tables.builtin().failure !== undefined
      const result = await run()
      if (waited && tables.builtin().failure === undefined)
        for (const source of sourceNames) importInBackground(daemon, source, onEvent)
      return result
    }

    async function status(): Promise<DaemonStatus> {
      return statusOf({
        home,
        release,
        pid: process.pid,
        startedAt: held.startedAt,
        tables: await tables.status(),
        importing: imports.isRunning(),
        waiting: tables.builtin().failure !== undefined,
        failure: imports.failure(),
      })
    }

    async function stop(signal: string | null): Promise<void> {
      onEvent({ type: 'stopping', signal })
      stopping.abort()
      await Promise.race([imports.settled(), sleep(longestStopMs, undefined, { ref: false })])
      await http.close()
      await socket.remove()
      await held.release()
      onEvent({ type: 'stopped' })
    }
  } catch (error) {
    await server?.close()
    await place?.remove()
    await held.release()
    throw error
  }
}

/** A backfill that does not end by then is left to end with the process; what it has not committed comes with the next run. */
const longestStopMs = 8_000

/** Starts the import that follows every start; its failure is reported, and the daemon goes on. */
export function importInBackground(daemon: Daemon, source: SourceName, onEvent: (event: DaemonEvent) => void): void {
  daemon
    .backfill(source, () => undefined)
    .catch((error: unknown) => {
      const { code, message, hint } = toHypError(error)
      if (code !== 'INTERRUPTED' && code !== 'SCHEMA_BREAKING')
        onEvent({ type: 'backfill-failed', code, message, hint })
    })
}

/** Only what says where histories are goes to the thread. */
function sourceEnvironment(env: Readonly<Record<string, string | undefined>>): Record<string, string | undefined> {
  return { CLAUDE_CONFIG_DIR: env['CLAUDE_CONFIG_DIR'] }
}
