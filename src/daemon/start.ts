import { setTimeout as sleep } from 'node:timers/promises'
import { HypError, toHypError } from '../errors.ts'
import type { Catalog } from '../iceberg/catalog/catalog.ts'
import { tableLocation } from '../iceberg/catalog/file-catalog.ts'
import { type BackfillEvent, type BackfillSummary, type SourceName, sourceNames } from '../ingest/backfill.ts'
import { runBackfill } from '../ingest/backfill-thread.ts'
import { builtinTable } from '../schema/builtin.ts'
import type { Declaration } from '../schema/declaration.ts'
import { type Plan, planTable } from '../schema/plan.ts'
import { loadDeclaration } from '../stores/declared.ts'
import { ensureHome, type Home, tableDirectory } from '../stores/home.ts'
import { openCatalog, systemContext } from '../stores/table/catalog.ts'
import { applyTable, observeTable, type Receipt, refuse } from '../stores/table/store.ts'
import { version } from '../version.ts'
import type { Daemon } from './daemon.ts'
import type { DaemonEvent } from './event.ts'
import { holdHome } from './hold.ts'
import { type HttpServer, listen } from './http/server.ts'
import { newImports } from './imports.ts'
import { socketPlace } from './socket.ts'
import { type DaemonStatus, statusOf } from './status.ts'

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
    const catalog = openCatalog(home, builtinTable)
    let declaration = await loadDeclaration(home, release)
    let accepted = await evolve(catalog, declaration)
    place = await socketPlace(home)
    const stopping = new AbortController()
    const imports = newImports(importFrom)
    const daemon: Daemon = { release, backfill, apply, status, stop }
    server = await listen(place.path, daemon)
    await held.listensAt(place.path)
    onEvent({ type: 'ready', socket: place.path, ms: Math.round(performance.now() - start) })
    const socket = place
    const http = server
    return daemon

    async function evolve(target: Catalog, wanted: Declaration): Promise<boolean> {
      try {
        report(
          await applyTable({
            catalog: target,
            declaration: wanted,
            location: tableLocation(tableDirectory(home, wanted.table)),
            context: systemContext,
          }),
        )
        return true
      } catch (error) {
        if (!(error instanceof HypError) || error.code !== 'SCHEMA_BREAKING') throw error
        onEvent(refusal(planTable(wanted, await observeTable(target))))
        return false
      }
    }

    async function backfill(source: SourceName, listener: (event: BackfillEvent) => void): Promise<BackfillSummary> {
      if (!accepted) refuse(planTable(declaration, await observeTable(catalog)))
      return imports.run(source, listener)
    }

    function importFrom(source: SourceName, tell: (event: BackfillEvent) => void): Promise<BackfillSummary> {
      const directory = tableDirectory(home, declaration.table)
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

    async function apply(expect?: string): Promise<Receipt> {
      const wanted = await loadDeclaration(home, release)
      const receipt = await applyTable({
        catalog,
        declaration: wanted,
        location: tableLocation(tableDirectory(home, wanted.table)),
        context: systemContext,
        expect,
      })
      const waited = !accepted
      declaration = wanted
      accepted = true
      report(receipt)
      // What the refusal kept waiting is in the transcripts, and those do not stay.
      if (waited) for (const source of sourceNames) importInBackground(daemon, source, onEvent)
      return receipt
    }

    async function status(): Promise<DaemonStatus> {
      const table = await observeTable(catalog)
      return statusOf({
        home,
        release,
        pid: process.pid,
        startedAt: held.startedAt,
        plan: planTable(declaration, table),
        importing: imports.isRunning(),
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

  function report(receipt: Receipt): void {
    const { table } = receipt.plan
    const { schemaId, release: to, rows } = receipt.after
    if (receipt.action === 'create') {
      onEvent({ type: 'created', table, release: to, columns: receipt.plan.declared.columns, ms: receipt.ms })
    } else if (receipt.action === 'evolve') {
      const changes = receipt.plan.changes
        .filter(change => change.kind === 'in-place')
        .map(change => `${change.sign} ${change.path}`)
      onEvent({
        type: 'evolved',
        table,
        from: { release: receipt.before?.release ?? null, schemaId: receipt.before?.schemaId ?? 0 },
        to: { release: to, schemaId },
        changes,
        ms: receipt.ms,
      })
    } else {
      onEvent({ type: 'unchanged', table, release: to, schemaId, rows })
    }
  }
}

function refusal(plan: Plan): DaemonEvent {
  const breaking = plan.changes.filter(change => change.kind === 'breaking').map(({ code, path }) => ({ code, path }))
  return {
    type: 'refused',
    table: plan.table,
    planId: plan.id,
    declared: plan.declared.release,
    found: plan.found?.release ?? null,
    breaking,
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
