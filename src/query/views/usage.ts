import { builtinTable } from '../../schema/builtin.ts'
import { columnsSql, jsonText, neededFor } from './columns.ts'
import { costSql } from './cost.ts'
import type { View, ViewSource } from './view.ts'

/** Token counts with a column of their own, in the order of the view. */
const tokenColumns = [
  'input_tokens',
  'output_tokens',
  'cache_creation_input_tokens',
  'cache_read_input_tokens',
] as const

type TokenColumn = (typeof tokenColumns)[number]

const shared = [
  'request_id',
  'session_id',
  'conversation_id',
  'agent_id',
  'message_id',
  'client_name',
  'provider',
  'model',
  'message_created_at',
  'date',
  'cwd',
  'git_branch',
  'repository',
] as const

const counted = [
  ...tokenColumns,
  'cache_creation_1h_input_tokens',
  'uncached_input_tokens',
  'reasoning_output_tokens',
] as const

/** What is known of the rows of a client that report usage. */
interface Reports {
  /** What tells one answer from another. */
  readonly id: string
  readonly where: string
  /** Where the JSON text has the counts. */
  readonly paths: Readonly<Record<TokenColumn, string>>
  readonly oneHour: string
  readonly reasoning: string
  /** What of the input did not go through the cache, of these counts. */
  readonly uncached: string
}

/**
 * Claude: a line comes as several rows, an answer as several lines, in a forked session all of them once more, and each
 * repeats a report whose output grows from line to line.
 */
const claude: Reports = {
  id: 'provider_uuid',
  where: `role = 'assistant' AND provider_uuid IS NOT NULL AND COALESCE(model, '') <> '<synthetic>' AND COALESCE(client_name, '') <> 'codex'`,
  paths: {
    input_tokens: '$.usage.input_tokens',
    output_tokens: '$.usage.output_tokens',
    cache_creation_input_tokens: '$.usage.cache_creation_input_tokens',
    cache_read_input_tokens: '$.usage.cache_read_input_tokens',
  },
  oneHour: `CASE WHEN cache_creation_input_tokens > 0 THEN ${countAt('$.usage.cache_creation.ephemeral_1h_input_tokens')} END`,
  reasoning: 'CAST(NULL AS BIGINT)',
  uncached: 'input_tokens',
}

/** Codex: a row of its own for each change of the totals. Its input includes what went through the cache. */
const codex: Reports = {
  id: 'message_id',
  where: `part_type = 'usage'`,
  paths: {
    input_tokens: '$.usage.input_tokens',
    output_tokens: '$.usage.output_tokens',
    cache_creation_input_tokens: '$.usage.cache_write_input_tokens',
    cache_read_input_tokens: '$.usage.cached_input_tokens',
  },
  oneHour: 'CAST(NULL AS BIGINT)',
  reasoning: countAt('$.usage.reasoning_output_tokens'),
  uncached: countOf('input_tokens - COALESCE(cache_read_input_tokens, 0) - COALESCE(cache_creation_input_tokens, 0)'),
}

function usageSql(source: ViewSource): string {
  const { columns } = source
  const hasCounts = tokenColumns.every(name => columns.has(name))
  const unionAll = '\n    UNION ALL\n    '
  const reportsOf = (reporter: Reports): string =>
    [
      ...(hasCounts ? [reportsSql(source, reporter, 'columns')] : []),
      ...(hasCounts && !source.olderRows ? [] : [reportsSql(source, reporter, 'json')]),
    ].join(unionAll)
  return `SELECT provider_message_id, ${shared.join(', ')},
  ${counted.join(', ')}, total_tokens,
  ${costSql(source.prices)} AS cost
FROM (
  SELECT *,
    COALESCE(uncached_input_tokens, 0) + COALESCE(cache_creation_input_tokens, 0)
      + COALESCE(cache_read_input_tokens, 0) AS prompt_tokens,
    CASE WHEN input_tokens IS NOT NULL OR output_tokens IS NOT NULL THEN
      COALESCE(uncached_input_tokens, 0) + COALESCE(cache_creation_input_tokens, 0)
        + COALESCE(cache_read_input_tokens, 0) + COALESCE(output_tokens, 0) END AS total_tokens
  FROM (
    SELECT *, ROW_NUMBER() OVER (
      PARTITION BY provider_message_id, COALESCE(request_id, '')
      ORDER BY COALESCE(output_tokens, -1) DESC, message_created_at, session_id, message_id
    ) AS place
    FROM (
    ${reportsOf(claude)}${unionAll}${notRepeated(reportsOf(codex))}
    ) AS reports
  ) AS ranked
  WHERE place = 1
) AS answers`
}

/** The usage reports of a client's rows, one each: by the columns, or by the JSON text of rows that lack them. */
function reportsSql(source: ViewSource, reporter: Reports, by: 'columns' | 'json'): string {
  const hasCounts = tokenColumns.every(name => source.columns.has(name))
  const none = tokenColumns.map(name => `${name} IS NULL`).join(' AND ')
  // Two passes, so that rows which have the counts need not have their large JSON text read.
  const only =
    !source.olderRows || !hasCounts ? '' : by === 'columns' ? `\n      AND NOT (${none})` : `\n      AND ${none}`
  const tokens = tokenColumns.map(
    name => `${by === 'columns' ? countOf(name) : countAt(reporter.paths[name])} AS ${name}`,
  )
  const rows = `SELECT ${reporter.id} AS provider_message_id, ${columnsSql(source, shared)}, prompt_id, attributes,
        ${tokens.join(', ')}
      FROM ${builtinTable}
      WHERE ${reporter.where}${only}`
  return `SELECT provider_message_id, ${shared.join(', ')}, ${tokenColumns.join(', ')},
      ${reporter.oneHour} AS cache_creation_1h_input_tokens,
      ${reporter.uncached} AS uncached_input_tokens,
      ${reporter.reasoning} AS reasoning_output_tokens${reporter === codex ? `,\n      ${ofTurn}` : ''}
    FROM (
      ${rows}
    ) AS rows`
}

/**
 * Which thread and turn a report of Codex belongs to, what it came to, and the parent that was missing when it was read.
 * Before release 6 a thread is a session.
 */
const ofTurn = `COALESCE(conversation_id, session_id) AS thread, prompt_id,
      ${jsonText('attributes', '$.codex.total_token_usage')} AS totals,
      ${jsonText('attributes', '$.codex.parent_missing')} AS parent_missing`

/**
 * A fork repeats the turns of its parent, and of its parent's parent. Where the parent was not there when the fork was
 * read, its rows are marked. Of one report of one turn that stands in several threads, the marked rows are left out but
 * for those of the thread that comes first, and those too where another thread has it without a mark.
 */
function notRepeated(reports: string): string {
  return `SELECT provider_message_id, ${shared.join(', ')}, ${counted.join(', ')} FROM (
      SELECT *, FIRST_VALUE(thread) OVER (
        PARTITION BY prompt_id, totals, ${tokenColumns.join(', ')}
        ORDER BY parent_missing IS NOT NULL, thread
      ) AS first_thread
      FROM (
    ${reports}
      ) AS turns
    ) AS turns
    WHERE parent_missing IS NULL OR prompt_id IS NULL OR first_thread = thread`
}

function countAt(path: string): string {
  return countOf(`TRY_CAST(${jsonText('attributes', path)} AS BIGINT)`)
}

/** A number of tokens; null where it is below zero, which only a damaged line says. */
function countOf(number: string): string {
  return `NULLIF(GREATEST(${number}, -1), -1)`
}

export const usageView: View = {
  name: 'usage',
  doc: 'One row for each answer of a model, with the tokens it was billed for, over all sessions.',
  needs: [...neededFor(shared), 'conversation_id', 'provider_uuid', 'role', 'part_type', 'prompt_id', 'attributes'],
  over: [],
  columns: {
    'provider_message_id, request_id': 'which answer',
    session_id: 'the session of the row that was chosen; for an answer that forks share, one of them',
    'conversation_id, agent_id, message_id, client_name, provider, model': 'of that row',
    'message_created_at, date, cwd, git_branch': 'of that row',
    repository: 'the git remote where it is known, else the root of the repository, else the working directory',
    'input_tokens, output_tokens, cache_creation_input_tokens, cache_read_input_tokens':
      'as the client counts them, null where it reports none or one below zero: with Claude the four add up, with Codex the input includes what went through the cache',
    cache_creation_1h_input_tokens: 'of those written to the cache, the ones kept there for an hour, which cost more',
    uncached_input_tokens:
      'input that did not go through the cache, for either client; null where the counts contradict each other',
    reasoning_output_tokens: 'of the output, what was reasoning; null where the client does not say',
    total_tokens: 'all input and output',
    cost: 'in US dollars by the [prices](#prices); null where one of them is not known',
  },
  sql: usageSql,
}
