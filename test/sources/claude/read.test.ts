import { appendFile, chmod, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readClaudeFile } from '../../../src/sources/claude/read.ts'
import {
  asOrdinaryUser,
  assistant,
  line,
  readContent,
  readFileWhole,
  readLinesOf,
  session,
  transcript,
  tree,
  user,
  without,
} from './transcript.ts'

test('every line ends as rows or as one skip', async () => {
  const read = await readLinesOf(
    user('hello'),
    assistant([
      { type: 'text', text: 'hi' },
      { type: 'tool_use', id: 't1', name: 'Bash', input: {} },
    ]),
    line('progress'),
    '{"broken',
    '[]',
    '"text"',
    '',
    without(user('whose?'), 'sessionId'),
    { type: 'ai-title', aiTitle: '', sessionId: session },
  )
  expect(read.counts).toMatchObject({ lines: 8, rows: 3 })
  expect(read.lines).toHaveLength(2)
  expect(read.skipped).toEqual({
    progress: 1,
    'invalid-json': 1,
    'not-an-object': 2,
    'no-session-id': 1,
    'no-content': 1,
  })
})

test('a message without content is a row: others reply to it', async () => {
  const nothing = [user(null), user(''), user([]), assistant(undefined)]
  const read = await readLinesOf(...nothing, user('and now?'))
  expect(read.skipped).toEqual({})
  expect(read.rows).toMatchObject([
    { role: 'user', part_type: 'other', provider_type: null, content_text: null, raw_frame: null },
    { role: 'user', part_type: 'other', provider_type: null, content_text: null, raw_frame: null },
    { role: 'user', part_type: 'other', provider_type: null, content_text: null, raw_frame: null },
    { role: 'assistant', part_type: 'other', provider_type: null, content_text: null, raw_frame: null },
    { content_text: 'and now?', message_index: 4 },
  ])
})

test('an answer without content keeps its usage in a row of its own, and lines of unknown types are kept', async () => {
  const billed = assistant([])
  const message = { ...(billed as { message: object }).message, usage: { input_tokens: 3, output_tokens: 900 } }
  const read = await readLinesOf({ ...billed, message }, line('result', { text: 'done' }))
  expect(read.skipped).toEqual({})
  expect(read.rows).toMatchObject([
    { role: 'assistant', part_type: 'other', part_index: 0, content_text: null, output_tokens: 900n },
    { part_type: 'other', provider_type: 'result' },
  ])
})

test('all bytes of the file are counted, blank lines included', async () => {
  const content = `\n${transcript(user('a'), line('progress'))}\n\n`
  expect((await readContent(content)).counts.bytes).toBe(Buffer.byteLength(content))
})

test('a record carries the whole line, also what has no column', async () => {
  const record = user('hello', { brandNew: { deep: [1] } })
  expect((await readLinesOf(record)).records).toEqual([record])
})

test('an unfinished last line is set aside, and read when it is finished', async () => {
  const whole = transcript(user('one'), user('two'))
  const torn = await readContent(whole.slice(0, -20))
  expect(torn.rows).toHaveLength(1)
  expect(torn.skipped).toEqual({ 'torn-tail': 1 })
  expect((await readContent(whole)).rows).toHaveLength(2)
})

test('a finished last line is read although its newline is missing, and is the same message with it', async () => {
  const content = transcript(user('one'), without(user('two'), 'uuid'))
  const early = await readContent(content.slice(0, -1))
  expect(early.skipped).toEqual({})
  expect(early.rows).toEqual((await readContent(content)).rows)
})

test('byte order mark, carriage returns and line separators change nothing', async () => {
  const lines = [user('first'), user('second \u2028 third \u2029 fourth'), without(user('no uuid'), 'uuid')]
  const plain = transcript(...lines)
  const odd = `\ufeff${plain.replaceAll('\n', '\r\n')}`
  expect((await readContent(odd)).rows).toEqual((await readContent(plain)).rows)
  expect((await readContent(plain)).rows[1]?.['content_text']).toBe('second \u2028 third \u2029 fourth')
})

test('a run of NULs costs no line but its own', async () => {
  const content = `${transcript(user('one'))}${'\0'.repeat(4096)}\n${'\0'.repeat(100)}${transcript(user('two'))}`
  const read = await readContent(content)
  expect(read.rows.map(row => row['content_text'])).toEqual(['one', 'two'])
  expect(read.skipped).toEqual({ 'invalid-json': 1 })
})

test('a run of NULs behind a line costs nothing, and a last line is not whole while it ends in one', async () => {
  const one = transcript(user('one')).trimEnd()
  const read = await readContent(`${one}\0\0\0\r\n${transcript(user('two'))}`)
  expect(read.rows.map(row => row['content_text'])).toEqual(['one', 'two'])
  expect(read.skipped).toEqual({})
  expect((await readContent(`${one}\0\0\0`)).skipped).toEqual({ 'torn-tail': 1 })
})

test('a byte order mark before any line costs none, as in files that were put together', async () => {
  const content = `\ufeff${transcript(user('one'))}\ufeff${transcript(user('two'))}`
  expect((await readContent(content)).rows).toHaveLength(2)
})

test('a transcript that somebody printed prettily is damage line by line, and what follows is read', async () => {
  const pretty = JSON.stringify(user('one'), null, 2)
  const read = await readContent(`${pretty}\n${transcript(user('two'))}`)
  expect(read.rows.map(row => row['content_text'])).toEqual(['two'])
  expect(read.skipped).toEqual({ 'invalid-json': pretty.split('\n').length })
})

test('half a surrogate pair becomes U+FFFD in the row and in the record, a whole pair stays', async () => {
  const content = transcript(user('mark')).replace('mark', 'a\\ud83d b\\ude00 c\\ud83d\\ude00')
  const read = await readContent(content)
  expect(read.rows[0]?.['content_text']).toBe('a\ufffd b\ufffd c😀')
  expect(JSON.stringify(read.records)).not.toContain('\\ud')
  const unknown = await readContent(transcript(line('new', { note: 'mark' })).replace('mark', '\\uD83D'))
  expect(unknown.rows[0]?.['raw_frame']).toContain('\ufffd')
})

test('bytes that are no UTF-8 cost no line', async () => {
  const content = Buffer.from(transcript(user('mark')))
  content[content.indexOf('mark')] = 0xff
  expect((await readContent(content)).rows[0]?.['content_text']).toBe('\ufffdark')
})

test('a line above the limit is skipped and counted', async () => {
  const path = join(await tree({ 'a.jsonl': transcript(user('short'), user('x'.repeat(9000))) }), 'a.jsonl')
  const read = await readFileWhole(path, { maxLineBytes: 5000 })
  expect(read.rows).toHaveLength(1)
  expect(read.skipped).toEqual({ 'line-too-long': 1 })
})

test('a line nested beyond reason is skipped and counted', async () => {
  const deep = `{"type":"new","sessionId":"${session}","x":${'['.repeat(100_000)}${']'.repeat(100_000)}}`
  const read = await readContent(`${deep}\n${transcript(user('after'))}`)
  expect(read.rows).toHaveLength(1)
  expect(read.skipped).toEqual({ 'nested-too-deeply': 1 })
})

test('a line of more values than memory holds is skipped and counted, and one of many parts is one row', async () => {
  const many = (count: number, value: string): string => `[${`${value},`.repeat(count)}${value}]`
  const crowded = JSON.stringify({ ...user('x'), x: 'X' }).replace('"X"', many(1_000_000, '{}'))
  const quoted = user(many(1_000_000, '{}'))
  const parts = JSON.stringify(user('P')).replace('"P"', many(20_000, '"a"'))
  const read = await readContent(
    [JSON.stringify(user('a')), crowded, JSON.stringify(quoted), parts, JSON.stringify(user('b'))].join('\n') + '\n',
  )
  expect(read.skipped).toEqual({ 'too-many-values': 1 })
  expect(read.rows.map(row => row['part_type'])).toEqual(['text', 'text', 'other', 'text'])
})

test('a line that turns out to be nested beyond reason leaves no trace in those after it', async () => {
  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
  const result = { type: 'tool_result', tool_use_id: 't1', content: 'ok' }
  const one = user('one', { uuid: 'm1' })
  const two = JSON.stringify(user([result], { uuid: 'm2' }))
  const three = user('three', { uuid: 'm3' })
  const read = await readLinesOf(one, two.replace(/}$/, `,"toolUseResult":${deep}}`), three)
  expect(read.skipped).toEqual({ 'nested-too-deeply': 1 })
  expect(read.rows).toEqual((await readLinesOf(one, three)).rows)
})

test('progress lines are skipped, and the message they carry is not looked into', async () => {
  const message = { type: 'assistant', message: { role: 'assistant', content: [{ type: 'text', text: 'copy' }] } }
  const progress = line('progress', { data: { type: 'agent_progress', message } })
  const { type, ...reordered } = progress
  const read = await readLinesOf(progress, { ...reordered, type }, { type: 'progress', data: {} })
  expect(read.rows).toEqual([])
  expect(read.skipped).toEqual({ progress: 3 })
})

test('a line that only quotes a progress line is not taken for one', async () => {
  const read = await readLinesOf(
    { meta: { type: 'progress' }, ...user('one') },
    { list: [{ type: 'progress', x: 1 }], ...user('two') },
    { note: '{"type":"progress"', ...user('three') },
    assistant([{ type: 'tool_use', id: 't', name: 'x', input: { type: 'progress' } }]),
    { note: 'a \\', ...user('{"type":"progress"') },
    { summary: { type: 'summary' }, ...user('six') },
    { message: { type: 'queue-operation', content: 'seven' }, sessionId: session, type: 'user' },
    line('progress-report'),
  )
  expect(read.rows).toHaveLength(8)
})

test('noise that is too long to be read is still told by its kind, and other lines are told with their place', async () => {
  const directory = await tree({
    'a.jsonl': transcript(
      { type: 'file-history-snapshot', snapshot: 'x'.repeat(9000) },
      line('progress', { data: 'x'.repeat(9000) }),
      user('x'.repeat(9000)),
      user('short'),
    ),
  })
  const read = await readFileWhole(join(directory, 'a.jsonl'), { maxLineBytes: 5000 })
  expect(read.rows.map(row => row['content_text'])).toEqual(['short'])
  expect(read.skipped).toEqual({ 'file-history': 1, progress: 1, 'line-too-long': 1 })
  expect(read.malformed.map(({ line: number, reason }) => [number, reason])).toEqual([[3, 'line-too-long']])
})

test('known noise is skipped by reason', async () => {
  const read = await readLinesOf(
    { type: 'file-history-snapshot', messageId: 'm', snapshot: {} },
    { type: 'file-history-delta', messageId: 'm' },
    { type: 'summary', summary: 'Widgets', leafUuid: 'x' },
    { type: 'queue-operation', operation: 'enqueue', sessionId: session, content: 'later' },
    ...['last-prompt', 'agent-name', 'agent-setting', 'permission-mode', 'mode', 'pr-link', 'worktree-state'].map(
      type => ({ type, sessionId: session }),
    ),
    ...['bridge-session', 'frame-link', 'relocated', 'atis-latch'].map(type => ({ type, sessionId: session })),
  )
  expect(read.rows).toEqual([])
  expect(read.skipped).toEqual({
    'file-history': 2,
    summary: 1,
    'queue-operation': 1,
    'session-state': 11,
  })
})

test('a file that vanished is reported, not thrown', async () => {
  const path = join(await tree({ 'a.jsonl': transcript(user('one')) }), 'a.jsonl')
  await rm(path)
  const read = await readFileWhole(path)
  expect(read).toMatchObject({ rows: [], unreadable: [{ path, reason: 'it is no longer there' }] })
})

test('a file without permission is reported, not thrown', async () => {
  const directory = await tree({ 'a.jsonl': transcript(user('one')) })
  const path = join(directory, 'a.jsonl')
  await chmod(directory, 0o755)
  await chmod(path, 0)
  const read = await asOrdinaryUser(() => readFileWhole(path))
  expect(read).toMatchObject({ rows: [], unreadable: [{ path, reason: 'permission denied' }], end: undefined })
})

test('a file that vanishes while it is read gives what was read of it', async () => {
  const path = join(await tree({ 'a.jsonl': transcript(user('one'), user('two')) }), 'a.jsonl')
  const read = readClaudeFile({ path, size: 1, mtimeMs: 0 })
  await read.captured.next()
  await rm(path)
  expect((await read.captured.next()).value).toHaveLength(1)
  expect((await read.captured.next()).done).toBe(true)
  expect(read.unreadable).toEqual([])
})

test('what comes to a file while it is read is left for the next reading, which goes on there', async () => {
  const path = join(await tree({ 'a.jsonl': transcript(user('one')) }), 'a.jsonl')
  const read = readClaudeFile({ path, size: 0, mtimeMs: 0 })
  await read.captured.next()
  await appendFile(path, transcript(user('two')))
  expect((await read.captured.next()).done).toBe(true)
  const next = await readFileWhole(path, { from: read.end })
  expect(next.rows.map(row => [row['content_text'], row['message_index']])).toEqual([['two', 1]])
  expect(next.counts).toMatchObject({ lines: 1, bytes: transcript(user('two')).length })
})

test('a directory in the place of a file is reported, not thrown', async () => {
  const path = await tree({})
  expect((await readFileWhole(path)).unreadable).toEqual([{ path, reason: 'it is a directory' }])
})

test('reading can be stopped, and that is thrown', async () => {
  const path = join(await tree({ 'a.jsonl': transcript(user('one')) }), 'a.jsonl')
  const read = readClaudeFile({ path, size: 1, mtimeMs: 0 }, { signal: AbortSignal.abort(new Error('enough')) })
  await expect(read.captured.next()).rejects.toThrow('enough')
  expect(read.unreadable).toEqual([])
})

test('damaged lines are told with their place, blank lines counted, and no more than twenty of a file', async () => {
  const { malformed } = await readContent(`\n${transcript(user('one'))}{"type":\n[1]\n`)
  expect(malformed.map(({ line: at, reason }) => [at, reason])).toEqual([
    [3, 'invalid-json'],
    [4, 'not-an-object'],
  ])
  expect((await readContent('{\n'.repeat(30))).malformed).toHaveLength(20)
})

test('reading on from where it ended gives what reading from the beginning would have given', async () => {
  const lines = ['one', 'two', 'two', 'three'].map(text => JSON.stringify({ ...user(text), uuid: undefined }))
  const directory = await tree({ [`${session}.jsonl`]: `${lines[0]}\n\n${lines[1]}\n${lines[2]?.slice(0, 20)}` })
  const path = join(directory, `${session}.jsonl`)
  const first = await readFileWhole(path)
  expect(first.skipped).toEqual({ 'torn-tail': 1 })
  // The line is finished, without a newline at first.
  await writeFile(path, `${lines[0]}\n\n${lines[1]}\n${lines[2]}`)
  const second = await readFileWhole(path, { from: first.end })
  await writeFile(path, `${lines[0]}\n\n${lines[1]}\n${lines[2]}\n${lines[3]}\n{\n`)
  const third = await readFileWhole(path, { from: second.end })
  const whole = await readFileWhole(path)
  expect([...first.rows, ...second.rows, ...third.rows]).toEqual(whole.rows)
  expect(whole.rows).toHaveLength(4)
  expect(third.malformed).toEqual(whole.malformed)
  expect(third.counts.lines).toBe(2)
  expect(third.end?.line).toBe(whole.end?.line)
})
