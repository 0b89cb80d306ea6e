import { builtinTable } from '../../schema/builtin.ts'
import { columnsSql, neededFor } from './columns.ts'
import { repeatedCallsSql } from './repeated-calls.ts'
import type { View, ViewSource } from './view.ts'

const called = [
  'session_id',
  'conversation_id',
  'agent_id',
  'message_id',
  'tool_call_id',
  'tool_name',
  'tool_args',
  'client_name',
  'model',
  'message_created_at',
  'date',
  'cwd',
  'git_branch',
  'repository',
] as const

/** Characters of a result: the texts of all results at once may be more than memory. */
const resultLength = 1000

/**
 * A call and its result belong together within a session, thread and agent: elsewhere the same id may mean another call.
 * Where it does so even there, the second call has the second result.
 */
function toolCallsSql(source: ViewSource): string {
  return `SELECT ${called.map(name => (name === 'message_created_at' ? 'call.message_created_at AS called_at' : `call.${name}`)).join(', ')},
  result.message_created_at AS result_at,
  DATE_DIFF('millisecond', call.message_created_at, result.message_created_at) AS duration_ms,
  CASE WHEN result.message_id IS NOT NULL THEN COALESCE(result.is_error, FALSE) END AS is_error,
  result.result_text, result.message_id AS result_message_id
FROM (
  SELECT ${columnsSql(source, called)}, part_index
  FROM ${builtinTable} WHERE part_type = 'tool_call'
) AS call
LEFT JOIN (
  ${repeatedCallsSql(source)}
) AS repeated ON repeated.session_id = call.session_id AND repeated.message_id = call.message_id
  AND repeated.part_index = call.part_index
LEFT JOIN (
  SELECT *, ROW_NUMBER() OVER (
    PARTITION BY session_id, COALESCE(conversation_id, ''), COALESCE(agent_id, ''), tool_result_for
    ORDER BY message_created_at, message_index, part_index
  ) AS place
  FROM (
    SELECT ${columnsSql(source, ['session_id', 'conversation_id', 'agent_id'])}, message_id, message_index, part_index,
      tool_result_for, message_created_at, is_error, SUBSTR(content_text, 1, ${resultLength}) AS result_text
    FROM ${builtinTable} WHERE part_type = 'tool_result' AND tool_result_for IS NOT NULL
  ) AS results
) AS result ON result.session_id = call.session_id AND result.tool_result_for = call.tool_call_id
  AND result.place = COALESCE(repeated.turn, 1)
  AND COALESCE(result.conversation_id, '') = COALESCE(call.conversation_id, '')
  AND COALESCE(result.agent_id, '') = COALESCE(call.agent_id, '')`
}

export const toolCallsView: View = {
  name: 'tool_calls',
  doc: 'One row for each call of a tool, with its result where there is one.',
  needs: [
    ...neededFor(called),
    'message_index',
    'part_index',
    'part_type',
    'tool_result_for',
    'is_error',
    'content_text',
  ],
  over: [],
  columns: {
    'session_id, conversation_id, agent_id, message_id': 'who called',
    'tool_call_id, tool_name, tool_args': 'what was called; the arguments are JSON text',
    'client_name, model, date, cwd, git_branch': 'of the call',
    repository: 'the git remote where it is known, else the root of the repository, else the working directory',
    'called_at, result_at, duration_ms': 'when, and how long it took; null without a result, as are the next',
    is_error: 'whether it failed; false where the client does not say',
    result_text: `the first ${resultLength} characters of the result; of several for one call the first, of several calls with one id to each its own`,
    result_message_id: 'the message whose `text` in the view `messages` is all of it',
  },
  sql: toolCallsSql,
}
