import { type SpoolReport, spoolReport, tablesWithSpool } from '../../ingest/spool-report.ts'
import { loadDeclarations } from '../../stores/declared.ts'
import type { CommandContext } from '../context.ts'
import { printDocument } from '../document.ts'
import type { OptionValues } from '../option.ts'
import { renderSpool } from '../render/spool.ts'

/** Shows what is acknowledged and not in the tables yet. Reads only, beside a running daemon too. */
export async function runSpool({ io, home, release }: CommandContext, options: OptionValues): Promise<number> {
  const declarations = await loadDeclarations(home, release)
  const names = new Set(declarations.map(({ table }) => table))
  const others = (await tablesWithSpool(home)).filter(table => !names.has(table)).map(table => ({ table }))
  const tables: SpoolReport[] = []
  for (const table of [...declarations, ...others]) tables.push(await spoolReport(home, table))
  if (options['json'] === true) await printDocument(io, { formatVersion: 1, tables })
  else await io.stdout(renderSpool(tables))
  return 0
}
