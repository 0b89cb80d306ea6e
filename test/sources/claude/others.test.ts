import { expect, test } from 'vitest'
import { claudeOf, json, line, readLinesOf, session, user } from './transcript.ts'

test('a prompt typed while the client was busy is a row of the user', async () => {
  const attachment = { type: 'queued_command', commandMode: 'prompt', prompt: 'and the tests too' }
  const { rows } = await readLinesOf(
    line('attachment', { attachment }),
    line('attachment', {
      attachment: { ...attachment, prompt: [{ type: 'text', text: 'as blocks' }, { type: 'image' }] },
    }),
  )
  expect(rows).toMatchObject([
    {
      role: 'user',
      part_type: 'text',
      provider_type: 'attachment',
      attachment_type: 'queued_command',
      content_text: 'and the tests too',
    },
    { role: 'user', content_text: 'as blocks' },
  ])
  expect(json(rows[0]?.['raw_frame'])).toEqual(attachment)
})

test('other attachments are rows of the system, with their kind and hook', async () => {
  const { rows } = await readLinesOf(
    line('attachment', {
      attachment: { type: 'hook_success', hookEvent: 'PreToolUse', content: '', stdout: 'fine\n' },
    }),
    line('attachment', { attachment: { type: 'hook_blocking_error', hookEvent: 'PostToolUse', blockingError: {} } }),
    line('attachment', {
      attachment: { type: 'hook_additional_context', hookEvent: 'UserPromptSubmit', content: ['a', 'b'] },
    }),
    line('attachment', { attachment: { type: 'edited_text_file', filename: 'a.txt', snippet: '1 a' } }),
    line('attachment', { attachment: { type: 'date_change', newDate: '2026-01-01' } }),
    line('attachment', { attachment: { fileName: 'x' } }),
  )
  expect(
    rows.map(row => [
      row['role'],
      row['attachment_type'],
      row['hook_event'],
      row['part_type'],
      row['content_text'],
      row['is_error'],
    ]),
  ).toEqual([
    ['system', 'hook_success', 'PreToolUse', 'text', 'fine\n', null],
    ['system', 'hook_blocking_error', 'PostToolUse', 'error', null, true],
    ['system', 'hook_additional_context', 'UserPromptSubmit', 'text', 'a\nb', null],
    ['system', 'edited_text_file', null, 'file', '1 a', null],
    ['system', 'date_change', null, 'other', null, null],
    ['system', null, null, 'other', null, null],
  ])
})

test('the text of an attachment is found where its kind keeps it', async () => {
  const { rows } = await readLinesOf(
    ...[
      { type: 'file', filename: 'a.txt', content: { type: 'text', file: { filePath: 'a.txt', content: 'of a file' } } },
      { type: 'nested_memory', path: 'M.md', content: { type: 'memory', path: 'M.md', content: 'of a memory' } },
      { type: 'plan_file_reference', planFilePath: 'p.md', planContent: 'of a plan' },
      { type: 'hook_blocking_error', hookEvent: 'Stop', blockingError: { blockingError: 'of a hook', command: 'x' } },
      { type: 'hook_non_blocking_error', hookEvent: 'Stop', stdout: '', stderr: 'of an error', exitCode: 1 },
      { type: 'task_reminder', content: [{ id: '1', subject: 'no text' }], itemCount: 1 },
    ].map(attachment => line('attachment', { attachment })),
  )
  expect(rows.map(row => [row['part_type'], row['content_text']])).toEqual([
    ['file', 'of a file'],
    ['file', 'of a memory'],
    ['file', 'of a plan'],
    ['error', 'of a hook'],
    ['error', 'of an error'],
    ['other', null],
  ])
  expect(rows.every(row => row['raw_frame'] !== null)).toBe(true)
})

test('a failed request says why', async () => {
  const { rows } = await readLinesOf(
    line('system', { subtype: 'api_error', error: { message: 'long', formatted: 'Overloaded' }, retryAttempt: 1 }),
    line('system', { subtype: 'error', error: { message: 'Too many requests', status: 429 } }),
    line('system', { subtype: 'error', error: 'gone' }),
    line('system', { subtype: 'api_refusal', content: 'refused', error: { message: 'not this' } }),
  )
  expect(rows.map(row => [row['part_type'], row['content_text']])).toEqual([
    ['error', 'Overloaded'],
    ['error', 'Too many requests'],
    ['error', 'gone'],
    ['text', 'refused'],
  ])
})

test('system lines keep their subtype, text and what compaction notes', async () => {
  const { rows } = await readLinesOf(
    line('system', { content: 'Running hook' }),
    line('system', {
      subtype: 'compact_boundary',
      content: 'Conversation compacted',
      logicalParentUuid: 'p',
      compactMetadata: { trigger: 'auto', preTokens: 155_025 },
    }),
    line('system', { subtype: 'api_error', error: { status: 529 }, retryAttempt: 1 }),
    line('system', { subtype: 'turn_duration', durationMs: 5 }),
  )
  expect(rows).toMatchObject([
    {
      role: 'system',
      provider_type: 'system',
      provider_subtype: null,
      part_type: 'text',
      content_text: 'Running hook',
    },
    {
      provider_subtype: 'compact_boundary',
      logical_parent_uuid: 'p',
      compact_metadata: '{"trigger":"auto","preTokens":155025}',
    },
    { provider_subtype: 'api_error', part_type: 'error', is_error: true, status: '{"error":{"status":529}}' },
    { provider_subtype: 'turn_duration', part_type: 'other', raw_frame: null },
  ])
  expect(claudeOf(rows[2])).toEqual({ retry_attempt: 1 })
  expect(claudeOf(rows[3])).toEqual({ duration_ms: 5 })
})

test('the message that sums up a compaction says so', async () => {
  const { rows } = await readLinesOf(user('This session is being continued', { isCompactSummary: true }))
  expect(rows[0]?.['is_compact_summary']).toBe(true)
})

test('a title is a side call of its session, written once however often the client repeats it', async () => {
  const ai = (aiTitle: string): object => ({ type: 'ai-title', aiTitle, sessionId: session })
  const read = await readLinesOf(user('hi'), ai('A'), ai('A'), user('more'), ai('A'), ai('B'), ai('A'), {
    type: 'custom-title',
    customTitle: 'A',
    sessionId: session,
  })
  const titles = read.rows.filter(row => claudeOf(row)['aux_kind'] === 'title')
  expect(titles.map(row => [row['provider_type'], row['content_text']])).toEqual([
    ['ai-title', 'A'],
    ['ai-title', 'B'],
    ['ai-title', 'A'],
    ['custom-title', 'A'],
  ])
  expect(titles.every(row => row['is_sidechain'] === true && row['role'] === 'system')).toBe(true)
  expect(new Set(titles.map(row => row['part_id'])).size).toBe(4)
  expect(read.skipped).toEqual({ 'repeated-title': 2 })
  const chained = read.rows.filter(row => row['role'] === 'user')
  expect(json(chained[1]?.['previous_message_id'])).toEqual([chained[0]?.['message_id']])
  expect((await readLinesOf({ sessionId: session, aiTitle: 'A', type: 'ai-title' })).rows[0]?.['message_id']).toBe(
    titles[0]?.['message_id'],
  )
})

test('a title line without a title is skipped', async () => {
  expect((await readLinesOf({ type: 'custom-title', sessionId: session })).skipped).toEqual({ 'no-content': 1 })
})

test('a line of an unknown type is kept whole if it names its session', async () => {
  const record = { type: 'sparkle-thing', sparkle: true, sessionId: session, timestamp: '2026-08-03T14:33:31.000Z' }
  const read = await readLinesOf(
    record,
    { sparkle: true, sessionId: session },
    { type: 'sparkle-thing', sparkle: true },
  )
  expect(read.rows).toMatchObject([
    { role: 'system', part_type: 'other', provider_type: 'sparkle-thing', date: '2026-08-03' },
    { role: 'system', part_type: 'other', provider_type: null },
  ])
  expect(json(read.rows[0]?.['raw_frame'])).toEqual(record)
  expect(read.skipped).toEqual({ 'no-session-id': 1 })
})
