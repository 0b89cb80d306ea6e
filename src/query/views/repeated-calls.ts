import { builtinTable } from '../../schema/builtin.ts'
import { columnsSql } from './columns.ts'
import type { ViewSource } from './view.ts'

/**
 * Calls whose id an earlier call of the same session, thread and agent has already, and the how manieth they are: some
 * gateways count the ids of calls from the beginning again. Most tables have none, and it reads no large text.
 */
export function repeatedCallsSql(source: ViewSource): string {
  return `SELECT session_id, message_id, part_index, turn
  FROM (
    SELECT session_id, message_id, part_index, ROW_NUMBER() OVER (
      PARTITION BY session_id, COALESCE(conversation_id, ''), COALESCE(agent_id, ''), tool_call_id
      ORDER BY message_created_at, message_index, part_index
    ) AS turn
    FROM (
      SELECT ${columnsSql(source, ['session_id', 'conversation_id', 'agent_id'])}, message_id, message_index, part_index,
        tool_call_id, message_created_at
      FROM ${builtinTable} WHERE part_type = 'tool_call' AND tool_call_id IS NOT NULL
    ) AS calls
  ) AS counted
  WHERE turn > 1`
}
