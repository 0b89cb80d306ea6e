import { expect, test } from 'vitest'
import type { Row } from '../../../src/iceberg/types.ts'
import {
  archivedPlaceOf,
  assistant,
  call,
  codexHome,
  codexOf,
  event,
  item,
  type Line,
  meta,
  output,
  placeOf,
  readContent,
  readLinesOf,
  said,
  text,
  threadA,
  threadB,
  threadC,
  tokenCount,
  tokens,
  turn,
  user,
  zstdCompressed,
} from './rollouts.ts'

const who = (row: Row | undefined): unknown[] =>
  ['session_id', 'conversation_id', 'agent_id', 'parent_thread_id', 'is_sidechain', 'conversation_source'].map(
    name => row?.[name],
  )

async function whoOf(fields: object): Promise<unknown[]> {
  return who((await readContent(text(meta(threadA, fields), user('hi')))).rows[0])
}

test('a thread is the conversation, and its session the one it names, else itself', async () => {
  expect(await whoOf({})).toEqual([threadA, threadA, null, null, false, 'cli'])
  expect(await whoOf({ session_id: threadB })).toEqual([threadB, threadA, null, null, false, 'cli'])
})

test('the parent of a spawned thread is named at the top, or in the source', async () => {
  const spawn = { thread_spawn: { parent_thread_id: threadB, depth: 1, agent_nickname: 'Ada' } }
  const spawned = [threadA, threadA, null, threadB, true, 'subagent/thread_spawn']
  expect(await whoOf({ source: { subagent: spawn } })).toEqual(spawned)
  expect(await whoOf({ source: { subagent: spawn }, parent_thread_id: threadC })).toEqual([
    ...spawned.slice(0, 3),
    threadC,
    ...spawned.slice(4),
  ])
  expect(await whoOf({ thread_source: 'subagent', parent_thread_id: threadB })).toEqual([
    threadA,
    threadA,
    null,
    threadB,
    true,
    'cli',
  ])
})

test('a fork names its lineage, which is no parent thread', async () => {
  const { rows } = await readContent(text(meta(threadA, { forked_from_id: threadB }), user('hi')))
  expect(rows[0]?.['parent_thread_id']).toBeNull()
  expect(codexOf(rows[0])['forked_from_id']).toBe(threadB)
})

test('a source that is an object is told by its path, and kept whole', async () => {
  const sources: readonly (readonly [unknown, unknown])[] = [
    [{ subagent: 'review' }, 'subagent/review'],
    [{ subagent: { other: 'guardian' } }, 'subagent/other/guardian'],
    [{ internal: 'memory' }, 'internal/memory'],
    [{ internal: { deep: { down: 1 } } }, 'internal/deep'],
    [{ a: 1, b: 2 }, null],
    [{}, null],
    ['my-editor', 'my-editor'],
    [undefined, null],
  ]
  for (const [source, told] of sources) {
    const { rows } = await readContent(text(meta(threadA, { source }), user('hi')))
    expect(rows[0]?.['conversation_source']).toBe(told)
    const isKept = typeof source === 'object' && source !== null && Object.keys(source).length > 0
    expect(codexOf(rows[0])['source']).toEqual(isKept ? source : undefined)
  }
})

test('only the first description of a thread is the file’s own', async () => {
  const { rows } = await readContent(
    text(meta(threadA), user('one'), meta(threadB, { cwd: '/other', session_id: threadB }), user('two')),
  )
  expect(rows.map(who)).toEqual([who(rows[0]), who(rows[0])])
  expect(rows.map(row => [row['conversation_id'], row['cwd']])).toEqual([
    [threadA, '/code/widgets'],
    [threadA, '/code/widgets'],
  ])
})

test('without a description the file’s name tells the thread, and where that tells none the line is left out', async () => {
  const lines = text(user('one'), ...turn('t'), user('two'))
  expect((await readContent(lines)).rows.map(row => row['conversation_id'])).toEqual([threadA, threadA])
  const nameless = await readContent(lines, { name: 'sessions/some.jsonl' })
  expect(nameless.rows).toEqual([])
  expect(nameless.skipped).toEqual({ 'no-session-id': 2, 'thread-context': 2 })
})

test('a damaged first line does not make a file its parent’s', async () => {
  const { rows } = await readContent(text('{"type":"session_meta","pay', meta(threadB), user('hi')))
  expect(rows[0]?.['conversation_id']).toBe(threadA)
  const own = await readContent(text('{"half":', meta(threadA, { session_id: threadC }), user('hi')))
  expect(own.rows[0]?.['session_id']).toBe(threadC)
})

test('equal messages are rows of their own', async () => {
  const { rows } = await readLinesOf(
    user('continue'),
    assistant('ok'),
    user('continue'),
    assistant('ok'),
    user('continue'),
  )
  expect(said(rows)).toEqual(['continue', 'ok', 'continue', 'ok', 'continue'])
  expect(new Set(rows.map(row => row['message_id'])).size).toBe(5)
  expect(new Set(rows.map(row => row['part_id'])).size).toBe(5)
})

test('messages are numbered and chained within their thread, past reports of tokens', async () => {
  const { rows } = await readLinesOf(
    user('a'),
    tokenCount(tokens(5), tokens(5)),
    assistant('b'),
    call('1'),
    output('1'),
  )
  expect(rows.map(row => row['message_index'])).toEqual([0, 1, 2, 3, 4])
  const [a, usage, b, c, d] = rows.map(row => row['message_id'])
  expect(usage).toMatch(/^item-[0-9a-f]{32}$/)
  expect(rows.map(row => row['previous_message_id'])).toEqual(
    [[], [a], [a], [b], [c]].map(previous => JSON.stringify(previous)),
  )
  expect(d).not.toBe(c)
})

test('the parts of a message share its id', async () => {
  const content = ['a', 'b'].map(words => ({ type: 'input_text', text: words }))
  const { rows } = await readLinesOf(item('message', { role: 'user', content }))
  const [id] = rows.map(row => row['message_id'] as string)
  expect(rows.map(row => row['part_id'])).toEqual([`${id}#0`, `${id}#1`])
})

test('a thread began when it says so', async () => {
  const { rows } = await readLinesOf(user('hi'))
  expect(rows[0]?.['conversation_started_at']).toBe(BigInt(Date.parse('2026-03-01T09:00:00Z')) * 1000n)
  const silent = await readContent(text(meta(threadA, { timestamp: null }), user('hi'), user('again')))
  expect(silent.rows[0]?.['conversation_started_at']).toBe(silent.rows[1]?.['conversation_started_at'])
})

test('a line without a time has that of its item, else the latest before it', async () => {
  const untimed = (line: Line): Line => ({ ...line, timestamp: undefined })
  const { rows } = await readContent(
    text(
      untimed(meta(threadA)),
      untimed(user('thread')),
      untimed(user('item', { timestamp: '2026-03-02T00:00:00Z' })),
      untimed(user('before')),
    ),
  )
  expect(rows.map(row => [row['date'], codexOf(row)['created_at_from']])).toEqual([
    ['2026-03-01', 'thread'],
    ['2026-03-02', 'item'],
    ['2026-03-02', 'previous-line'],
  ])
})

const conversation: readonly Line[] = [
  meta(threadA),
  ...turn('t1'),
  user('continue'),
  item('reasoning', { summary: [{ type: 'summary_text', text: 'hm' }], encrypted_content: 'gAAA' }),
  call('1'),
  output('1'),
  tokenCount(tokens(10, 2), tokens(10, 2)),
  item('ghost_snapshot', { ghost_commit: { id: 'x' } }),
  ...turn('t2'),
  user('continue'),
  item('web_search_call', { action: { type: 'search', query: 'q' }, status: 'completed' }),
  assistant('done', { phase: 'final_answer' }),
  tokenCount(tokens(30, 5), tokens(20, 3)),
]

const keys = (rows: readonly Row[]): string[] => rows.map(row => JSON.stringify([row['session_id'], row['part_id']]))

test('a thread that lies in two places, plain or compressed, is stored once', async () => {
  const alone = await (await codexHome({ [placeOf(threadA)]: text(...conversation) })).table()
  const compressed = await zstdCompressed(text(...conversation))
  for (const files of [
    { [archivedPlaceOf(threadA)]: text(...conversation) },
    { [placeOf(threadA, 'jsonl.zst')]: compressed },
    { [placeOf(threadA)]: text(...conversation), [archivedPlaceOf(threadA)]: text(...conversation) },
    { [placeOf(threadA)]: text(...conversation), [archivedPlaceOf(threadA, 'jsonl.zst')]: compressed },
  ]) {
    expect(keys(await (await codexHome(files)).table())).toEqual(keys(alone))
  }
  expect(alone).toHaveLength(9)
})

/** The lines as the client's own migration leaves them: numbered, in its own order of keys, without what is empty. */
function migrated(lines: readonly Line[]): Line[] {
  return lines.map((line, ordinal) => {
    const payload = Object.entries(line['payload'] as object).filter(([, value]) => value !== null)
    return {
      ordinal,
      payload: Object.fromEntries(payload.sort(([a], [b]) => (a < b ? 1 : -1))),
      type: line['type'],
      timestamp: '2026-06-01T00:00:00.000Z',
    }
  })
}

test('rewriting a history canonically makes no row a second one', async () => {
  const { rows } = await readContent(text(...conversation))
  const rewritten = await readContent(text(...migrated(conversation)))
  expect(keys(rewritten.rows)).toEqual(keys(rows))
  // A client may add ids, or write a text that stood alone as a list.
  const withIds = conversation.map(line =>
    line['type'] === 'response_item' ? { ...line, payload: { ...(line['payload'] as object), id: 'new_1' } } : line,
  )
  expect(keys((await readContent(text(...withIds))).rows)).toEqual(keys(rows))
})

test('rewriting that drops a turn which was taken back adds nothing', async () => {
  const { rows } = await readContent(text(...conversation))
  const dropped = conversation.filter((_, index) => index < 1 || index > 8)
  const rest = await readContent(text(...dropped))
  expect(keys(rest.rows).filter(key => !keys(rows).includes(key))).toEqual([])
})

test('what is said again after a rewriting that dropped a turn has rows of its own', async () => {
  const [before, after] = [conversation, [...conversation.slice(0, 1), ...conversation.slice(9)]]
  const again = [...turn('t3'), user('continue'), item('web_search_call', { action: { type: 'search', query: 'q' } })]
  const stored = keys((await readContent(text(...before))).rows)
  const { rows } = await readContent(text(...after, ...again))
  expect(rows.filter(row => !stored.includes(keys([row])[0] as string)).map(row => row['prompt_id'])).toEqual([
    't3',
    't3',
  ])
})

test('a copied history that a rewriting replaces by a reference leaves the rows of a fork as they were', async () => {
  const own = [...turn('c1'), user('continue'), assistant('done'), tokenCount(tokens(40), tokens(10))]
  const copied = [meta(threadB, { forked_from_id: threadA }), ...conversation, ...own]
  const history_base = { thread_id: threadA, end_ordinal_exclusive: conversation.length, end_byte_offset: 1 }
  const referring = [meta(threadB, { forked_from_id: threadA, history_base }), ...own]
  const [first, second] = await Promise.all(
    [copied, referring].map(async lines => {
      const home = await codexHome({ [placeOf(threadA)]: text(...conversation), [placeOf(threadB)]: text(...lines) })
      return keys((await home.read(placeOf(threadB))).rows)
    }),
  )
  expect(first).toHaveLength(3)
  expect(second).toEqual(first)
})

test('the names that a rewriting gives to turns without ids change no row', async () => {
  const old = [user('continue'), turn('', { turn_id: null })[1] as Line, assistant('ok'), user('continue')]
  const { rows } = await readLinesOf(...old)
  const named = old.flatMap((line, index) => [event('task_started', { turn_id: `rollout-${index}` }), line])
  const rewritten = await readLinesOf(...named)
  expect(keys(rewritten.rows)).toEqual(keys(rows))
  expect(rewritten.rows.map(row => row['prompt_id'])).toEqual([null, null, null])
})

test('the same history under another thread is another', async () => {
  const { rows } = await readContent(text(...conversation))
  const other = await readContent(text(meta(threadB), ...conversation.slice(1)), { name: placeOf(threadB) })
  expect(keys(other.rows).filter(key => keys(rows).includes(key))).toEqual([])
})

test('a resumed thread keeps its identity: a second description of its own is none of another', async () => {
  const { rows, skipped } = await readLinesOf(user('one'), meta(threadA, { cli_version: '0.149.0' }), user('two'))
  expect(said(rows)).toEqual(['one', 'two'])
  expect(rows[1]?.['client_version']).toBe('0.145.0')
  expect(skipped).toEqual({ 'thread-context': 2 })
  expect((await readLinesOf(event('user_message', { message: 'x' }))).rows).toEqual([])
})
