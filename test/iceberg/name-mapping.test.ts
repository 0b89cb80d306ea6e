import { describe, expect, test } from 'vitest'
import { assignFreshIds, mergeFieldIdsFromTable, type WantedField } from '../../src/iceberg/ids.ts'
import {
  evolveNameMapping,
  mappedField,
  type NameMapping,
  parseNameMapping,
  printNameMapping,
} from '../../src/iceberg/name-mapping.ts'
import type { Field, Schema } from '../../src/iceberg/types.ts'
import { failure, optional } from '../support/table.ts'

function schema(...fields: Field[]): Schema {
  return { type: 'struct', 'schema-id': 0, fields }
}

const column = (id: number, name: string, type: Field['type'] = 'int'): Field => ({ id, name, required: false, type })
const struct = (...fields: Field[]): Field['type'] => ({ type: 'struct', fields })
const entry = (id: number, ...names: string[]): NameMapping[number] => ({ 'field-id': id, names })

describe('a name mapping', () => {
  test('is read as it is printed', () => {
    const mapping: NameMapping = [
      { 'field-id': 1, names: ['id', 'record_id'] },
      { 'field-id': 2, names: ['data.with.dots', ''] },
      { names: ['of the file alone'] },
      { 'field-id': 3, names: [] },
      { 'field-id': 4, names: ['location'], fields: [entry(5, 'id'), { names: ['lat'] }] },
    ]
    expect(parseNameMapping(printNameMapping(mapping))).toEqual(mapping)
    expect(JSON.parse(printNameMapping(mapping))).toEqual(mapping)
    expect(parseNameMapping('[]')).toEqual([])
  })

  test('may say null for what it leaves out, and a name of one field twice', () => {
    expect(parseNameMapping('[{"field-id": null, "names": ["a", "a"], "fields": null, "doc": "x"}]')).toEqual([
      { names: ['a'] },
    ])
  })

  test.each<[reason: string, text: string]>([
    ['is not JSON', '[{'],
    ['must be a list of fields', '{}'],
    ['must be a list of fields', 'null'],
    ['must be a list of fields', '[1]'],
    ['must be a list of fields', '[[]]'],
    ['must be a list of fields', '[{"names": ["a"], "fields": {}}]'],
    ['has a field without a list of names', '[{"field-id": 1}]'],
    ['has a field without a list of names', '[{"field-id": 1, "names": "a"}]'],
    ['has a field without a list of names', '[{"field-id": 1, "names": [1]}]'],
    ['has a field-id that is not an integer', '[{"field-id": "1", "names": []}]'],
    ['has a field-id that is not an integer', '[{"field-id": 1.5, "names": []}]'],
    ['has the name a twice in one level', '[{"names": ["a"]}, {"names": ["b", "a"]}]'],
    ['has the name x twice in one level', '[{"names": ["a"], "fields": [{"names": ["x"]}, {"names": ["x"]}]}]'],
    ['has the field-id 1 twice', '[{"field-id": 1, "names": ["a"]}, {"field-id": 1, "names": ["b"]}]'],
    ['has the field-id 1 twice', '[{"field-id": 1, "names": ["a"], "fields": [{"field-id": 1, "names": ["x"]}]}]'],
  ])('%s: %s', (reason, text) => {
    expect(() => parseNameMapping(text)).toThrow(
      failure('METADATA_INVALID', `the name mapping schema.name-mapping.default ${reason}`),
    )
  })

  test('may have one name in several levels', () => {
    const mapping = [
      { 'field-id': 1, names: ['a'], fields: [entry(2, 'a')] },
      { 'field-id': 3, names: ['b'], fields: [entry(4, 'a')] },
    ]
    expect(parseNameMapping(printNameMapping(mapping))).toEqual(mapping)
    expect(mappedField(mapping, 'a')?.['field-id']).toBe(1)
    expect(mappedField(mapping[1]?.fields, 'a')?.['field-id']).toBe(4)
    expect(mappedField(mapping, 'a.a')).toBeUndefined()
    expect(mappedField(undefined, 'a')).toBeUndefined()
  })
})

describe('the mapping of a table whose schema changes', () => {
  const base = schema(column(1, 'id'), column(2, 'data'))
  const mapping: NameMapping = [entry(1, 'id'), entry(2, 'data', 'alias')]

  test('stays as it is when no name does', () => {
    expect(evolveNameMapping(mapping, base, base)).toEqual(mapping)
    const widened = schema(column(2, 'data', 'long'), column(1, 'id'))
    expect(evolveNameMapping(mapping, base, widened)).toEqual(mapping)
  })

  test('knows a renamed column by both names', () => {
    expect(evolveNameMapping(mapping, base, schema(column(1, 'key'), column(2, 'data')))).toEqual([
      entry(1, 'id', 'key'),
      entry(2, 'data', 'alias'),
    ])
    // A name that it had in a file before is not written twice.
    expect(evolveNameMapping(mapping, base, schema(column(1, 'id'), column(2, 'alias')))).toEqual(mapping)
  })

  test('knows an added column, with everything in it', () => {
    const { fields } = assignFreshIds([
      optional('id', 'int'),
      optional('data', 'int'),
      optional('s', {
        type: 'struct',
        fields: [optional('a.b', 'int'), optional('l', { type: 'list', element: 'int', elementRequired: false })],
      }),
      optional('m', {
        type: 'map',
        key: 'string',
        value: { type: 'struct', fields: [optional('y', 'int')] },
        valueRequired: false,
      }),
    ])
    expect(evolveNameMapping(mapping, base, schema(...fields))).toEqual([
      ...mapping,
      {
        'field-id': 3,
        names: ['s'],
        fields: [entry(5, 'a.b'), { 'field-id': 6, names: ['l'], fields: [entry(7, 'element')] }],
      },
      {
        'field-id': 4,
        names: ['m'],
        fields: [entry(8, 'key'), { 'field-id': 9, names: ['value'], fields: [entry(10, 'y')] }],
      },
    ])
  })

  test('keeps the entry of a dropped column, and takes its name from it for one that is added', () => {
    const without = schema(column(1, 'id'))
    expect(evolveNameMapping(mapping, base, without)).toEqual(mapping)
    expect(evolveNameMapping(mapping, without, schema(column(1, 'id'), column(3, 'data')))).toEqual([
      entry(1, 'id'),
      entry(2, 'alias'),
      entry(3, 'data'),
    ])
    // Dropped and added in one change.
    expect(evolveNameMapping(mapping, base, schema(column(1, 'id'), column(3, 'data')))).toEqual([
      entry(1, 'id'),
      entry(2, 'alias'),
      entry(3, 'data'),
    ])
  })

  test('gives a name to one column only, also when columns swap or pass on their names', () => {
    const swapped = evolveNameMapping(mapping, base, schema(column(1, 'data'), column(2, 'id')))
    expect(swapped).toEqual([entry(1, 'data'), entry(2, 'alias', 'id')])
    const passedOn = evolveNameMapping(mapping, base, schema(column(1, 'data'), column(2, 'other')))
    expect(passedOn).toEqual([entry(1, 'id', 'data'), entry(2, 'alias', 'other')])
    for (const evolved of [swapped, passedOn]) expect(parseNameMapping(printNameMapping(evolved))).toEqual(evolved)
  })

  test('changes in the level of the change, in structs, elements and values', () => {
    const inside = (...fields: Field[]): Schema =>
      schema(
        column(1, 'x', struct(...fields)),
        column(4, 'l', { type: 'list', 'element-id': 5, 'element-required': false, element: struct(column(6, 'x')) }),
        column(7, 'm', {
          type: 'map',
          'key-id': 8,
          key: 'string',
          'value-id': 9,
          'value-required': false,
          value: struct(column(10, 'x')),
        }),
      )
    const before = inside(column(2, 'x'), column(3, 'y'))
    const nested: NameMapping = [
      { 'field-id': 1, names: ['x'], fields: [entry(2, 'x'), entry(3, 'y')] },
      {
        'field-id': 4,
        names: ['l'],
        fields: [{ 'field-id': 5, names: ['element'], fields: [entry(6, 'x')] }],
      },
      {
        'field-id': 7,
        names: ['m'],
        fields: [entry(8, 'key'), { 'field-id': 9, names: ['value'], fields: [entry(10, 'x')] }],
      },
    ]
    const after: Schema = schema(
      column(1, 'x', struct(column(2, 'z'), column(11, 'x'), column(3, 'y'))),
      column(4, 'l', {
        type: 'list',
        'element-id': 5,
        'element-required': false,
        element: struct(column(6, 'x'), column(12, 'w')),
      }),
      column(7, 'm', {
        type: 'map',
        'key-id': 8,
        key: 'string',
        'value-id': 9,
        'value-required': false,
        value: struct(column(10, 'v')),
      }),
    )
    expect(evolveNameMapping(nested, before, after)).toEqual([
      { 'field-id': 1, names: ['x'], fields: [entry(2, 'z'), entry(3, 'y'), entry(11, 'x')] },
      {
        'field-id': 4,
        names: ['l'],
        fields: [{ 'field-id': 5, names: ['element'], fields: [entry(6, 'x'), entry(12, 'w')] }],
      },
      {
        'field-id': 7,
        names: ['m'],
        fields: [entry(8, 'key'), { 'field-id': 9, names: ['value'], fields: [entry(10, 'x', 'v')] }],
      },
    ])
  })

  test('says nothing of columns that it said nothing of, and keeps what is no column', () => {
    const sparse: NameMapping = [{ names: ['other'] }, entry(2, 'data')]
    expect(evolveNameMapping(sparse, base, schema(column(1, 'key'), column(2, 'data')))).toEqual(sparse)
    expect(evolveNameMapping(sparse, base, schema(column(1, 'id'), column(2, 'data'), column(3, 'other')))).toEqual([
      { names: [] },
      entry(2, 'data'),
      entry(3, 'other'),
    ])
    expect(evolveNameMapping([], base, base)).toEqual([])
  })

  test('is one that can be read after any of the usual changes', () => {
    let current = base
    let evolved = mapping
    const steps: WantedField[][] = [
      [{ ...optional('key', 'int'), renamedFrom: 'id' }, optional('data', 'int')],
      [optional('key', 'int'), { ...optional('id', 'int'), renamedFrom: 'data' }],
      [optional('id', 'int'), optional('data', { type: 'struct', fields: [optional('id', 'int')] })],
      [optional('data', { type: 'struct', fields: [optional('key', 'int'), optional('id', 'int')] })],
    ]
    for (const columns of steps) {
      const metadata = { schemas: [current], 'current-schema-id': 0, 'last-column-id': 100 }
      const { fields } = mergeFieldIdsFromTable(columns, metadata as never)
      const after = schema(...fields)
      evolved = evolveNameMapping(evolved, current, after)
      expect(parseNameMapping(printNameMapping(evolved))).toEqual(evolved)
      for (const field of after.fields) expect(mappedField(evolved, field.name)?.['field-id']).toBe(field.id)
      current = after
    }
  })
})
