import { expect, test } from 'vitest'
import { maxBase64 } from '../../../src/sources/base64.ts'
import {
  assistant,
  codexOf,
  envelope,
  event,
  item,
  meta,
  output,
  readContent,
  readLinesOf,
  said,
  text,
  threadA,
  turn,
  user,
} from './rollouts.ts'

/** Some columns of each row. */
async function columns(names: readonly string[], ...lines: readonly Record<string, unknown>[]): Promise<unknown[]> {
  const { rows } = await readLinesOf(...lines)
  return rows.map(row => Object.fromEntries(names.map(name => [name, row[name]])))
}

test('each element of a message is a part of it', async () => {
  const content = [
    { type: 'input_text', text: 'see' },
    { type: 'input_image', image_url: 'https://example.com/a.png' },
    { type: 'input_file', file_id: 'f1' },
    { type: 'new_thing', wave: 1 },
    'bare text',
  ]
  expect(
    await columns(
      ['part_index', 'part_type', 'provider_type', 'provider_subtype', 'content_text', 'raw_frame'],
      item('message', { role: 'user', content }),
    ),
  ).toEqual([
    {
      part_index: 0,
      part_type: 'text',
      provider_type: 'message',
      provider_subtype: 'input_text',
      content_text: 'see',
      raw_frame: null,
    },
    {
      part_index: 1,
      part_type: 'image',
      provider_type: 'message',
      provider_subtype: 'input_image',
      content_text: null,
      raw_frame: JSON.stringify(content[1]),
    },
    {
      part_index: 2,
      part_type: 'file',
      provider_type: 'message',
      provider_subtype: 'input_file',
      content_text: null,
      raw_frame: JSON.stringify(content[2]),
    },
    {
      part_index: 3,
      part_type: 'other',
      provider_type: 'message',
      provider_subtype: 'new_thing',
      content_text: null,
      raw_frame: JSON.stringify(content[3]),
    },
    {
      part_index: 4,
      part_type: 'text',
      provider_type: 'message',
      provider_subtype: null,
      content_text: 'bare text',
      raw_frame: null,
    },
  ])
})

test('every item gives a row, also a message without content', async () => {
  const { rows, skipped } = await readLinesOf(
    item('message', { role: 'assistant', content: [] }),
    item('message', { role: 'assistant', content: null }),
    item('message', { role: 'assistant' }),
    item('reasoning', { summary: [] }),
  )
  expect(new Set(rows.map(row => row['message_id'])).size).toBe(4)
  expect(rows.map(row => row['part_type'])).toEqual(['other', 'other', 'other', 'reasoning'])
  expect(rows.map(row => row['raw_frame'])).toEqual([null, null, null, null])
  expect(skipped).toEqual({ 'thread-context': 1 })
})

test('who said it is the role: the client itself is the system, calls are the assistant, answers the tool', async () => {
  const roles = await columns(
    ['role'],
    user('a'),
    assistant('b'),
    item('message', { role: 'developer', content: 'c' }),
    item('message', { role: 'system', content: 'd' }),
    item('reasoning', { summary: [{ type: 'summary_text', text: 'e' }] }),
    item('function_call', { name: 'f', call_id: '1', arguments: '{}' }),
    output('1'),
    item('web_search_call', { action: { type: 'search', query: 'q' } }),
    item('agent_message', {
      author: '/first',
      recipient: '/first/worker',
      content: [{ type: 'input_text', text: 'go' }],
    }),
    item('mystery', { foo: 1 }),
  )
  expect(roles.map(row => (row as { role: string }).role)).toEqual([
    'user',
    'assistant',
    'system',
    'system',
    'assistant',
    'assistant',
    'tool',
    'assistant',
    'assistant',
    'system',
  ])
})

test('reasoning is its summary, and its encrypted form the signature', async () => {
  const summary = [
    { type: 'summary_text', text: 'one' },
    { type: 'summary_text', text: 'two' },
  ]
  const content = [{ type: 'reasoning_text', text: 'three' }]
  const { rows } = await readLinesOf(
    item('reasoning', { id: 'rs_1', summary, content: null, encrypted_content: 'gAAAA' }),
    item('reasoning', { summary, content }),
  )
  expect(rows[0]).toMatchObject({
    part_type: 'reasoning',
    content_text: 'one\ntwo',
    thinking_signature: 'gAAAA',
    provider_uuid: 'rs_1',
    raw_frame: null,
  })
  expect(rows[1]).toMatchObject({
    content_text: 'one\ntwo\nthree',
    raw_frame: JSON.stringify({ type: 'reasoning', summary, content }),
  })
})

test('a message between agents keeps who wrote to whom, and what only they can read', async () => {
  const { rows } = await readLinesOf(
    item('agent_message', {
      author: '/first',
      recipient: '/first/worker',
      content: [{ type: 'encrypted_content', encrypted_content: 'gAAA' }],
    }),
  )
  expect(rows[0]).toMatchObject({ provider_type: 'agent_message', thinking_signature: 'gAAA', raw_frame: null })
  expect(codexOf(rows[0])['item']).toEqual({ author: '/first', recipient: '/first/worker' })
})

test('a compaction is a summary', async () => {
  const kinds = ['compaction', 'compaction_summary', 'context_compaction']
  const { rows } = await readLinesOf(...kinds.map(kind => item(kind, { encrypted_content: `gA-${kind}` })))
  expect(rows.map(row => [row['provider_type'], row['is_compact_summary'], row['thinking_signature']])).toEqual(
    kinds.map(kind => [kind, true, `gA-${kind}`]),
  )
})

test('an item of a kind that is not known stands whole in its row', async () => {
  const { rows } = await readLinesOf(item('mystery_item', { foo: 'bar' }))
  expect(rows[0]).toMatchObject({
    part_type: 'other',
    provider_type: 'mystery_item',
    raw_frame: '{"type":"mystery_item","foo":"bar"}',
  })
})

test('a message that does not say that it is one is read as one', async () => {
  const { rows } = await readLinesOf(
    envelope('response_item', { role: 'user', content: [{ type: 'input_text', text: 'inspect files' }] }),
  )
  expect(rows).toHaveLength(1)
  expect(rows[0]).toMatchObject({
    role: 'user',
    part_type: 'text',
    provider_type: 'response_item',
    content_text: 'inspect files',
  })
})

test('a snapshot of the working tree is no row and is counted', async () => {
  const { rows, skipped } = await readLinesOf(
    item('ghost_snapshot', { ghost_commit: { id: 'c', parent: 'p' } }),
    user('hi'),
  )
  expect(said(rows)).toEqual(['hi'])
  expect(skipped).toEqual({ 'ghost-snapshot': 1, 'thread-context': 1 })
})

test('text of the client in a user’s name is marked and not hidden', async () => {
  const texts: readonly (readonly [string, string | undefined])[] = [
    ['<environment_context>\n  <cwd>/x</cwd>\n</environment_context>', 'environment_context'],
    ['# AGENTS.md instructions for /x\n\n<INSTRUCTIONS>', 'user_instructions'],
    ['<user_instructions>\nbe kind', 'user_instructions'],
    ['<permissions instructions>', 'permissions'],
    ['<turn_aborted>\nby the user', 'turn_aborted'],
    ['<subagent_notification>\n{}', 'subagent_notification'],
    ['<skill>\n<name>x</name>', 'skill'],
    ['<user_shell_command>\nls', 'user_shell_command'],
    ['\n <recommended_plugins>', 'recommended_plugins'],
    ['<model_switch>\n', 'model_switch'],
    ['please look at <environment_context>', undefined],
    ['# Context from my IDE setup:\n\n## My request for Codex:\ndo it', undefined],
    ['<div>why is this red?</div>', undefined],
    ['', undefined],
  ]
  const { rows } = await readLinesOf(...texts.map(([words]) => user(words)))
  expect(rows.map(row => [row['content_text'], codexOf(row)['harness']])).toEqual(texts)
})

test('several texts in one message are marked each for itself', async () => {
  const content = ['<environment_context>', 'and now the prompt'].map(words => ({ type: 'input_text', text: words }))
  const { rows } = await readLinesOf(item('message', { role: 'user', content }))
  expect(rows.map(row => codexOf(row)['harness'])).toEqual(['environment_context', undefined])
})

test('events and context are no rows: what they say has a line of its own, or stands in every row', async () => {
  const { rows, skipped } = await readLinesOf(
    event('user_message', { message: 'hi' }),
    event('agent_message', { message: 'hello' }),
    event('item_completed', { item: { type: 'UserMessage' } }),
    envelope('world_state', { files: [] }),
    envelope('inter_agent_communication', { author: 'a' }),
    envelope('compacted', { message: 'm', replacement_history: [{ type: 'message', role: 'user', content: 'hi' }] }),
    envelope('brand_new_line', { x: 1 }),
    { timestamp: '2026-03-01T10:00:00Z', type: 'response_item' },
    ...turn('t1'),
  )
  expect(rows).toEqual([])
  expect(skipped).toEqual({
    'client-event': 4,
    'thread-context': 4,
    compacted: 1,
    'unknown-line': 1,
    'no-content': 1,
  })
})

test('a row tells the settings of its turn and of its thread', async () => {
  const { rows } = await readLinesOf(
    user('before any turn'),
    ...turn('t1'),
    user('first'),
    ...turn('t2', { model: 'gpt-5.5', cwd: '/code/gears', approval_policy: 'never', effort: null }),
    assistant('second', { phase: 'final_answer' }),
  )
  expect(rows.map(row => [row['prompt_id'], row['model'], row['cwd'], row['permission_mode']])).toEqual([
    [null, null, '/code/widgets', null],
    ['t1', 'gpt-5.4', '/code/widgets', 'on-request'],
    ['t2', 'gpt-5.5', '/code/gears', 'never'],
  ])
  expect(rows[1]).toMatchObject({
    provider: 'openai',
    client_name: 'codex',
    client_version: '0.145.0',
    entrypoint: 'codex_cli_rs',
    conversation_source: 'cli',
    git_branch: 'main',
    git_remote: 'git@example.com:w/widgets.git',
    head_sha: 'c0ffee',
    agent_id: null,
    is_sidechain: false,
  })
  expect(codexOf(rows[1])).toEqual({ model_provider: 'openai', effort: 'high', sandbox: 'workspace-write' })
  expect(codexOf(rows[2])).toEqual({ model_provider: 'openai', sandbox: 'workspace-write', phase: 'final_answer' })
})

test('long base64 is cut out of what was said and answered, and stays in what a tool was called with', async () => {
  const picture = Buffer.alloc(maxBase64, 7).toString('base64')
  const uri = `data:image/png;base64,${picture}`
  const { rows, records } = await readLinesOf(
    item('message', { role: 'user', content: [{ type: 'input_image', image_url: uri }] }),
    output('1', [{ type: 'input_image', image_url: uri }]),
    output('2', `here: ${uri}`),
    item('image_generation_call', { id: 'ig_1', status: 'completed', result: picture }),
    item('function_call', { name: 'write', call_id: '3', arguments: JSON.stringify({ content: uri }) }),
    item('custom_tool_call', { name: 'apply_patch', call_id: '4', input: uri }),
  )
  const cut = /^.{0,200}omitted_bytes.{0,200}$/s
  for (const row of rows.slice(0, 2)) expect(row['raw_frame']).toMatch(cut)
  expect(rows[2]?.['content_text']).toMatch(cut)
  expect(rows[3]?.['raw_frame']).toMatch(cut)
  expect(rows[4]?.['tool_args']).toBe(JSON.stringify({ content: uri }))
  expect(rows[5]?.['tool_args']).toBe(JSON.stringify(uri))
  expect(JSON.stringify(records[0]).length).toBeLessThan(1000)
})

test('the description of a thread is kept once, without the prompts of the client', async () => {
  const own = meta(threadA, { memory_mode: 'enabled', base_instructions: { text: 'x'.repeat(10_000) } })
  const { rows } = await readContent(text(own, user('one'), user('two')))
  expect(rows[0]?.['attributes']).not.toContain('xxx')
  expect(codexOf(rows[0])['thread']).toMatchObject({ memory_mode: 'enabled', timestamp: '2026-03-01T09:00:00.000Z' })
  expect(codexOf(rows[1])['thread']).toBeUndefined()
})
