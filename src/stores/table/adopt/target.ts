import { realpath } from 'node:fs/promises'
import { basename, isAbsolute, join } from 'node:path'
import { HypError } from '../../../errors.ts'
import { localPath } from '../../../iceberg/catalog/location.ts'
import type { Declaration } from '../../../schema/declaration.ts'
import { type Home, tableDirectory } from '../../home.ts'

/** What somebody wants to be adopted, in words. */
export interface AdoptionRequest {
  /** As it was typed: the name of a declared table, or a directory. */
  readonly target: string
  /** The same as the absolute path of a directory. */
  readonly directory: string
  /** The name that a table without a declaration is to have. */
  readonly name?: string | undefined
}

/** What is to be adopted: a table that is declared, or one to be declared under a name. */
export interface AdoptionTarget {
  readonly table: string
  readonly directory: string
  readonly declaration: Declaration | undefined
}

/**
 * Finds what is meant. A declared name goes before a directory of that name.
 * @param declarations those of the home
 * @throws HypError USAGE for a name that another table has, or that does not fit
 */
export async function adoptionTarget(
  home: Home,
  declarations: readonly Declaration[],
  { target, directory: typed, name }: AdoptionRequest,
): Promise<AdoptionTarget> {
  // A location as other engines print it.
  const directory = target.startsWith('file:/') ? localPath(target).replace(/(?<=.)\/+$/, '') : typed
  const named = declarations.find(({ table }) => table === target)
  if (named === undefined && !isAbsolute(directory))
    throw new HypError('USAGE', `${directory} is not the whole path of a directory.`)
  const declaration = named ?? (await declaredAt(home, declarations, directory))
  if (declaration !== undefined) {
    const { table } = declaration
    if (name === undefined || name === table)
      return { table, directory: tableDirectory(home, declaration), declaration }
    throw new HypError('USAGE', `The table is declared as ${table} already; it cannot be adopted as ${name}.`, {
      hint: `Leave --name out, or move schema/${table}.json away.`,
    })
  }
  const table = name ?? nameOf(directory)
  const twin = declarations.find(other => other.table.toLowerCase() === table.toLowerCase())
  if (twin === undefined) return { table, directory, declaration: undefined }
  throw new HypError('USAGE', `The name ${twin.table} is that of another table, in ${tableDirectory(home, twin)}.`, {
    hint:
      name === undefined
        ? 'Give this one a name of its own with --name.'
        : `Choose another name, or write "location": ${JSON.stringify(directory)} into schema/${twin.table}.json.`,
  })
}

/** The declaration of the table in a directory, whatever links lead there. */
async function declaredAt(
  home: Home,
  declarations: readonly Declaration[],
  directory: string,
): Promise<Declaration | undefined> {
  const real = await realDirectory(directory)
  for (const declaration of declarations)
    if ((await realDirectory(tableDirectory(home, declaration))) === real) return declaration
  return undefined
}

/** A directory without links; as it was named where it is not there. */
export async function realDirectory(directory: string): Promise<string> {
  return realpath(directory).catch(() => directory)
}

/** A table's name by its directory. */
function nameOf(directory: string): string {
  const plain = basename(directory)
    .replaceAll(/[^\p{L}\p{N}_]+/gu, '_')
    .replaceAll(/^_+|_+$/g, '')
  if (plain === '')
    throw new HypError('USAGE', `${directory} gives no name for a table.`, { hint: 'Name it with --name.' })
  return /^\p{L}/u.test(plain) ? plain : `t_${plain}`
}

/** Where a new declaration says that its table is; nothing where it is found by its name. */
export function placeOf(home: Home, { table, directory }: AdoptionTarget): { readonly location?: string } {
  return directory === join(home.tables, table) ? {} : { location: directory }
}
