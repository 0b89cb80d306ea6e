import { loadDeclaration, loadDeclarations } from '../../stores/declared.ts'
import {
  type RelocationReport,
  relocateAt,
  relocateEach,
  type TablePlace,
  type TableRelocation,
} from '../../stores/table/relocate.ts'
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
  const relocate = (place: TablePlace): Promise<TableRelocation> => relocateAt(place, dryRun)
  return relocateEach({ home, declarations, named: table !== undefined, dryRun, relocate })
}
