import { expect, test } from 'vitest'
import { HypError } from '../../src/errors.ts'
import type { Row } from '../../src/iceberg/types.ts'
import { type Conversation, openConversation } from '../../src/query/conversation/conversation.ts'
import type { Entry } from '../../src/query/conversation/entries.ts'
import { findSession } from '../../src/query/conversation/find-session.ts'
import { messageTable } from '../../src/query/conversation/message-table.ts'
import type { SessionPlace } from '../../src/query/conversation/session-place.ts'
import { builtinReleases } from '../../src/schema/builtin.ts'
import { asRelease, columnsOf, item, part, start } from './message-rows.ts'
import { realTable, session } from './real-table.ts'

async function found(rows: readonly Row[], given: string, release = 9): Promise<SessionPlace> {
  const table = await realTable(columnsOf(release))
  await table.append(asRelease(release, rows))
  const query = await session({ tables: { ai_gateway_messages: table.table() } })
  return findSession(
    query,
    messageTable(
      columnsOf(release).map(({ name }) => name),
      [],
    ),
    given,
  )
}

async function opened(rows: readonly Row[], given = 's1', release = 9): Promise<Conversation> {
  const table = await realTable(columnsOf(release))
  await table.append(asRelease(release, rows))
  const query = await session({ tables: { ai_gateway_messages: table.table() } })
  const messages = messageTable(
    columnsOf(release).map(({ name }) => name),
    [],
  )
  return openConversation(query, messages, await findSession(query, messages, given))
}

async function told({ chains, entries }: Conversation, cut?: number): Promise<string[]> {
  const lines: string[] = []
  for await (const { chain, message } of entries({ cut }))
    lines.push(`${'  '.repeat(chains[chain]?.depth ?? 0)}${message}`)
  return lines
}

async function entry(rows: readonly Row[], cut?: number): Promise<Entry | undefined> {
  const { entries } = await opened(rows)
  for await (const one of entries({ cut })) return one
  return undefined
}

const at = (seconds: number): { readonly message_created_at: bigint } => ({
  message_created_at: start + BigInt(seconds) * 1_000_000n,
})
const call = (id: string, values: Row = {}): Row =>
  part({
    role: 'assistant',
    part_type: 'tool_call',
    tool_name: 'Task',
    tool_call_id: id,
    message_id: `call ${id}`,
    ...values,
  })
const result = (id: string, values: Row = {}): Row =>
  part({ part_type: 'tool_result', tool_result_for: id, message_id: `result ${id}`, ...values })
const agent = (id: string, values: Row = {}): Row => part({ agent_id: id, is_sidechain: true, ...values })
const claude = (values: object): { readonly attributes: string } => ({ attributes: JSON.stringify({ claude: values }) })

test('a session is found by its id, by the beginning of it, and a thread of Codex too', async () => {
  const rows = [
    part({ session_id: 'abc-1' }),
    part({ session_id: 'abc-2' }),
    part({ session_id: 'abc' }),
    item({ session_id: 'root', conversation_id: 'root' }),
    item({ session_id: 'root', conversation_id: 'child', parent_thread_id: 'root' }),
    item({ session_id: 'root', conversation_id: 'grand', parent_thread_id: 'child' }),
  ]
  expect(await found(rows, 'abc')).toEqual({ session: 'abc', threads: null })
  expect(await found(rows, 'abc-1')).toEqual({ session: 'abc-1', threads: null })
  expect(await found(rows, 'roo')).toEqual({ session: 'root', threads: null })
  expect(await found(rows, 'chi')).toEqual({ session: 'root', threads: ['child', 'grand'] })
  expect(await found(rows, 'grand')).toEqual({ session: 'root', threads: ['grand'] })
})

test.each([
  ['ab', /^2 sessions have ids that begin with "ab": /, ['abc-1', 'abc-2']],
  ['x%', /^No session has an id that begins with "x%"\.$/, []],
  ["'; --", /^No session has an id/, []],
])('%j is refused with what it could be', async (given, message, candidates) => {
  const error: unknown = await found([part({ session_id: 'abc-1' }), part({ session_id: 'abc-2' })], given).catch(
    (e: unknown) => e,
  )
  expect(error).toBeInstanceOf(HypError)
  const { code, details, message: said } = error as HypError
  expect({ code, candidates: (details['candidates'] as string[]).toSorted() }).toEqual({ code: 'USAGE', candidates })
  expect(said).toMatch(message)
})

test.each(['', ' ', 'a\0b'])('%j is no id of a session', async given => {
  await expect(found([part({})], given)).rejects.toThrow('is no id of a session')
})

test.each(builtinReleases)('release %i has conversations', async release => {
  const rows = [part({ message_id: 'one', content_text: 'Hello.' }), part({ message_id: 'two', role: 'assistant' })]
  const conversation = await opened(rows, 's1', release)
  expect(await told(conversation)).toEqual(['one', 'two'])
  expect(conversation.head).toMatchObject({ id: 's1', prompts: 1, messages: 2, shared: [], title: 'Hello.' })
})

test('calls of one agent that share an id have each its own result, also after one without', async () => {
  const rows = [0, 1, 2].flatMap(turn => [
    call('0', { ...at(2 * turn), message_id: `call ${turn}` }),
    ...(turn === 0
      ? []
      : [result('0', { ...at(2 * turn + 1), message_id: `result ${turn}`, content_text: `result ${turn}` })]),
  ])
  const results: unknown[] = []
  for await (const { type, resultText } of (await opened(rows)).entries())
    if (type === 'tool_call') results.push(resultText)
  expect(results).toEqual([null, 'result 1', 'result 2'])
})

test('messages come by time and index, whatever order they were stored in', async () => {
  const rows = [
    part({ ...at(2), message_index: 9, message_id: 'c' }),
    part({ ...at(1), message_index: 5, message_id: 'b' }),
    part({ ...at(1), message_index: 4, message_id: 'a' }),
  ]
  expect(await told(await opened(rows))).toEqual(['a', 'b', 'c'])
})

test('a subagent stands behind the call that began it: by its sidecar, by the result, else by its time', async () => {
  const rows = [
    call('one', at(1)),
    call('two', at(2)),
    agent('a-side', {
      ...at(5),
      message_index: 0,
      message_id: 'side',
      ...claude({ spawned_by_tool_use_id: 'one', agent_type: 'Explore' }),
    }),
    agent('a-result', { ...at(4), message_index: 0, message_id: 'by result' }),
    agent('a-time', { ...at(7), message_id: 'by time' }),
    result('one', at(6)),
    result('two', { ...at(8), ...claude({ tool_use_result: { agentId: 'a-result' } }) }),
    part({ ...at(9), message_id: 'end' }),
  ]
  const conversation = await opened(rows)
  expect(await told(conversation)).toEqual([
    'call one',
    '  side',
    'call two',
    '  by result',
    'result one',
    '  by time',
    'result two',
    'end',
  ])
  expect(conversation.chains.find(chain => chain.agent === 'a-side')).toMatchObject({
    type: 'Explore',
    spawnedBy: 'one',
  })
})

test('a subagent that was resumed stands behind its first call, whatever the calls are named', async () => {
  const ofAgent = claude({ tool_use_result: { agentId: 'a1' } })
  const rows = [
    call('z first', at(1)),
    agent('a1', { ...at(2), message_id: 'begun' }),
    result('z first', { ...at(3), ...ofAgent }),
    call('a later', at(4)),
    agent('a1', { ...at(5), message_id: 'resumed' }),
    result('a later', { ...at(6), ...ofAgent }),
  ]
  const conversation = await opened(rows)
  expect(conversation.chains.map(chain => chain.spawnedBy)).toEqual([null, 'z first'])
  expect(await told(conversation)).toEqual([
    'call z first',
    '  begun',
    '  resumed',
    'result z first',
    'call a later',
    'result a later',
  ])
})

test('a subagent of a subagent stands in it', async () => {
  const rows = [
    call('one', at(1)),
    agent('a1', { ...at(2), message_id: 'first', ...claude({ spawned_by_tool_use_id: 'one' }) }),
    call('inner', { ...at(3), agent_id: 'a1', is_sidechain: true }),
    agent('a2', { ...at(4), message_id: 'second', ...claude({ spawned_by_tool_use_id: 'inner' }) }),
    agent('a1', { ...at(5), message_id: 'first again' }),
    result('one', at(6)),
  ]
  expect(await told(await opened(rows))).toEqual([
    'call one',
    '  first',
    '  call inner',
    '    second',
    '  first again',
    'result one',
  ])
})

test('records that name one another as their origin do not go round in circles', async () => {
  const rows = [
    call('x', { ...at(1), agent_id: 'a1', is_sidechain: true, ...claude({ spawned_by_tool_use_id: 'y' }) }),
    call('y', { ...at(2), agent_id: 'a2', is_sidechain: true, ...claude({ spawned_by_tool_use_id: 'x' }) }),
  ]
  expect((await told(await opened(rows))).map(line => line.trim()).toSorted()).toEqual(['call x', 'call y'])
})

test('a thread of Codex stands behind the call whose result names it', async () => {
  const child = '019b04ae-b1c6-7c72-a134-a4c2de66058c'
  const rows = [
    item({
      ...at(1),
      message_id: 'spawn',
      role: 'assistant',
      part_type: 'tool_call',
      tool_name: 'spawn_agent',
      tool_call_id: 'c1',
    }),
    item({
      ...at(2),
      message_id: 'spawned',
      role: 'tool',
      part_type: 'tool_result',
      tool_result_for: 'c1',
      content_text: `{"agent_id":"${child}"}`,
    }),
    item({ ...at(3), message_id: 'child', conversation_id: child, parent_thread_id: 't1', is_sidechain: true }),
    item({ ...at(4), message_id: 'end' }),
  ]
  expect(await told(await opened(rows, 't1'))).toEqual(['spawn', '  child', 'spawned', 'end'])
})

test('a thread of Codex that no result names stands at its time under the thread that began it', async () => {
  const child = (id: string, parent: string, seconds: number): Row =>
    item({ ...at(seconds), conversation_id: id, message_id: id, parent_thread_id: parent, is_sidechain: true })
  const conversation = await opened(
    [
      item({ ...at(0), message_id: 'before' }),
      item({ ...at(4), message_id: 'after', message_index: 1 }),
      child('t2', 't1', 2),
      child('t3', 't2', 3),
    ],
    't1',
  )
  expect(await told(conversation)).toEqual(['before', '  t2', '    t3', 'after'])
})

test('a call says what it is about and what it came to, and its result that it has a call', async () => {
  const args = JSON.stringify({ description: 'x', command: 'ls -l', timeout: 5 })
  const rows = [
    call('one', { ...at(1), tool_args: args }),
    result('one', { ...at(2), content_text: 'No such file\nat all\n', is_error: true }),
  ]
  expect(await entry(rows, 10)).toMatchObject({
    tool: 'Task',
    argument: 'ls -l',
    args: null,
    answered: true,
    resultError: true,
    resultLines: 2,
    resultText: 'No such file\nat all\n',
  })
  expect(await entry(rows)).toMatchObject({ args })
})

test('texts are cut where that is asked for, and their length and lines are those of the whole', async () => {
  const rows = [part({ content_text: 'one\ntwo\nthree' })]
  expect(await entry(rows, 5)).toMatchObject({ text: 'one\nt', length: 13, lines: 3 })
  expect(await entry(rows)).toMatchObject({ text: 'one\ntwo\nthree', length: 13, lines: 3 })
})

test('a fork says with whom it shares messages, and which is the last of them', async () => {
  const shared = [part({ ...at(1), message_id: 'a' }), part({ ...at(2), message_id: 'b' })]
  const rows = [
    ...shared,
    ...shared.map(row => ({ ...row, session_id: 'fork' })),
    part({ ...at(3), session_id: 'fork', message_id: 'c' }),
    part({ ...at(1), session_id: 'third', message_id: 'a' }),
  ]
  expect((await opened(rows, 'fork')).head).toMatchObject({
    shared: [
      { session: 's1', messages: 2 },
      { session: 'third', messages: 1 },
    ],
    lastShared: 'b',
  })
})

test('a session of many messages comes in order', async () => {
  const count = 20_000
  const rows = Array.from({ length: count }, (_, n) =>
    part({ ...at(n), message_id: `m${n}`, message_index: n, content_text: 'x'.repeat(500) }),
  )
  const { entries } = await opened(rows.toReversed())
  let n = 0
  for await (const { index } of entries({ cut: 100 })) expect(index).toBe(n++)
  expect(n).toBe(count)
})
