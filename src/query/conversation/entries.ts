import { resultRows } from '../format/rows.ts'
import { quoteText } from '../quote.ts'
import type { QuerySession } from '../session.ts'
import { callResultsSql } from '../views/call-results.ts'
import { columnsSql, jsonText } from '../views/columns.ts'
import { firstPartsSql, type MessageKind } from '../views/kind.ts'
import type { QueryLimits } from '../watch.ts'
import type { Chain } from './chains.ts'
import { type MessageTable, onlyOf, viewSource } from './message-table.ts'
import type { SessionPlace } from './session-place.ts'

/** A part of a message where it stands in the conversation. */
export interface Entry {
  /** Which of the chains it belongs to. */
  readonly chain: number
  /** True on what an old client wrote of a subagent into the main chain. */
  readonly inline: boolean
  readonly message: string
  readonly index: number
  readonly part: number
  /** RFC 3339. */
  readonly at: string
  readonly role: string
  readonly kind: MessageKind
  readonly type: string
  /** The source's own name of what it is, the finest that there is. */
  readonly native: string | null
  readonly model: string | null
  /** The beginning where entries are cut. */
  readonly text: string | null
  /** Of the whole text, characters and lines. */
  readonly length: number
  readonly lines: number
  readonly tool: string | null
  readonly call: string | null
  /** JSON text; null where entries are cut, as only the next is shown. */
  readonly args: string | null
  /** What says most of the call, as text. */
  readonly argument: string | null
  readonly resultFor: string | null
  readonly isError: boolean | null
  /** JSON text of what the client notes about a compaction. */
  readonly compaction: string | null
  /** Of a call: whether it has a result, and what of it; of a result: whether its call is there. */
  readonly answered: boolean
  readonly resultError: boolean | null
  readonly resultLines: number | null
  readonly resultText: string | null
}

export interface EntryOptions extends QueryLimits {
  /** Characters of each text; all of them when left out. */
  readonly cut?: number | undefined
}

/** Arguments that say what a call is about, the most telling first. */
const tellingArguments = [
  'file_path',
  'notebook_path',
  'command',
  'cmd',
  'pattern',
  'url',
  'query',
  'skill',
  'description',
  'prompt',
  'path',
  'input',
] as const

/** Characters of what stands in one line anyway. */
const lineLength = 400

const scope = ['conversation_id', 'agent_id'] as const

const columns = [
  ...scope,
  'message_id',
  'message_index',
  'part_index',
  'message_created_at',
  'role',
  'part_type',
  'provider_type',
  'provider_subtype',
  'attachment_type',
  'model',
  'content_text',
  'tool_name',
  'tool_call_id',
  'tool_args',
  'tool_result_for',
  'is_error',
  'is_sidechain',
  'compact_metadata',
] as const

/**
 * The parts of a session in the order in which they are told: within a chain by time and index, and a chain just behind
 * the call that began it. They come as the engine makes them; it holds what has to be sorted.
 */
export async function* entriesOf(
  query: QuerySession,
  table: MessageTable,
  place: SessionPlace,
  chains: readonly Chain[],
  { cut, ...limits }: EntryOptions = {},
): AsyncGenerator<Entry> {
  if (chains.length === 0) return
  const result = await query.run(`${onlyOf(table, place)}\n${entriesSql(table, chains, cut)}`, limits)
  for await (const row of resultRows(result)) yield row as unknown as Entry
}

function entriesSql(table: MessageTable, chains: readonly Chain[], cut: number | undefined): string {
  const source = viewSource(table)
  const places = chains.map(
    ({ thread, agent, prefix }, index) =>
      `(${index}, ${key(thread)}, ${key(agent)}, [${prefix.map(number => `CAST(${number} AS BIGINT)`).join(', ')}])`,
  )
  const same = (left: string, right: string): string =>
    `${left}.thread_key = ${right}.thread_key AND ${left}.agent_key = ${right}.agent_key`
  const keys = `COALESCE(conversation_id, '') AS thread_key, COALESCE(agent_id, '') AS agent_key`
  const ofScope = `SELECT *, ${keys} FROM (SELECT ${columnsSql(source, scope)}`
  return `SELECT chain.number AS chain, COALESCE(part.is_sidechain, FALSE) AND part.agent_id IS NULL AND part.conversation_id IS NULL AS inline,
  part.message_id AS message, part.message_index AS index, part.part_index AS part, part.message_created_at AS at,
  part.role AS role, SUBSTR(part.kind, 4) AS kind, part.part_type AS type,
  COALESCE(part.attachment_type, part.provider_subtype, part.provider_type) AS native, part.model AS model,
  ${cut === undefined ? 'part.content_text' : `SUBSTR(part.content_text, 1, ${cut})`} AS text,
  COALESCE(LENGTH(part.content_text), 0) AS length, ${linesOf('part.content_text')} AS lines,
  part.tool_name AS tool, part.tool_call_id AS call,
  ${cut === undefined ? 'part.tool_args' : 'CAST(NULL AS VARCHAR)'} AS args,
  ${argumentSql('part.tool_args')} AS argument,
  part.tool_result_for AS "resultFor", part.is_error AS "isError", part.compact_metadata AS compaction,
  COALESCE(result.message_id, called.tool_call_id) IS NOT NULL AS answered,
  result.is_error AS "resultError", result.lines AS "resultLines", result.text AS "resultText"
FROM (SELECT *, ${keys} FROM (
    ${firstPartsSql(source, columns, 'TRUE')}
) AS rows) AS part
JOIN (VALUES ${places.join(', ')}) AS chain(number, thread_key, agent_key, prefix) ON ${same('chain', 'part')}
LEFT JOIN (
  ${callResultsSql(source)}
) AS answer ON answer.message_id = part.message_id AND answer.part_index = part.part_index
LEFT JOIN (
  SELECT message_id, part_index, is_error, ${linesOf('content_text')} AS lines,
    SUBSTR(LTRIM(content_text), 1, ${lineLength}) AS text
  FROM ${table.table} WHERE part_type = 'tool_result'
) AS result ON result.message_id = answer.result_message_id AND result.part_index = answer.result_part_index
LEFT JOIN (
  SELECT DISTINCT thread_key, agent_key, tool_call_id
  FROM (${ofScope}, tool_call_id FROM ${table.table} WHERE part_type = 'tool_call' AND tool_call_id IS NOT NULL) AS calls) AS keyed
) AS called ON part.part_type = 'tool_result' AND called.tool_call_id = part.tool_result_for AND ${same('called', 'part')}
ORDER BY LIST_CONCAT(chain.prefix, [EPOCH_US(part.message_created_at), part.message_index, part.part_index]), part.message_id`
}

function key(value: string | null): string {
  return quoteText(value ?? '')
}

function linesOf(column: string): string {
  return `CASE WHEN COALESCE(${column}, '') = '' THEN 0
    ELSE LENGTH(${column}) - LENGTH(REPLACE(RTRIM(${column}, CHR(10)), CHR(10), '')) - (LENGTH(${column}) - LENGTH(RTRIM(${column}, CHR(10)))) + 1 END`
}

/** One of the telling arguments, else the file of a patch, else all of them; never more than a line needs. */
function argumentSql(args: string): string {
  const named = tellingArguments.map(name => jsonText(args, `$.${name}`))
  const patched = `NULLIF(REGEXP_EXTRACT(${args}, '\\*\\*\\* (?:Add|Update|Delete) File: ([^\\\\"]+)', 1), '')`
  return `SUBSTR(COALESCE(${[...named, patched, args].join(', ')}), 1, ${lineLength})`
}
