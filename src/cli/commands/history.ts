import { type Evolution, readEvolutions } from '../../schema/applied.ts'
import type { CommandContext } from '../context.ts'
import { printDocument } from '../document.ts'
import { loadTable } from '../named-table.ts'
import type { OptionValues } from '../option.ts'
import { duration, releases } from '../render/text.ts'

/** Every evolution of a table, read from the table alone. */
export async function runHistory(
  context: CommandContext,
  options: OptionValues,
  wanted: string | undefined,
): Promise<number> {
  const { name, metadata } = await loadTable(context, wanted)
  const evolutions = readEvolutions(metadata.properties)
  if (options['json'] === true) {
    const documents = evolutions.map(({ n, ms, ...evolution }) => ({ n, ...evolution, elapsed_ms: ms }))
    await printDocument(context.io, { table: name, evolutions: documents })
    return 0
  }
  const lines = evolutions.length === 0 ? [`hyp never changed ${name}.`] : evolutions.flatMap(linesOf)
  await context.io.stdout(`${lines.join('\n')}\n`)
  return 0
}

const words = { creation: 'created', evolution: 'evolved', repair: 'repaired', adoption: 'adopted' } as const

function linesOf({ n, kind, from, to, changes, at, ms, hyp, fingerprint }: Evolution): string[] {
  const what =
    from === null
      ? `release ${to.release ?? 'none'}, schema ${to.schema}`
      : `${releases(from.release, to.release)}, schema ${from.schema === to.schema ? to.schema : `${from.schema} → ${to.schema}`}`
  return [
    `${String(n).padStart(3)}  ${at}  ${words[kind].padEnd(8)}  ${what}  in ${duration(ms)} by hyp ${hyp}, declaration ${fingerprint.slice(0, 12)}`,
    ...changes.map(({ code, path, change }) => `       ${code}  ${path}  ${change}`),
  ]
}
