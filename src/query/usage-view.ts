import { builtinTable } from '../schema/builtin.ts'

/** The view that counts the tokens of each API message once. */
export const usageView = 'usage'

/** Its token counts, in the order of its columns. */
const tokenColumns = ['input_tokens', 'output_tokens', 'cache_creation_input_tokens', 'cache_read_input_tokens']

const sharedColumns = ['provider_uuid', 'request_id', 'model', 'role', 'message_created_at']

/**
 * The query behind the view `usage`, for a table with these columns;
 * undefined where it cannot be told, because a column it needs is not there.
 *
 * An API message is a distinct (message id, request id or nothing). It comes
 * as several lines, each line as several rows, in a forked session all of them
 * once more, and each repeats a usage report whose output grows from line to
 * line: the greatest one is what was billed, and no two may be added up.
 *
 * With the columns of release 9 alone the text is plain SQL that any engine
 * takes; `docs/querying.md` shows it. Rows of earlier releases have the report
 * only in the JSON text `attributes`, which DuckDB's functions take apart.
 */
export function usageViewSql(columns: readonly string[]): string | undefined {
  const has = (name: string): boolean => columns.includes(name)
  // Before release 6 Claude's session was in the column that now holds Codex's thread.
  const session = has('session_id') ? 'session_id' : 'conversation_id'
  const counted = tokenColumns.every(has)
  if (![...sharedColumns, session].every(has) || !(counted || has('attributes'))) return undefined
  const reports = [
    ...(counted ? [reportsSql(session, tokenColumns)] : []),
    ...(has('attributes') ? [reportsSql(session, tokenColumns.map(fromJson))] : []),
  ]
  if (reports.length === 2) {
    // Two passes, so that rows which have the counts need not have their large JSON text read.
    const none = tokenColumns.map(name => `${name} IS NULL`).join(' AND ')
    reports[0] += `\n      AND NOT (${none})`
    reports[1] += `\n      AND ${none}`
  }
  return `SELECT provider_message_id, request_id, session_id, model, message_created_at,
  ${tokenColumns.join(', ')}
FROM (
  SELECT *, ROW_NUMBER() OVER (
    PARTITION BY provider_message_id, COALESCE(request_id, '')
    ORDER BY COALESCE(output_tokens, -1) DESC, message_created_at, session_id
  ) AS place
  FROM (
    ${reports.join('\n    UNION ALL\n    ')}
  ) AS reports
) AS ranked
WHERE place = 1`
}

/** The usage reports of a table's rows, one each. */
function reportsSql(session: string, tokens: readonly string[]): string {
  return `SELECT provider_uuid AS provider_message_id, request_id, ${alias(session, 'session_id')}, model, message_created_at,
      ${tokens.join(', ')}
    FROM ${builtinTable}
    WHERE role = 'assistant' AND provider_uuid IS NOT NULL AND COALESCE(model, '') <> '<synthetic>'`
}

function alias(column: string, name: string): string {
  return column === name ? column : `${column} AS ${name}`
}

/** A row whose `attributes` somebody filled with something else has no report; it must not spoil the view. */
function fromJson(name: string): string {
  return `TRY_CAST(TRY(json_extract_string(attributes, '$.usage.${name}')) AS BIGINT) AS ${name}`
}
