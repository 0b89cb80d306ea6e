import { expect, test } from 'vitest'
import type { Cell, Type } from '../../src/iceberg/types.ts'
import { columnType } from '../../src/query/column-type.ts'
import { cellSql } from '../../src/query/literal.ts'
import { cellOf } from './both-readers.ts'
import { session } from './real-table.ts'

const struct: Type = {
  type: 'struct',
  fields: [
    { id: 1, name: 'a "b"', required: false, type: 'int' },
    {
      id: 2,
      name: 'c',
      required: false,
      type: { type: 'list', 'element-id': 3, 'element-required': false, element: 'string' },
    },
  ],
}
const map: Type = { type: 'map', 'key-id': 4, key: 'string', 'value-id': 5, 'value-required': false, value: struct }

const cases: readonly (readonly [Type, ...Cell[]])[] = [
  ['boolean', true, false],
  ['int', 0, -(2 ** 31), 2 ** 31 - 1],
  ['long', 0n, -(2n ** 63n), 2n ** 63n - 1n],
  ['float', 0.25, -0, Number.NaN, Number.NEGATIVE_INFINITY],
  ['double', 0.1, -0, 5e-324, Number.NaN, Number.POSITIVE_INFINITY],
  ['decimal(4,2)', -5n, 0n, 9999n],
  ['decimal(38,0)', -(10n ** 37n)],
  ['decimal(38,38)', 1n],
  ['date', 0, -1, -719_529, 3_000_000],
  ['time', 0n, 86_399_999_999n],
  ['timestamp', 0n, -1n, -62_200_000_000_000_001n, 9_000_000_000_000_000_000n],
  ['timestamptz', 0n, -1n, 1_780_000_000_123_456n],
  ['string', '', `it's "q" \\ ü💥`, 'nul \u0000 inside'],
  ['uuid', '0f8fad5b-d9cb-469f-a165-70867728950e'],
  ['binary', new Uint8Array(), new Uint8Array([0, 255])],
  ['fixed[3]', new Uint8Array([1, 2, 3])],
  ['unknown', null],
  [struct, { 'a "b"': 1, c: ['x', null] }, { 'a "b"': null, c: null }],
  [
    map,
    [],
    [
      ['k', { 'a "b"': 1, c: [] }],
      ['l', null],
    ],
  ],
]

const all = cases.flatMap(([type, ...cells]) => [...cells, null].map(cell => ({ type, cell })))

test.each(all)('a cell of type $type is itself as a query gives it: $cell', async ({ type, cell }) => {
  const query = await session({ tables: {} })
  const { batches, columns } = await query.run(
    `SELECT ${cellSql(cell, type)} AS x, typeof(x) = typeof(CAST(NULL AS ${columnType(type)})) AS same`,
  )
  for await (const batch of batches) {
    expect(cellOf(type, batch.columns[0]?.[0] ?? null)).toEqual(cell)
    expect(batch.columns[1]?.[0]).toBe(true)
  }
  expect(columns).toHaveLength(2)
})
