import { expect, test } from 'vitest'
import { micros, utcDay } from '../../src/sources/time.ts'

test('an instant is counted in microseconds of UTC', () => {
  expect(micros('1970-01-01T00:00:01.002Z')).toBe(1_002_000n)
  expect(micros('1970-01-01T00:00:01.002003Z')).toBe(1_002_003n)
  expect(micros('1970-01-01T02:00:00+02:00')).toBe(0n)
})

test('a time without a zone is UTC, whatever the machine’s own zone', () => {
  expect(micros('1970-01-01T00:00:01')).toBe(1_000_000n)
})

test('what is no instant is null', () => {
  expect(['', 'soon', '2026-13-01T00:00:00Z', 1_700_000_000_000, null, {}].map(micros)).toEqual(Array(6).fill(null))
})

test('the day is that of UTC, also before 1970', () => {
  expect(utcDay(micros('2026-06-13T23:59:59.999Z') ?? 0n)).toBe('2026-06-13')
  expect(utcDay(micros('2026-06-13T23:30:00-02:00') ?? 0n)).toBe('2026-06-14')
  expect(utcDay(-1n)).toBe('1969-12-31')
})

test('what lies before the year 0 or after 9999 is no instant: its day has no text', () => {
  expect(micros('9999-12-31T23:59:59.999999Z')).not.toBeNull()
  expect(micros('9999-12-31T23:59:59-01:00')).toBeNull()
  expect(micros('0000-01-01T00:00:00Z')).not.toBeNull()
  expect(micros('0000-01-01T00:00:00+01:00')).toBeNull()
})
