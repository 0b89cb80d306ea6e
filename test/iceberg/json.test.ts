import { expect, test } from 'vitest'
import { parseJson, printJson } from '../../src/iceberg/json.ts'

test('integers up to 2^53 are numbers and integers beyond are bigints, to the last digit', () => {
  const text = '[9007199254740991,9007199254740992,-9007199254740993,9223372036854775807,-9223372036854775808]'
  expect(parseJson(text)).toEqual([
    9007199254740991,
    9007199254740992n,
    -9007199254740993n,
    9223372036854775807n,
    -9223372036854775808n,
  ])
  expect(printJson(parseJson(text))).toBe(text)
})

test('two snapshot ids that a float cannot tell apart stay two ids', () => {
  const [first, second] = parseJson('[3051729675574597004,3051729675574597005]') as bigint[]
  expect(first).toBe(3051729675574597004n)
  expect(second).toBe(3051729675574597005n)
})

test('digits inside strings and keys are text, also next to escaped quotes', () => {
  const text = '{"9223372036854775807":"9223372036854775807","a\\"9223372036854775807":[" -9223372036854775807\\\\",1]}'
  expect(parseJson(text)).toEqual({
    '9223372036854775807': '9223372036854775807',
    'a"9223372036854775807': [' -9223372036854775807\\', 1],
  })
  expect(printJson(parseJson(text))).toBe(text)
})

test('fractions and exponents of many digits stay floating point', () => {
  const texts = ['1.2345678901234567890', '0.1234567890123456789', '1e300', '12345678901234567890e-3']
  expect(parseJson(`[${texts.join(', ')}]`)).toEqual(texts.map(Number))
})

test('a long string beside a long integer is no trouble, whatever is in it', () => {
  for (const part of ['x', '\\"', '\\\\', 'é9223372036854775807']) {
    const text = `{"text":"${part.repeat(8_000_000 / part.length)}","id":9223372036854775807}`
    expect((parseJson(text) as { id: bigint }).id).toBe(9223372036854775807n)
  }
})

test('an integer that is too large even for a double is not made a bigint', () => {
  const text = `[9223372036854775807,${'9'.repeat(400)}]`
  expect(parseJson(text)).toEqual([9223372036854775807n, Number.POSITIVE_INFINITY])
})

test('strings that look like the marks of long integers come back as they were', () => {
  const value = { 'int64~0~1': 'int64~0~9223372036854775807', other: 'int64~1~5', id: 9223372036854775807n }
  const text = '{"int64~0~1":"int64~0~9223372036854775807","other":"int64~1~5","id":9223372036854775807}'
  expect(printJson(value)).toBe(text)
  expect(parseJson(text)).toEqual(value)
})

test('a key called __proto__ is a key', () => {
  const text = '{"__proto__":{"id":9223372036854775807}}'
  expect(printJson(parseJson(text))).toBe(text)
})

test('bigints that are safe integers are printed like numbers', () => {
  expect(printJson([5n, -7n, 0n])).toBe('[5,-7,0]')
})

test('text that is not JSON is refused whether or not it has long integers', () => {
  for (const text of ['{"a":', '[9223372036854775807', '{"a":09223372036854775807}', '']) {
    expect(() => parseJson(text)).toThrow(SyntaxError)
  }
})
