import { expect, test } from 'vitest'
import { alignColumns, bytes, count, duration, plural, wrap } from '../../src/cli/render/text.ts'

test.each([
  [0, '0'],
  [999, '999'],
  [1000, '1 000'],
  [98_112, '98 112'],
  [1_234_567, '1 234 567'],
])('%d is written %s', (value, text) => {
  expect(count(value)).toBe(text)
})

test('one is one row, all others are rows', () => {
  expect([0, 1, 2, 1000].map(value => plural(value, 'row'))).toEqual(['0 rows', '1 row', '2 rows', '1 000 rows'])
})

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1.0 kB'],
  [99_949, '99.9 kB'],
  [123_456, '123 kB'],
  [999_499, '999 kB'],
  [999_500, '1.0 MB'],
  [81_000_000_000, '81.0 GB'],
  [5e15, '5000 TB'],
])('%d bytes are %s', (value, text) => {
  expect(bytes(value)).toBe(text)
})

test.each([
  [0.44, '0.4 ms'],
  [31, '31 ms'],
  [1500, '1.5 s'],
  [60_000, '1 min 0 s'],
  [119_999, '2 min 0 s'],
  [61_400, '1 min 1 s'],
])('%d milliseconds are %s', (value, text) => {
  expect(duration(value)).toBe(text)
})

test('columns are as wide as what is in them, numbers to the right, without spaces at the end', () => {
  const rows = [
    ['rows', 'file'],
    ['1', 'a'],
    ['1 000', 'a longer name'],
  ]
  expect(alignColumns(rows, [0])).toEqual([' rows  file', '    1  a', '1 000  a longer name'])
})

test('a sentence is broken between words only, and a word that is too long stands alone', () => {
  expect(wrap('one two three', 7)).toEqual(['one two', 'three'])
  expect(wrap('a incomprehensibilities b', 5)).toEqual(['a', 'incomprehensibilities', 'b'])
  expect(wrap('', 5)).toEqual([])
})
