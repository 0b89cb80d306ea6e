import { describe, expect, test } from 'vitest'
import { murmur3 } from '../../src/iceberg/murmur3.ts'
import { parsePrimitive } from '../../src/iceberg/primitive.ts'
import {
  bindTransform,
  parseTransform,
  type Transform,
  transformAccepts,
  transformResult,
} from '../../src/iceberg/transform.ts'
import type { Cell } from '../../src/iceberg/types.ts'

function apply(transform: string, type: string, cell: Cell): Cell {
  return bindTransform(parseTransform(transform) as Transform, type)(cell)
}

/** Days since 1970 of a date. */
function day(text: string): number {
  return Date.parse(`${text}T00:00:00Z`) / 86_400_000
}

/** Microseconds since 1970 of an instant. */
function micros(text: string, more = 0n): bigint {
  return BigInt(Date.parse(text)) * 1000n + more
}

describe('the hash of a bucket (spec, Appendix B)', () => {
  test.each<[type: string, cell: Cell, hash: number]>([
    ['int', 34, 2017239379],
    ['long', 34n, 2017239379],
    ['decimal(9,2)', 1420n, -500754589],
    ['decimal(38,2)', 1420n, -500754589],
    ['date', day('2017-11-16'), -653330422],
    ['time', 81_068_000_000n, -662762989],
    ['timestamp', micros('2017-11-16T22:31:08Z'), -2047944441],
    ['timestamptz', micros('2017-11-16T14:31:08-08:00'), -2047944441],
    ['timestamp', micros('2017-11-16T22:31:08Z', 1n), -1207196810],
    ['string', 'iceberg', 1210000089],
    ['uuid', 'f79c3e09-677c-4bbd-a479-3f349cb785e7', 1488055340],
    ['fixed[4]', Uint8Array.of(0, 1, 2, 3), -188683207],
    ['binary', Uint8Array.of(0, 1, 2, 3), -188683207],
  ])('of %s %o is %i', (type, cell, hash) => {
    const positive = hash & 0x7fffffff
    for (const buckets of [1, 4, 16, 1_000_003, 2147483647])
      expect(apply(`bucket[${buckets}]`, type, cell)).toBe(positive % buckets)
  })

  test('of a long that came as a number is the same', () => {
    expect(apply('bucket[2147483647]', 'long', 34)).toBe(2017239379)
    expect(apply('bucket[2147483647]', 'timestamp', Date.parse('2017-11-16T22:31:08Z') * 1000)).toBe(
      -2047944441 & 0x7fffffff,
    )
  })

  test('reads bytes in groups of four and a tail of any length', () => {
    const known: readonly (readonly [text: string, hash: number])[] = [
      ['', 0],
      ['a', 1009084850],
      ['ab', -1681926305],
      ['abc', -1277324294],
      ['abcd', 1139631978],
    ]
    for (const [text, hash] of known) expect(murmur3(new TextEncoder().encode(text))).toBe(hash)
  })

  test('is the same for bytes that lie inside a larger buffer', () => {
    const bytes = Uint8Array.of(9, 9, 0, 1, 2, 3, 9).subarray(2, 6)
    expect(murmur3(bytes)).toBe(-188683207)
  })
})

describe('truncate', () => {
  test.each<[type: string, width: number, cell: Cell, result: Cell]>([
    ['int', 10, 1, 0],
    ['int', 10, -1, -10],
    ['int', 10, -10, -10],
    ['int', 10, 0, 0],
    ['int', 10, -2147483648, 2147483646],
    ['long', 10, 1n, 0n],
    ['long', 10, -9223372036854775808n, 9223372036854775806n],
    ['long', 10, -1n, -10n],
    ['long', 10, -9223372036854775800n, -9223372036854775800n],
    ['decimal(9,2)', 50, 1065n, 1050n],
    ['decimal(9,2)', 50, -1065n, -1100n],
    ['string', 3, 'iceberg', 'ice'],
    ['string', 3, 'ic', 'ic'],
    ['string', 2, '😀😁😂', '😀😁'],
    ['string', 3, 'a\u0301bc', 'a\u0301b'],
    ['binary', 2, Uint8Array.of(1, 2, 3), Uint8Array.of(1, 2)],
    ['binary', 9, Uint8Array.of(1, 2, 3), Uint8Array.of(1, 2, 3)],
  ])('of %s to %i makes %o into %o', (type, width, cell, result) => {
    expect(apply(`truncate[${width}]`, type, cell)).toEqual(result)
  })
})

describe('parts of dates', () => {
  test.each<[text: string, year: number, month: number, days: number]>([
    ['2017-11-16', 47, 574, 17486],
    ['1970-01-01', 0, 0, 0],
    ['1969-12-31', -1, -1, -1],
    ['1969-01-01', -1, -12, -365],
    ['1968-12-31', -2, -13, -366],
    ['0001-01-01', -1969, -23628, -719162],
    ['9999-12-31', 8029, 96359, 2932896],
  ])('%s is year %i, month %i, day %i since 1970', (text, year, month, days) => {
    expect(apply('year', 'date', day(text))).toBe(year)
    expect(apply('month', 'date', day(text))).toBe(month)
    expect(apply('day', 'date', day(text))).toBe(days)
  })

  test.each<[text: string, more: bigint, year: number, month: number, days: number, hour: number]>([
    ['2017-12-01T10:12:55.038Z', 194n, 47, 575, 17501, 420034],
    ['1970-01-01T00:00:00Z', 0n, 0, 0, 0, 0],
    ['1970-01-01T00:00:00Z', -1n, -1, -1, -1, -1],
    ['1969-12-31T23:59:59.999Z', 999n, -1, -1, -1, -1],
    ['1969-12-30T22:59:59.999Z', 999n, -1, -1, -2, -26],
  ])('%s and %i µs is year %i, month %i, day %i, hour %i', (text, more, year, month, days, hour) => {
    for (const type of ['timestamp', 'timestamptz']) {
      expect(apply('year', type, micros(text, more))).toBe(year)
      expect(apply('month', type, micros(text, more))).toBe(month)
      expect(apply('day', type, micros(text, more))).toBe(days)
      expect(apply('hour', type, micros(text, more))).toBe(hour)
    }
  })

  test('of an instant that came as a number are the same', () => {
    expect(apply('day', 'timestamptz', -1)).toBe(-1)
  })

  test('reach as far as the types do, beyond what Date can hold', () => {
    expect(apply('year', 'date', 2147483647)).toBe(5_879_610)
    expect(apply('month', 'date', -2147483648)).toBe(-70_555_327)
    expect(apply('year', 'timestamp', 9223372036854775807n)).toBe(292_277)
    expect(apply('month', 'timestamp', -9223372036854775808n)).toBe(-3_507_325)
    expect(apply('hour', 'timestamp', -9223372036854775808n)).toBe(-2_562_047_789)
  })
})

describe('identity, void and null', () => {
  test('identity keeps the value, void gives null', () => {
    expect(apply('identity', 'string', 'x')).toBe('x')
    expect(apply('void', 'string', 'x')).toBeNull()
  })

  test.each(['identity', 'void', 'bucket[4]', 'truncate[4]'])('%s of nothing is null', transform => {
    expect(apply(transform, 'string', null)).toBeNull()
    expect(apply(transform, 'string', undefined)).toBeNull()
  })

  test.each(['year', 'month', 'day', 'hour'])('%s of nothing is null', transform => {
    expect(apply(transform, 'timestamp', null)).toBeNull()
  })
})

describe('a transform by name', () => {
  test.each([
    'bucket[0]',
    'bucket[-1]',
    'bucket[2147483648]',
    'bucket',
    'truncate[]',
    'zorder',
    'Identity',
    'days',
    '',
  ])('%o is none that we know', name => {
    expect(parseTransform(name)).toBeUndefined()
  })

  test.each<[transform: string, accepts: string[]]>([
    ['identity', ['boolean', 'int', 'double', 'string', 'binary', 'uuid', 'fixed[4]', 'decimal(9,2)', 'timestamptz']],
    ['void', ['boolean', 'double']],
    [
      'bucket[4]',
      [
        'int',
        'long',
        'decimal(9,2)',
        'date',
        'time',
        'timestamp',
        'timestamptz',
        'string',
        'uuid',
        'fixed[4]',
        'binary',
      ],
    ],
    ['truncate[4]', ['int', 'long', 'decimal(9,2)', 'string', 'binary']],
    ['year', ['date', 'timestamp', 'timestamptz']],
    ['month', ['date', 'timestamp', 'timestamptz']],
    ['day', ['date', 'timestamp', 'timestamptz']],
    ['hour', ['timestamp', 'timestamptz']],
  ])('%s accepts %o and, but for identity and void, nothing else', (name, accepts) => {
    const all = [
      'boolean',
      'int',
      'long',
      'float',
      'double',
      'decimal(9,2)',
      'date',
      'time',
      'timestamp',
      'timestamptz',
      'string',
      'uuid',
      'fixed[4]',
      'binary',
    ]
    const transform = parseTransform(name) as Transform
    const accepted = all.filter(type =>
      transformAccepts(transform, parsePrimitive(type) as NonNullable<ReturnType<typeof parsePrimitive>>),
    )
    expect(accepted.sort()).toEqual(name === 'identity' || name === 'void' ? all.sort() : accepts.sort())
  })

  test.each([
    ['identity', 'uuid', 'uuid'],
    ['void', 'uuid', 'uuid'],
    ['truncate[4]', 'decimal(9,2)', 'decimal(9,2)'],
    ['bucket[4]', 'string', 'int'],
    ['year', 'date', 'int'],
    ['month', 'timestamp', 'int'],
    ['day', 'timestamptz', 'date'],
    ['hour', 'timestamp', 'int'],
  ])('%s of %s gives %s', (transform, source, result) => {
    expect(transformResult(parseTransform(transform) as Transform, source)).toBe(result)
  })
})
