import { describe, expect, test } from 'vitest'
import { mappedField, type NameMapping, nameMappingProperty, parseNameMapping } from '../../src/iceberg/name-mapping.ts'
import type { TableMetadata } from '../../src/iceberg/types.ts'
import type { Declaration } from '../../src/schema/declaration.ts'
import { column, committed, created, declare, evolved, list, map, planned, struct } from '../schema/declaring.ts'
import { failure } from '../support/table.ts'
import { baseDeclaration, baseTable } from './base-schema.ts'
import { add, change, drop, editDeclaration, told, withSchema } from './editing.ts'

function mapped(metadata: TableMetadata, mapping: unknown): TableMetadata {
  return committed(metadata, { action: 'set-properties', updates: { [nameMappingProperty]: JSON.stringify(mapping) } })
}

function mappingOf(metadata: TableMetadata): NameMapping {
  return parseNameMapping(metadata.properties[nameMappingProperty] ?? '')
}

const two = declare([column('id', 'long', { required: true }), column('data', 'string')])
const mapping = [
  { 'field-id': 1, names: ['id'] },
  { 'field-id': 2, names: ['data'] },
]
const table = mapped(created(two), mapping)
const and = (...columns: readonly ReturnType<typeof column>[]): Declaration => editDeclaration(two, add('', ...columns))

describe('a name mapping', () => {
  test('#117 gets an entry for a new column', () => {
    expect(mappingOf(evolved(table, and(column('ts', 'timestamptz'))))).toEqual([
      ...mapping,
      { 'field-id': 3, names: ['ts'] },
    ])
  })

  test('#118 gets entries for all that is in a new struct, and for what is added to it later', () => {
    const first = and(column('point', struct(column('x', 'double'), column('y', 'double'))))
    const after = evolved(table, first)
    const x = { 'field-id': 4, names: ['x'] }
    const y = { 'field-id': 5, names: ['y'] }
    expect(mappingOf(after)).toEqual([...mapping, { 'field-id': 3, names: ['point'], fields: [x, y] }])
    const later = evolved(after, editDeclaration(first, add('point', column('z', 'double'))))
    expect(mappingOf(later)[2]?.fields).toEqual([x, y, { 'field-id': 6, names: ['z'] }])
  })

  test('#118 gets element, key and value as the names they have', () => {
    const after = evolved(table, and(column('l', list(struct(column('x', 'int')))), column('m', map('string', 'int'))))
    expect(mappingOf(after).slice(2)).toEqual([
      {
        'field-id': 3,
        names: ['l'],
        fields: [{ 'field-id': 5, names: ['element'], fields: [{ 'field-id': 6, names: ['x'] }] }],
      },
      {
        'field-id': 4,
        names: ['m'],
        fields: [
          { 'field-id': 7, names: ['key'] },
          { 'field-id': 8, names: ['value'] },
        ],
      },
    ])
  })

  test('#119 has old and new name of a renamed column', () => {
    const wanted = editDeclaration(two, change('id', { name: 'object_id', renamedFrom: 'id' }))
    expect(mappingOf(evolved(table, wanted))).toEqual([{ 'field-id': 1, names: ['id', 'object_id'] }, mapping[1]])
  })

  test('#120 keeps the entry of a column that is not declared or that another program dropped', () => {
    const later = evolved(withSchema(table, drop('data')), editDeclaration(and(column('ts', 'int')), drop('data')))
    expect(mappingOf(later)).toEqual([...mapping, { 'field-id': 3, names: ['ts'] }])
  })

  test('#120 gives a name to the column that has it now, and takes it from the one that had it', () => {
    const renamed = evolved(table, editDeclaration(two, change('data', { name: 'old', renamedFrom: 'data' })))
    const wanted = editDeclaration(two, change('data', { name: 'old' }), add('', column('data', 'int')))
    expect(mappingOf(evolved(renamed, wanted))).toEqual([
      mapping[0],
      { 'field-id': 2, names: ['old'] },
      { 'field-id': 3, names: ['data'] },
    ])
  })

  test.each([
    [
      'an id twice',
      [
        { 'field-id': 1, names: ['a'] },
        { 'field-id': 1, names: ['b'] },
      ],
      'has the field-id 1 twice',
    ],
    [
      'a name twice',
      [
        { 'field-id': 1, names: ['a'] },
        { 'field-id': 2, names: ['b', 'a'] },
      ],
      'has the name a twice in one level',
    ],
    [
      'an id twice across levels',
      [
        { 'field-id': 1, names: ['a'], fields: [{ 'field-id': 2, names: ['x'] }] },
        { 'field-id': 2, names: ['b'] },
      ],
      'has the field-id 2 twice',
    ],
  ])('#121 is not one with %s', (_what, value, reason) => {
    expect(() => parseNameMapping(JSON.stringify(value))).toThrow(failure('METADATA_INVALID', reason))
  })

  test('#121 may have one name in two levels', () => {
    const nested = [{ 'field-id': 1, names: ['a'], fields: [{ 'field-id': 2, names: ['a'] }] }]
    expect(parseNameMapping(JSON.stringify(nested))).toEqual(nested)
  })

  test('#122 is asked level by level, by any of the names', () => {
    const parsed = parseNameMapping(
      JSON.stringify([
        { 'field-id': 1, names: ['id', 'object.id'] },
        { 'field-id': 2, names: ['l'], fields: [{ 'field-id': 3, names: ['element'] }] },
        {
          'field-id': 4,
          names: ['m'],
          fields: [
            { 'field-id': 5, names: ['key'] },
            { 'field-id': 6, names: ['value'] },
          ],
        },
        { names: ['not ours'] },
      ]),
    )
    expect(mappedField(parsed, 'object.id')?.['field-id']).toBe(1)
    expect(mappedField(mappedField(parsed, 'l')?.fields, 'element')?.['field-id']).toBe(3)
    expect(mappedField(mappedField(parsed, 'm')?.fields, 'value')?.['field-id']).toBe(6)
    expect(mappedField(parsed, 'not ours')).toEqual({ names: ['not ours'] })
    expect(mappedField(parsed, 'ID')).toBeUndefined()
    expect(mappedField(undefined, 'id')).toBeUndefined()
  })

  test.each(['[{', '{}', '[1]', '[{"names":"a"}]', '[{"field-id":1,"names":["a"]},{"field-id":1,"names":["b"]}]'])(
    '#123 that cannot be read stops nobody: %s is told of, and left as it is',
    text => {
      const broken = committed(baseTable, { action: 'set-properties', updates: { [nameMappingProperty]: text } })
      const wanted = editDeclaration(baseDeclaration, add('', column('extra', 'int')))
      expect(told(wanted, broken)).toEqual(['AD101 extra', 'TO303 (name mapping)'])
      expect(planned(wanted, broken).action).toBe('evolve')
      expect(evolved(broken, wanted).properties[nameMappingProperty]).toBe(text)
    },
  )

  test('#124 follows renames inside lists and maps, and takes dots as they are', () => {
    const before = declare([
      column('l', list(struct(column('x', 'int')))),
      column('m', map('int', struct(column('a.b', 'int')))),
    ])
    const empty = mapped(created(declare([])), [])
    const start = evolved(empty, before)
    const wanted = editDeclaration(
      before,
      change('l.element.x', { name: 'y.z', renamedFrom: 'x' }),
      add('m.value', column('a', struct(column('b', 'int')))),
    )
    // A member a with a member b beside a member a.b is one full name for two.
    expect(planned(wanted, start).changes.map(({ code }) => code)).toContain('BR214')
    const legal = editDeclaration(
      before,
      change('l.element.x', { name: 'y.z', renamedFrom: 'x' }),
      add('m.value', column('a', struct(column('c', 'int')))),
    )
    const after = mappingOf(evolved(start, legal))
    expect(after[0]?.fields?.[0]?.fields?.[0]?.names).toEqual(['x', 'y.z'])
    expect(after[1]?.fields?.[1]?.fields?.map(({ names }) => names)).toEqual([['a.b'], ['a']])
  })
})
