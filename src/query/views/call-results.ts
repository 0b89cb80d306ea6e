import { builtinTable } from '../../schema/builtin.ts'
import { columnsSql } from './columns.ts'
import type { ViewSource } from './view.ts'

/**
 * Which row is the result of which call: of all that carries a call's id within its session, thread and agent, what comes
 * next, where that is a result. Elsewhere the same id may mean another call, and even there some gateways count the ids
 * of calls from the beginning again: so each use of an id has its own result, also after a call that has none, or several.
 * No large text is read for it.
 */
export function callResultsSql(source: ViewSource): string {
  return `SELECT session_id, message_id, part_index, result_message_id, result_part_index
  FROM (
    SELECT session_id, message_id, part_index, part_type, LEAD(part_type) OVER of_call AS next_type,
      LEAD(message_id) OVER of_call AS result_message_id, LEAD(part_index) OVER of_call AS result_part_index
    FROM (
      SELECT ${columnsSql(source, ['session_id', 'conversation_id', 'agent_id'])}, message_id, message_index, part_index,
        part_type, message_created_at,
        CASE WHEN part_type = 'tool_call' THEN tool_call_id ELSE tool_result_for END AS call_id
      FROM ${builtinTable} WHERE part_type IN ('tool_call', 'tool_result')
    ) AS steps
    WHERE call_id IS NOT NULL
    WINDOW of_call AS (
      PARTITION BY session_id, COALESCE(conversation_id, ''), COALESCE(agent_id, ''), call_id
      ORDER BY message_created_at, message_index, part_index
    )
  ) AS followed
  WHERE part_type = 'tool_call' AND next_type = 'tool_result'`
}
