import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { daysFromIso, microsFromIso, microsOfDay } from '../../src/schema/iso-time.ts'

describe('a date', () => {
  test('is counted in days since 1970', () => {
    expect(daysFromIso('1970-01-01')).toBe(0)
    expect(daysFromIso('1969-12-31')).toBe(-1)
    expect(daysFromIso('2024-02-29')).toBe(19782)
    expect(daysFromIso('0001-01-01')).toBe(-719162)
  })

  test('that the calendar does not have is none', () => {
    for (const text of [
      '2026-02-29',
      '2026-02-30',
      '2026-13-01',
      '2026-00-10',
      '2026-1-1',
      '26-01-01',
      '+02026-01-01',
      '',
    ]) {
      expect(daysFromIso(text), text).toBeUndefined()
    }
  })
})

describe('a time of day', () => {
  test('is counted in microseconds since midnight', () => {
    expect(microsOfDay('00:00')).toBe(0n)
    expect(microsOfDay('23:59:59.999999')).toBe(86_399_999_999n)
    expect(microsOfDay('00:00:01,5')).toBe(1_500_000n)
  })

  test('that no clock shows is none', () => {
    for (const text of ['24:00:00', '23:60', '23:59:60', '1:00', '10', '10:00:', '10:00:00.', '']) {
      expect(microsOfDay(text), text).toBeUndefined()
    }
  })
})

describe('a moment', () => {
  test('is counted in microseconds since 1970, wherever its clock stands', () => {
    const moment = 1_781_379_446_328_000n
    for (const text of [
      '2026-06-13T19:37:26.328Z',
      '2026-06-13T21:37:26.328+02:00',
      '2026-06-13T21:37:26.328000+0200',
      '2026-06-13 14:37:26.328-05',
      '2026-06-13t19:37:26.328z',
    ]) {
      expect(microsFromIso(text, true), text).toBe(moment)
    }
  })

  test('keeps microseconds, drops what is smaller, and rounds no earlier moment up', () => {
    expect(microsFromIso('1970-01-01T00:00:00.123456Z', true)).toBe(123_456n)
    expect(microsFromIso('1970-01-01T00:00:00.123456789Z', true)).toBe(123_456n)
    expect(microsFromIso('1969-12-31T23:59:59.999999999Z', true)).toBe(-1n)
  })

  test('must say its offset, and a wall clock must not', () => {
    expect(microsFromIso('2026-06-13T19:37:26', true)).toBeUndefined()
    expect(microsFromIso('2026-06-13T19:37:26Z', false)).toBeUndefined()
    expect(microsFromIso('1970-01-02T00:00:00', false)).toBe(86_400_000_000n)
  })

  test('that is malformed in any part is none', () => {
    for (const text of [
      '2026-06-13',
      '2026-02-30T00:00:00Z',
      '2026-06-13T25:00:00Z',
      '2026-06-13T19:37:26+24:00',
      '2026-06-13T19:37:26+02:60',
      '2026-06-13T19:37:26 Z',
      '2026-06-13T19:37:26ZZ',
      'June 13, 2026',
      '1781379446',
      '',
    ]) {
      expect(microsFromIso(text, true), text).toBeUndefined()
    }
  })

  test('agrees with the clock of the platform on every millisecond of four digits of years', () => {
    const first = Date.parse('0000-01-01T00:00:00Z')
    const last = Date.parse('9999-12-31T23:59:59.999Z')
    fc.assert(
      fc.property(fc.integer({ min: first, max: last }), ms => {
        expect(microsFromIso(new Date(ms).toISOString(), true)).toBe(BigInt(ms) * 1000n)
      }),
    )
  })
})
