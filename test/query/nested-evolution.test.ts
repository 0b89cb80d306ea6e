import { expect, test } from 'vitest'
import type { WantedField, WantedType } from '../../src/iceberg/ids.ts'
import type { Row } from '../../src/iceberg/types.ts'
import { append, createTable, evolve, optional, type TestTable } from '../support/table.ts'
import { expectSameRows } from './both-readers.ts'
import { creation } from './real-table.ts'

/** Where a struct can lie. */
const places = {
  column: (struct: WantedType): WantedType => struct,
  struct: (struct: WantedType): WantedType => ({ type: 'struct', fields: [optional('in', struct)] }),
  list: (struct: WantedType): WantedType => ({ type: 'list', element: struct, elementRequired: false }),
  map: (struct: WantedType): WantedType => ({ type: 'map', key: 'string', value: struct, valueRequired: false }),
  'list in a map in a struct': (struct: WantedType): WantedType => ({
    type: 'struct',
    fields: [
      optional('m', {
        type: 'map',
        key: 'int',
        value: { type: 'list', element: struct, elementRequired: false },
        valueRequired: false,
      }),
    ],
  }),
} as const

type Place = keyof typeof places

/** A cell with a struct in a place, and one null beside it where there is room. */
const cells: { readonly [P in Place]: (struct: Row) => Row['x'] } = {
  column: struct => struct,
  struct: struct => ({ in: struct }),
  list: struct => [struct, null],
  map: struct => [
    ['a', struct],
    ['b', null],
  ],
  'list in a map in a struct': struct => ({ m: [[1, [null, struct]]] }),
}

/** A struct is null, and so is what it lies in. */
const nulls: { readonly [P in Place]: readonly Row['x'][] } = {
  column: [null],
  struct: [{ in: null }, null],
  list: [[null], [], null],
  map: [[['a', null]], [], null],
  'list in a map in a struct': [{ m: [[1, [null]]] }, { m: [[1, null]] }, { m: [] }, { m: null }, null],
}

interface Case {
  readonly name: string
  readonly before: readonly WantedField[]
  readonly after: readonly (readonly WantedField[])[]
  readonly old: Row
  readonly oldNow: Row
  readonly new: Row
  /** Whether the engine can find the members by the names they have now. */
  readonly byMetadata: boolean
}

const renamed = (name: string, from: string, type: WantedType): WantedField => ({
  ...optional(name, type),
  renamedFrom: from,
})

const cases: readonly Case[] = [
  {
    name: 'a member that was renamed keeps its values',
    before: [optional('a', 'int'), optional('b', 'string')],
    after: [[renamed('c', 'a', 'int'), optional('b', 'string')]],
    old: { a: 1, b: 'x' },
    oldNow: { c: 1, b: 'x' },
    new: { c: 2, b: 'y' },
    byMetadata: false,
  },
  {
    name: 'members that swapped their names do not swap their values',
    before: [optional('a', 'int'), optional('b', 'int')],
    after: [
      [renamed('c', 'a', 'int'), optional('b', 'int')],
      [optional('c', 'int'), renamed('a', 'b', 'int')],
      [renamed('b', 'c', 'int'), optional('a', 'int')],
    ],
    old: { a: 1, b: 2 },
    oldNow: { b: 1, a: 2 },
    new: { b: 3, a: 4 },
    byMetadata: false,
  },
  {
    name: 'a member that was dropped and added again does not get its old values back',
    before: [optional('a', 'int'), optional('b', 'string')],
    after: [[optional('a', 'int')], [optional('a', 'int'), optional('b', 'string')]],
    old: { a: 1, b: 'old' },
    oldNow: { a: 1, b: null },
    new: { a: 2, b: 'new' },
    byMetadata: false,
  },
  {
    name: 'a struct of which no member is left stays a struct',
    before: [optional('a', 'int')],
    after: [[optional('b', 'string')]],
    old: { a: 1 },
    oldNow: { b: null },
    new: { b: 'new' },
    byMetadata: false,
  },
  {
    name: 'promoted members have the old values in the wider type',
    before: [optional('i', 'int'), optional('f', 'float'), optional('d', 'decimal(9,2)')],
    after: [[optional('i', 'long'), optional('f', 'double'), optional('d', 'decimal(20,2)')]],
    old: { i: -7, f: 0.5, d: -1234n },
    oldNow: { i: -7n, f: 0.5, d: -1234n },
    new: { i: 2n ** 62n, f: 0.1, d: 12345678901234567890n },
    byMetadata: true,
  },
  {
    name: 'an added member is null in old rows',
    before: [optional('a', 'int')],
    after: [[optional('b', { type: 'struct', fields: [optional('c', 'int')] }), optional('a', 'int')]],
    old: { a: 1 },
    oldNow: { b: null, a: 1 },
    new: { b: { c: 3 }, a: 2 },
    byMetadata: true,
  },
  {
    name: 'members that changed places keep their values',
    before: [optional('a', 'int'), optional('b', 'int'), optional('c', 'int')],
    after: [[optional('c', 'int'), optional('a', 'int'), optional('b', 'int')]],
    old: { a: 1, b: 2, c: 3 },
    oldNow: { c: 3, a: 1, b: 2 },
    new: { c: 6, a: 4, b: 5 },
    byMetadata: true,
  },
  {
    name: 'a name may hold dots, quotes, brackets and stars, and another may differ from an old one in case only',
    before: [optional('a.b', 'int'), optional(`it's "q"`, 'int'), optional('[x]*', 'string')],
    after: [
      [optional('a.b', 'int'), renamed('{y}', `it's "q"`, 'int'), optional('[x]*', 'string')],
      [optional('a.b', 'int'), optional('{y}', 'int'), renamed(`it's "q"`, '[x]*', 'string')],
      [renamed('A.B', 'a.b', 'int'), renamed('[x]*', '{y}', 'int'), optional(`it's "q"`, 'string')],
    ],
    old: { 'a.b': 1, [`it's "q"`]: 2, '[x]*': 'three' },
    oldNow: { 'A.B': 1, '[x]*': 2, [`it's "q"`]: 'three' },
    new: { 'A.B': 4, '[x]*': 5, [`it's "q"`]: 'six' },
    byMetadata: false,
  },
]

const everywhere = cases.flatMap(found => Object.keys(places).map(place => ({ ...found, place: place as Place })))

test.each(everywhere)('$name, in a $place', async found => {
  const shape = (fields: readonly WantedField[]): WantedField[] => [
    optional('id', 'int'),
    optional('x', places[found.place]({ type: 'struct', fields })),
  ]
  let target: TestTable = await createTable({ columns: shape(found.before), properties: creation })
  const cell = cells[found.place]
  const absent = nulls[found.place].map((x, index) => ({ id: 10 + index, x }))
  target = await append(target, [{ id: 1, x: cell(found.old) }, ...absent])
  for (const fields of found.after) target = await evolve(target, shape(fields))
  target = await append(target, [{ id: 2, x: cell(found.new) }])
  const { rows, byMetadata } = await expectSameRows(target.table)
  expect(rows).toEqual([{ id: 1, x: cell(found.oldNow) }, { id: 2, x: cell(found.new) }, ...absent])
  expect(byMetadata).toBe(found.byMetadata)
})
