import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Cell, Row } from '../../src/iceberg/types.ts'
import { checkBatch } from '../../src/ingest/batch/batch.ts'
import { rowChecker } from '../../src/ingest/batch/contract.ts'
import { readingOf } from '../../src/ingest/flush/captured-value.ts'
import { rowPrinter } from '../../src/ingest/row-text.ts'
import { builtinDeclaration } from '../../src/schema/builtin.ts'
import type { ColumnDeclaration, Declaration, DeclaredType } from '../../src/schema/declaration.ts'
import { cellFromJson } from '../../src/schema/json-cell.ts'

/** The built-in declaration with columns of a user. */
function withColumns(...columns: readonly ColumnDeclaration[]): Declaration {
  const builtin = builtinDeclaration(9)
  return { ...builtin, columns: [...builtin.columns, ...columns] }
}

/** A row that has what every row must have, and more. */
function row(more: Row): Row {
  const { columns } = builtinDeclaration(9)
  const required = columns.filter(column => column.required === true)
  const zero = (type: DeclaredType): Cell =>
    type === 'int' ? 0 : type === 'timestamptz' ? 1_767_225_600_123_456n : type === 'boolean' ? false : 'x'
  const values = Object.fromEntries(required.map(({ name, type }) => [name, zero(type)]))
  return { ...Object.fromEntries(columns.map(({ name }) => [name, null])), ...values, ...more }
}

/** What is taken of the text of a row, once it is through the intake. */
async function taken(declaration: Declaration, given: Row): Promise<Row> {
  const text = rowPrinter(declaration)(given)
  expect(text).not.toContain('\n')
  const batch = await checkBatch(Buffer.from(`${text}\n`), 'ndjson', rowChecker(declaration))
  expect(batch.errors).toEqual([])
  expect(batch).toMatchObject({ rows: 1, kept: 1, discardedRows: 0, discardedValues: 0 })
  const record = JSON.parse(Buffer.from(batch.bytes).toString()) as Record<string, unknown>
  return Object.fromEntries(declaration.columns.map(column => [column.name, readingOf(column)(record, true)]))
}

test('a row of the built-in table comes back as it was', async () => {
  const given = row({
    session_id: 'a "quoted"\nline \u2028 😀',
    attributes: '{"claude":{"uuid":"u"}}',
    input_tokens: 9_007_199_254_740_993n,
    output_tokens: 12n,
    is_sidechain: true,
  })
  expect(await taken(builtinDeclaration(9), given)).toEqual(given)
})

test('what is null and would be looked for elsewhere stays null', async () => {
  const declaration = withColumns({ name: 'mine', type: 'string', from: '/session_id' })
  const given = row({ mine: null })
  expect(await taken(declaration, given)).toEqual(given)
})

test.each([
  [
    'two fields of one value',
    [field('a', 'string', '/x'), field('b', 'long', '/x/deep')],
    { x: { deep: 5, more: [1] } },
  ],
  ['the whole and a part', [field('a', 'string', ''), field('b', 'string', '/y~1z')], { 'y/z': 'text', other: null }],
  [
    'fields without a pointer',
    [field('a', 'double'), field('b', { type: 'list', element: 'int' })],
    { a: -0, b: [1, null] },
  ],
  ['a field that nothing is at', [field('a', 'string', '/none/there'), field('b', 'string', '/here')], { here: 'x' }],
  [
    'an element of a list',
    [field('a', { type: 'list', element: 'string' }, '/l'), field('b', 'string', '/l/1')],
    { l: ['p', 'q'] },
  ],
])('a struct of %s comes back as it was', async (_what, fields, record) => {
  const type: DeclaredType = { type: 'struct', fields }
  const { cell } = cellFromJson(record, type) as { cell: Cell }
  const given = row({ mine: cell })
  expect(await taken(withColumns({ name: 'mine', type, from: '/message' }), given)).toEqual(given)
})

function field(name: string, type: DeclaredType, from?: string): ColumnDeclaration {
  return from === undefined ? { name, type } : { name, type, from }
}

const leaves: readonly (readonly [DeclaredType, fc.Arbitrary<unknown>])[] = [
  ['boolean', fc.boolean()],
  ['int', fc.integer()],
  ['long', fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String)],
  ['float', fc.float({ noNaN: true, noDefaultInfinity: true })],
  ['double', fc.double({ noNaN: true, noDefaultInfinity: true })],
  ['string', fc.string({ unit: 'binary' })],
  ['decimal(9,2)', fc.integer({ min: -999_999_999, max: 999_999_999 }).map(unscaled => (unscaled / 100).toFixed(2))],
  ['date', fc.date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true }).map(iso(10))],
  ['time', fc.integer({ min: 0, max: 86_399 }).map(second => new Date(second * 1000).toISOString().slice(11, 19))],
  [
    'timestamp',
    fc.date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true }).map(iso(23)),
  ],
  [
    'timestamptz',
    fc.integer({ min: 0, max: 999_999 }).map(micro => `1969-12-31T23:59:59.${String(micro).padStart(6, '0')}Z`),
  ],
  ['uuid', fc.uuid()],
  ['binary', fc.uint8Array({ maxLength: 9 }).map(bytes => Buffer.from(bytes).toString('base64'))],
  ['fixed[3]', fc.uint8Array({ minLength: 3, maxLength: 3 }).map(bytes => Buffer.from(bytes).toString('base64'))],
]

function iso(length: number): (date: Date) => string {
  return date => date.toISOString().slice(0, length)
}

test('a cell of every type comes back as it was, in lists and in maps too', async () => {
  const typed = fc.oneof(
    ...leaves.map(([type, value]) =>
      fc.oneof(
        value.map(each => ({ type, value: each })),
        fc
          .array(fc.option(value))
          .map(each => ({ type: { type: 'list', element: type } as DeclaredType, value: each })),
        fc
          .dictionary(value.map(String), fc.option(value), { maxKeys: 3 })
          .map(each => ({ type: { type: 'map', key: type, value: type } as DeclaredType, value: each })),
      ),
    ),
  )
  await fc.assert(
    fc.asyncProperty(typed, async ({ type, value }) => {
      const result = cellFromJson(value, type)
      // Two names of a map can be one key, which is no map.
      if (!('cell' in result)) return
      const given = row({ mine: result.cell })
      expect(await taken(withColumns({ name: 'mine', type, from: '/elsewhere' }), given)).toEqual(given)
    }),
    { numRuns: 500 },
  )
})
