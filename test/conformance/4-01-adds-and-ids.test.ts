import { describe, expect, test } from 'vitest'
import { assignFreshIds, currentSchema, lastAssignedFieldId, mergeFieldIdsFromTable } from '../../src/iceberg/ids.ts'
import { walkFields } from '../../src/iceberg/schema-index.ts'
import { highestAllowedFieldId, reservedColumnNames } from '../../src/iceberg/schema-rules.ts'
import type { Field, TableMetadata } from '../../src/iceberg/types.ts'
import type { ColumnDeclaration, DeclaredType } from '../../src/schema/declaration.ts'
import { wantedFields } from '../../src/schema/wanted.ts'
import { column, committed, created, declare, evolved, list, map, planned, struct } from '../schema/declaring.ts'
import { baseDeclaration, baseFields, baseTable, tableOf } from './base-schema.ts'
import {
  add,
  change,
  drop,
  editDeclaration,
  editSchema,
  expectIllegal,
  expectRefused,
  idsOf,
  newIds,
  told,
  withSchema,
} from './editing.ts'

const must = { required: true }

/** A table of one required int, and the ids of what is added to it. */
function idsOfAdded(...columns: readonly ColumnDeclaration[]): Readonly<Record<string, number>> {
  const before = tableOf([{ id: 1, name: 'id', required: true, type: 'int' }])
  return newIds(evolved(before, declare([column('id', 'int', must), ...columns])), before)
}

/** Ids by full name of columns in a new table. */
function freshIds(...columns: readonly ColumnDeclaration[]): Readonly<Record<string, number>> {
  const { fields } = assignFreshIds(wantedFields(columns))
  return Object.fromEntries(walkFields({ type: 'struct', fields }).map(({ path, id }) => [path, id]))
}

function deep(levels: number, wrap: (inner: DeclaredType) => DeclaredType, inner: DeclaredType): DeclaredType {
  return levels === 0 ? inner : wrap(deep(levels - 1, wrap, inner))
}

describe('adding', () => {
  test('#1 nothing changes nothing, and there is nothing to commit', () => {
    expect(planned(baseDeclaration, baseTable)).toMatchObject({ verdict: 'current', action: 'none', changes: [] })
    expect(committed(baseTable)).toBe(baseTable)
    expect(withSchema(baseTable)).toBe(baseTable)
  })

  test('#2 a column, a member of a map value, of a list element, and one with a dot', () => {
    const wanted = editDeclaration(
      baseDeclaration,
      add('', column('toplevel', 'decimal(9,2)')),
      add('locations.value', column('alt', 'float')),
      add('points.element', column('z', 'long'), column('t.t', 'long')),
    )
    const after = evolved(baseTable, wanted)
    // One level after the other: the top first, then what is inside each, in order.
    expect(newIds(after, baseTable)).toEqual({
      toplevel: 24,
      'locations.value.alt': 25,
      'points.element.z': 26,
      'points.element.t.t': 27,
    })
    expect(after['last-column-id']).toBe(27)
    const added = walkFields(currentSchema(after)).filter(({ id }) => id > 23)
    expect(added.map(node => node.required)).toEqual([false, false, false, false])
    const structs = walkFields(currentSchema(after)).flatMap(({ type }) =>
      typeof type === 'object' && type.type === 'struct' ? [type.fields.map(({ id }) => id)] : [],
    )
    expect(structs).toEqual([
      [8, 9],
      [20, 21, 22, 23],
      [12, 13, 25],
      [15, 16, 26, 27],
    ])
  })

  test('#3 a struct takes no ids that its own fields were declared with', () => {
    expect(idsOfAdded(column('location', struct(column('lat', 'int'), column('long', 'int'))))).toEqual({
      location: 2,
      'location.lat': 3,
      'location.long': 4,
    })
  })

  test('#4 a map of structs: key and value, then what is in the key, then what is in the value', () => {
    const key = struct(column('address', 'string', must), column('city', 'string', must))
    const value = struct(column('lat', 'int', must), column('long', 'int'))
    expect(idsOfAdded(column('locations', map(key, value)))).toEqual({
      locations: 2,
      'locations.key': 3,
      'locations.value': 4,
      'locations.key.address': 5,
      'locations.key.city': 6,
      'locations.value.lat': 7,
      'locations.value.long': 8,
    })
  })

  test('#5 a list of structs: element, then its fields', () => {
    expect(idsOfAdded(column('locations', list(struct(column('lat', 'int', must), column('long', 'int')))))).toEqual({
      locations: 2,
      'locations.element': 3,
      'locations.element.lat': 4,
      'locations.element.long': 5,
    })
  })

  test('#6 a struct with a map: all its fields before the parts of the map', () => {
    const complex = struct(
      column('w', 'int'),
      column('x', 'string'),
      column('y', 'boolean'),
      column('z', map('int', 'string')),
    )
    const before = tableOf([
      { id: 1, name: 'id', required: true, type: 'int' },
      { id: 2, name: 'data', required: false, type: 'int' },
    ])
    const after = evolved(
      before,
      declare([column('id', 'int', must), column('data', 'int'), column('complex', complex)]),
    )
    expect(newIds(after, before)).toEqual({
      complex: 3,
      'complex.w': 4,
      'complex.x': 5,
      'complex.y': 6,
      'complex.z': 7,
      'complex.z.key': 8,
      'complex.z.value': 9,
    })
  })

  test.each<[kind: string, DeclaredType, ids: number]>([
    ['structs six deep', deep(6, inner => struct(column('s', inner)), 'string'), 7],
    ['lists nine deep', deep(9, inner => list(inner), 'string'), 10],
    ['maps six deep', deep(6, inner => map('string', inner), 'string'), 13],
  ])('#7 %s get consecutive ids from the outside in', (_kind, type, ids) => {
    const found = Object.entries(freshIds(column('a', type)))
    expect(found.map(([, id]) => id).toSorted((a, b) => a - b)).toEqual(Array.from({ length: ids }, (_, n) => n + 1))
    const depth = (path: string): number => path.split('.').length
    const byId = found.toSorted(([, a], [, b]) => a - b).map(([path]) => depth(path))
    expect(byId).toEqual(byId.toSorted((a, b) => a - b))
  })

  test('#8 two lists of structs: both columns, then one list with all that is in it, then the other', () => {
    const point = list(struct(column('x', 'int'), column('tags', list('string'))))
    expect(freshIds(column('one', point), column('two', point))).toEqual({
      one: 1,
      two: 2,
      'one.element': 3,
      'one.element.x': 4,
      'one.element.tags': 5,
      'one.element.tags.element': 6,
      'two.element': 7,
      'two.element.x': 8,
      'two.element.tags': 9,
      'two.element.tags.element': 10,
    })
  })
})

describe('the next id is above every id there ever was', () => {
  const field = (id: number, name: string): Field => ({ id, name, required: false, type: 'int' })

  test('#9 after two columns were added and the higher one dropped', () => {
    const two = tableOf([field(1, 'a'), field(2, 'b')])
    const one = withSchema(two, drop('b'))
    expect(one['last-column-id']).toBe(2)
    const again = evolved(one, declare([column('a', 'int'), column('b', 'int')]))
    expect(idsOf(again)).toEqual({ a: 1, b: 3 })
  })

  test('#10 where last-column-id is lower than the ids of the schema', () => {
    const lying = { ...tableOf([1, 2, 8].map(id => field(id, `c${id}`))), 'last-column-id': 3 }
    expect(lastAssignedFieldId(lying)).toBe(8)
    const after = evolved(lying, declare([...[1, 2, 8].map(id => column(`c${id}`, 'int')), column('new', 'int')]))
    expect(idsOf(after)['new']).toBe(9)
    expect(after['last-column-id']).toBe(9)
  })

  test('#11 where columns between were dropped', () => {
    const gap = tableOf([field(1, 'a'), field(2, 'b')], { 'last-column-id': 7 })
    const after = evolved(gap, declare([column('a', 'int'), column('b', 'int'), column('c', 'int')]))
    expect(idsOf(after)['c']).toBe(8)
  })

  test('#12 where the schema that had it was removed, also from a table that counted wrongly', () => {
    for (const lastColumnId of [2, 1]) {
      const two = { ...tableOf([field(1, 'a'), field(2, 'b')]), 'last-column-id': lastColumnId }
      const one = committed(withSchema(two, drop('b')), { action: 'remove-schemas', 'schema-ids': [0] })
      expect(lastAssignedFieldId(one)).toBe(2)
      expect(idsOf(evolved(one, declare([column('a', 'int'), column('c', 'int')])))).toEqual({ a: 1, c: 3 })
    }
  })
})

describe('what cannot be added', () => {
  // A declaration holds whole columns, so a member without its parent cannot be said: the parent comes with it.
  test('#13 a member of a column that is not there brings the column; in an update it needs the id of one', () => {
    const wanted = editDeclaration(baseDeclaration, add('', column('absent', struct(column('x', 'int')))))
    expect(told(wanted, baseTable)).toEqual(['AD101 absent'])
    expectIllegal(
      () => withSchema(baseTable, add('', { id: 3, name: 'absent', type: { type: 'struct', fields: [] } })),
      'id 3 belongs to preferences already',
    )
  })

  test('#14 a member of a primitive', () => {
    const members = { type: 'struct', fields: [{ id: 24, name: 'x', required: false, type: 'int' }] }
    expectRefused(
      editDeclaration(baseDeclaration, change('data', { type: struct(column('x', 'int')) })),
      baseTable,
      'BR202 data',
    )
    expectIllegal(
      () => withSchema(baseTable, change('data', { type: members })),
      'data: cannot promote field from string to struct<x: int>',
    )
  })

  test.each(['preferences.feature1', 'preferences', 'locations.value.lat', 'points.element.x'])(
    '#15 %s, whose name is there',
    path => {
      const name = path.slice(path.lastIndexOf('.') + 1)
      const parent = path.slice(0, Math.max(0, path.lastIndexOf('.')))
      expectIllegal(
        () => withSchema(baseTable, add(parent, { id: 24, name, required: false, type: 'boolean' })),
        `multiple fields for name ${path}`,
      )
    },
  )

  test('#16 a name that differs by upper and lower case only: the format allows it, the plan does not', () => {
    const wanted = editDeclaration(
      baseDeclaration,
      add('', column('DATA', 'string')),
      add('preferences', column('Feature1', 'boolean')),
    )
    expectRefused(wanted, baseTable, 'BR207 preferences.Feature1', 'BR207 DATA')
    const legal = withSchema(baseTable, add('', { id: 24, name: 'DATA', required: false, type: 'string' }))
    expect(idsOf(legal)['DATA']).toBe(24)
  })

  test('#18 a member of the key of a map', () => {
    expectRefused(
      editDeclaration(baseDeclaration, add('locations.key', column('street', 'string'))),
      baseTable,
      'BR202 locations.key.street',
    )
    expectIllegal(
      () => withSchema(baseTable, add('locations.key', { id: 24, name: 'street', required: false, type: 'string' })),
      'locations.key.street: cannot add fields to map keys',
    )
  })
})

describe('names with dots', () => {
  test('#17 are literal, at the top and in a struct', () => {
    const wanted = editDeclaration(
      baseDeclaration,
      add('', column('dot.field', 'int')),
      add('preferences', column('a.b', 'int')),
    )
    expect(newIds(evolved(baseTable, wanted), baseTable)).toEqual({ 'dot.field': 24, 'preferences.a.b': 25 })
  })

  // A declaration nests, so there is one way to name a member of an element; the full name has `element` in it.
  test('#19 a member of an element has one full name, with element in it', () => {
    const after = evolved(baseTable, editDeclaration(baseDeclaration, add('points.element', column('k', 'int'))))
    expect(newIds(after, baseTable)).toEqual({ 'points.element.k': 24 })
    const again = editDeclaration(
      baseDeclaration,
      add('points.element', column('k', 'int')),
      add('', column('l', 'int')),
    )
    expect(told(again, after)).toEqual(['AD101 l'])
  })

  test('#20 may be what others take for short, and not what is a full name: points.x, points.element.x', () => {
    expect(told(editDeclaration(baseDeclaration, add('', column('points.x', 'int'))), baseTable)).toEqual([
      'AD101 points.x',
    ])
    const doubled = editDeclaration(baseDeclaration, add('', column('points.element.x', 'int')))
    expectRefused(doubled, baseTable, 'BR214 points.element.x')
    expectIllegal(
      () => withSchema(baseTable, add('', { id: 24, name: 'points.element.x', required: false, type: 'int' })),
      'multiple fields for name points.element.x',
    )
  })
})

describe('types of format version 3', () => {
  const version3: TableMetadata = { ...baseTable, 'format-version': 3 }

  test('#21 unknown is added to a table of version 3, and not to one of version 2', () => {
    const wanted = editDeclaration(baseDeclaration, add('', column('unk', 'unknown')))
    expect(told(wanted, version3)).toEqual(['AD101 unk'])
    expectRefused(wanted, baseTable, 'BR212 unk')
    expectIllegal(
      () => withSchema(baseTable, add('', { id: 24, name: 'unk', required: false, type: 'unknown' })),
      'unk: type unknown is not supported until v3',
    )
  })

  test('#22 unknown is never required, whatever the version', () => {
    const wanted = editDeclaration(baseDeclaration, add('', column('unk', 'unknown', must)))
    expectRefused(wanted, version3, 'BR201 unk')
    expectRefused(wanted, baseTable, 'BR201 unk', 'BR212 unk')
    expectIllegal(() => withSchema(baseTable, add('', { id: 24, name: 'unk', required: true, type: 'unknown' })), 'unk')
  })

  const v3Types = [
    'timestamp_ns',
    'timestamptz_ns',
    'variant',
    'geometry(srid:3857)',
    'geography(srid:4326,karney)',
    'unknown',
  ]
  const field = (id: number, name: string, type: Field['type']): Field => ({ id, name, required: false, type })

  test.each(v3Types)('#23 %s in version 2 is refused with every place it stands in', type => {
    const columns = [
      column('top', type),
      column('arr', list(type)),
      column('struct', struct(column('inner_op', type), column('inner_arr', list(type)))),
      column('map', map('string', type)),
      column('deep', list(struct(column('in', type)))),
    ]
    const paths = ['top', 'arr.element', 'struct.inner_op', 'struct.inner_arr.element', 'map.value', 'deep.element.in']
    expectRefused(declare(columns), tableOf([]), ...paths.map(path => `BR212 ${path}`))
    const { fields } = assignFreshIds(wantedFields(columns))
    expectIllegal(
      () => withSchema(tableOf([]), add('', ...fields)),
      ...paths.map(path => `${path}: type ${type} is not supported until v3`),
    )
  })

  test.each(v3Types)('#24 %s in the key of a map is refused in version 2 as well', type => {
    const columns = [column('m', map(type, 'int')), column('k', map(struct(column('x', type)), 'int'))]
    expectRefused(declare(columns), tableOf([]), 'BR212 m.key', 'BR212 k.key.x')
    const parts = { type: 'map', 'key-id': 2, key: type, 'value-id': 3, 'value-required': false, value: 'int' } as const
    expectIllegal(() => withSchema(tableOf([]), add('', field(1, 'm', parts))), `m.key: type ${type}`)
  })
})

describe('ids that may not be used', () => {
  const name: Field = { id: 1, name: 'name', required: false, type: 'string' }
  const table = tableOf([name, { id: 2, name: 'other', required: false, type: 'int' }])

  test('#25 one that belongs to another column', () => {
    expectIllegal(
      () => withSchema(withSchema(table, drop('name')), add('', { ...name, name: 'weight', type: 'double' })),
      'weight: cannot promote field from string to double',
    )
    expectIllegal(() => withSchema(table, add('', { ...name, name: 'weight' })), 'weight: id 1 belongs to name already')
  })

  test('#26 one that is not above the last and that no schema had', () => {
    const gap = { ...table, 'last-column-id': 9 }
    expectIllegal(
      () => withSchema(gap, add('', { ...name, id: 5, name: 'five' })),
      'five: id 5 is not above the last assigned id 9 and was never a field of this table',
    )
  })

  test('#27 a reserved one, or a reserved name', () => {
    for (const id of [highestAllowedFieldId + 1, 2147483646, 2 ** 31])
      expectIllegal(() => withSchema(table, add('', { ...name, id, name: 'x' })), `x: id ${id} is reserved`)
    for (const reserved of reservedColumnNames)
      expectRefused(declare([column(reserved, 'int')]), tableOf([]), `BR209 ${reserved}`)
  })

  test('#28 the highest that may be used may be used once, and then no column can be added', () => {
    const full = withSchema(table, add('', { ...name, id: highestAllowedFieldId, name: 'last' }))
    expect(full['last-column-id']).toBe(highestAllowedFieldId)
    const wanted = declare([column('name', 'string'), column('more', 'int')])
    expectRefused(wanted, full, 'BR215 (field ids)')
    // What needs no new id goes on.
    expect(told(declare([column('name', 'string'), column('other', 'long')]), full)).toContain('AD102 other')
  })
})

describe('ids by name', () => {
  const source = tableOf([
    { id: 1, name: 'a', required: true, type: 'int' },
    { id: 2, name: 'A', required: true, type: 'int' },
  ])
  const keyed = { ...source, schemas: source.schemas.map(schema => ({ ...schema, 'identifier-field-ids': [1] })) }

  test('#29 match in exactly that spelling, and the row key stays on its column', () => {
    const merged = mergeFieldIdsFromTable(wantedFields([column('A', 'int', must), column('a', 'int', must)]), keyed)
    expect(merged.fields.map(({ id, name }) => [id, name])).toEqual([
      [2, 'A'],
      [1, 'a'],
    ])
    expect(merged['identifier-field-ids']).toEqual([1])
  })

  test('#30 that the table has not are given above the highest', () => {
    const table = tableOf([
      { id: 1, name: 'a', required: false, type: 'int' },
      { id: 15, name: 'B', required: false, type: 'int', doc: 'kept' },
    ])
    const wanted = wantedFields([column('a', 'int'), column('B', 'int'), column('c', 'int')])
    const merged = mergeFieldIdsFromTable(wanted, table)
    expect(merged.fields.map(({ id }) => id)).toEqual([1, 15, 16])
    expect(merged.fields[1]?.doc).toBe('kept')
  })

  test('#31 do not match in another spelling: that is refused, unless it is declared as a rename', () => {
    const table = created(declare([column('field1', 'int')]))
    expectRefused(declare([column('FIELD1', 'int')]), table, 'BR207 FIELD1')
    const renamed = declare([column('FIELD1', 'int', { renamedFrom: 'field1' })])
    expect(told(renamed, table)).toEqual(['AD106 FIELD1'])
    expect(idsOf(evolved(table, renamed))).toEqual({ FIELD1: 1 })
  })

  test('#32 match level by level, and never across levels', () => {
    const merged = mergeFieldIdsFromTable(
      wantedFields(
        editDeclaration(
          baseDeclaration,
          add('', column('x', 'long'), column('lat', 'float')),
          add('preferences', column('data', 'string')),
        ).columns,
      ),
      baseTable,
    )
    const ids = new Map(walkFields({ type: 'struct', fields: merged.fields }).map(({ path, id }) => [path, id]))
    for (const { path, id } of walkFields({ type: 'struct', fields: baseFields }))
      expect([path, ids.get(path)]).toEqual([path, id])
    expect([ids.get('x'), ids.get('lat'), ids.get('preferences.data')]).toEqual([24, 25, 26])
    expect(editSchema(currentSchema(baseTable)).fields).toBe(currentSchema(baseTable).fields)
  })
})
