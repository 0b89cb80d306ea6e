import { expect, test } from 'vitest'
import { assistant, claudeOf, readLinesOf, session, user } from './transcript.ts'

test('every column that a line can fill is filled', async () => {
  const { rows } = await readLinesOf(
    assistant(
      [{ type: 'tool_use', id: 'toolu_1', name: 'Bash', input: { command: 'ls' }, caller: { type: 'direct' } }],
      {
        uuid: 'm1',
        parentUuid: 'm0',
        logicalParentUuid: 'l0',
        timestamp: '2026-06-13T19:37:26.328Z',
        agentId: 'a1',
        isSidechain: true,
        entrypoint: 'sdk-cli',
        permissionMode: 'plan',
        promptId: 'p1',
        sourceToolAssistantUUID: 's1',
      },
      {
        stop_reason: 'tool_use',
        usage: {
          input_tokens: 1,
          output_tokens: 2,
          cache_creation_input_tokens: 3,
          cache_read_input_tokens: 4,
        },
      },
    ),
  )
  const at = 1_781_379_446_328_000n
  expect(rows).toHaveLength(1)
  expect(rows[0]).toMatchObject({
    session_id: session,
    conversation_id: null,
    provider: 'anthropic',
    model: 'claude-opus-5',
    conversation_started_at: at,
    client_name: 'claude',
    cwd: '/code/widgets',
    git_branch: 'main',
    client_version: '2.1.220',
    entrypoint: 'sdk-cli',
    user_type: 'external',
    permission_mode: 'plan',
    is_sidechain: true,
    agent_id: 'a1',
    parent_thread_id: null,
    message_id: 'm1',
    previous_message_id: '[]',
    provider_uuid: 'msg_1',
    parent_uuid: 'm0',
    logical_parent_uuid: 'l0',
    source_tool_assistant_uuid: 's1',
    request_id: 'req_1',
    prompt_id: 'p1',
    message_index: 0,
    message_created_at: at,
    role: 'assistant',
    part_id: 'm1#0',
    part_index: 0,
    part_type: 'tool_call',
    provider_type: 'tool_use',
    tool_name: 'Bash',
    tool_call_id: 'toolu_1',
    tool_args: '{"command":"ls"}',
    caller_type: 'direct',
    status: '{"stop_reason":"tool_use"}',
    date: '2026-06-13',
    input_tokens: 1n,
    output_tokens: 2n,
    cache_creation_input_tokens: 3n,
    cache_read_input_tokens: 4n,
  })
})

test('the day is that of UTC, whatever zone the line was written in', async () => {
  const [row] = (await readLinesOf(user('late', { timestamp: '2026-06-13T23:30:00.000-02:00' }))).rows
  expect(row).toMatchObject({ date: '2026-06-14', message_created_at: 1_781_400_600_000_000n })
})

test('a response behind a gateway that names no request keeps the id of its message', async () => {
  const [row] = (
    await readLinesOf(assistant('hi', { requestId: undefined }, { id: 'gen-1', usage: { output_tokens: 5 } }))
  ).rows
  expect(row).toMatchObject({ provider_uuid: 'gen-1', request_id: null, output_tokens: 5n })
})

test('what a client believed a response to cost is kept as its belief, and counts nothing', async () => {
  const [row] = (await readLinesOf(assistant('hi', { costUSD: 0.5 }))).rows
  expect(claudeOf(row)).toEqual({ cost_usd: 0.5 })
  expect(row).toMatchObject({ input_tokens: null, output_tokens: null })
})

test('reasoning without its text keeps its signature', async () => {
  const [row] = (await readLinesOf(assistant([{ type: 'thinking', thinking: '', signature: 'sig' }]))).rows
  expect(row).toMatchObject({ part_type: 'reasoning', content_text: '', thinking_signature: 'sig' })
})

test('a line of the first clients leaves empty what they did not write', async () => {
  const { rows } = await readLinesOf({
    parentUuid: null,
    isSidechain: false,
    userType: 'external',
    cwd: '/code',
    sessionId: session,
    version: '1.0.17',
    type: 'user',
    message: { role: 'user', content: 'hello' },
    uuid: 'm1',
    timestamp: '2025-06-14T11:03:30.000Z',
  })
  expect(rows[0]).toMatchObject({
    client_version: '1.0.17',
    git_branch: null,
    entrypoint: null,
    agent_id: null,
    prompt_id: null,
    content_text: 'hello',
  })
  expect(rows).toHaveLength(1)
})
