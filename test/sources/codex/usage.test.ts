import { expect, test } from 'vitest'
import type { Row } from '../../../src/iceberg/types.ts'
import { codexOf, event, item, readLinesOf, tokenCount, tokens, turn, user } from './rollouts.ts'

const counted = (rows: readonly Row[]): unknown[] =>
  rows
    .filter(row => row['part_type'] === 'usage')
    .map(row => ['input_tokens', 'output_tokens', 'cache_read_input_tokens'].map(name => row[name]))

test('a report of tokens is a row of its own, under the turn’s model', async () => {
  const { rows } = await readLinesOf(...turn('t1'), user('hi'), tokenCount(tokens(100, 20, 60), tokens(100, 20, 60)))
  expect(rows[1]).toMatchObject({
    role: 'system',
    part_type: 'usage',
    provider_type: 'event_msg',
    provider_subtype: 'token_count',
    model: 'gpt-5.4',
    prompt_id: 't1',
    input_tokens: 100n,
    output_tokens: 20n,
    cache_read_input_tokens: 60n,
    cache_creation_input_tokens: null,
    content_text: null,
  })
  expect(JSON.parse(rows[1]?.['attributes'] as string)).toMatchObject({
    usage: tokens(100, 20, 60),
    codex: { total_token_usage: tokens(100, 20, 60), model_context_window: 258_400 },
  })
})

test('a report that repeats the totals counts once, however often it comes', async () => {
  const first = tokenCount(tokens(10), tokens(10))
  const second = tokenCount(tokens(30), tokens(20))
  const { rows, skipped } = await readLinesOf(first, first, second, second, second)
  expect(counted(rows)).toEqual([
    [10n, 0n, 0n],
    [20n, 0n, 0n],
  ])
  expect(skipped).toEqual({ 'unchanged-usage': 3, 'thread-context': 1 })
})

test('totals that fall are a change, and so are those that come back', async () => {
  const { rows } = await readLinesOf(
    tokenCount(tokens(100), tokens(100)),
    tokenCount(tokens(7), tokens(7)),
    tokenCount(tokens(100), tokens(93)),
  )
  expect(counted(rows)).toEqual([
    [100n, 0n, 0n],
    [7n, 0n, 0n],
    [93n, 0n, 0n],
  ])
  expect(new Set(rows.map(row => row['part_id'])).size).toBe(3)
})

test('a report without tokens counts nothing, and leaves what was counted', async () => {
  const { rows, skipped } = await readLinesOf(
    event('token_count', { info: null, rate_limits: {} }),
    tokenCount(tokens(10), tokens(10)),
    event('token_count', { info: null }),
    event('token_count'),
    tokenCount(tokens(10), tokens(10)),
  )
  expect(counted(rows)).toEqual([[10n, 0n, 0n]])
  expect(skipped).toEqual({ 'unchanged-usage': 4, 'thread-context': 1 })
})

test('where only totals are told, what they grew by counts, or all of them where they began anew', async () => {
  const { rows } = await readLinesOf(
    tokenCount(tokens(10, 1), null),
    tokenCount(tokens(25, 3), null),
    tokenCount(tokens(4, 1), null),
  )
  expect(counted(rows)).toEqual([
    [10n, 1n, 0n],
    [15n, 2n, 0n],
    [4n, 1n, 0n],
  ])
  expect(codexOf(rows[1])).toMatchObject({ usage_from: 'totals', total_token_usage: tokens(25, 3) })
})

test('where only the last request is told, it counts when it differs', async () => {
  const { rows } = await readLinesOf(
    tokenCount(null, tokens(10)),
    tokenCount(null, tokens(10)),
    tokenCount(null, tokens(11)),
  )
  expect(counted(rows)).toEqual([
    [10n, 0n, 0n],
    [11n, 0n, 0n],
  ])
})

test('tokens written to the cache have their column', async () => {
  const { rows } = await readLinesOf(tokenCount(tokens(10), { ...tokens(10), cache_write_input_tokens: 4 }))
  expect(rows[0]?.['cache_creation_input_tokens']).toBe(4n)
})

test('counts that are none are null', async () => {
  const { rows } = await readLinesOf(tokenCount({ input_tokens: 'x' }, { input_tokens: -1, output_tokens: 1.5 }))
  expect(rows[0]).toMatchObject({ input_tokens: null, output_tokens: null, cache_read_input_tokens: null })
})

test('a response item of that name is an item, and counts no tokens', async () => {
  const { rows } = await readLinesOf(item('token_count', { input_tokens: 120 }))
  expect(rows[0]).toMatchObject({ part_type: 'other', provider_type: 'token_count', input_tokens: null })
})
