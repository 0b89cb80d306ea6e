import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { HypError } from '../errors.ts'
import { builtinDeclaration, builtinTable } from '../schema/builtin.ts'
import type { Declaration } from '../schema/declaration.ts'
import { declarationInvalid, type Mistake, type Places, readDeclarationFile } from '../schema/declaration-file.ts'
import { type Home, tableDirectory } from './home.ts'

/** A declaration and the file that makes it what it is. */
export interface Declared {
  readonly declaration: Declaration
  /** Path of the file; null for the built-in table that nothing extends. */
  readonly file: string | null
  /** Where in the file its columns stand. */
  readonly places: Places
}

/**
 * What the tables of a home should be: the built-in one of a release, extended by `schema/ai_gateway_messages.json`
 * where there is such a file, then those that the other files of `schema/` declare, by name.
 * @throws HypError DECLARATION_INVALID with every mistake of every file, USAGE for an unknown release
 */
export async function loadDeclared(home: Home, release: number): Promise<Declared[]> {
  const base = builtinDeclaration(release)
  const mistakes: Mistake[] = []
  const found: Declared[] = []
  for (const table of await declaredNames(home.schema)) {
    const file = join(home.schema, `${table}.json`)
    const result = readDeclarationFile({ text: await readText(file), path: file, base, table })
    if ('mistakes' in result) mistakes.push(...result.mistakes)
    else found.push({ ...result, file })
  }
  mistakes.push(...clashes(home, found))
  if (mistakes.length > 0) throw declarationInvalid(mistakes)
  const isBuiltin = ({ declaration }: Declared): boolean => declaration.table === builtinTable
  const builtin = found.find(isBuiltin) ?? { declaration: base, file: null, places: new Map() }
  return [builtin, ...found.filter(declared => !isBuiltin(declared))]
}

/** The declarations of a home, the built-in one first; see {@link loadDeclared}. */
export async function loadDeclarations(home: Home, release: number): Promise<Declaration[]> {
  return (await loadDeclared(home, release)).map(({ declaration }) => declaration)
}

/**
 * One declaration of a home.
 * @throws HypError as {@link loadDeclared}, and NOT_FOUND for a table that is not declared
 */
export async function loadDeclaration(home: Home, release: number, table: string = builtinTable): Promise<Declaration> {
  return declaredTable(await loadDeclared(home, release), table).declaration
}

/** The one of a table. @throws HypError NOT_FOUND with the names of those there are */
export function declaredTable(declared: readonly Declared[], table: string): Declared {
  const found = declared.find(({ declaration }) => declaration.table === table)
  if (found !== undefined) return found
  const tables = declared.map(({ declaration }) => declaration.table)
  throw undeclared(table, `Declared are ${tables.join(', ')}.`)
}

/** The error of a table that is not declared. */
export function undeclared(
  table: string,
  hint = 'Declare it in `schema/` of the home and run `hyp apply`. `hyp status` lists those there are.',
): HypError {
  return new HypError('NOT_FOUND', `There is no declared table ${JSON.stringify(table)}.`, { hint, details: { table } })
}

/** The text of a declaration file. @throws HypError CONFIG_INVALID where it cannot be read */
export async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw new HypError('CONFIG_INVALID', `The declaration ${path} cannot be read: ${(cause as Error).message}.`, {
      hint: 'It has to be a file that you can read. The table was not touched.',
      cause,
    })
  }
}

/** Names of tables, by the files that declare them. */
async function declaredNames(directory: string): Promise<string[]> {
  try {
    const names = (await readdir(directory)).filter(name => name.endsWith('.json'))
    return names.map(name => name.slice(0, -'.json'.length)).sort()
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  }
}

/** What cannot be seen in one file: two tables in one place, or under names that a query does not tell apart. */
function clashes(home: Home, found: readonly Declared[]): Mistake[] {
  const names = new Map<string, string>()
  const directories = new Map<string, string>([[tableDirectory(home, { table: builtinTable }), builtinTable]])
  return found.flatMap(({ declaration, file, places }) => {
    const { table } = declaration
    const name = table.toLowerCase()
    const directory = tableDirectory(home, declaration)
    const at = {
      file: file ?? '',
      code: 'duplicate-table' as const,
      ...(places.get('(table)') ?? start),
      path: '/table',
    }
    const twin = names.get(name)
    const neighbour = directories.get(directory)
    names.set(name, table)
    directories.set(directory, table)
    const clash: Mistake[] = []
    if (twin !== undefined)
      clash.push({
        ...at,
        message: `"${table}" differs from the table "${twin}" only by case.`,
        hint: 'Choose another name.',
      })
    if (neighbour !== undefined && neighbour !== table)
      clash.push({
        ...at,
        ...(places.get('(location)') ?? start),
        path: '/location',
        message: `The table "${neighbour}" lies at ${directory} already.`,
        hint: 'Give each table a directory of its own.',
      })
    return clash
  })
}

const start = { line: 1, column: 1 }
