import { neededFor } from './columns.ts'
import { firstPartsSql, laterPartsSql, messageKinds } from './kind.ts'
import type { View, ViewSource } from './view.ts'

const own = [
  'session_id',
  'conversation_id',
  'agent_id',
  'message_id',
  'message_index',
  'message_created_at',
  'date',
  'role',
  'is_sidechain',
  'model',
  'tool_name',
  'client_name',
  'cwd',
  'git_branch',
  'repository',
  'prompt_id',
  'parent_uuid',
] as const

/** Most messages have one part: only of the others anything has to be brought together. */
function messagesSql(source: ViewSource): string {
  return `SELECT ${own.map(name => `head.${name}`).join(', ')},
  SUBSTR(CASE WHEN more.kind < head.kind THEN more.kind ELSE head.kind END, 4) AS kind,
  CASE WHEN more.text IS NULL THEN head.content_text
    WHEN head.content_text IS NULL THEN more.text
    ELSE head.content_text || CHR(10) || more.text END AS text,
  1 + COALESCE(more.parts, 0) AS parts
FROM (
    ${firstPartsSql(source, [...own, 'content_text'], 'part_index = 0')}
) AS head
LEFT JOIN (
  SELECT session_id, message_id, MIN(kind) AS kind, COUNT(*) AS parts,
    STRING_AGG(content_text, CHR(10) ORDER BY part_index) AS text
  FROM (
    ${laterPartsSql(source, ['session_id', 'message_id', 'part_index', 'content_text'])}
  ) AS later
  GROUP BY session_id, message_id
) AS more ON more.session_id = head.session_id AND more.message_id = head.message_id`
}

export const messagesView: View = {
  name: 'messages',
  doc: 'One row for each message, with the text of its parts and what it is.',
  needs: [
    ...neededFor(own),
    'part_index',
    'part_type',
    'provider_type',
    'provider_subtype',
    'content_text',
    'attachment_type',
    'is_compact_summary',
    'raw_frame',
    'attributes',
  ],
  over: [],
  columns: {
    'session_id, conversation_id, agent_id, message_id, message_index': 'whose message, which, and its place',
    'message_created_at, date': 'when',
    'role, is_sidechain, model, tool_name, client_name, cwd, git_branch, prompt_id, parent_uuid': 'of its first part',
    repository: 'the git remote where it is known, else the root of the repository, else the working directory',
    kind: `what it is: ${Object.keys(messageKinds).join(', ')}`,
    text: 'the texts of its parts, one under the other; null where it has none',
    parts: 'how many rows of the table it is',
  },
  sql: messagesSql,
}
