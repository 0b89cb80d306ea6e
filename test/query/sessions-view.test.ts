import { expect, test } from 'vitest'
import type { Row } from '../../src/iceberg/types.ts'
import { rowsOf } from './asking.ts'
import { columnsOf, item, part, report, start } from './message-rows.ts'
import { realTable, session } from './real-table.ts'

const prices = [{ model: 'example-*', input: 1, output: 2, cacheRead: 0.5 }]

async function sessions(rows: readonly Row[], columns = '*'): Promise<Record<string, unknown>[]> {
  const table = await realTable(columnsOf(9))
  await table.append(rows)
  const query = await session({ tables: { ai_gateway_messages: table.table() }, prices })
  return rowsOf(query, `SELECT ${columns} FROM sessions ORDER BY session_id`)
}

const at = (seconds: number): { readonly message_created_at: bigint } => ({
  message_created_at: start + BigInt(seconds) * 1_000_000n,
})

const answer = (values: Row): Row => part({ role: 'assistant', provider_uuid: 'msg', request_id: 'req', ...values })

test('a session says when, where, with what and about what it was, and what it came to', async () => {
  const rows = [
    part({ ...at(1), content_text: '<command-name>/clear</command-name>' }),
    part({ ...at(2), content_text: '  Make it\n\n  work, please.', client_version: '2.1.0', entrypoint: 'cli' }),
    answer({ ...at(3), model: 'example-2', input_tokens: 2_000_000n, output_tokens: 1_000_000n, git_branch: 'main' }),
    answer({
      ...at(4),
      provider_uuid: 'b',
      model: 'unknown-1',
      input_tokens: 7n,
      output_tokens: 1n,
      cwd: '/later',
      git_branch: 'fix',
    }),
    answer({ ...at(5), provider_uuid: null, model: '<synthetic>', part_type: 'error' }),
    part({
      ...at(6),
      role: 'assistant',
      part_type: 'tool_call',
      tool_call_id: 'x',
      agent_id: 'a1',
      is_sidechain: true,
    }),
    part({ ...at(7), agent_id: 'acompact-1a2b3c', is_sidechain: true }),
  ]
  expect(await sessions(rows)).toEqual([
    {
      session_id: 's1',
      client_name: 'claude',
      client_version: '2.1.0',
      entrypoint: 'cli',
      started_at: '2026-05-28T20:26:41.000000Z',
      ended_at: '2026-05-28T20:26:47.000000Z',
      models: 'example-2, unknown-1',
      cwd: '/code',
      repository: '/code',
      git_branch: 'fix',
      messages: 7,
      tool_calls: 1,
      agents: 1,
      threads: 0,
      parent_session_id: null,
      title: 'Make it work, please.',
      prompts: 1,
      input_tokens: 2_000_007,
      output_tokens: 1_000_001,
      cache_creation_input_tokens: null,
      cache_read_input_tokens: null,
      uncached_input_tokens: 2_000_007,
      total_tokens: 3_000_008,
      cost: 4,
      unpriced_messages: 1,
    },
  ])
})

test('the title is what a person called it last, else what the client did, and is no message', async () => {
  const title = (type: string, text: string, seconds: number): Row =>
    part({ ...at(seconds), role: 'system', provider_type: type, content_text: text })
  const rows = [
    part({ ...at(2), content_text: 'Hello.' }),
    title('ai-title', 'By the client', 1),
    title('custom-title', 'By me', 2),
    title('custom-title', 'By me again', 3),
    title('ai-title', 'By the client again', 9),
    part({ ...at(2), session_id: 's2', content_text: 'x'.repeat(200) }),
    { ...title('ai-title', 'First', 1), session_id: 's3' },
    { ...title('ai-title', 'Last', 2), session_id: 's3' },
  ]
  expect(await sessions(rows, 'session_id, title, messages, started_at')).toEqual([
    { session_id: 's1', title: 'By me again', messages: 1, started_at: '2026-05-28T20:26:42.000000Z' },
    { session_id: 's2', title: 'x'.repeat(80), messages: 1, started_at: '2026-05-28T20:26:42.000000Z' },
    { session_id: 's3', title: 'Last', messages: 0, started_at: '2026-05-28T20:26:41.000000Z' },
  ])
})

test('what an editor puts before a prompt to Codex is no title', async () => {
  const text = '# Context from my IDE setup:\n\n## Open tabs:\n- a.ts\n\n## My request for Codex:\nMend a.ts.\n'
  expect(await sessions([item({ content_text: text })], 'title')).toEqual([{ title: 'Mend a.ts.' }])
})

test('the latest version of the client is that of its last rows, whatever comes last in the alphabet', async () => {
  const versions = ['2.1.9', '2.1.100', null].map((client_version, n) => part({ ...at(n), client_version }))
  expect(await sessions(versions, 'client_version')).toEqual([{ client_version: '2.1.100' }])
})

test('a session of Codex counts its threads, and says which thread it was made from', async () => {
  const forked = JSON.stringify({ codex: { forked_from_id: 't0' } })
  const rows = [
    item({ message_index: 0, content_text: 'Go.', attributes: forked }),
    item({ conversation_id: 't2', message_index: 0, is_sidechain: true, content_text: 'Look.' }),
    report({ model: 'example-3', input_tokens: 1_000_000n, cache_read_input_tokens: 1_000_000n, output_tokens: 0n }),
  ]
  const columns = 'session_id, threads, prompts, messages, parent_session_id, cost, unpriced_messages'
  expect(await sessions(rows, columns)).toEqual([
    { session_id: 't1', threads: 2, prompts: 1, messages: 2, parent_session_id: 't0', cost: 0.5, unpriced_messages: 0 },
  ])
})

test('a session of Codex is not made from its own thread, of which a subagent was', async () => {
  const attributes = JSON.stringify({ codex: { forked_from_id: 't1' } })
  const rows = [
    item({ message_index: 0, content_text: 'Go.' }),
    item({ conversation_id: 't2', message_index: 0, is_sidechain: true, content_text: 'Look.', attributes }),
  ]
  expect(await sessions(rows, 'session_id, parent_session_id')).toEqual([{ session_id: 't1', parent_session_id: null }])
})

test('a fork of Codex says its origin where its messages go on counting, and a spawned thread is none', async () => {
  const forked = (from: string): Row => ({ attributes: JSON.stringify({ codex: { forked_from_id: from } }) })
  const rows = [
    item({ message_index: 12, content_text: 'Go on.', ...forked('t0') }),
    item({ session_id: 't5', conversation_id: 't5', message_index: 0, content_text: 'Go.' }),
    item({ session_id: 't5', conversation_id: 't6', message_index: 0, parent_thread_id: 't5', ...forked('t5') }),
  ]
  expect(await sessions(rows, 'session_id, parent_session_id')).toEqual([
    { session_id: 't1', parent_session_id: 't0' },
    { session_id: 't5', parent_session_id: null },
  ])
})

test('a fork of Claude says its origin where the client notes it, and what both share is counted in one of them', async () => {
  const forked = JSON.stringify({ claude: { forked_from: { sessionId: 's1', messageUuid: 'm' } } })
  const shared = { model: 'example-1', input_tokens: 5n, output_tokens: 5n, ...at(1) }
  const rows = [
    answer({ ...shared, message_index: 0 }),
    answer({ ...shared, session_id: 's2', message_index: 0, attributes: forked }),
  ]
  const found = await sessions(rows, 'session_id, parent_session_id, COALESCE(total_tokens, 0) AS tokens')
  expect(found.map(row => row['parent_session_id'])).toEqual([null, 's1'])
  expect(found.map(row => Number(row['tokens'])).toSorted((a, b) => a - b)).toEqual([0, 10])
})
