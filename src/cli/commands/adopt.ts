import { resolve } from 'node:path'
import { shellWord } from '../../daemon/shell-word.ts'
import { HypError } from '../../errors.ts'
import { loadDeclarations } from '../../stores/declared.ts'
import { type AdoptionDocument, adoptionDocument } from '../../stores/table/adopt/document.ts'
import type { Obstacle } from '../../stores/table/adopt/obstacle.ts'
import type { AdoptionRequest } from '../../stores/table/adopt/target.ts'
import { adoptTable } from '../../stores/table/adopt.ts'
import { systemContext } from '../../stores/table/catalog.ts'
import type { CommandContext } from '../context.ts'
import { printDocument } from '../document.ts'
import type { OptionValues } from '../option.ts'
import { renderAdoption, renderObstacles } from '../render/adoption.ts'
import { write } from '../writer.ts'

/**
 * Takes a table under a declaration, or accepts its present shape: through the
 * running daemon, or under the lock where none runs. Everything that is in the
 * way is told at once.
 */
export async function runAdopt(context: CommandContext, options: OptionValues, target: string): Promise<number> {
  const { io, home, release, namedRelease, pasteable } = context
  const name = typeof options['name'] === 'string' ? options['name'] : undefined
  // The daemon works in a directory of its own.
  const request: AdoptionRequest = { target, directory: resolve(target), name }
  const underLock = async (): Promise<AdoptionDocument> => {
    const declarations = await loadDeclarations(home, release)
    return adoptionDocument(await adoptTable({ home, declarations, request, context: systemContext }))
  }
  try {
    const adoption = await write(context, {
      throughDaemon: daemon => daemon.post<AdoptionDocument>('/v1/adopt', { ...request, release: namedRelease }),
      underLock,
    })
    if (options['json'] === true) await printDocument(io, adoption)
    else await io.stdout(`${renderAdoption(adoption, pasteable).join('\n')}\n`)
    return 0
  } catch (error) {
    const named = withTarget(
      error,
      `hyp adopt ${shellWord(target)}${name === undefined ? '' : ` --name ${shellWord(name)}`}`,
    )
    const obstacles =
      error instanceof HypError ? (error.details['obstacles'] as readonly Obstacle[] | undefined) : undefined
    if (obstacles !== undefined && options['json'] !== true) io.stderr(`${renderObstacles(obstacles).join('\n')}\n\n`)
    throw named
  }
}

/** The way out is the same command again, which the catalogue cannot name. */
function withTarget(error: unknown, again: string): unknown {
  if (!(error instanceof HypError)) return error
  const { code, message, details, hint } = error
  if (!hint.includes('`hyp adopt`')) return error
  return new HypError(code, message, {
    details,
    hint: hint.replace('`hyp adopt`', () => `\`${again}\``),
    cause: error.cause,
  })
}
