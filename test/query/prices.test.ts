import { expect, test } from 'vitest'
import type { HypError } from '../../src/errors.ts'
import { builtinPrices } from '../../src/query/prices/builtin-prices.ts'
import type { Price } from '../../src/query/prices/price.ts'
import { readPriceFile } from '../../src/query/prices/price-file.ts'
import type { Mistake } from '../../src/schema/declaration-file.ts'
import { rowsOf } from './asking.ts'
import { columnsOf, part, report } from './message-rows.ts'
import { realTable, session } from './real-table.ts'

interface Tokens {
  readonly input?: number
  readonly output?: number
  readonly written?: number
  readonly writtenForAnHour?: number
  readonly read?: number
}

async function costOf(prices: readonly Price[], model: string, tokens: Tokens): Promise<unknown> {
  const { input = 0, output = 0, written = 0, writtenForAnHour, read = 0 } = tokens
  const table = await realTable(columnsOf(9))
  const usage = { cache_creation: { ephemeral_1h_input_tokens: writtenForAnHour } }
  await table.append([
    part({
      role: 'assistant',
      provider_uuid: 'msg',
      model,
      input_tokens: BigInt(input),
      output_tokens: BigInt(output),
      cache_creation_input_tokens: BigInt(written),
      cache_read_input_tokens: BigInt(read),
      attributes: JSON.stringify({ usage }),
    }),
  ])
  const query = await session({ tables: { ai_gateway_messages: table.table() }, prices })
  return (await rowsOf(query, 'SELECT cost FROM usage'))[0]?.['cost']
}

const million = 1_000_000
const example: Price = { model: 'example-*', input: 3, output: 15, cacheWrite: 4, cacheWrite1h: 6, cacheRead: 0.5 }

test('a cost is the sum over what each kind of token costs', async () => {
  const tokens = {
    input: million,
    output: 2 * million,
    written: 3 * million,
    writtenForAnHour: million,
    read: 4 * million,
  }
  expect(await costOf([example], 'example-1', tokens)).toBe(3 + 30 + 2 * 4 + 6 + 2)
})

test('a model without a price costs null, not nothing', async () => {
  expect(await costOf([example], 'other', { input: 1 })).toBeNull()
})

test('tokens without a price make the cost unknown, unless there are none', async () => {
  const bare = { model: 'example-1', input: 3, output: 15 }
  expect(await costOf([bare], 'example-1', { input: million })).toBe(3)
  expect(await costOf([bare], 'example-1', { input: million, read: 1 })).toBeNull()
  expect(await costOf([{ ...bare, cacheWrite: 1 }], 'example-1', { written: million })).toBe(1)
  expect(await costOf([{ ...bare, cacheWrite: 1 }], 'example-1', { written: 5, writtenForAnHour: 2 })).toBeNull()
})

test('the first price that fits counts, and one for short requests only fits those', async () => {
  const short = { model: 'example-1', input: 1, output: 1, cacheRead: 1, upToInputTokens: million }
  const prices = [short, { ...example, input: 2 }]
  expect(await costOf(prices, 'example-1', { input: million })).toBe(1)
  expect(await costOf(prices, 'example-1', { input: million, read: 1 })).toBeGreaterThan(2)
  expect(await costOf(prices, 'example-2', { input: million })).toBe(2)
  expect(await costOf([short], 'example-1', { input: million + 1 })).toBeNull()
})

test('only `*` stands for other text in the name of a model', async () => {
  const named = (model: string): Price[] => [{ ...example, model }]
  expect(await costOf(named('a_b%c\\d*'), 'a_b%c\\d-1', { input: million })).toBe(3)
  expect(await costOf(named('a_b*'), 'aXb', { input: million })).toBeNull()
  expect(await costOf(named("it's"), "it's", { input: million })).toBe(3)
})

test('prices of the user come before those that are built in', async () => {
  const { model } = builtinPrices[0] as Price
  expect(await costOf([], model, { input: million })).toBe(builtinPrices[0]?.input)
  expect(await costOf([{ ...example, model }], model, { input: million })).toBe(3)
})

test('what Codex took from the cache is not paid as other input too', async () => {
  const table = await realTable(columnsOf(9))
  await table.append([
    report({ model: 'example-1', input_tokens: 3_000_000n, cache_read_input_tokens: 2_000_000n, output_tokens: 0n }),
  ])
  const query = await session({ tables: { ai_gateway_messages: table.table() }, prices: [example] })
  expect(await rowsOf(query, 'SELECT cost FROM usage')).toEqual([{ cost: 3 + 1 }])
})

test('a file is read with its comments, and its limits', () => {
  const text = `{ "currency": "USD", "models": [
    // Mine.
    { "model": "a-*", "input": 0, "output": 1.5, "cache_write": 2, "cache_write_1h": 3, "cache_read": 4, "up_to_input_tokens": 5, },
  ] }`
  expect(readPriceFile(text, 'prices.json')).toEqual([
    { model: 'a-*', input: 0, output: 1.5, cacheWrite: 2, cacheWrite1h: 3, cacheRead: 4, upToInputTokens: 5 },
  ])
})

function mistakesIn(text: string): string[] {
  try {
    readPriceFile(text, 'prices.json')
    return []
  } catch (error) {
    const { code, details } = error as HypError
    expect(code).toBe('CONFIG_INVALID')
    return (details['mistakes'] as readonly Mistake[]).map(({ line, path, code: what }) => `${line} ${path} ${what}`)
  }
}

test('every mistake is told at once, with its line and path', () => {
  const text = `{ "currency": "EUR", "other": 1,
  "models": [
    { "input": 1, "output": -1 },
    { "model": 7, "input": "3", "output": 1, "cache_reed": 1 },
    { "model": " ", "input": 1, "output": 1, "up_to_input_tokens": 0.5 },
    "example"
  ] }`
  expect(mistakesIn(text)).toEqual([
    '1 /currency unknown-word',
    '1 /other unknown-key',
    '3 /models/0 missing-key',
    '3 /models/0/output wrong-kind',
    '4 /models/1/model wrong-kind',
    '4 /models/1/input wrong-kind',
    '4 /models/1/cache_reed unknown-key',
    '5 /models/2/model bad-name',
    '5 /models/2/up_to_input_tokens wrong-kind',
    '6 /models/3 wrong-kind',
  ])
})

test.each([
  ['', ['1  syntax']],
  ['{', ['1  syntax']],
  ['[]', ['1  wrong-kind']],
  ['{}', ['1  missing-key']],
  ['{"models": {}}', ['1 /models wrong-kind']],
  ['{"models": [{"model": "a", "input": 1}]}', ['1 /models/0 missing-key']],
])('%j is no list of prices', (text, mistakes) => {
  expect(mistakesIn(text)).toEqual(mistakes)
})

test('each price that is built in is one for a whole name or for the days of its releases', () => {
  const models = builtinPrices.map(({ model }) => model)
  expect(new Set(models).size).toBe(models.length)
  for (const model of models) expect(model).toMatch(/^[a-z0-9-]+(?:-20\*)?$/)
})
