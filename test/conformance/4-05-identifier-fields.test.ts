import { describe, expect, test } from 'vitest'
import { currentSchema } from '../../src/iceberg/ids.ts'
import type { Field, TableMetadata } from '../../src/iceberg/types.ts'
import { column, created, declare, evolved, list, map, planned, struct } from '../schema/declaring.ts'
import { baseDeclaration, baseTable, tableOf } from './base-schema.ts'
import {
  add,
  asSchema,
  change,
  drop,
  editDeclaration,
  editSchema,
  expectIllegal,
  expectRefused,
  idsOf,
  told,
} from './editing.ts'

const must = { required: true }

/** The table with these ids as its row key, and with what else changes in the same update. */
function keyedBy(
  metadata: TableMetadata,
  ids: readonly number[],
  ...edits: Parameters<typeof editSchema>[1][]
): TableMetadata {
  return asSchema(metadata, { ...editSchema(currentSchema(metadata), ...edits), 'identifier-field-ids': ids })
}

function keyOf(metadata: TableMetadata): readonly number[] | undefined {
  return currentSchema(metadata)['identifier-field-ids']
}

/** A struct in a struct, all of it required, and an optional one. */
const deep = tableOf([
  {
    id: 1,
    name: 'out',
    required: true,
    type: {
      type: 'struct',
      fields: [
        {
          id: 3,
          name: 'in',
          required: true,
          type: { type: 'struct', fields: [{ id: 4, name: 'n', required: true, type: 'long' }] },
        },
        { id: 5, name: 'n', required: true, type: 'string' },
      ],
    },
  },
  {
    id: 2,
    name: 'lax',
    required: false,
    type: { type: 'struct', fields: [{ id: 6, name: 'n', required: true, type: 'long' }] },
  },
])

describe('an update sets the row key', () => {
  test('#93 to a column that is there', () => {
    expect(keyOf(keyedBy(baseTable, [1]))).toEqual([1])
  })

  test('#94 to a column that it adds', () => {
    const added: Field = { id: 24, name: 'key', required: true, type: 'string' }
    const empty = tableOf([{ id: 1, name: 'id', required: true, type: 'int' }], { 'last-column-id': 23 })
    expect(keyOf(keyedBy(empty, [24], add('', added)))).toEqual([24])
    expect(keyOf(keyedBy(empty, [1, 24], add('', added)))).toEqual([1, 24])
  })

  test('#95 to columns in required structs, one and two deep', () => {
    expect(keyOf(keyedBy(deep, [5]))).toEqual([5])
    expect(keyOf(keyedBy(deep, [4, 5]))).toEqual([4, 5])
  })

  test('#96 and the same set is the same schema, in whatever order and however empty', () => {
    const set = keyedBy(deep, [4, 5])
    expect(keyedBy(set, [5, 4])).toBe(set)
    expect(keyedBy(baseTable, [])).toBe(baseTable)
    expect(keyedBy(keyedBy(baseTable, [1]), [])['current-schema-id']).toBe(0)
  })

  test('#97 to fewer columns, or none', () => {
    expect(keyOf(keyedBy(keyedBy(deep, [4, 5]), [5]))).toEqual([5])
    expect(keyedBy(keyedBy(deep, [4]), [])['current-schema-id']).toBe(0)
  })

  test.each<[what: string, TableMetadata, id: number, reason: string]>([
    ['that is not there', baseTable, 99, 'identifier field 99 does not exist'],
    ['that is no primitive', baseTable, 4, 'locations: cannot be an identifier field: it is not a primitive'],
    ['that is optional', baseTable, 2, 'data: cannot be an identifier field: it is not required'],
    [
      'in the key of a map',
      baseTable,
      20,
      'locations.key.address: cannot be an identifier field: it is inside a list or map',
    ],
    ['in the value of a map', baseTable, 12, 'locations.value.lat: cannot be an identifier field: it is a float'],
    ['in a list', baseTable, 17, 'doubles.element: cannot be an identifier field: it is a double'],
    [
      'in an optional struct',
      baseTable,
      8,
      'preferences.feature1: cannot be an identifier field: its parent preferences is not required',
    ],
    ['in an optional struct', deep, 6, 'lax.n: cannot be an identifier field: its parent lax is not required'],
    [
      'that is a float',
      tableOf([{ id: 1, name: 'f', required: true, type: 'float' }]),
      1,
      'f: cannot be an identifier field: it is a float',
    ],
    [
      'that is a double',
      tableOf([{ id: 1, name: 'd', required: true, type: 'double' }]),
      1,
      'd: cannot be an identifier field: it is a double',
    ],
  ])('#98 but not to one %s', (_what, table, id, reason) => {
    expectIllegal(() => keyedBy(table, [id]), reason)
  })

  test('#98 but not to one in a struct in a list, whether or not the struct is required', () => {
    expectIllegal(
      () => keyedBy(baseTable, [15]),
      'points.element.x: cannot be an identifier field: it is inside a list or map',
    )
  })

  test('#99 to others than before', () => {
    expect(keyOf(keyedBy(keyedBy(deep, [4]), [5]))).toEqual([5])
    expectIllegal(() => keyedBy(deep, [4, 99]), 'identifier field 99 does not exist')
  })

  test('#99 and it is sorted, each id once, in a table that a declaration makes', () => {
    const columns = [column('a', 'int', must), column('b', 'int', must), column('c', 'int', must)]
    expect(keyOf(created(declare(columns, { identifier: ['c', 'a'] })))).toEqual([1, 3])
  })

  test('#100 and it stays on its columns, wider or under other names', () => {
    const columns = [column('s', struct(column('id', 'int', must)), must)]
    const table = created(declare(columns, { identifier: ['s.id'] }))
    const wanted = declare(
      [column('t', struct(column('key', 'long', { ...must, renamedFrom: 'id' })), { ...must, renamedFrom: 's' })],
      { identifier: ['t.key'] },
    )
    expect(told(wanted, table)).toEqual(['AD106 t', 'AD106 t.key', 'AD102 t.key'])
    expect(keyOf(evolved(table, wanted))).toEqual([2])
  })
})

describe('a declaration does not change the row key of a table:', () => {
  const keyed = keyedBy(baseTable, [1])
  const two = keyedBy(deep, [4, 5])
  const declared = declare([
    column('out', struct(column('in', struct(column('n', 'long', must)), must), column('n', 'string', must)), must),
    column('lax', struct(column('n', 'long', must))),
  ])

  test.each<[row: string, table: TableMetadata, identifier: readonly string[]]>([
    ['#93 a column becomes the row key', baseTable, ['id']],
    ['#97 nothing is left of it', keyed, []],
  ])('%s', (_row, table, identifier) => {
    expectRefused({ ...baseDeclaration, identifier }, table, 'BR206 (identifier)')
  })

  test('#99 another set', () => {
    const table = keyedBy(deep, [4])
    expectRefused({ ...declared, identifier: ['out.n'] }, table, 'BR206 (identifier)')
    // A row key with an optional column is refused for that as well.
    expectRefused({ ...baseDeclaration, identifier: ['data'] }, keyed, 'BR216 data', 'BR206 (identifier)')
  })

  test('#94 a new column becomes the row key', () => {
    const wanted = editDeclaration({ ...baseDeclaration, identifier: ['key'] }, add('', column('key', 'string', must)))
    expectRefused(wanted, baseTable, 'BR201 key', 'BR206 (identifier)')
  })

  test('#95 a member of a struct becomes the row key', () => {
    expectRefused({ ...declared, identifier: ['out.in.n'] }, deep, 'BR206 (identifier)')
    expectRefused({ ...declared, identifier: ['out.n'] }, two, 'BR206 (identifier)')
    expect(told({ ...declared, identifier: ['out.n', 'out.in.n'] }, two)).toEqual([])
  })

  test('#98 not even to what could be none', () => {
    for (const name of ['absent', 'locations', 'data', 'points.element.x', 'preferences.feature1']) {
      const { action, changes } = planned({ ...baseDeclaration, identifier: [name] }, baseTable)
      expect([name, action, changes.some(({ code }) => code === 'BR206')]).toEqual([name, 'refuse', true])
    }
  })

  test('#97 another program that did so is told of', () => {
    const table = created(declare([column('id', 'int', must), column('x', 'int')], { identifier: ['id'] }))
    const wanted = declare([column('id', 'int', must), column('x', 'int')], { identifier: ['id'] })
    expectRefused(
      wanted,
      asSchema(table, { ...currentSchema(table), 'identifier-field-ids': [] }),
      'BR206 (identifier)',
    )
  })
})

test('#98 a table is not made with such a row key either', () => {
  for (const [columns, identifier] of [
    [[column('f', 'float', must)], 'f'],
    [[column('o', 'int')], 'o'],
    [[column('l', list('int', true), must)], 'l.element'],
    [[column('m', map('int', 'int', true), must)], 'm.key'],
    [[column('s', struct(column('x', 'int', must)))], 's.x'],
  ] as const)
    expectIllegal(
      () => created(declare(columns, { identifier: [identifier] })),
      `${identifier}: cannot be an identifier field`,
    )
})

test('#96 what is not the row key may come and go', () => {
  const table = keyedBy(deep, [4])
  expect(idsOf(keyedBy(table, [4], drop('lax')))['lax']).toBeUndefined()
  expect(keyOf(keyedBy(table, [4], change('out.n', { required: false })))).toEqual([4])
})
