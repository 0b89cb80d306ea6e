import { appendFile, chmod, rm, truncate } from 'node:fs/promises'
import { expect, test } from 'vitest'
import {
  archivedPlaceOf,
  assistant,
  codexHome,
  codexOf,
  envelope,
  item,
  meta,
  placeOf,
  readContent,
  readLinesOf,
  said,
  text,
  threadA,
  threadB,
  threadC,
  user,
  zstdCompressed,
} from './rollouts.ts'

const place = placeOf(threadA)
const isRoot = process.getuid?.() === 0

test('every line gives rows or is counted under one reason', async () => {
  const { counts, lines, skipped, malformed } = await readContent(
    `${text(meta(threadA), user('a'), '{"half":', '[]', '', item('ghost_snapshot'), assistant('b'))}{"type":"resp`,
  )
  expect(counts.lines).toBe(7)
  expect(skipped).toEqual({
    'thread-context': 1,
    'invalid-json': 1,
    'not-an-object': 1,
    'ghost-snapshot': 1,
    'torn-tail': 1,
  })
  expect(lines).toHaveLength(2)
  expect(malformed).toEqual([
    { path: expect.stringContaining(place) as string, line: 3, reason: 'invalid-json' },
    { path: expect.stringContaining(place) as string, line: 4, reason: 'not-an-object' },
  ])
})

test('byte order marks, carriage returns, runs of NULs and blank lines do no harm', async () => {
  const [first, second, third] = [meta(threadA), user('a'), user('b')].map(line => JSON.stringify(line))
  const { rows, skipped } = await readContent(
    `\ufeff${first}\r\n\0\0\0\0${second}\r\n\r\n\n \t\n\0\0\0\n\ufeff${third}\r\n\0\0\0\0`,
  )
  expect(said(rows)).toEqual(['a', 'b'])
  expect(skipped).toEqual({ 'thread-context': 1, 'invalid-json': 1, 'torn-tail': 1 })
})

test('U+2028 and U+2029 are characters of a line', async () => {
  const { rows, skipped } = await readLinesOf(user('a\u2028b\u2029c'))
  expect(said(rows)).toEqual(['a\u2028b\u2029c'])
  expect(skipped).toEqual({ 'thread-context': 1 })
})

test('half a surrogate pair and bytes that are no UTF-8 become U+FFFD', async () => {
  const broken = JSON.stringify(user('x_y')).replace('x_y', String.raw`x\ud83dy`)
  const { rows } = await readContent(
    Buffer.concat([
      Buffer.from(text(meta(threadA), broken)),
      Buffer.from(JSON.stringify(user('p_q')).replace('p_q', 'p\x00q')).map(byte => (byte === 0 ? 0xff : byte)),
    ]),
  )
  expect(said(rows)).toEqual(['x\ufffdy', 'p\ufffdq'])
})

test('a snapshot and a compacted history are passed over unparsed, however long and whatever follows their kind', async () => {
  const long = 'x'.repeat(300_000)
  const ghost = `{"timestamp":"2026-03-01T10:00:00Z","type":"response_item","payload":{"type":"ghost_snapshot","ghost_commit":{"id":"${long}`
  const compacted = `{"timestamp":"2026-03-01T10:00:00Z","ordinal":4,"type":"compacted","payload":{"message":"${long}`
  const other = JSON.stringify(user(long))
  const content = text(
    meta(threadA),
    `${ghost} no JSON`,
    compacted,
    other,
    `{"type":"ghost_snapshot","x":"${long}`,
    user('end'),
  )
  const { rows, skipped } = await readContent(content, { maxLineBytes: 100_000 })
  expect(said(rows)).toEqual(['end'])
  expect(skipped).toEqual({ 'thread-context': 1, 'ghost-snapshot': 2, compacted: 1, 'line-too-long': 1 })
})

test('a line that only quotes another is not taken for it', async () => {
  const { rows } = await readLinesOf(
    user('{"type":"compacted","payload":{"type":"ghost_snapshot"}}'),
    envelope('response_item', { note: { type: 'ghost_snapshot' }, type: 'message', role: 'user', content: 'b' }),
    { payload: { type: 'message', role: 'user', content: 'c' }, type: 'response_item' },
  )
  expect(said(rows)).toEqual(['{"type":"compacted","payload":{"type":"ghost_snapshot"}}', 'b', 'c'])
})

test('rollouts of mid-2025 have no envelope and no times of their own', async () => {
  const head = {
    id: threadA,
    timestamp: '2025-06-01T10:00:00.000Z',
    instructions: 'be kind',
    git: { commit_hash: 'c0ffee', branch: 'old', repository_url: 'git@example.com:w/w.git' },
  }
  const { rows, skipped } = await readContent(
    text(
      head,
      { record_type: 'state' },
      { type: 'message', role: 'user', id: null, content: [{ type: 'input_text', text: 'hi' }] },
      { record_type: 'state', previous_response_id: 'resp_1' },
      { type: 'reasoning', id: 'rs_1', summary: [] },
      { type: 'function_call', id: 'fc_1', name: 'shell', arguments: '{}', call_id: '1' },
      { type: 'function_call_output', call_id: '1', output: '{"output":"x","metadata":{"exit_code":0}}' },
      { type: 'mystery', payload: 'kept' },
      { type: 'ghost_snapshot' },
    ),
  )
  expect(skipped).toEqual({ 'thread-context': 3, 'ghost-snapshot': 1 })
  expect(rows.map(row => row['provider_type'])).toEqual([
    'message',
    'reasoning',
    'function_call',
    'function_call_output',
    'mystery',
  ])
  expect(rows[0]).toMatchObject({
    session_id: threadA,
    conversation_id: threadA,
    git_branch: 'old',
    date: '2025-06-01',
    content_text: 'hi',
  })
  expect(codexOf(rows[0])['created_at_from']).toBe('thread')
})

const document = {
  session: { id: threadA, timestamp: '2025-04-17T10:00:00.000Z', instructions: '' },
  items: [
    { role: 'user', content: [{ type: 'input_text', text: 'hi' }], type: 'message' },
    { id: 'rs_1', type: 'reasoning', summary: [], duration_ms: 4 },
    { type: 'function_call', id: 'fc_1', call_id: '1', name: 'shell', arguments: '{"command":["ls"]}' },
    { type: 'function_call_output', call_id: '1', output: '{"output":"a.ts\\n","metadata":{"exit_code":0}}' },
    { role: 'user', content: [{ type: 'input_text', text: 'hi' }], type: 'message' },
  ],
}

test('a rollout that is one document is read element by element, pretty-printed or not', async () => {
  const name = `sessions/rollout-2025-04-17-${threadA}.json`
  const plain = await readContent(JSON.stringify(document), { name })
  expect(said(plain.rows)).toEqual(['hi', null, null, 'a.ts\n', 'hi'])
  expect(plain.rows[0]).toMatchObject({ session_id: threadA, conversation_id: threadA, date: '2025-04-17' })
  expect(plain.counts.lines).toBe(6)
  expect(plain.skipped).toEqual({ 'thread-context': 1 })
  expect(plain.end).toBeUndefined()
  const pretty = await readContent(`${JSON.stringify(document, null, 2)}\n`, { name })
  expect(pretty.rows.map(row => row['part_id'])).toEqual(plain.rows.map(row => row['part_id']))
})

test('of a document that ends too early the whole elements are kept', async () => {
  const name = `sessions/rollout-2025-04-17-${threadA}.json`
  const whole = JSON.stringify(document)
  const { rows, skipped, counts } = await readContent(whole.slice(0, whole.indexOf('"rs_1"')), { name })
  expect(said(rows)).toEqual(['hi'])
  expect(skipped).toEqual({ 'thread-context': 1, 'torn-tail': 1 })
  expect(counts.lines).toBe(3)
})

test('elements that are too long or broken tell their line, and the others are kept', async () => {
  const name = `sessions/rollout-2025-04-17-${threadA}.json`
  const content = `{\n"session":{"id":"${threadA}"},\n"items":[\n{"a":nope},\n{"type":"message","role":"user","content":"${'x'.repeat(5000)}"},\n{"type":"ghost_snapshot","x":"${'x'.repeat(9000)}"},\n5,\n{"type":"message","role":"user","content":"hi"}\n]\n}`
  const { rows, malformed, skipped } = await readContent(content, { name, maxLineBytes: 4500 })
  expect(said(rows)).toEqual(['hi'])
  expect(malformed.map(({ line, reason }) => [line, reason])).toEqual([
    [4, 'invalid-json'],
    [5, 'line-too-long'],
    [7, 'not-an-object'],
  ])
  expect(skipped['ghost-snapshot']).toBe(1)
})

test('a compressed rollout gives the rows of the plain one, and cannot be read on', async () => {
  const content = text(meta(threadA), user('a'), ...Array.from({ length: 3000 }, (_, i) => user(`message ${i}`)))
  const plain = await readContent(content)
  const name = placeOf(threadA, 'jsonl.zst')
  const compressed = await zstdCompressed(content)
  const packed = await readContent(compressed, { name })
  // The first row tells which file it came from.
  expect(packed.rows.slice(1)).toEqual(plain.rows.slice(1))
  expect(packed.rows[0]?.['part_id']).toBe(plain.rows[0]?.['part_id'])
  expect(packed.counts.bytes).toBe(compressed.length)
  expect(packed.end).toBeUndefined()
})

test('a compressed rollout that is cut off keeps its beginning and is reported', async () => {
  const content = text(meta(threadA), ...Array.from({ length: 40_000 }, (_, i) => user(`message ${i * 7919}`)))
  const compressed = await zstdCompressed(content)
  const { rows, unreadable, skipped } = await readContent(compressed.subarray(0, compressed.length - 5000), {
    name: placeOf(threadA, 'jsonl.zst'),
  })
  expect(rows.length).toBeGreaterThan(10_000)
  expect(unreadable).toEqual([
    { path: expect.stringContaining('.zst') as string, reason: 'its zstd data is damaged or ends too early' },
  ])
  expect(skipped).toEqual({ 'thread-context': 1 })
})

test('JSON that is nested too deeply is reported, and the lines around it are kept', async () => {
  const deep = `{"type":"response_item","payload":{"type":"mystery","x":${'['.repeat(100_000)}${']'.repeat(100_000)}}}`
  const { rows, skipped } = await readContent(text(meta(threadA), user('a'), deep, user('b')))
  expect(said(rows)).toEqual(['a', 'b'])
  expect(skipped['nested-too-deeply']).toBe(1)
})

test('JSON that is short and yet nested too deeply ends no reading, not of another thread either', async () => {
  const nested = `${'['.repeat(15_000)}${']'.repeat(15_000)}`
  const deep = `{"type":"response_item","payload":{"type":"mystery","x":${nested}}}`
  const deepCall = `{"type":"response_item","payload":{"type":"mystery","call_id":"c","x":${nested}}}`
  const { rows, skipped } = await readContent(text(meta(threadA), user('a'), deep, deepCall, user('b')))
  expect(said(rows)).toEqual(['a', 'b'])
  expect(rows.map(row => row['message_index'])).toEqual([0, 1])
  expect(skipped['nested-too-deeply']).toBe(2)

  const parent = text(meta(threadB), user('of the parent'), deep, deepCall)
  const fork = text(meta(threadA, { forked_from_id: threadB }), meta(threadB), user('of the parent'), user('mine'))
  const base = { thread_id: threadB, end_ordinal_exclusive: 100, end_byte_offset: 1 }
  const page = text(meta(threadC, { history_base: base }), user('further'))
  const home = await codexHome({ [place]: fork, [placeOf(threadB)]: parent, [placeOf(threadC)]: page })
  expect(said((await home.read(place)).rows)).toEqual(['mine'])
  expect((await home.read(placeOf(threadC))).rows[0]).toMatchObject({ content_text: 'further', message_index: 1 })
})

test('a line of more values than memory holds is skipped and counted, and one of many parts is one row', async () => {
  const many = (count: number, value: string): string => `[${`${value},`.repeat(count)}${value}]`
  const crowded = JSON.stringify(item('mystery', { x: 'X' })).replace('"X"', many(1_000_000, '{}'))
  const parts = JSON.stringify(item('message', { role: 'user', content: 'P' })).replace('"P"', many(20_000, '"a"'))
  const { rows, skipped } = await readContent(text(meta(threadA), user('a'), crowded, parts, user('b')))
  expect(skipped).toMatchObject({ 'too-many-values': 1 })
  expect(rows.map(row => row['part_type'])).toEqual(['text', 'other', 'text'])
})

test('a file that is not there, a directory, and one that may not be read are reported and not thrown', async () => {
  const home = await codexHome({ [place]: text(meta(threadA)), 'sessions/x.jsonl/inner': '' })
  await rm(home.path(place))
  expect((await home.read(place)).unreadable).toEqual([{ path: home.path(place), reason: 'it is no longer there' }])
  expect((await home.read('sessions/x.jsonl')).unreadable).toEqual([
    { path: home.path('sessions/x.jsonl'), reason: 'it is a directory' },
  ])
})

test.each([
  ['archived', archivedPlaceOf(threadA)],
  ['compressed', placeOf(threadA, 'jsonl.zst')],
  ['archived and compressed', archivedPlaceOf(threadA, 'jsonl.zst')],
])('a rollout that was %s after it was listed is read where it is', async (_, later) => {
  const content = text(meta(threadA), user('hi'))
  const home = await codexHome({ [later]: later.endsWith('.zst') ? await zstdCompressed(content) : content })
  const read = await home.read(place)
  expect([said(read.rows), read.unreadable]).toEqual([['hi'], []])
})

test.skipIf(isRoot)('a parent that may not be read is a parent that is missing', async () => {
  const fork = text(meta(threadA, { forked_from_id: threadB }), meta(threadB), user('hi'))
  const home = await codexHome({ [place]: fork, [placeOf(threadB)]: text(meta(threadB)) })
  await chmod(home.path(placeOf(threadB)), 0)
  expect((await home.read(place)).unresolved).toBe(true)
})

test('a torn line is left for later, and read when it is whole', async () => {
  const home = await codexHome({ [place]: text(meta(threadA), user('a')) })
  const line = text(user('b'))
  await appendFile(home.path(place), line.slice(0, 40))
  const first = await home.read(place)
  expect(said(first.rows)).toEqual(['a'])
  expect(first.skipped).toEqual({ 'thread-context': 1, 'torn-tail': 1 })
  await appendFile(home.path(place), line.slice(40))
  const second = await home.read(place, { from: first.end })
  expect(said(second.rows)).toEqual(['b'])
  expect(second.counts.lines).toBe(1)
})

test('a line that could be told by its beginning is left for later all the same while it is torn', async () => {
  const home = await codexHome({ [place]: text(meta(threadA)) })
  const ghost = text(item('ghost_snapshot', { ghost_commit: { id: 'x'.repeat(5000) } }))
  await appendFile(home.path(place), ghost.slice(0, 3000))
  const first = await home.read(place, { maxLineBytes: 2000 })
  expect(first.skipped).toEqual({ 'thread-context': 1, 'torn-tail': 1 })
  await appendFile(home.path(place), `${ghost.slice(3000)}${text(user('b'))}`)
  const second = await home.read(place, { from: first.end, maxLineBytes: 2000 })
  expect(second.skipped).toEqual({ 'ghost-snapshot': 1 })
  expect(said(second.rows)).toEqual(['b'])
})

test('what is appended or cut off while a file is read does no harm', async () => {
  const home = await codexHome({ [place]: text(meta(threadA), user('a'), user('b')) })
  const read = home.reader.read({ path: home.path(place), size: 1, mtimeMs: 0 })
  await appendFile(home.path(place), text(user('before it is opened')))
  const lines: unknown[] = []
  for await (const captured of read.captured) {
    lines.push(...said(captured.map(({ row }) => row)))
    if (lines.length === 1) await truncate(home.path(place), 10)
  }
  expect(lines).toEqual(['a', 'b', 'before it is opened'])
  expect(read.unreadable).toEqual([])
})

test('only being aborted throws', async () => {
  const home = await codexHome({ [place]: text(meta(threadA), user('a'), user('b')) })
  const stop = new AbortController()
  const reading = home.reader.read({ path: home.path(place), size: 0, mtimeMs: 0 }, { signal: stop.signal })
  stop.abort(new Error('enough'))
  await expect(reading.captured.next()).rejects.toThrow('enough')
})
