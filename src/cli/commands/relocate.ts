import { loadDeclaration, loadDeclarations } from '../../stores/declared.ts'
import { tableDirectory } from '../../stores/home.ts'
import { openCatalog } from '../../stores/table/catalog.ts'
import { type RelocationReport, relocateAt, type TableRelocation } from '../../stores/table/relocate.ts'
import { observeTable } from '../../stores/table/store.ts'
import type { DaemonClient } from '../client.ts'
import type { CommandContext } from '../context.ts'
import { printDocument } from '../document.ts'
import type { OptionValues } from '../option.ts'
import { renderRelocation } from '../render/backup.ts'
import { visible } from '../render/visible.ts'
import { write } from '../writer.ts'

/** Makes one table or all of them say where they lie: through the running daemon, or under the lock where none runs. */
export async function runRelocate(
  context: CommandContext,
  options: OptionValues,
  table: string | undefined,
): Promise<number> {
  const { io, namedRelease } = context
  const dryRun = options['dryRun'] === true
  const throughDaemon = (daemon: DaemonClient): Promise<RelocationReport> =>
    daemon.post('/v1/relocate', { table, dryRun, release: namedRelease }, io.signal)
  const report = await write(context, { throughDaemon, underLock: () => underLock(context, table, dryRun) }, dryRun)
  if (options['json'] === true) await printDocument(io, report)
  else await io.stdout(`${renderRelocation(report).map(visible).join('\n')}\n`)
  return 0
}

async function underLock(
  { home, release }: CommandContext,
  table: string | undefined,
  dryRun: boolean,
): Promise<RelocationReport> {
  const declarations =
    table === undefined ? await loadDeclarations(home, release) : [await loadDeclaration(home, release, table)]
  const tables: TableRelocation[] = []
  for (const declaration of declarations) {
    // One that is not made yet lies nowhere; one that was named has to be there.
    if (table === undefined && (await observeTable(openCatalog(home, declaration))) === null) continue
    const place = { table: declaration.table, directory: tableDirectory(home, declaration) }
    tables.push(await relocateAt(place, dryRun))
  }
  return { formatVersion: 1, dryRun, tables }
}
