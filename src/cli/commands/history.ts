import { type Evolution, readEvolutions } from '../../schema/applied.ts'
import type { CommandContext } from '../context.ts'
import { printDocument } from '../document.ts'
import { loadTable } from '../named-table.ts'
import type { OptionValues } from '../option.ts'
import { duration, indent, releases, wrapCut } from '../render/text.ts'
import { visible } from '../render/visible.ts'

const width = 100

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
  const took = `${at}  ${words[kind].padEnd(8)}  ${what}  in ${duration(ms)} by hyp ${hyp}`
  return [
    ...indent(wrapCut(visible(took), width - 7), `${String(n).padStart(3)}  `, ' '.repeat(7)),
    `       declaration ${visible(fingerprint.slice(0, 12))}`,
    ...changes.flatMap(({ code, path, change }) =>
      indent(wrapCut(visible(`${path}  ${change}`), width - 14), `       ${code}  `, ' '.repeat(14)),
    ),
  ]
}
