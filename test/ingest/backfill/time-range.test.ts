import { expect, test } from 'vitest'
import { isInRange, timeRange } from '../../../src/ingest/backfill/time-range.ts'
import { micros } from '../../../src/sources/time.ts'

const at = (text: string): bigint => micros(text) as bigint

test.each([
  ['2026-01-31', undefined, '2026-01-31T00:00:00Z', '2026-01-30T23:59:59.999999Z'],
  [undefined, '2026-01-31', '2026-01-31T23:59:59.999999Z', '2026-02-01T00:00:00Z'],
  ['2026-01-31', '2026-01-31', '2026-01-31T12:00:00Z', '2026-02-01T00:00:00Z'],
  ['2026-01-31T10:00:00+02:00', undefined, '2026-01-31T08:00:00Z', '2026-01-31T07:59:59.999999Z'],
  [undefined, '2026-01-31T09:00:00.5Z', '2026-01-31T09:00:00.5Z', '2026-01-31T09:00:00.500001Z'],
  ['2026-01-31T09:00:00', undefined, '2026-01-31T09:00:00Z', '2026-01-31T08:59:59Z'],
])('since %s until %s has %s in it, and not %s', (since, until, inside, outside) => {
  const range = timeRange(since, until)
  if (range === undefined) throw new Error('a range')
  expect([inside, outside].map(text => isInRange(at(text), range))).toEqual([true, false])
})

test('without ends it is all time', () => {
  expect(timeRange(undefined, undefined)).toBeUndefined()
})

test.each([
  ['yesterday', undefined],
  [undefined, '2026-02-30'],
  ['2026', undefined],
  ['2026-02-01', '2026-01-31'],
])('since %s until %s is a mistake, and says what to write', (since, until) => {
  expect(() => timeRange(since, until)).toThrow(expect.objectContaining({ code: 'USAGE' }))
})
