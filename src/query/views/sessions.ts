import { builtinTable } from '../../schema/builtin.ts'
import { columnSql, columnsSql, jsonText } from './columns.ts'
import type { View, ViewSource } from './view.ts'

const tokens = [
  'input_tokens',
  'output_tokens',
  'cache_creation_input_tokens',
  'cache_read_input_tokens',
  'uncached_input_tokens',
  'total_tokens',
] as const

const titles = `provider_type IN ('ai-title', 'custom-title')`

const isTitle = `COALESCE(provider_type, '') IN ('ai-title', 'custom-title')`

/** What editors put before a prompt to Codex: files that are open, and a heading for the prompt itself. */
const editorContext = `'^.*\\n## My request for Codex:'`

/** Characters of a prompt that stand for a title. */
const titleLength = 80

function sessionsSql(source: ViewSource): string {
  const { columns } = source
  const agents = columns.has('agent_id')
    ? `COUNT(DISTINCT CASE WHEN agent_id NOT LIKE 'acompact-%' AND agent_id NOT LIKE 'aprompt\\_suggestion-%' ESCAPE '\\' THEN agent_id END)`
    : 'CAST(0 AS BIGINT)'
  const rows = [
    'session_id',
    'conversation_id',
    'client_name',
    'client_version',
    'entrypoint',
    'model',
    'cwd',
    'git_branch',
    'repository',
    'message_created_at',
    'part_index',
    'part_type',
    'provider_type',
    ...(columns.has('agent_id') ? ['agent_id'] : []),
  ]
  return `SELECT session.*, parent.parent_session_id,
  COALESCE(title.title, prompt.title) AS title,
  COALESCE(prompt.prompts, 0) AS prompts,
  ${tokens.map(name => `spent.${name}`).join(', ')}, spent.cost,
  COALESCE(spent.unpriced_messages, 0) AS unpriced_messages
FROM (
  SELECT session_id, MIN(client_name) AS client_name, ARG_MAX(client_version, message_created_at) AS client_version,
    MIN(entrypoint) AS entrypoint,
    COALESCE(MIN(CASE WHEN NOT ${isTitle} THEN message_created_at END), MIN(message_created_at)) AS started_at,
    COALESCE(MAX(CASE WHEN NOT ${isTitle} THEN message_created_at END), MAX(message_created_at)) AS ended_at,
    STRING_AGG(DISTINCT model, ', ' ORDER BY model) FILTER (WHERE model <> '<synthetic>') AS models,
    ARG_MIN(cwd, message_created_at) AS cwd, ARG_MAX(git_branch, message_created_at) AS git_branch,
    ARG_MIN(repository, message_created_at) AS repository,
    COUNT(*) FILTER (WHERE part_index = 0 AND part_type <> 'usage' AND NOT ${isTitle}) AS messages,
    COUNT(*) FILTER (WHERE part_type = 'tool_call') AS tool_calls,
    ${agents} AS agents, COUNT(DISTINCT conversation_id) AS threads
  FROM (SELECT ${columnsSql(source, rows)} FROM ${builtinTable}) AS parts
  GROUP BY session_id
) AS session
LEFT JOIN (
  SELECT session_id, COUNT(*) AS prompts,
    SUBSTR(TRIM(REGEXP_REPLACE(
      REGEXP_REPLACE(ARG_MIN(text, message_created_at), ${editorContext}, '', 's'), '\\s+', ' ', 'g'
    )), 1, ${titleLength}) AS title
  FROM ${source.from('messages')}
  WHERE kind = 'prompt'
  GROUP BY session_id
) AS prompt ON prompt.session_id = session.session_id
LEFT JOIN (
  SELECT session_id, COALESCE(
    ARG_MAX(content_text, (message_created_at, message_index)) FILTER (WHERE provider_type = 'custom-title'),
    ARG_MAX(content_text, (message_created_at, message_index))
  ) AS title
  FROM (SELECT ${columnSql(source, 'session_id')}, provider_type, content_text, message_created_at, message_index
    FROM ${builtinTable} WHERE ${titles}) AS titles
  GROUP BY session_id
) AS title ON title.session_id = session.session_id
LEFT JOIN (
  SELECT session_id, ${tokens.map(name => `CAST(SUM(${name}) AS BIGINT) AS ${name}`).join(', ')},
    ROUND(SUM(cost), 6) AS cost, COUNT(*) - COUNT(cost) AS unpriced_messages
  FROM ${source.from('usage')}
  GROUP BY session_id
) AS spent ON spent.session_id = session.session_id
LEFT JOIN (
  SELECT session_id, MIN(COALESCE(
    ${jsonText('attributes', '$.claude.forked_from.sessionId')}, ${jsonText('attributes', '$.codex.forked_from_id')}
  )) AS parent_session_id
  FROM (SELECT ${columnsSql(source, ['session_id', 'conversation_id', 'parent_thread_id', 'is_sidechain'])}, attributes
    FROM ${builtinTable} WHERE part_index = 0 AND (message_index = 0 OR attributes LIKE '%"forked_from_id":"%')) AS beginnings
  WHERE COALESCE(conversation_id, session_id) = session_id OR (parent_thread_id IS NULL AND NOT COALESCE(is_sidechain, FALSE))
  GROUP BY session_id
) AS parent ON parent.session_id = session.session_id`
}

export const sessionsView: View = {
  name: 'sessions',
  doc: 'One row for each session: when, where, about what, and what it came to.',
  needs: ['client_version', 'entrypoint', 'message_index', 'part_index'],
  over: ['messages', 'usage'],
  columns: {
    session_id: 'which session',
    'client_name, client_version, entrypoint': 'the client, its latest version, the way in',
    'started_at, ended_at': 'its first and last time',
    models: 'the models that it names, separated by commas',
    'cwd, repository, git_branch': 'where it began, and its last branch',
    'messages, tool_calls, agents, threads': 'how many; subagents of Claude, threads of Codex',
    parent_session_id:
      'of a fork the session, with Codex the thread, that it was made from, where the client notes it; null where not',
    title: `the title that a person gave it, else the client’s, else the first ${titleLength} characters of the first prompt`,
    prompts: 'how many prompts a person wrote',
    'input_tokens, output_tokens, cache_creation_input_tokens, cache_read_input_tokens, uncached_input_tokens, total_tokens':
      'sums over the view `usage`: what forks share counts in one of them',
    cost: 'in US dollars, of the answers whose cost is known; null where none is',
    unpriced_messages: 'how many answers have no known cost, and so are not in it',
  },
  sql: sessionsSql,
}
