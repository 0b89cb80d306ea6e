import { join } from 'node:path'
import { type DeletionSite, performDeletion } from '../../daemon/deletion/deletion.ts'
import { runDeletion } from '../../daemon/deletion/deletion-task.ts'
import { HypError } from '../../errors.ts'
import { localFileIO } from '../../iceberg/file-io/local.ts'
import { purgeRejects } from '../../ingest/deletion/purge-rejects.ts'
import type { DeletionReport } from '../../ingest/deletion/report.ts'
import { type DeletionRequest, instantOf, type Unwanted } from '../../ingest/deletion/request.ts'
import { startFlusher } from '../../ingest/flush/flush-thread.ts'
import { spoolReport, spoolStatus, tablesWithSpool } from '../../ingest/spool-report.ts'
import { openTableIntake } from '../../ingest/table-intake.ts'
import { builtinTable } from '../../schema/builtin.ts'
import type { Declaration } from '../../schema/declaration.ts'
import { planTable } from '../../schema/plan.ts'
import { loadDeclaration } from '../../stores/declared.ts'
import { tableDirectory } from '../../stores/home.ts'
import { openCatalog } from '../../stores/table/catalog.ts'
import { observeTable } from '../../stores/table/store.ts'
import type { DaemonClient } from '../client.ts'
import type { CommandContext } from '../context.ts'
import { printDocument } from '../document.ts'
import type { OptionValues } from '../option.ts'
import { renderDeletion } from '../render/deletion.ts'
import { write } from '../writer.ts'

/** Deletes rows of a table, through the running daemon or under the lock. */
export async function runTableDelete(
  context: CommandContext,
  options: OptionValues,
  table: string = builtinTable,
): Promise<number> {
  const { io } = context
  const request = requestOf(options)
  const throughDaemon = (daemon: DaemonClient): Promise<DeletionReport> =>
    daemon.post(`/v1/tables/${encodeURIComponent(table)}/delete`, {
      ...membersOf(request.unwanted),
      dryRun: request.dryRun,
      purge: request.purge,
      release: context.namedRelease,
    })
  const work = { throughDaemon, underLock: () => underLock(context, table, request) }
  const report = await write(context, work, request.dryRun)
  if (options['json'] === true) await printDocument(io, report)
  else await io.stdout(renderDeletion(report, context.pasteable))
  return 0
}

/** @throws HypError USAGE */
function requestOf(options: OptionValues): DeletionRequest {
  const given = (['session', 'before', 'where'] as const).filter(name => typeof options[name] === 'string')
  const [kind] = given
  if (kind === undefined || given.length > 1)
    throw new HypError('USAGE', kind === undefined ? 'Which rows?' : `--${given.join(' and --')} are too much.`, {
      hint: 'Say it by one of --session, --before and --where; with --dry-run nothing is deleted.',
    })
  const text = String(options[kind])
  if (text === '') throw new HypError('USAGE', `--${kind} is empty.`)
  if (kind === 'before') instantOf(text)
  const unwanted: Unwanted =
    kind === 'session' ? { kind, session: text } : kind === 'before' ? { kind, before: text } : { kind, where: text }
  return { unwanted, dryRun: options['dryRun'] === true, purge: options['purge'] === true }
}

function membersOf(unwanted: Unwanted): Readonly<Record<string, string>> {
  if (unwanted.kind === 'session') return { session: unwanted.session }
  return unwanted.kind === 'before' ? { before: unwanted.before } : { where: unwanted.where }
}

async function underLock(context: CommandContext, table: string, request: DeletionRequest): Promise<DeletionReport> {
  const { home, io } = context
  const declaration = await declarationOf(context, table)
  const directory = tableDirectory(home, declaration ?? { table })
  const site: DeletionSite = {
    flush: async () => {
      if (declaration !== undefined) await flush(context, declaration).catch(() => undefined)
    },
    waiting: async () => spoolStatus(await spoolReport(home, declaration ?? { table })),
    run: () => runDeletion({ home, table, directory, request }, io.signal),
    purgeRejects: (graves, dryRun) => purgeRejects(localFileIO, join(home.spool, table, 'rejects'), graves, dryRun),
  }
  return performDeletion({ home, table, directory, request, site, monotonic: () => performance.now() })
}

/** A mistake in its declaration keeps nobody from deleting from the built-in table. */
async function declarationOf({ home, release }: CommandContext, table: string): Promise<Declaration | undefined> {
  try {
    return await loadDeclaration(home, release, table)
  } catch (error) {
    if (table !== builtinTable) throw error
    return undefined
  }
}

/** Writes what waits into the table where it takes it. */
async function flush({ home, io }: CommandContext, declaration: Declaration): Promise<void> {
  if (!(await tablesWithSpool(home)).includes(declaration.table)) return
  const { verdict } = planTable(declaration, await observeTable(openCatalog(home, declaration)))
  if (verdict !== 'current' && verdict !== 'drifted') return
  const flusher = startFlusher()
  try {
    const intake = await openTableIntake({ home, declaration, flusher, signal: io.signal })
    try {
      await intake.flush(declaration)
    } finally {
      await intake.close()
    }
  } finally {
    await flusher.close()
  }
}
