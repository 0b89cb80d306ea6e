import { HypError, toHypError } from '../errors.ts'
import { IcebergError } from '../iceberg/errors.ts'
import { builtinTable } from '../schema/builtin.ts'
import type { LiveTable } from './live-view.ts'
import { quoteName } from './quote.ts'
import { viewNames } from './views/view.ts'

/**
 * Why the engine could not do something, as an error of ours.
 * @param named what the query names behind FROM, in lower case
 */
export async function explainFailure(
  error: unknown,
  tables: readonly LiveTable[],
  named: ReadonlySet<string> = new Set(),
): Promise<HypError> {
  const ours = error instanceof HypError || error instanceof IcebergError
  const ofTheSystem = error instanceof Error && 'code' in error && typeof error.code === 'string'
  if (ours || ofTheSystem) return toHypError(error)
  const message = messageOf(error)
  // A file that is not there is looked for elsewhere, where the engine may not look.
  if (/^(?:IO|Permission) Error/.test(message)) {
    const missing = await firstMissing(tables)
    if (missing !== undefined) return missing
  }
  const damaged = /^(?:IO|Invalid Input) Error/.test(message) ? fileIn(message, tables) : undefined
  if (damaged !== undefined)
    return new HypError('DATA_INVALID', `data file ${damaged} cannot be read: ${firstLine(message)}`, {
      details: { file: damaged },
    })
  if (message.startsWith('Out of Memory Error')) {
    return new HypError('QUERY_FAILED', firstLine(message), {
      hint: 'Ask for less at once (fewer columns, no ORDER BY over long texts), or give the query more memory.',
    })
  }
  const listing = columnQueries(tables, named)
  return new HypError(
    'QUERY_FAILED',
    withoutContents(message, tables),
    listing.length === 0 || !isAboutColumns(error)
      ? {}
      : {
          hint: `The message is the engine’s own; ${listing.join(' and ')} ${listing.length === 1 ? 'lists' : 'list'} the columns.`,
        },
  )
}

/** Whether something in a query means nothing in the tables that it names. */
export function isAboutColumns(error: unknown): boolean {
  return messageOf(error).startsWith('Binder Error')
}

/** Commands that list the columns of the tables and views a query names. */
function columnQueries(tables: readonly LiveTable[], named: ReadonlySet<string>): string[] {
  const own = tables.map(({ name }) => name)
  const ours = own.includes(builtinTable) ? viewNames.filter(name => !own.includes(name)) : []
  return [...ours, ...own]
    .filter(name => named.has(name.toLowerCase()))
    .map(
      name =>
        `\`hyp query 'DESCRIBE ${name === builtinTable || ours.some(view => view === name) ? name : quoteName(name)}'\``,
    )
}

/** The engine's message, without what the bindings put before it. */
export function messageOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  return message.replace(
    /^(?:Failed to extract statements: |Invalid Input Error: [^\n]*unsuccessful[^\n]*\nError: )/,
    '',
  )
}

/** The engine says only that no file matched; which one, and whether it is one of ours, is looked up. */
async function firstMissing(tables: readonly LiveTable[]): Promise<HypError | undefined> {
  for (const { table, paths } of tables) {
    for (const path of paths) {
      if ((await table.io.size(path)) === undefined) {
        return new HypError('FILE_MISSING', `the table names ${path}, which does not exist`, {
          details: { file: path },
        })
      }
    }
  }
  return undefined
}

/** The file of a table that the engine complains about. */
function fileIn(message: string, tables: readonly LiveTable[]): string | undefined {
  return tables.flatMap(({ paths }) => paths).find(path => message.includes(path))
}

/**
 * A message fit for a log: complaints about a value quote it, and the value
 * may be a line of somebody's conversation. Complaints about the query or
 * about a file are kept whole.
 */
function withoutContents(message: string, tables: readonly LiveTable[]): string {
  if (!/^(?:Conversion|Invalid Input|Out of Range) Error/.test(message)) return message
  if (fileIn(message, tables) !== undefined) return firstLine(message)
  const place = message.indexOf('\n\nLINE ')
  const complaint = firstLine(message)
    .replace("can't", 'cannot')
    // To the last quote of the kind: the value may hold quotes itself.
    .replace(/'.*'|".*"/, '…')
    .replace(/\bvalue \S+/, 'value …')
    .replace(/\([^()]*\d[^()]*[-+*/^][^()]*\)/, '(…)')
  return place === -1 ? complaint : complaint + message.slice(place)
}

function firstLine(message: string): string {
  return message.split('\n', 1)[0] ?? message
}
