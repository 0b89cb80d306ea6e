import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { DeclaredType } from '../../src/schema/declaration.ts'
import { cellFromJson } from '../../src/schema/json-cell.ts'

const illTyped = { illTyped: true }
const cell = (value: unknown): { cell: unknown } => ({ cell: value })
const primitives = [
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
  'fixed[3]',
  'binary',
]

/** Each row: the type, values that fit with their cells, values that do not fit. */
const cases: readonly { type: string; fits: readonly (readonly [unknown, unknown])[]; not: readonly unknown[] }[] = [
  {
    type: 'boolean',
    fits: [
      [true, true],
      [false, false],
    ],
    not: ['true', 1, 0, [], {}],
  },
  {
    type: 'int',
    fits: [
      [0, 0],
      [-0, 0],
      [2147483647, 2147483647],
      [-2147483648, -2147483648],
      [7n, 7],
    ],
    not: [2147483648, -2147483649, 1.5, '1', true, 4294967296n],
  },
  {
    type: 'long',
    fits: [
      [5, 5n],
      [Number.MAX_SAFE_INTEGER, 9007199254740991n],
      ['9223372036854775807', 9223372036854775807n],
      ['-9223372036854775808', -9223372036854775808n],
      [9223372036854775807n, 9223372036854775807n],
    ],
    not: [2 ** 53, 1.5, '9223372036854775808', '01', '-0', '+1', '1.0', '1e3', ' 1', '', '0x10', 2n ** 63n, true],
  },
  {
    type: 'float',
    fits: [
      [1.5, 1.5],
      [0.1, Math.fround(0.1)],
    ],
    not: [1e39, '1.5', true],
  },
  {
    type: 'double',
    fits: [
      [0.1, 0.1],
      [1e308, 1e308],
      [5n, 5],
    ],
    not: ['0.1', false, Number.NaN],
  },
  {
    type: 'decimal(9,2)',
    fits: [
      [12.34, 1234n],
      ['12.34', 1234n],
      ['-12.3', -1230n],
      [7, 700n],
      ['7.000', 700n],
      ['1e3', 100000n],
      ['123e-2', 123n],
      ['0', 0n],
      ['-0.00', 0n],
      ['1234567.89', 123456789n],
      [12n, 1200n],
    ],
    not: ['12.345', 0.001, '12345678.00', '1e9999', '.5', '1.', '+1', 'NaN', '', 2 ** 60, true, `0.${'0'.repeat(200)}`],
  },
  {
    type: 'date',
    fits: [['2024-02-29', 19782]],
    not: ['2023-02-29', '2024-02-29T00:00:00Z', 19782, ''],
  },
  {
    type: 'time',
    fits: [['00:00:01.5', 1_500_000n]],
    not: ['24:00:00', 1],
  },
  {
    type: 'timestamp',
    fits: [['1970-01-01T00:00:01', 1_000_000n]],
    not: ['1970-01-01T00:00:01Z', 1000, ''],
  },
  {
    type: 'timestamptz',
    fits: [['1970-01-01T01:00:01+01:00', 1_000_000n]],
    not: ['1970-01-01T00:00:01', 1781379446328, ''],
  },
  {
    type: 'uuid',
    fits: [['F79C3E09-677C-4BBD-A479-512F87F76AAB', 'f79c3e09-677c-4bbd-a479-512f87f76aab']],
    not: ['f79c3e09677c4bbda479512f87f76aab', '', 1],
  },
  {
    type: 'fixed[3]',
    fits: [['AQID', Uint8Array.of(1, 2, 3)]],
    not: ['AQI=', 'AQIDBA==', ''],
  },
  {
    type: 'binary',
    fits: [
      ['AQI=', Uint8Array.of(1, 2)],
      ['', new Uint8Array()],
    ],
    not: ['AQI', 'AQ=I', 'A===', 'A-_B', 'AQ I', [1, 2]],
  },
]

describe('a JSON value as a cell', () => {
  test.each(cases)('of type $type is taken where it fits and is ill-typed where not', ({ type, fits, not }) => {
    for (const [value, expected] of fits) expect(cellFromJson(value, type), String(value)).toEqual(cell(expected))
    for (const value of not) expect(cellFromJson(value, type), String(value)).toEqual(illTyped)
  })

  test('that is null or absent is null in every type', () => {
    const nested: DeclaredType[] = [
      { type: 'struct', fields: [{ name: 'a', type: 'int', required: true }] },
      { type: 'list', element: 'int' },
      { type: 'map', key: 'string', value: 'int' },
    ]
    for (const type of [...primitives, ...nested]) {
      expect(cellFromJson(null, type)).toEqual(cell(null))
      expect(cellFromJson(undefined, type)).toEqual(cell(null))
    }
  })

  test('is a text as it stands, and any other value as JSON text', () => {
    expect(cellFromJson('a "text"', 'string')).toEqual(cell('a "text"'))
    expect(cellFromJson(5, 'string')).toEqual(cell('5'))
    expect(cellFromJson(false, 'string')).toEqual(cell('false'))
    expect(cellFromJson({ b: [1, null], a: 'x' }, 'string')).toEqual(cell('{"b":[1,null],"a":"x"}'))
    expect(cellFromJson([9007199254740993n], 'string')).toEqual(cell('[9007199254740993]'))
  })

  test('never holds half of a surrogate pair, which no UTF-8 can hold', () => {
    expect(cellFromJson('a\uD800b', 'string')).toEqual(cell('a\uFFFDb'))
    expect(cellFromJson('\uDC00\uD83D\uDE00', 'string')).toEqual(cell('\uFFFD\u{1F600}'))
    expect(cellFromJson(['\uD800', '\\ud800', '\\\uDFFF', '\u{1F600}'], 'string')).toEqual(
      cell('["\uFFFD","\\\\ud800","\\\\\uFFFD","\u{1F600}"]'),
    )
    expect(cellFromJson({ '\uD800': 1 }, 'string')).toEqual(cell('{"\uFFFD":1}'))
  })

  test('of any text whatever can be written as UTF-8 and read back', () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'binary' }), fc.string({ unit: 'binary' }), (value, text) => {
        for (const input of [value, text, `${text}\uD800`]) {
          const found = cellFromJson(input, 'string')
          if ('illTyped' in found) throw new Error('a string takes everything')
          if (typeof found.cell === 'string') expect(Buffer.from(found.cell, 'utf8').toString('utf8')).toBe(found.cell)
        }
      }),
    )
  })

  test('that is nested beyond reason is ill-typed, and does not stop the program', () => {
    const deep = JSON.parse('['.repeat(200_000) + ']'.repeat(200_000)) as unknown
    expect(cellFromJson(deep, 'string')).toEqual(illTyped)
  })

  test('that is too large a number for a double is ill-typed at any depth: as a text it would be null', () => {
    const large = JSON.parse('1e400') as number
    for (const value of [large, -large, [large], { a: [null, { b: large }] }])
      expect(cellFromJson(value, 'string')).toEqual(illTyped)
    expect(cellFromJson({ a: null, b: 'null' }, 'string')).toEqual(cell('{"a":null,"b":"null"}'))
  })

  test('never throws, whatever the value and the type', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(...primitives), (value, type) => {
        const found = cellFromJson(value, type)
        expect('cell' in found ? found.cell !== undefined : found.illTyped).toBe(true)
      }),
    )
  })
})

describe('a JSON object as a struct', () => {
  const type: DeclaredType = {
    type: 'struct',
    fields: [
      { name: 'id', type: 'long', required: true },
      { name: 'reason', type: 'string', from: '/stop/reason' },
    ],
  }

  test('gives a cell per field, by the field’s name or from where its pointer points inside the struct', () => {
    expect(cellFromJson({ id: 1, stop: { reason: 'end' }, more: true }, type)).toEqual(cell({ id: 1n, reason: 'end' }))
    expect(cellFromJson({ id: 1 }, type)).toEqual(cell({ id: 1n, reason: null }))
  })

  test('is ill-typed when a field is, or when a required one has no value', () => {
    for (const value of [{ id: 'x' }, { id: null }, {}, [], 'text', 5])
      expect(cellFromJson(value, type)).toEqual(illTyped)
  })

  test('does not take what objects inherit for a field', () => {
    const inherited: DeclaredType = { type: 'struct', fields: [{ name: 'constructor', type: 'string' }] }
    expect(cellFromJson({}, inherited)).toEqual(cell({ constructor: null }))
  })
})

describe('a JSON array as a list', () => {
  test('gives a cell per element', () => {
    expect(cellFromJson([1, null, 3], { type: 'list', element: 'int' })).toEqual(cell([1, null, 3]))
    expect(cellFromJson([], { type: 'list', element: 'int' })).toEqual(cell([]))
  })

  test('is ill-typed when an element is, or when a required one is null', () => {
    expect(cellFromJson([1, 'x'], { type: 'list', element: 'int' })).toEqual(illTyped)
    expect(cellFromJson([1, null], { type: 'list', element: 'int', elementRequired: true })).toEqual(illTyped)
    for (const value of [{}, { length: 0 }, 'ab']) {
      expect(cellFromJson(value, { type: 'list', element: 'int' })).toEqual(illTyped)
    }
  })
})

describe('a JSON object as a map', () => {
  const counts: DeclaredType = { type: 'map', key: 'string', value: 'int' }

  test('gives its entries in their order', () => {
    expect(cellFromJson({ b: 1, a: null }, counts)).toEqual(
      cell([
        ['b', 1],
        ['a', null],
      ]),
    )
  })

  test('reads keys of other types out of their texts', () => {
    const keyed = (key: string): DeclaredType => ({ type: 'map', key, value: 'boolean' })
    expect(cellFromJson({ '7': true }, keyed('int'))).toEqual(cell([[7, true]]))
    expect(cellFromJson({ '9007199254740993': true }, keyed('long'))).toEqual(cell([[9007199254740993n, true]]))
    expect(cellFromJson({ true: false }, keyed('boolean'))).toEqual(cell([[true, false]]))
    expect(cellFromJson({ '1970-01-02': true }, keyed('date'))).toEqual(cell([[1, true]]))
    expect(cellFromJson({ x: true }, keyed('int'))).toEqual(illTyped)
  })

  test('is ill-typed when a value is, when a required one is null, and when two keys become one', () => {
    expect(cellFromJson({ a: 'x' }, counts)).toEqual(illTyped)
    expect(cellFromJson({ a: null }, { ...counts, valueRequired: true })).toEqual(illTyped)
    expect(cellFromJson({ '1': 1, '1.0': 2 }, { type: 'map', key: 'double', value: 'int' })).toEqual(illTyped)
    expect(cellFromJson({ '\uD800': 1, '\uD801': 2 }, counts)).toEqual(illTyped)
    for (const value of [[], 'text', 1]) expect(cellFromJson(value, counts)).toEqual(illTyped)
  })
})
