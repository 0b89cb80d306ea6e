import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import type { Row } from '../../src/iceberg/types.ts'
import { viewQueries } from '../../src/query/views/catalogue.ts'
import { builtinReleases } from '../../src/schema/builtin.ts'
import { rowsOf } from './asking.ts'
import { asRelease, columnsOf, report as tokenReport } from './message-rows.ts'
import { column, type RealTable, realTable, session } from './real-table.ts'

/** The rows of one line of an answer: a block each, the usage of the line on all of them. */
function line(release: number, values: LineValues): Row[] {
  const { message = 'msg_1', request = 'req_1', model = 'claude-x', at = 0, blocks = 1, usage: report } = values
  const id = randomUUID()
  return Array.from({ length: blocks }, (_, index) => ({
    [release < 6 ? 'conversation_id' : 'session_id']: values.session ?? 's1',
    role: 'assistant',
    provider_uuid: message,
    request_id: request,
    model,
    message_id: id,
    part_id: `${id}#${index}`,
    message_created_at: 1_780_000_000_000_000n + BigInt(at),
    attributes: JSON.stringify({ client: { name: 'claude' }, usage: report }),
    ...(release < 9 ? {} : Object.fromEntries(Object.entries(report).map(([name, count]) => [name, BigInt(count)]))),
  }))
}

interface LineValues {
  readonly session?: string
  readonly message?: string | null
  readonly request?: string | null
  readonly model?: string | null
  readonly at?: number
  readonly blocks?: number
  readonly usage: Readonly<Record<string, number>>
}

function usage(input: number, output: number, written = 0, read = 0): Readonly<Record<string, number>> {
  return {
    input_tokens: input,
    output_tokens: output,
    cache_creation_input_tokens: written,
    cache_read_input_tokens: read,
  }
}

async function usageOf(table: RealTable, columns = '*'): Promise<unknown[]> {
  const query = await session({ tables: { ai_gateway_messages: table.table() } })
  return rowsOf(query, `SELECT ${columns} FROM usage ORDER BY provider_message_id, request_id NULLS FIRST`)
}

test.each(builtinReleases)(
  'in release %i an answer that grew over several lines and blocks counts once, with its last report',
  async release => {
    const table = await realTable(columnsOf(release))
    await table.append([
      ...line(release, { at: 1, usage: usage(3, 5, 100, 7), blocks: 2 }),
      ...line(release, { at: 2, usage: usage(3, 631, 100, 7), blocks: 3 }),
      ...line(release, { at: 3, usage: usage(3, 40, 100, 7) }),
      { role: 'user', message_id: 'u', attributes: '{}' },
    ])
    const which = 'provider_message_id, request_id, session_id, model, message_created_at'
    expect(await usageOf(table, `${which}, ${Object.keys(usage(0, 0)).join(', ')}`)).toEqual([
      {
        provider_message_id: 'msg_1',
        request_id: 'req_1',
        session_id: 's1',
        model: 'claude-x',
        message_created_at: '2026-05-28T20:26:40.000002Z',
        ...usage(3, 631, 100, 7),
      },
    ])
  },
)

test('an answer that a forked session copied counts once over both', async () => {
  const table = await realTable(columnsOf(9))
  await table.append([
    ...line(9, { session: 'fork', at: 1, usage: usage(1, 20) }),
    ...line(9, { session: 'fork', at: 0, usage: usage(1, 10) }),
  ])
  await table.append([
    ...line(9, { session: 'origin', at: 0, usage: usage(1, 10) }),
    ...line(9, { session: 'origin', at: 1, usage: usage(1, 20) }),
    ...line(9, { session: 'origin', at: 2, message: 'msg_2', usage: usage(4, 2) }),
  ])
  expect(await usageOf(table, 'provider_message_id, session_id, output_tokens')).toEqual([
    { provider_message_id: 'msg_1', session_id: 'fork', output_tokens: 20 },
    { provider_message_id: 'msg_2', session_id: 'origin', output_tokens: 2 },
  ])
})

test('without a request id the message id alone tells answers apart', async () => {
  const table = await realTable(columnsOf(9))
  await table.append([
    ...line(9, { message: 'a', request: null, usage: usage(1, 2) }),
    ...line(9, { message: 'a', request: null, usage: usage(1, 9) }),
    ...line(9, { message: 'b', request: null, usage: usage(1, 4) }),
  ])
  expect(await usageOf(table, 'provider_message_id, request_id, output_tokens')).toEqual([
    { provider_message_id: 'a', request_id: null, output_tokens: 9 },
    { provider_message_id: 'b', request_id: null, output_tokens: 4 },
  ])
})

test('the same message id under other request ids, or under none, is another answer', async () => {
  const table = await realTable(columnsOf(9))
  await table.append([
    ...line(9, { request: 'one', usage: usage(1, 2) }),
    ...line(9, { request: 'two', usage: usage(1, 3) }),
    ...line(9, { request: null, usage: usage(1, 4) }),
  ])
  expect(await usageOf(table, 'request_id, output_tokens')).toEqual([
    { request_id: null, output_tokens: 4 },
    { request_id: 'one', output_tokens: 2 },
    { request_id: 'two', output_tokens: 3 },
  ])
})

test('what the client wrote itself, what has no message id and what the user said is no answer', async () => {
  const table = await realTable(columnsOf(9))
  await table.append([
    ...line(9, { model: '<synthetic>', usage: usage(0, 0) }),
    ...line(9, { message: null, usage: usage(5, 5) }),
    ...line(9, { message: 'user', usage: usage(5, 5) }).map(row => ({ ...row, role: 'user' })),
    ...line(9, { message: 'unnamed model', model: null, usage: usage(5, 6) }),
  ])
  expect(await usageOf(table, 'provider_message_id, model, output_tokens')).toEqual([
    { provider_message_id: 'unnamed model', model: null, output_tokens: 6 },
  ])
})

test('rows from before the token columns count by their attributes, together with those after', async () => {
  const table = await realTable(columnsOf(8))
  await table.append([
    ...line(8, { message: 'old', usage: usage(1, 10) }),
    ...line(8, { message: 'both', usage: usage(2, 20) }),
    ...line(8, { message: 'both later', usage: usage(2, 99) }),
  ])
  await table.evolve([...columnsOf(9), column('mine', 'string')])
  await table.append([
    ...line(9, { message: 'both', usage: usage(2, 30) }),
    ...line(9, { message: 'both later', usage: usage(2, 40) }),
    ...line(9, { message: 'new', usage: usage(4, 0, 5, 6) }),
  ])
  expect(await usageOf(table, 'provider_message_id, input_tokens, output_tokens, cache_read_input_tokens')).toEqual([
    { provider_message_id: 'both', input_tokens: 2, output_tokens: 30, cache_read_input_tokens: 0 },
    { provider_message_id: 'both later', input_tokens: 2, output_tokens: 99, cache_read_input_tokens: 0 },
    { provider_message_id: 'new', input_tokens: 4, output_tokens: 0, cache_read_input_tokens: 6 },
    { provider_message_id: 'old', input_tokens: 1, output_tokens: 10, cache_read_input_tokens: 0 },
  ])
})

test('an answer without a report is an API message all the same, and odd attributes do no harm', async () => {
  const table = await realTable(columnsOf(8))
  const odd = ['no JSON at all {', '{"usage":{"output_tokens":"many"}}', '{"usage":[1]}', '[]', null]
  await table.append(
    odd.flatMap((attributes, index) =>
      line(8, { message: `odd ${index}`, usage: {} }).map(row => ({ ...row, attributes })),
    ),
  )
  expect(await usageOf(table, 'provider_message_id, output_tokens')).toEqual(
    odd.map((_, index) => ({ provider_message_id: `odd ${index}`, output_tokens: null })),
  )
})

test('the view is there for a table without rows', async () => {
  expect(await usageOf(await realTable(columnsOf(9)))).toEqual([])
})

test('the columns of the view have the same types in every release', async () => {
  const described = async (release: number): Promise<unknown> => {
    const table = await realTable(columnsOf(release))
    await table.append(line(release, { usage: usage(1, 2) }))
    const query = await session({ tables: { ai_gateway_messages: table.table() } })
    return rowsOf(query, 'SELECT column_name, column_type FROM (DESCRIBE usage)')
  }
  const newest = await described(9)
  for (const release of builtinReleases) expect(await described(release)).toEqual(newest)
})

test('a table that somebody declared as `usage` is that table', async () => {
  const messages = await realTable(columnsOf(9))
  const own = await realTable([column('watts', 'int')])
  await own.append([{ watts: 40 }])
  const query = await session({ tables: { ai_gateway_messages: messages.table(), usage: own.table() } })
  expect(await rowsOf(query, 'FROM usage')).toEqual([{ watts: 40 }])
})

test('a table that lacks what the view needs is queryable without it', async () => {
  const table = await realTable([column('id', 'int')])
  expect([...viewQueries(['id'], [])]).toEqual([])
  const query = await session({ tables: { ai_gateway_messages: table.table() } })
  expect(await rowsOf(query, 'SHOW TABLES')).toEqual([{ name: 'ai_gateway_messages' }])
})

test.each(builtinReleases)(
  'in release %i each report of Codex is an answer, whose input includes the cache',
  async release => {
    const last = { input_tokens: 100, cached_input_tokens: 80, output_tokens: 9, reasoning_output_tokens: 4 }
    const counts = { input_tokens: 100n, cache_read_input_tokens: 80n, output_tokens: 9n }
    const table = await realTable(columnsOf(release))
    await table.append(
      asRelease(release, [
        tokenReport({ message_id: 'u1', ...counts }, last),
        tokenReport({ message_id: 'u2', ...counts }, last),
      ]),
    )
    const columns =
      'provider_message_id, session_id, input_tokens, uncached_input_tokens, reasoning_output_tokens, total_tokens'
    const one = {
      session_id: 't1',
      input_tokens: 100,
      uncached_input_tokens: 20,
      reasoning_output_tokens: 4,
      total_tokens: 109,
    }
    expect(await usageOf(table, columns)).toEqual([
      { provider_message_id: 'u1', ...one },
      { provider_message_id: 'u2', ...one },
    ])
  },
)

test('an item of Codex with an id of its own is no answer', async () => {
  const table = await realTable(columnsOf(9))
  await table.append([
    tokenReport({ role: 'assistant', part_type: 'text', provider_uuid: 'native', provider_type: 'message' }),
  ])
  expect(await usageOf(table)).toEqual([])
})

test.each(builtinReleases)(
  'in release %i turns that a fork repeats of a parent which was missing when it was read count once, with the parent',
  async release => {
    const table = await realTable(columnsOf(release))
    const fork = { session_id: 'fork', conversation_id: 'fork' }
    const missing = { parent_missing: 't1' }
    await table.append(
      asRelease(release, [
        tokenReport({ message_id: 'own', prompt_id: 'turn-1', output_tokens: 1n }),
        tokenReport({ ...fork, message_id: 'copy', prompt_id: 'turn-1', output_tokens: 1n }, {}, missing),
        tokenReport({ ...fork, message_id: 'new', prompt_id: 'turn-2', output_tokens: 2n }, {}, missing),
      ]),
    )
    expect(await usageOf(table, 'provider_message_id')).toEqual([
      { provider_message_id: 'new' },
      { provider_message_id: 'own' },
    ])
  },
)

test('turns that several forks repeat of a parent which is gone count once, and so do those that it repeated itself', async () => {
  const table = await realTable(columnsOf(9))
  const of = (thread: string, turn: string | null, output: number, totals: number, missing?: string): Row =>
    tokenReport(
      {
        session_id: thread,
        conversation_id: thread,
        message_id: `${thread} ${totals}`,
        prompt_id: turn,
        output_tokens: BigInt(output),
      },
      {},
      { total_token_usage: { total_tokens: totals }, ...(missing === undefined ? {} : { parent_missing: missing }) },
    )
  const fork = (thread: string, own: number): Row[] => [
    of(thread, 'of grandparent', 1, 1, 'gone'),
    of(thread, 'of parent', 2, 3, 'gone'),
    of(thread, 'of parent', 2, 5, 'gone'),
    of(thread, `of ${thread}`, own, 5 + own, 'gone'),
    of(thread, null, 1, 6 + own, 'gone'),
  ]
  await table.append([of('grandparent', 'of grandparent', 1, 1), ...fork('fork 2', 20), ...fork('fork 1', 10)])
  // An id of a turn that two threads happen to share tells nothing.
  await table.append([of('other 1', '1', 7, 7), of('other 2', '1', 7, 7)])
  expect(await usageOf(table, 'provider_message_id AS id')).toEqual(
    [
      'fork 1 15',
      'fork 1 16',
      'fork 1 3',
      'fork 1 5',
      'fork 2 25',
      'fork 2 26',
      'grandparent 1',
      'other 1 7',
      'other 2 7',
    ].map(id => ({ id })),
  )
})

test('an answer says where and for which agent it was, and how much of the cache is kept for an hour', async () => {
  const table = await realTable(columnsOf(9))
  const cached = { ...usage(1, 2, 30, 4), cache_creation: { ephemeral_1h_input_tokens: 10 } }
  const [row] = line(9, { usage: usage(1, 2, 30, 4) })
  await table.append([
    {
      ...row,
      agent_id: 'a1',
      cwd: '/code/deep',
      repo_root: '/code',
      git_branch: 'main',
      date: '2026-05-28',
      attributes: JSON.stringify({ usage: cached }),
    },
  ])
  const columns =
    'agent_id, date, repository, git_branch, uncached_input_tokens, cache_creation_1h_input_tokens, total_tokens'
  expect(await usageOf(table, columns)).toEqual([
    {
      agent_id: 'a1',
      date: '2026-05-28',
      repository: '/code',
      git_branch: 'main',
      uncached_input_tokens: 1,
      cache_creation_1h_input_tokens: 10,
      total_tokens: 37,
    },
  ])
})

test.each(builtinReleases)('in release %i a count below zero is no count, and is in no sum', async release => {
  const table = await realTable(columnsOf(release))
  const damaged = { ...usage(-5, 20, 100, -7), cache_creation: { ephemeral_1h_input_tokens: -3 } }
  const ofCodex = { input_tokens: 10, cached_input_tokens: 80, output_tokens: 9, reasoning_output_tokens: -4 }
  await table.append([
    ...line(release, { message: 'damaged', usage: usage(-5, 20, 100, -7) }).map(row => ({
      ...row,
      attributes: JSON.stringify({ usage: damaged }),
    })),
    ...line(release, { message: 'whole', usage: usage(1, 2, 3, 4) }),
    ...asRelease(release, [
      tokenReport(
        { message_id: 'of codex', input_tokens: 10n, cache_read_input_tokens: 80n, output_tokens: 9n },
        ofCodex,
      ),
    ]),
  ])
  const counts = `input_tokens, output_tokens, cache_creation_input_tokens, cache_read_input_tokens,
    cache_creation_1h_input_tokens, uncached_input_tokens, reasoning_output_tokens, total_tokens`
  expect(await usageOf(table, `provider_message_id, ${counts}`)).toEqual([
    {
      provider_message_id: 'damaged',
      input_tokens: null,
      output_tokens: 20,
      cache_creation_input_tokens: 100,
      cache_read_input_tokens: null,
      cache_creation_1h_input_tokens: null,
      uncached_input_tokens: null,
      reasoning_output_tokens: null,
      total_tokens: 120,
    },
    {
      provider_message_id: 'of codex',
      input_tokens: 10,
      output_tokens: 9,
      cache_creation_input_tokens: null,
      cache_read_input_tokens: 80,
      cache_creation_1h_input_tokens: null,
      uncached_input_tokens: null,
      reasoning_output_tokens: null,
      total_tokens: 89,
    },
    {
      provider_message_id: 'whole',
      input_tokens: 1,
      output_tokens: 2,
      cache_creation_input_tokens: 3,
      cache_read_input_tokens: 4,
      cache_creation_1h_input_tokens: null,
      uncached_input_tokens: 1,
      reasoning_output_tokens: null,
      total_tokens: 10,
    },
  ])
  const query = await session({ tables: { ai_gateway_messages: table.table() } })
  expect(await rowsOf(query, 'SELECT input_tokens, total_tokens FROM sessions ORDER BY session_id')).toEqual([
    { input_tokens: 1, total_tokens: 130 },
    { input_tokens: 10, total_tokens: 89 },
  ])
})
