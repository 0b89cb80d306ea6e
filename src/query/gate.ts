import type { DuckDBConnection, DuckDBPreparedStatement } from '@duckdb/node-api'
import { StatementType } from '@duckdb/node-api'
import { HypError } from '../errors.ts'
import { quoteText } from './quote.ts'

/**
 * The table functions a query may call. All others are refused, not only those
 * that read files: `enable_logging` and `enable_profiling` write them,
 * `arrow_scan` reads memory at any address, `query` runs a text of its own.
 */
export const tableFunctions: ReadonlySet<string> = new Set([
  'duckdb_columns',
  'duckdb_functions',
  'duckdb_keywords',
  'duckdb_tables',
  'duckdb_types',
  'duckdb_views',
  'generate_series',
  'histogram',
  'histogram_values',
  'json_each',
  'json_tree',
  'pragma_table_info',
  'pragma_version',
  'range',
  'repeat',
  'unnest',
])

/**
 * Parses and binds a query, and lets it through when it is a single SELECT
 * (`DESCRIBE`, `SUMMARIZE`, `SHOW TABLES` and `VALUES` are ones to DuckDB)
 * that calls no table function but those allowed. Nothing of it has been run.
 * @throws HypError QUERY_REFUSED, and whatever the engine throws
 */
export async function admit(connection: DuckDBConnection, sql: string): Promise<DuckDBPreparedStatement> {
  // The engine's own interface takes a text up to its first NUL.
  if (sql.includes('\0')) throw refused('the query holds a NUL character')
  const tree = await parse(connection, sql)
  if (tree.statements.length === 0) throw refused('the query is empty')
  if (tree.statements.length > 1) throw refused(`there are ${tree.statements.length} statements`)
  const foreign = [...nodesOf(tree.statements, 'TABLE_FUNCTION')]
    .map(calledFunction)
    .find(name => !tableFunctions.has(name))
  if (foreign !== undefined) {
    throw refused(
      `the table function ${foreign} is not allowed`,
      'A query reads the tables only; SHOW TABLES lists them.',
    )
  }
  const statement = await connection.prepare(sql)
  if (statement.statementType !== StatementType.SELECT) throw refused('the statement is not a SELECT')
  if (statement.parameterCount > 0) {
    throw refused('the query has parameters', 'Put the values into the text of the query.')
  }
  return statement
}

/**
 * Names behind FROM anywhere in a query, in lower case, those of its own parts too.
 * @throws whatever the engine throws where the query is none
 */
export async function namedTables(connection: DuckDBConnection, sql: string): Promise<ReadonlySet<string>> {
  const { statements } = await parse(connection, sql)
  const names = [...nodesOf(statements, 'BASE_TABLE')].map(node =>
    'table_name' in node ? String(node.table_name) : '',
  )
  return new Set(names.map(name => name.toLowerCase()))
}

export interface ParseTree {
  readonly statements: readonly unknown[]
}

/**
 * DuckDB's own parse tree, which it gives for SELECT statements only.
 * @throws HypError QUERY_REFUSED for anything else, and what the engine says of the syntax
 */
export async function parse(connection: DuckDBConnection, sql: string): Promise<ParseTree> {
  const reader = await connection.runAndReadAll(`SELECT json_serialize_sql(${quoteText(sql)})`)
  // A number beyond a double is printed as no JSON has it. Inside of texts, quotes stand behind a backslash.
  const tree = String(reader.getRows()[0]?.[0]).replaceAll(/"value":-?(?:Infinity|NaN)\b/g, '"value":null')
  const answer = JSON.parse(tree) as
    | ({ readonly error: false } & ParseTree)
    | { readonly error: true; readonly error_type: string; readonly error_message: string }
  if (!answer.error) return answer
  // Whatever it gives no tree of though the syntax is right, is no SELECT.
  if (answer.error_type !== 'parser') throw refused(notSelect(sql))
  // The same complaint again, with the place in the text.
  await connection.extractStatements(sql)
  throw new Error(`Parser Error: ${answer.error_message}`)
}

/** Why a text is refused that DuckDB does not take for SELECT statements: by the word it begins with, where that says it. */
function notSelect(sql: string): string {
  const bare = sql.replaceAll(/--[^\n]*|\/\*[^]*?\*\//g, ' ')
  const word = /[a-z]+/i.exec(bare)?.[0].toUpperCase()
  return word === undefined || ['SELECT', 'WITH', 'FROM', 'VALUES'].includes(word)
    ? 'one of the statements is not a SELECT'
    : `${word} is not a SELECT`
}

/**
 * Whatever a parse tree has of a kind.
 * @param besides a kind whose nodes are not looked into
 */
export function* nodesOf(node: unknown, type: string, besides?: string): Generator<object> {
  if (typeof node !== 'object' || node === null) return
  if ('type' in node && node.type === type) yield node
  if ('type' in node && node.type === besides) return
  for (const child of Object.values(node)) yield* nodesOf(child, type, besides)
}

function calledFunction(node: object): string {
  const call = 'function' in node ? (node.function as { readonly function_name?: unknown }) : {}
  return String(call.function_name).toLowerCase()
}

function refused(reason: string, hint?: string): HypError {
  return new HypError('QUERY_REFUSED', reason, hint === undefined ? {} : { hint })
}
