import { expect, test } from 'vitest'
import { assistant, claudeOf, json, line, readLinesOf, textIn, user } from './transcript.ts'

test('a message has one row per block, with ids that count its parts', async () => {
  const { rows } = await readLinesOf(
    assistant([
      { type: 'thinking', thinking: 'Let me see.', signature: 'sig' },
      { type: 'text', text: 'Listing.' },
      { type: 'tool_use', id: 'toolu_1', name: 'Bash', input: { command: 'ls' }, caller: { type: 'direct' } },
    ]),
  )
  const id = textIn(rows[0], 'message_id')
  expect(rows.map(row => [row['part_id'], row['part_index'], row['part_type'], row['provider_type']])).toEqual([
    [`${id}#0`, 0, 'reasoning', 'thinking'],
    [`${id}#1`, 1, 'text', 'text'],
    [`${id}#2`, 2, 'tool_call', 'tool_use'],
  ])
  expect(rows[0]).toMatchObject({ content_text: 'Let me see.', thinking_signature: 'sig', raw_frame: null })
  expect(rows[1]).toMatchObject({ content_text: 'Listing.', raw_frame: null })
  expect(rows[2]).toMatchObject({
    content_text: null,
    tool_name: 'Bash',
    tool_call_id: 'toolu_1',
    tool_args: '{"command":"ls"}',
    caller_type: 'direct',
    raw_frame: null,
  })
  expect(rows.every(row => row['role'] === 'assistant' && row['model'] === 'claude-opus-5')).toBe(true)
})

test('a string is one text', async () => {
  const { rows } = await readLinesOf(user('hello'))
  expect(rows).toHaveLength(1)
  expect(rows[0]).toMatchObject({ role: 'user', part_type: 'text', provider_type: 'text', content_text: 'hello' })
})

test('a tool result holds its text, what it answers and whether it failed', async () => {
  const { rows } = await readLinesOf(
    user([{ type: 'tool_result', tool_use_id: 't1', content: 'no such file', is_error: true }]),
    user([
      {
        type: 'tool_result',
        tool_use_id: 't2',
        content: [
          { type: 'text', text: 'a' },
          { type: 'text', text: 'b' },
        ],
      },
    ]),
    user([{ type: 'tool_result', tool_use_id: 't3' }]),
  )
  expect(rows).toMatchObject([
    { part_type: 'tool_result', tool_result_for: 't1', content_text: 'no such file', is_error: true, raw_frame: null },
    { tool_result_for: 't2', content_text: 'a\nb', is_error: null, raw_frame: null },
    { tool_result_for: 't3', content_text: null },
  ])
})

test('what a tool result holds beside text stays in raw_frame', async () => {
  const block = {
    type: 'tool_result',
    tool_use_id: 't1',
    content: [
      { type: 'text', text: 'see' },
      { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AAAA' } },
    ],
  }
  const [row] = (await readLinesOf(user([block]))).rows
  expect(row?.['content_text']).toBe('see')
  expect(json(row?.['raw_frame'])).toEqual(block)
})

test('images and documents are rows without text; long base64 is left out of raw_frame', async () => {
  const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'A'.repeat(80_000) } }
  const { rows } = await readLinesOf(user([image, { type: 'document', source: { type: 'base64', data: 'AAAA' } }]))
  expect(rows).toMatchObject([
    { part_type: 'image', content_text: null },
    {
      part_type: 'file',
      content_text: null,
      raw_frame: '{"type":"document","source":{"type":"base64","data":"AAAA"}}',
    },
  ])
  expect(json(rows[0]?.['raw_frame'])).toMatchObject({
    source: { media_type: 'image/png', data: { omitted_bytes: 60_000 } },
  })
})

test('a block of an unknown type is kept whole', async () => {
  const fallback = { type: 'fallback', from: { model: 'a' }, to: { model: 'b' } }
  const [row] = (await readLinesOf(assistant([fallback]))).rows
  expect(row).toMatchObject({ part_type: 'other', provider_type: 'fallback', content_text: null })
  expect(json(row?.['raw_frame'])).toEqual(fallback)
})

test('a known block with something new in it is kept whole as well', async () => {
  const { rows } = await readLinesOf(
    assistant([
      { type: 'text', text: 'cited', citations: [1] },
      { type: 'redacted_thinking', data: 'opaque' },
      { type: 'server_tool_use', id: 's1', name: 'web_search', input: { query: 'widgets' } },
      { type: 'web_search_tool_result', tool_use_id: 's1', content: [{ type: 'web_search_result', url: 'u' }] },
      { type: 'text', text: 5 },
    ]),
  )
  expect(rows.map(row => [row['part_type'], row['raw_frame'] !== null])).toEqual([
    ['text', true],
    ['reasoning', true],
    ['tool_call', false],
    ['tool_result', true],
    ['text', true],
  ])
  expect(rows[3]).toMatchObject({ tool_result_for: 's1', content_text: null })
  expect(rows[4]).toMatchObject({ content_text: null, raw_frame: '{"type":"text","text":5}' })
})

test('content that is no block keeps its place', async () => {
  const { rows } = await readLinesOf(user(['plain', 7, null, [1]]), user(5), user({ type: 'text', text: 'alone' }))
  expect(rows.map(row => [row['part_type'], row['content_text'], row['raw_frame']])).toEqual([
    ['text', 'plain', null],
    ['other', null, '7'],
    ['other', null, 'null'],
    ['other', null, '[1]'],
    ['other', null, '5'],
    ['text', 'alone', null],
  ])
})

test('each line reports the tokens that it states, although they grow over the lines of one response', async () => {
  const usage = {
    input_tokens: 3,
    cache_creation_input_tokens: 20,
    cache_read_input_tokens: 100,
    service_tier: 'standard',
  }
  const { rows } = await readLinesOf(
    assistant([{ type: 'text', text: 'a' }], {}, { usage: { ...usage, output_tokens: 5 } }),
    assistant([{ type: 'text', text: 'b' }], {}, { usage: { ...usage, output_tokens: 631 } }),
    assistant([{ type: 'text', text: 'c' }]),
  )
  expect(rows.map(row => row['output_tokens'])).toEqual([5n, 631n, null])
  expect(rows[1]).toMatchObject({
    provider_uuid: 'msg_1',
    request_id: 'req_1',
    input_tokens: 3n,
    cache_creation_input_tokens: 20n,
    cache_read_input_tokens: 100n,
  })
  expect(json(rows[1]?.['attributes'])['usage']).toEqual({ ...usage, output_tokens: 631 })
})

test('token counts that are none are null', async () => {
  const usage = {
    input_tokens: -1,
    output_tokens: '5',
    cache_read_input_tokens: 1.5,
    cache_creation_input_tokens: null,
  }
  const [row] = (await readLinesOf(assistant('a', {}, { usage }))).rows
  expect([row?.['input_tokens'], row?.['output_tokens'], row?.['cache_read_input_tokens']]).toEqual([null, null, null])
})

test('a failed request that is shown as an answer is an error', async () => {
  const { rows } = await readLinesOf(
    assistant(
      [{ type: 'text', text: 'You have hit your limit' }],
      { isApiErrorMessage: true, apiErrorStatus: 429, error: 'rate_limit' },
      { id: 'a158ca6c', model: '<synthetic>', stop_reason: 'stop_sequence' },
    ),
  )
  expect(rows[0]).toMatchObject({ part_type: 'error', provider_type: 'text', is_error: true, model: '<synthetic>' })
  expect(json(rows[0]?.['status'])).toEqual({
    stop_reason: 'stop_sequence',
    error: 'rate_limit',
    api_error_status: 429,
  })
})

test('the client’s own form of a tool result stands once, beside the result', async () => {
  const { rows } = await readLinesOf(
    user(
      [
        { type: 'text', text: 'note' },
        { type: 'tool_result', tool_use_id: 't1', content: 'ok' },
      ],
      {
        toolUseResult: { stdout: 'ok', interrupted: false },
      },
    ),
  )
  expect(rows.map(row => claudeOf(row)['tool_use_result'])).toEqual([undefined, { stdout: 'ok', interrupted: false }])
})

test('members without a column stand in attributes, under names like those of columns', async () => {
  const [row] = (
    await readLinesOf(
      user('hi', {
        isMeta: true,
        slug: 'quiet-fox',
        sourceToolUseID: 't1',
        todos: [],
        origin: { kind: 'human' },
        forkedFrom: { sessionId: 'x' },
        effort: null,
      }),
    )
  ).rows
  expect(json(row?.['attributes'])).toEqual({
    claude: {
      is_meta: true,
      slug: 'quiet-fox',
      source_tool_use_id: 't1',
      origin: { kind: 'human' },
      forked_from: { sessionId: 'x' },
    },
    client: { name: 'claude', version: '2.1.220' },
    gateway: { source: 'backfill' },
  })
})

test('a value of the wrong type is null in its column and kept in attributes', async () => {
  const [row] = (
    await readLinesOf(user('hi', { cwd: 5, version: { a: 1 }, isSidechain: 'yes', requestId: ['r'], gitBranch: '' }))
  ).rows
  expect(row).toMatchObject({ cwd: null, client_version: null, is_sidechain: null, request_id: null, git_branch: null })
  expect(claudeOf(row)).toEqual({ cwd: 5, version: { a: 1 }, is_sidechain: 'yes', request_id: ['r'] })
})

test('what a message brings beside its content is kept', async () => {
  const [row] = (
    await readLinesOf(assistant('a', {}, { stop_reason: 'end_turn', container: { id: 'c' }, context_management: null }))
  ).rows
  expect(claudeOf(row)['message']).toEqual({ container: { id: 'c' } })
  expect(row?.['status']).toBe('{"stop_reason":"end_turn"}')
})

test('names that mean something to JavaScript are names like others', async () => {
  const odd = `{"__proto__":{"polluted":true},"constructor":1,"toString":2,${JSON.stringify(user('hi')).slice(1)}`
  const [row] = (await readLinesOf(odd)).rows
  expect(row?.['content_text']).toBe('hi')
  expect(Object.keys(claudeOf(row)).sort()).toEqual(['__proto__', 'constructor', 'to_string'])
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
})

test('a message that is no object is kept as a line of unknown shape', async () => {
  const { rows } = await readLinesOf(line('user', { message: 'error' }))
  expect(rows[0]).toMatchObject({ role: 'system', part_type: 'other', provider_type: 'user' })
  expect(json(rows[0]?.['raw_frame'])).toMatchObject({ message: 'error' })
})
