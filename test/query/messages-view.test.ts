import { expect, test } from 'vitest'
import type { Row } from '../../src/iceberg/types.ts'
import { rowsOf } from './asking.ts'
import { asRelease, columnsOf, item, part, report } from './message-rows.ts'
import { realTable, session } from './real-table.ts'

async function messages(rows: readonly Row[], columns: string, release = 9): Promise<unknown[]> {
  const table = await realTable(columnsOf(release))
  await table.append(asRelease(release, rows))
  const query = await session({ tables: { ai_gateway_messages: table.table() } })
  return rowsOf(query, `SELECT ${columns} FROM messages ORDER BY message_created_at`)
}

async function kindOf(...parts: readonly Row[]): Promise<string> {
  const found = (await messages(parts, 'kind')) as { readonly kind: string }[]
  expect(found).toHaveLength(1)
  return found[0]?.kind ?? ''
}

const meta = '{"claude":{"is_meta":true},"client":{"name":"claude"}}'

test.each<[string, string, Row]>([
  ['prompt', 'what a person wrote', { content_text: 'Hello.' }],
  ['prompt', 'a prompt that speaks of marks of the client', { content_text: 'Why "is_meta":true and <command-name>?' }],
  ['prompt', 'a picture alone', { part_type: 'image', provider_type: 'image' }],
  [
    'prompt',
    'a prompt with what the editor shows before it',
    { content_text: '<ide_selection>x</ide_selection> Why?' },
  ],
  ['harness', 'what the editor shows alone', { content_text: '<ide_selection>x</ide_selection>\n' }],
  ['harness', 'an interruption', { content_text: '[Request interrupted by user for tool use]' }],
  ['harness', 'what a command printed', { content_text: '<local-command-stdout>x</local-command-stdout>' }],
  ['harness', 'what the shell printed', { content_text: '<bash-stdout>x</bash-stdout>' }],
  ['harness', 'what the client marks', { content_text: 'Base directory for this skill: /x', attributes: meta }],
  ['harness', 'nothing', { content_text: ' ' }],
  ['command', 'a command of the client', { content_text: '<command-name>/clear</command-name>' }],
  ['command', 'a command of the shell', { content_text: ' <bash-input>ls</bash-input>' }],
  ['subagent_prompt', 'what an agent told another', { content_text: 'Look.', is_sidechain: true }],
  ['side_call', 'a suggestion', { content_text: 'Look.', is_sidechain: true, agent_id: 'aprompt_suggestion-1a2b3c' }],
  ['side_call', 'a compaction', { role: 'assistant', is_sidechain: true, agent_id: 'acompact-1a2b3c' }],
  ['side_call', 'a title', { role: 'system', provider_type: 'ai-title', content_text: 'T' }],
  ['compact_summary', 'a summary', { content_text: 'So far.', is_compact_summary: true }],
  ['compact_boundary', 'a boundary', { role: 'system', provider_type: 'system', provider_subtype: 'compact_boundary' }],
  [
    'queued_prompt',
    'a prompt typed ahead',
    { provider_type: 'attachment', attachment_type: 'queued_command', raw_frame: '{"commandMode":"prompt"}' },
  ],
  [
    'harness',
    'a notice in the same place',
    {
      provider_type: 'attachment',
      attachment_type: 'queued_command',
      raw_frame: '{"commandMode":"task-notification"}',
    },
  ],
  ['attachment', 'a list of skills', { role: 'system', provider_type: 'attachment', attachment_type: 'skill_listing' }],
  ['tool_result', 'a result', { part_type: 'tool_result', content_text: 'ok' }],
  ['answer', 'an answer', { role: 'assistant', content_text: 'Yes.' }],
  ['reasoning', 'reasoning', { role: 'assistant', part_type: 'reasoning' }],
  ['tool_call', 'a call', { role: 'assistant', part_type: 'tool_call' }],
  ['error', 'a failed request', { role: 'assistant', part_type: 'error' }],
  ['system', 'a note', { role: 'system', provider_type: 'system' }],
  ['other', 'a message of a user without content', { part_type: 'other', provider_type: null, content_text: null }],
  [
    'prompt',
    'a block of a kind that nobody knows',
    { part_type: 'other', provider_type: 'sparkle', content_text: null },
  ],
  ['other', 'what nobody knows', { role: 'system', part_type: 'other', provider_type: 'sparkle' }],
])('%s: %s', async (kind, _, values) => {
  expect(await kindOf(part(values))).toBe(kind)
})

test.each<[string, string, Row]>([
  ['prompt', 'what a person wrote', { content_text: 'Hello.' }],
  [
    'harness',
    'what the client marks',
    { content_text: '<environment_context>', attributes: '{"codex":{"harness":"environment_context"}}' },
  ],
  ['subagent_prompt', 'what a thread was begun with', { content_text: 'Look.', is_sidechain: true }],
  [
    'harness',
    'what the client puts before that',
    {
      content_text: '<environment_context>',
      attributes: '{"codex":{"harness":"environment_context"}}',
      is_sidechain: true,
    },
  ],
  ['system', 'what the developer says', { role: 'system', provider_subtype: 'input_text', content_text: 'Be brief.' }],
  ['tool_result', 'an output', { role: 'tool', part_type: 'tool_result', provider_type: 'function_call_output' }],
  ['compact_boundary', 'a compaction', { role: 'system', part_type: 'other', provider_type: 'compaction' }],
  ['other', 'a message of a user without content', { part_type: 'other', content_text: null }],
  [
    'prompt',
    'an element of a kind that nobody knows',
    { part_type: 'other', provider_subtype: 'input_sparkle', content_text: null, raw_frame: '{}' },
  ],
])('of Codex %s: %s', async (kind, _, values) => {
  expect(await kindOf(item(values))).toBe(kind)
})

test('a message of several parts is one row, with their texts and the kind that counts', async () => {
  const parts = [
    part({
      message_id: 'x',
      part_index: 0,
      content_text: '<ide_opened_file>a</ide_opened_file>',
      message_created_at: 1n,
    }),
    part({ message_id: 'x', part_index: 2, content_text: 'please', message_created_at: 1n }),
    part({ message_id: 'x', part_index: 1, content_text: 'Fix it,', message_created_at: 1n }),
    part({ message_id: 'x', session_id: 's2', content_text: 'Of another session.' }),
    part({ message_id: 'y', part_index: 0, part_type: 'tool_result', content_text: null }),
    part({ message_id: 'y', part_index: 1, content_text: 'I said no.' }),
  ]
  expect(await messages(parts, 'session_id, message_id, kind, text, parts')).toEqual([
    {
      session_id: 's1',
      message_id: 'x',
      kind: 'prompt',
      text: '<ide_opened_file>a</ide_opened_file>\nFix it,\nplease',
      parts: 3,
    },
    { session_id: 's2', message_id: 'x', kind: 'prompt', text: 'Of another session.', parts: 1 },
    { session_id: 's1', message_id: 'y', kind: 'tool_result', text: 'I said no.', parts: 2 },
  ])
})

test('what Claude marks is marked whatever its other parts look like; what Codex puts in is told part by part', async () => {
  const marked = { content_text: '<x>', attributes: '{"codex":{"harness":"user_instructions"}}' }
  expect(
    await kindOf(
      part({ message_id: 'x', attributes: meta }),
      part({ message_id: 'x', part_index: 1, attributes: meta, content_text: 'a' }),
    ),
  ).toBe('harness')
  expect(await kindOf(item({ message_id: 'x', ...marked }), item({ message_id: 'x', part_index: 1, ...marked }))).toBe(
    'harness',
  )
  expect(
    await kindOf(item({ message_id: 'x', ...marked }), item({ message_id: 'x', part_index: 1, content_text: 'a' })),
  ).toBe('prompt')
  const [first, second, asked] = [marked, { part_index: 1, ...marked }, { part_index: 1, content_text: 'a' }].map(
    values => item({ message_id: 'x', is_sidechain: true, ...values }),
  ) as [Row, Row, Row]
  expect(await kindOf(first, second)).toBe('harness')
  expect(await kindOf(first, asked)).toBe('subagent_prompt')
})

test('reports of tokens are no messages', async () => {
  expect(await messages([report({})], '*')).toEqual([])
})

test('before agents had a column a request of the client is told by its mark', async () => {
  const aux = part({
    is_sidechain: true,
    content_text: 'Suggest.',
    attributes: '{"claude":{"aux_kind":"prompt_suggestion"}}',
  })
  expect(await messages([aux], 'kind', 4)).toEqual([{ kind: 'side_call' }])
})
