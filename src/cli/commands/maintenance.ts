import { errorCatalogue } from '../../error-catalogue.ts'
import { errorOf } from '../../errors.ts'
import { currentSnapshot } from '../../iceberg/metadata.ts'
import { keepDeleted } from '../../ingest/deletion/keep-deleted.ts'
import { builtinTable } from '../../schema/builtin.ts'
import { loadDeclaration } from '../../stores/declared.ts'
import { leasedSnapshots } from '../../stores/leases.ts'
import { recordPlace } from '../../stores/records/place.ts'
import { openCatalog, systemContext } from '../../stores/table/catalog.ts'
import { compactSteps, expireSteps, type UpkeepStep } from '../../stores/table/upkeep/due.ts'
import { rememberUpkeep } from '../../stores/table/upkeep/memory.ts'
import { tidyTable } from '../../stores/table/upkeep/pass.ts'
import type { UpkeepReport } from '../../stores/table/upkeep/report.ts'
import type { DaemonClient } from '../client.ts'
import type { CommandContext } from '../context.ts'
import { printDocument } from '../document.ts'
import { loadTable } from '../named-table.ts'
import type { OptionValues } from '../option.ts'
import { renderError } from '../render/error.ts'
import { renderUpkeep } from '../render/maintenance.ts'
import { alignColumns, count, plural } from '../render/text.ts'
import { visible } from '../render/visible.ts'
import { write } from '../writer.ts'

/** Writes small files again as few, and merges manifests. */
export function runTableCompact(context: CommandContext, options: OptionValues, table?: string): Promise<number> {
  return maintain(context, options, table, 'compact')
}

/** Lets snapshots go that nothing keeps, and removes what only they needed, and what nothing needs. */
export function runTableExpire(context: CommandContext, options: OptionValues, table?: string): Promise<number> {
  return maintain(context, options, table, 'expire')
}

const stepsOf: Readonly<Record<'compact' | 'expire', readonly UpkeepStep[]>> = {
  compact: compactSteps,
  expire: expireSteps,
}

async function maintain(
  context: CommandContext,
  options: OptionValues,
  table: string = builtinTable,
  what: keyof typeof stepsOf,
): Promise<number> {
  const { io } = context
  const dryRun = options['dryRun'] === true
  const throughDaemon = (daemon: DaemonClient): Promise<UpkeepReport> =>
    daemon.post(`/v1/tables/${encodeURIComponent(table)}/${what}`, { dryRun, release: context.namedRelease })
  const work = { throughDaemon, underLock: () => underLock(context, table, stepsOf[what], dryRun) }
  const report = await write(context, work, dryRun)
  if (options['json'] === true) await printDocument(io, report)
  else await io.stdout(`${visible(renderUpkeep(report))}\n`)
  const said = report.failures.map(({ error }) =>
    renderError(errorOf(error), {
      json: false,
      verbose: options['verbose'] === true,
      pasteable: context.pasteable,
    }),
  )
  // What stops one step often stops the next.
  for (const text of new Set(said)) io.stderr(text)
  return Math.max(0, ...report.failures.map(({ error }) => errorCatalogue[errorOf(error).code].exit))
}

async function underLock(
  { home, release, io }: CommandContext,
  table: string,
  steps: readonly UpkeepStep[],
  dryRun: boolean,
): Promise<UpkeepReport> {
  const place = table === builtinTable ? { table } : await loadDeclaration(home, release, table)
  const catalog = openCatalog(home, place)
  const report = await tidyTable(catalog, new Set(steps), {
    name: table,
    dryRun,
    leased: uuid => leasedSnapshots(home, uuid),
    records: recordPlace(home),
    home,
    deletions: keepDeleted({ home, catalog, table, context: systemContext, signal: io.signal }),
    context: systemContext,
    signal: io.signal,
  })
  if (!dryRun) await rememberUpkeep(home, report)
  return report
}

/** The snapshots that a table keeps, the newest last. */
export async function runTableSnapshots(
  context: CommandContext,
  options: OptionValues,
  wanted: string | undefined,
): Promise<number> {
  const { name, metadata } = await loadTable(context, wanted)
  const current = currentSnapshot(metadata)?.['snapshot-id']
  const refs = Object.entries(metadata.refs)
  const snapshots = metadata.snapshots.map(snapshot => {
    const { 'snapshot-id': id, 'parent-snapshot-id': parent, summary } = snapshot
    const number = (key: string): number | null => {
      const value = Number.parseInt(summary?.[key] ?? '', 10)
      return Number.isNaN(value) ? null : value
    }
    return {
      // Beyond 2^53 a number would be rounded by whoever reads it.
      id: String(id),
      parent: parent === undefined ? null : String(parent),
      at: new Date(snapshot['timestamp-ms']).toISOString(),
      operation: summary?.operation ?? null,
      rows: number('total-records'),
      addedRows: number('added-records') ?? 0,
      files: number('total-data-files'),
      refs: refs.flatMap(([ref, to]) => (BigInt(to['snapshot-id']) === BigInt(id) ? [ref] : [])),
    }
  })
  if (options['json'] === true) {
    await printDocument(context.io, { table: name, current: current === undefined ? null : String(current), snapshots })
    return 0
  }
  const rows = [
    ['at', 'operation', 'rows', 'added', 'files', 'snapshot'],
    ...snapshots.map(({ id, at, operation, rows: total, addedRows, files, refs: named }) => [
      at,
      operation ?? '',
      total === null ? '' : count(total),
      count(addedRows),
      files === null ? '' : count(files),
      named.length === 0 ? id : `${id} (${named.join(', ')})`,
    ]),
  ]
  await context.io.stdout(
    `${alignColumns(rows, [2, 3, 4]).map(visible).join('\n')}\n${plural(snapshots.length, 'snapshot')}\n`,
  )
  return 0
}
