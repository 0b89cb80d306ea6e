import { HypError } from '../../../errors.ts'
import type { Catalog, Table } from '../../../iceberg/catalog/catalog.ts'
import { IcebergError, isCode } from '../../../iceberg/errors.ts'
import type { Declaration } from '../../../schema/declaration.ts'
import { adoptionRefused } from './obstacle.ts'
import type { AdoptionTarget } from './target.ts'

/**
 * The table that is to be adopted.
 * @throws HypError TABLE_NOT_FOUND that says what was looked for, ADOPTION_REFUSED for metadata of a version not known
 */
export async function observeTarget(
  catalog: Catalog,
  typed: string,
  { table, directory, declaration }: AdoptionTarget,
  declarations: readonly Declaration[],
): Promise<Table> {
  try {
    return await catalog.load()
  } catch (error) {
    if (error instanceof IcebergError && error.code === 'FORMAT_UNSUPPORTED')
      throw adoptionRefused(table, directory, [
        {
          what: 'metadata that is not known',
          where: directory,
          why: `${error.message}.`,
          fix: 'Adopt it with a later version of hyp.',
        },
      ])
    if (!isCode(error, 'TABLE_NOT_FOUND') && !isNoDirectory(error)) throw error
    const looked = `neither v<N>.metadata.json nor <N>-<uuid>.metadata.json is in ${directory}/metadata`
    if (declaration !== undefined)
      throw new HypError('TABLE_NOT_FOUND', `The declared table ${table} is not there: ${looked}.`, {
        hint: 'Run `hyp apply`: it creates the table.',
        details: { directory },
      })
    throw new HypError('TABLE_NOT_FOUND', `${typed} is neither a declared table nor the directory of one: ${looked}.`, {
      hint: `Name the directory that holds the table’s \`metadata\`, or one of the declared: ${declarations.map(each => each.table).join(', ')}.`,
      details: { directory },
    })
  }
}

function isNoDirectory(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOTDIR'
}
