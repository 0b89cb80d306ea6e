import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { HypError } from '../errors.ts'
import { builtinDeclaration, builtinTable } from '../schema/builtin.ts'
import type { Declaration } from '../schema/declaration.ts'
import { declarationInvalid, type Mistake, readUserFile } from '../schema/user-file.ts'
import type { Home } from './home.ts'

/**
 * What the table should be: the built-in declaration of a release, extended by
 * the user's file `schema/ai_gateway_messages.json` where there is one.
 * @throws HypError DECLARATION_INVALID with every mistake of every file, USAGE for an unknown release
 */
export async function loadDeclaration(home: Home, release: number): Promise<Declaration> {
  const base = builtinDeclaration(release)
  const names = await jsonFiles(home.schema)
  const foreign = names.filter(name => name !== `${builtinTable}.json`)
  if (foreign.length > 0) throw declarationInvalid(foreign.map(notATable), join(home.schema, foreign[0] as string))
  if (names.length === 0) return base
  const path = join(home.schema, `${builtinTable}.json`)
  const result = readUserFile({ text: await readText(path), path, base })
  if ('mistakes' in result) throw declarationInvalid(result.mistakes, path)
  return result.declaration
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw new HypError('CONFIG_INVALID', `The declaration ${path} cannot be read: ${(cause as Error).message}.`, {
      hint: 'It has to be a file that you can read. The table was not touched.',
      cause,
    })
  }
}

async function jsonFiles(directory: string): Promise<string[]> {
  try {
    return (await readdir(directory)).filter(name => name.endsWith('.json')).sort()
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  }
}

/** A misspelt file name would otherwise be a column that silently never comes. */
function notATable(name: string): Mistake {
  return {
    code: 'unknown-table',
    line: 1,
    column: 1,
    path: '',
    message: `${name} names no table`,
    hint: `The file for the one table there is, is ${builtinTable}.json.`,
  }
}
