import { readEvolutions } from '../../schema/applied.ts'
import { builtinTable } from '../../schema/builtin.ts'
import { openCatalog } from '../../stores/table/catalog.ts'
import type { CommandContext } from '../context.ts'
import { printDocument } from '../document.ts'
import type { OptionValues } from '../option.ts'
import { duration, releases } from '../render/text.ts'

const words = { creation: '', evolution: '', repair: 'repaired ', adoption: 'adopted ' } as const

/** Every evolution of the table, read from the table alone. */
export async function runHistory(context: CommandContext, options: OptionValues): Promise<number> {
  const table = await openCatalog(context.home, builtinTable).load()
  const evolutions = readEvolutions(table.metadata.properties)
  if (options['json'] === true) {
    const documents = evolutions.map(({ n, ms, ...evolution }) => ({ n, ...evolution, elapsed_ms: ms }))
    await printDocument(context.io, { table: builtinTable, evolutions: documents })
    return 0
  }
  for (const { n, kind, from, to, changes, at, ms, hyp, fingerprint } of evolutions) {
    const what =
      from === null
        ? `created at release ${to.release}`
        : `${words[kind]}${releases(from.release, to.release)}, schema ${from.schema} → ${to.schema}`
    await context.io.stdout(
      `${String(n).padStart(3)}  ${at}  ${what}  in ${duration(ms)} by hyp ${hyp}, declaration ${fingerprint.slice(0, 12)}\n`,
    )
    for (const change of changes) await context.io.stdout(`       ${change.code}  ${change.path}  ${change.change}\n`)
  }
  return 0
}
