import { builtinTable } from '../../schema/builtin.ts'
import { callResultsSql } from './call-results.ts'
import { columnsSql, neededFor } from './columns.ts'
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

/** Results are of the call's own session by name, so that a query over one session reads only what that one has. */
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
  ${callResultsSql(source)}
) AS answered ON answered.session_id = call.session_id AND answered.message_id = call.message_id
  AND answered.part_index = call.part_index
LEFT JOIN (
  SELECT ${columnsSql(source, ['session_id'])}, message_id, part_index, message_created_at, is_error,
    SUBSTR(content_text, 1, ${resultLength}) AS result_text
  FROM ${builtinTable} WHERE part_type = 'tool_result'
) AS result ON result.session_id = call.session_id AND result.message_id = answered.result_message_id
  AND result.part_index = answered.result_part_index`
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
    result_text: `the first ${resultLength} characters of the result; of several for one call the first`,
    result_message_id: 'the message whose `text` in the view `messages` is all of it',
  },
  sql: toolCallsSql,
}
