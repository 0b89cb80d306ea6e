import type { ViewSource } from './view.ts'

/*
 * Columns of the built-in table as the views give them. A release that does
 * not have one yet gives null of its type, so that a view has the same columns
 * under every release.
 */

const absentTypes: Readonly<Record<string, string>> = {
  is_sidechain: 'BOOLEAN',
  input_tokens: 'BIGINT',
  output_tokens: 'BIGINT',
  cache_creation_input_tokens: 'BIGINT',
  cache_read_input_tokens: 'BIGINT',
}

/** Columns that a view gives under every release, whatever of them a table has. */
const neverNeeded: readonly string[] = ['session_id', 'conversation_id', 'agent_id', 'repository']

/** What a table must have for a view to give these columns. */
export function neededFor(names: readonly string[]): readonly string[] {
  return names.filter(name => !neverNeeded.includes(name))
}

/** A column by its name, or null under that name where the table lacks it. */
export function columnSql(source: Pick<ViewSource, 'columns'>, name: string): string {
  if (name === 'session_id') return sessionSql(source)
  if (name === 'conversation_id' && !source.columns.has('session_id')) return absent(name)
  if (name === 'repository') return `${repositorySql(source)} AS repository`
  return source.columns.has(name) ? name : absent(name)
}

/** Several of them, separated by commas. */
export function columnsSql(source: Pick<ViewSource, 'columns'>, names: readonly string[]): string {
  return names.map(name => columnSql(source, name)).join(', ')
}

/** Before release 6 Claude's session was in the column that now holds Codex's thread. */
function sessionSql({ columns }: Pick<ViewSource, 'columns'>): string {
  return columns.has('session_id') ? 'session_id' : 'conversation_id AS session_id'
}

/** What is nearest to a repository of all that is known: its remote, its root, the working directory. */
function repositorySql({ columns }: Pick<ViewSource, 'columns'>): string {
  const known = ['git_remote', 'repo_root', 'cwd'].filter(name => columns.has(name))
  return known.length === 1 ? (known[0] as string) : `COALESCE(${known.join(', ')})`
}

function absent(name: string): string {
  return `CAST(NULL AS ${absentTypes[name] ?? 'VARCHAR'}) AS ${name}`
}

/** The text at a path of a JSON text; null for what is no JSON, so that one odd row does not spoil a view. */
export function jsonText(column: string, path: string): string {
  return `TRY(json_extract_string(${column}, '${path}'))`
}
