import fc from 'fast-check'
import type { ColumnDeclaration, Declaration, DeclaredType } from '../../src/schema/declaration.ts'
import { table } from '../ingest/batch/checking.ts'

/* Random declarations, and rows that mostly fit them. */

export type Value = unknown
export type RowObject = Readonly<Record<string, Value>>

const primitives = [
  'boolean',
  'int',
  'long',
  'float',
  'double',
  'decimal(9,2)',
  'decimal(38,10)',
  'date',
  'time',
  'timestamp',
  'timestamptz',
  'string',
  'uuid',
  'fixed[3]',
  'binary',
]

const fieldNames = ['a', 'b', 'c.d', '__proto__', 'é']

export const { type: declaredType } = fc.letrec<{ type: DeclaredType }>(tie => ({
  type: fc.oneof(
    { maxDepth: 2, withCrossShrink: true },
    { weight: 4, arbitrary: fc.constantFrom(...primitives) },
    {
      weight: 1,
      arbitrary: fc
        .uniqueArray(
          fc.record(
            { name: fc.constantFrom(...fieldNames), type: tie('type'), required: fc.boolean() },
            { requiredKeys: ['name', 'type'] },
          ),
          { minLength: 1, maxLength: 3, selector: ({ name }) => name },
        )
        .map((fields): DeclaredType => ({ type: 'struct', fields: fields as ColumnDeclaration[] })),
    },
    {
      weight: 1,
      arbitrary: fc
        .record({ element: tie('type'), elementRequired: fc.boolean() })
        .map((parts): DeclaredType => ({ type: 'list', ...parts })),
    },
    {
      weight: 1,
      arbitrary: fc
        .record({ key: fc.constantFrom('string', 'int', 'date'), value: tie('type'), valueRequired: fc.boolean() })
        .map((parts): DeclaredType => ({ type: 'map', ...parts })),
    },
  ),
}))

const texts = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.constantFrom('2024-02-29', '2023-02-29', '2024-01-31T09:05:00.123Z', '2024-01-31T09:05:00', '2024-01-31 09:05Z'),
  fc.constantFrom(
    '9999-12-31T23:59:59.999999+23:59',
    '0000-01-28T00:00:00Z',
    '2024-01-31T24:00:00Z',
    '09:05',
    'AAAA',
    'AA==',
  ),
  fc.date({ noInvalidDate: true }).map(date => date.toISOString()),
  fc.uuid(),
  fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n }).map(String),
)
const numbers = fc.oneof(
  fc.integer(),
  fc.constantFrom(-0, 0.5, 2 ** 31, 2 ** 53, 1e21, 1e-7),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n }),
)

/** Any value of JSON; long integers as bigints, as they are parsed. */
export const { json } = fc.letrec<{ json: Value }>(tie => ({
  json: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    { weight: 3, arbitrary: fc.oneof(fc.constantFrom(null, true, false), numbers, texts) },
    { weight: 1, arbitrary: fc.array(tie('json'), { maxLength: 3 }) },
    {
      weight: 1,
      arbitrary: fc.dictionary(fc.constantFrom(...fieldNames, 'x', '1', '2024-01-31'), tie('json'), { maxKeys: 3 }),
    },
  ),
}))

/** A value that mostly fits a type. */
export function valueOf(type: DeclaredType): fc.Arbitrary<Value> {
  const fitting = fittingValue(type)
  return fc.oneof(
    { weight: 8, arbitrary: fitting },
    { weight: 1, arbitrary: fc.constant(null) },
    { weight: 1, arbitrary: json },
  )
}

function fittingValue(type: DeclaredType): fc.Arbitrary<Value> {
  if (typeof type === 'string') return fittingPrimitive(type)
  if (type.type === 'list') return fc.array(valueOf(type.element), { maxLength: 3 })
  if (type.type === 'map') {
    const keys = {
      string: fc.string(),
      int: fc.integer().map(String),
      date: fc.constantFrom('2024-01-31', '2024-02-01'),
    }
    return fc.dictionary(keys[type.key as keyof typeof keys], valueOf(type.value), { maxKeys: 3 })
  }
  const members = Object.fromEntries(type.fields.map(field => [field.name, valueOf(field.type)]))
  return fc
    .tuple(fc.record(members, { requiredKeys: [] }), fc.constantFrom({}, {}, {}, { unknown: 1 }))
    .map(([value, more]) => ({ ...value, ...more }))
}

function fittingPrimitive(type: string): fc.Arbitrary<Value> {
  switch (type) {
    case 'boolean':
      return fc.boolean()
    case 'int':
      return fc.integer()
    case 'long':
      return fc.oneof(fc.maxSafeInteger(), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }))
    case 'float':
    case 'double':
      return fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e30, max: 1e30 })
    case 'decimal(9,2)':
    case 'decimal(38,10)':
      return fc.oneof(fc.integer({ min: -9999, max: 9999 }), fc.constantFrom('0.25', -1.5, '99.5e-1'))
    case 'date':
      return fc.constantFrom('2024-02-29', '1969-12-31')
    case 'time':
      return fc.constantFrom('09:05', '23:59:59.999999')
    case 'timestamp':
      return fc
        .date({ noInvalidDate: true, min: new Date(0), max: new Date(4e12) })
        .map(date => date.toISOString().slice(0, -1))
    case 'timestamptz':
      return fc.date({ noInvalidDate: true, min: new Date(0), max: new Date(4e12) }).map(date => date.toISOString())
    case 'uuid':
      return fc.uuid()
    case 'fixed[3]':
      return fc.constantFrom('AAAA', '////')
    case 'binary':
      return fc.base64String()
    default:
      return texts
  }
}

/** A declaration and rows that mostly fit it. */
export const declaredRows: fc.Arbitrary<{ declaration: Declaration; rows: RowObject[] }> = fc
  .uniqueArray(
    fc.record({
      name: fc.constantFrom('id', 'n', '__proto__', 'when', 'toString'),
      type: declaredType,
      required: fc.boolean(),
    }),
    { minLength: 1, maxLength: 4, selector: ({ name }) => name },
  )
  .chain(columns => {
    const members = Object.fromEntries(columns.map(column => [column.name, valueOf(column.type)]))
    const row = fc
      .tuple(
        fc.record(members, { requiredKeys: columns.filter(({ required }) => required).map(({ name }) => name) }),
        fc.constantFrom<RowObject[]>({}, {}, {}, {}, { unknown: 'x' }),
      )
      .map(([value, more]): RowObject => ({ ...value, ...more }))
    return fc.record({ declaration: fc.constant(table(columns)), rows: fc.array(row, { maxLength: 6 }) })
  })
