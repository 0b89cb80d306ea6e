import { describe, expect, test } from 'vitest'
import { currentSchema } from '../../src/iceberg/ids.ts'
import type { Field, MapType, TableMetadata } from '../../src/iceberg/types.ts'
import {
  column,
  committed,
  created,
  declare,
  evolved,
  idOf,
  list,
  map,
  planned,
  repartitioned,
  resorted,
  struct,
} from '../schema/declaring.ts'
import { baseDeclaration, baseTable, tableOf } from './base-schema.ts'
import {
  add,
  asSchema,
  change,
  drop,
  editDeclaration,
  expectIllegal,
  expectRefused,
  idsOf,
  order,
  retype,
  told,
  whyIllegal,
  withSchema,
} from './editing.ts'

const must = { required: true }
const int = (id: number, name: string): Field => ({ id, name, required: false, type: 'int' })

/** The base table with a row key. */
function keyed(...ids: readonly number[]): TableMetadata {
  return asSchema(baseTable, { ...currentSchema(baseTable), 'identifier-field-ids': ids })
}

describe('deleting', () => {
  test('#69 what is not there: a declaration without it asks for nothing', () => {
    expect(told(baseDeclaration, baseTable)).toEqual([])
    expectIllegal(
      () => committed(baseTable, { action: 'set-current-schema', 'schema-id': 7 }),
      'cannot set current schema to unknown schema with id 7',
    )
  })

  test('#70 the element of a list, the key or value of a map', () => {
    const { type } = currentSchema(baseTable).fields[3] as Field
    const parts = type as MapType
    const another = { type: 'struct', fields: [] }
    expectIllegal(
      () => withSchema(baseTable, change('locations', { type: { ...parts, 'key-id': 24, key: another } })),
      'locations.key: cannot replace the key of a map',
    )
    expectIllegal(
      () => withSchema(baseTable, change('locations', { type: { ...parts, 'value-id': 24, value: another } })),
      'locations.value: cannot replace the value of a map',
    )
    expectIllegal(
      () =>
        withSchema(
          baseTable,
          change('doubles', { type: { type: 'list', 'element-id': 24, 'element-required': true, element: 'double' } }),
        ),
      'doubles.element: cannot replace the element of a list',
    )
    expectIllegal(
      () => withSchema(baseTable, drop('locations.key.zip')),
      'locations.key.zip: cannot remove a part of a map key',
    )
    // Undeclared, a part of a key is kept.
    expect(told(editDeclaration(baseDeclaration, drop('locations.key.zip')), baseTable)).toEqual([
      'BR202 locations.key.zip',
    ])
  })

  test('#71 a column and adding one of its name is not what a declaration does: it keeps the column', () => {
    const without = editDeclaration(baseDeclaration, drop('data'))
    expect(told(without, baseTable)).toEqual(['TO301 data'])
    const again = evolved(baseTable, editDeclaration(without, add('', column('other', 'int'))))
    expect(told(editDeclaration(baseDeclaration, add('', column('other', 'int'))), again)).toEqual([])
    expect(idOf(again, 'data')).toBe(2)
    // A required one cannot be left out: new rows would have no value for it.
    expectRefused(editDeclaration(baseDeclaration, drop('id')), baseTable, 'BR204 id')
    expectRefused(
      editDeclaration(baseDeclaration, drop('preferences.feature1')),
      baseTable,
      'BR204 preferences.feature1',
    )
  })

  test('#72 by another program, and adding the name again: a new id, at the top and deep inside', () => {
    const after = withSchema(baseTable, drop('data'), drop('preferences.feature2'), drop('points.element.y'))
    const again = withSchema(
      after,
      add('', { ...int(24, 'data'), type: 'string' }),
      add('preferences', { ...int(25, 'feature2'), type: 'boolean' }),
      add('points.element', { ...int(26, 'y'), type: 'long' }),
    )
    expect([idsOf(again)['data'], idsOf(again)['preferences.feature2'], idsOf(again)['points.element.y']]).toEqual([
      24, 25, 26,
    ])
    // In one commit it is the same, and the plan says what became of the values.
    const atOnce = withSchema(baseTable, drop('data'), add('', { ...int(24, 'data'), type: 'string' }))
    expect(idsOf(atOnce)['data']).toBe(24)
    const applied = created(declare([column('a', 'int'), column('b', 'int')]))
    const remade = withSchema(applied, drop('b'), add('', int(3, 'b')))
    expect(told(declare([column('a', 'int'), column('b', 'int')]), remade)).toEqual(['TO304 b'])
  })

  // A declaration says where it ends, so two steps that contradict each other cannot be said in it.
  test.each([
    ['renamed and left out', [change('data', { name: 'json', renamedFrom: 'data' }), drop('json')], ['TO301 data']],
    [
      'left out and renamed',
      [drop('data'), add('', column('json', 'string', { renamedFrom: 'data' }))],
      ['AD106 json'],
    ],
    ['retyped and left out', [change('data', { type: 'long' }), drop('data')], ['TO301 data']],
    ['documented and left out', [change('data', { doc: 'Said.' }), drop('data')], ['TO301 data']],
  ] as const)('#73 a column %s is what the last word says', (_what, edits, lines) => {
    expect(
      told(editDeclaration(baseDeclaration, ...edits), baseTable).filter(line => !line.startsWith('AD105')),
    ).toEqual(lines)
  })

  test('#73 what stays and what goes by its id cannot be one field of an update', () => {
    expectIllegal(
      () => withSchema(baseTable, add('', { ...int(2, 'json'), type: 'string' })),
      'json: id 2 belongs to data already',
    )
  })

  test('#74 a struct with all that is in it, changed or not', () => {
    const after = withSchema(withSchema(baseTable, change('points.element.x', { doc: 'x' })), drop('points'))
    expect(idsOf(after)['points']).toBeUndefined()
    expect(after['last-column-id']).toBe(23)
  })

  test('#75 the source of the partition spec', () => {
    const table = repartitioned(baseTable, {
      'source-id': 2,
      'field-id': 1000,
      name: 'data_bucket',
      transform: 'bucket[4]',
    })
    expectIllegal(
      () => withSchema(table, drop('data')),
      'cannot find source column for partition field: 1000: data_bucket: bucket[4](2)',
    )
    const declared = { ...baseDeclaration, partitionBy: [{ column: 'data', transform: 'bucket[4]' }] }
    expect(told(editDeclaration(declared, drop('data')), table)).toEqual(['TO301 data'])
  })

  test('#76 the source of the sort order', () => {
    const table = resorted(baseTable, {
      transform: 'identity',
      'source-id': 2,
      direction: 'asc',
      'null-order': 'nulls-first',
    })
    expectIllegal(() => withSchema(table, drop('data')), 'cannot find source column for sort field: identity(2)')
  })

  test('#77 the source of a spec that is the default no more is legal', () => {
    const old = repartitioned(baseTable, {
      'source-id': 2,
      'field-id': 1000,
      name: 'data_bucket',
      transform: 'bucket[4]',
    })
    const table = repartitioned(old)
    expect(table['partition-specs']).toHaveLength(2)
    const after = withSchema(table, drop('data'))
    expect(idsOf(after)['data']).toBeUndefined()
    expect(planned(editDeclaration(baseDeclaration, drop('data')), after).action).toBe('none')
  })

  test('#78 a column of the row key, unless the row key changes with it', () => {
    expectIllegal(() => withSchema(keyed(1), drop('id')), 'identifier field 1 does not exist')
    expectRefused(
      { ...editDeclaration(baseDeclaration, drop('id')), identifier: [] },
      keyed(1),
      'BR204 id',
      'BR206 (identifier)',
    )
    const { 'identifier-field-ids': _ids, ...schema } = currentSchema(keyed(1))
    const after = asSchema(keyed(1), { ...schema, fields: schema.fields.filter(({ id }) => id !== 1) })
    expect(currentSchema(after)['identifier-field-ids']).toBeUndefined()
  })

  test('#79 a struct with a column of the row key in it', () => {
    const inside = { ...int(25, 'in'), required: true }
    const out: Field = { id: 24, name: 'out', required: true, type: { type: 'struct', fields: [inside] } }
    const { fields, ...schema } = currentSchema(baseTable)
    const table = asSchema(
      { ...baseTable, schemas: [{ ...schema, fields: [...fields, out] }], 'last-column-id': 25 },
      { ...schema, fields: [...fields, out], 'identifier-field-ids': [25] },
    )
    expectIllegal(() => withSchema(table, drop('out')), 'identifier field 25 does not exist')
    expectIllegal(() => withSchema(table, drop('out.in')), 'identifier field 25 does not exist')
  })

  test('#80 a column beside the row key is legal for another program', () => {
    const after = withSchema(keyed(1), drop('data'))
    expect(currentSchema(after)['identifier-field-ids']).toEqual([1])
    // Where it stands in a struct whose members partition the table, it is not.
    const at = tableOf([
      { id: 1, name: 's', required: false, type: { type: 'struct', fields: [int(2, 'x'), int(3, 'y')] } },
    ])
    const table = repartitioned(at, { 'source-id': 2, 'field-id': 1000, name: 'x_bucket', transform: 'bucket[4]' })
    expect(whyIllegal(() => withSchema(table, drop('s.y')))).toBeUndefined()
    for (const path of ['s', 's.x'])
      expectIllegal(() => withSchema(table, drop(path)), 'cannot find source column for partition field')
  })
})

describe('renaming', () => {
  const renamed = (path: string, name: string): ReturnType<typeof change> =>
    change(path, { name, renamedFrom: path.slice(path.lastIndexOf('.') + 1) })

  test('#81 keeps ids and order where it is declared, and is an addition where it is not', () => {
    const wanted = editDeclaration(
      baseDeclaration,
      renamed('data', 'json'),
      renamed('preferences.feature2', 'newfeature'),
    )
    expect(told(wanted, baseTable)).toEqual(['AD106 json', 'AD106 preferences.newfeature'])
    const after = evolved(baseTable, wanted)
    expect(
      currentSchema(after)
        .fields.map(({ id, name }) => [id, name])
        .slice(0, 3),
    ).toEqual([
      [1, 'id'],
      [2, 'json'],
      [3, 'preferences'],
    ])
    expect(idsOf(after)['preferences.newfeature']).toBe(9)
    const silent = editDeclaration(baseDeclaration, change('data', { name: 'json' }))
    expect(told(silent, baseTable)).toEqual(['AD101 json', 'TO301 data'])
  })

  test('#82 goes on inside what is renamed itself', () => {
    const wanted = editDeclaration(
      baseDeclaration,
      renamed('locations.value.lat', 'latitude'),
      renamed('locations', 'places'),
    )
    const ids = idsOf(evolved(baseTable, wanted))
    expect([ids['places'], ids['places.value'], ids['places.value.latitude']]).toEqual([4, 11, 12])
  })

  test('#83 gives a name with a dot, which is literal', () => {
    const wanted = editDeclaration(baseDeclaration, renamed('points.element.y', 'y.y'))
    const after = evolved(baseTable, wanted)
    expect(idsOf(after)['points.element.y.y']).toBe(16)
    const back = editDeclaration(baseDeclaration, change('points.element.y', { renamedFrom: 'y.y' }))
    expect(idsOf(evolved(after, back))['points.element.y']).toBe(16)
  })

  test('#84 does not give a name that is there', () => {
    expectIllegal(() => withSchema(baseTable, change('data', { name: 'id' })), 'multiple fields for name id')
    // Declared, the name that is there means the column that has it.
    const wanted = declare([column('b', 'int', { renamedFrom: 'a' })])
    const table = created(declare([column('a', 'int'), column('b', 'int')]))
    expect(told(wanted, table)).toEqual(['TO301 a'])
  })

  test('#85 leaves the row key on its column', () => {
    const table = keyed(1)
    const wanted = { ...editDeclaration(baseDeclaration, renamed('id', 'key')), identifier: ['key'] }
    expect(told(wanted, table)).toEqual(['AD106 key'])
    expect(currentSchema(evolved(table, wanted))['identifier-field-ids']).toEqual([1])
  })

  test('#86 leaves the old name in the name mapping beside the new one', () => {
    const mapping = JSON.stringify([{ 'field-id': 2, names: ['data'] }])
    const table = committed(baseTable, {
      action: 'set-properties',
      updates: { 'schema.name-mapping.default': mapping },
    })
    const after = evolved(table, editDeclaration(baseDeclaration, renamed('data', 'json')))
    expect(JSON.parse(after.properties['schema.name-mapping.default'] ?? '')).toEqual([
      { 'field-id': 2, names: ['data', 'json'] },
    ])
  })

  const scoped = [
    'write.metadata.metrics.column.',
    'write.parquet.bloom-filter-enabled.column.',
    'write.parquet.stats-enabled.column.',
  ]

  test.each(scoped)('#87 takes the property %s along', prefix => {
    const table = committed(baseTable, {
      action: 'set-properties',
      updates: { [`${prefix}data`]: 'x', [`${prefix}none`]: 'y' },
    })
    const { properties } = evolved(table, editDeclaration(baseDeclaration, renamed('data', 'json')))
    expect(properties).toMatchObject({ [`${prefix}json`]: 'x', [`${prefix}none`]: 'y' })
    expect(properties[`${prefix}data`]).toBeUndefined()
  })

  test.each(scoped)('#88 takes the property %s of what is inside along', prefix => {
    const paths = ['points.element.x', 'points.element.y', 'preferences.feature1']
    const updates = Object.fromEntries(paths.map(path => [`${prefix}${path}`, path]))
    const table = committed(baseTable, { action: 'set-properties', updates })
    const { properties } = evolved(table, editDeclaration(baseDeclaration, renamed('points', 'dots')))
    expect(Object.fromEntries(Object.entries(properties).filter(([name]) => name.startsWith(prefix)))).toEqual({
      [`${prefix}dots.element.x`]: 'points.element.x',
      [`${prefix}dots.element.y`]: 'points.element.y',
      [`${prefix}preferences.feature1`]: 'preferences.feature1',
    })
  })
})

describe('the order of columns', () => {
  const letters = declare(['a', 'b', 'c', 'd'].map(name => column(name, 'int')))
  const table = created(letters)
  const namesOf = (metadata: TableMetadata): string[] => currentSchema(metadata).fields.map(({ name }) => name)

  test.each([
    ['a first column', 'd a b c'],
    ['a last column', 'b c d a'],
    ['one before another', 'a d b c'],
    ['one behind another', 'b a c d'],
    ['several', 'c b d a'],
  ])('#89 is as declared, of the same columns: %s', (_what, names) => {
    const wanted = editDeclaration(letters, order('', ...names.split(' ')))
    expect(told(wanted, table)).toEqual(['AD105 (columns)'])
    const after = evolved(table, wanted)
    expect(namesOf(after).join(' ')).toBe(names)
    expect(idsOf(after)).toEqual(idsOf(table))
  })

  test.each([
    ['a struct', 'preferences', ['feature2', 'feature1']],
    ['an element', 'points.element', ['y', 'x']],
    ['a value', 'locations.value', ['long', 'lat']],
  ])('#90 is as declared inside %s', (_what, path, names) => {
    const wanted = editDeclaration(baseDeclaration, order(path, ...names))
    expect(told(wanted, baseTable)).toEqual([`AD105 ${path}`])
    const after = evolved(baseTable, wanted)
    expect(told(wanted, after)).toEqual([])
    expect(idsOf(after)).toEqual(idsOf(baseTable))
  })

  test('#90 is as declared with columns that are new, and behind them', () => {
    const wanted = editDeclaration(
      letters,
      add('', column('e', 'int'), column('f', 'int')),
      order('', 'f', 'd', 'e', 'c', 'a', 'b'),
    )
    const after = evolved(table, wanted)
    expect(namesOf(after)).toEqual(['f', 'd', 'e', 'c', 'a', 'b'])
    expect([idOf(after, 'f'), idOf(after, 'e')]).toEqual([5, 6])
  })

  test('#90 is as declared where a column was dropped and made again by another program', () => {
    const remade = withSchema(table, drop('b'), add('', int(5, 'b')))
    expect(namesOf(remade)).toEqual(['a', 'c', 'd', 'b'])
    const after = evolved(remade, letters)
    expect(namesOf(after)).toEqual(['a', 'b', 'c', 'd'])
    expect(idOf(after, 'b')).toBe(5)
  })

  test('#91 does not change in a key, nor across structs', () => {
    expectRefused(
      editDeclaration(baseDeclaration, order('locations.key', 'zip', 'state', 'city', 'address')),
      baseTable,
      'BR202 locations.key',
    )
    const two = tableOf([
      { id: 1, name: 's', required: false, type: { type: 'struct', fields: [int(3, 'x')] } },
      { id: 2, name: 't', required: false, type: { type: 'struct', fields: [int(4, 'y')] } },
    ])
    expectIllegal(() => withSchema(two, drop('s.x'), add('t', int(3, 'x'))), 't.x: cannot move a field from s.x')
    expectIllegal(() => withSchema(two, drop('s.x'), add('', int(3, 'x'))), 'x: cannot move a field from s.x')
    expectIllegal(() => withSchema(two, drop('t'), add('s', int(2, 't'))), 's.t: cannot move a field from t')
    expectIllegal(
      () =>
        withSchema(
          baseTable,
          drop('preferences.feature2'),
          retype('doubles', { type: 'list', 'element-id': 9, 'element-required': false, element: 'boolean' }),
        ),
      'doubles.element: cannot move a field from preferences.feature2',
    )
  })

  test('#92 a column that is declared in another struct is a new one there, and kept where it was', () => {
    const before = created(
      declare([
        column('s', struct(column('x', 'int'))),
        column('l', list(struct())),
        column('m', map('int', struct())),
      ]),
    )
    const moved = declare([
      column('s', struct()),
      column('l', list(struct(column('x', 'int')))),
      column('m', map('int', struct(column('x', 'int', { renamedFrom: 's.x' })))),
      column('x', 'int', { renamedFrom: 's.x' }),
    ])
    expect(told(moved, before).toSorted()).toEqual(['AD101 l.element.x', 'AD101 m.value.x', 'AD101 x', 'TO301 s.x'])
    const ids = idsOf(evolved(before, moved))
    expect(new Set(['s.x', 'x', 'l.element.x', 'm.value.x'].map(path => ids[path])).size).toBe(4)
    expect(ids['s.x']).toBe(idsOf(before)['s.x'])
  })

  test('#92 a new order is another schema of the same columns', () => {
    const wanted = editDeclaration(letters, order('', 'd', 'c', 'b', 'a'))
    const after = evolved(table, wanted)
    expect(after.schemas.map(schema => schema['schema-id'])).toEqual([0, 1])
    expect(after['current-schema-id']).toBe(1)
    expect(evolved(after, letters)['current-schema-id']).toBe(0)
  })
})

test('#70 the declared way is closed as well: a list of something else, a map of something else', () => {
  const before = created(declare([column('l', list('int')), column('m', map('string', 'int'))]))
  expectRefused(
    declare([column('l', list('string')), column('m', map('uuid', 'boolean'))]),
    before,
    'BR202 l.element',
    'BR202 m.key',
    'BR202 m.value',
  )
  expectRefused(
    declare([column('l', list('int', true)), column('m', map('string', 'int', true), must)]),
    before,
    'BR203 l.element',
    'BR203 m.value',
    'BR203 m',
  )
})
