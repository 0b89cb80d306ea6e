import { describe, expect, test } from 'vitest'
import {
  assignFreshIds,
  currentSchema,
  lastAssignedFieldId,
  mergeFieldIdsFromTable,
  schemaById,
  type WantedField,
  type WantedType,
} from '../../src/iceberg/ids.ts'
import { walkFields } from '../../src/iceberg/schema-index.ts'
import type { Field, Schema, TableMetadata } from '../../src/iceberg/types.ts'
import { baseFields } from '../conformance/base-schema.ts'
import { failure, newMetadata, optional, required } from '../support/table.ts'

function struct(...fields: WantedField[]): WantedType {
  return { type: 'struct', fields }
}

function list(element: WantedType, elementRequired = false): WantedType {
  return { type: 'list', element, elementRequired }
}

function map(key: WantedType, value: WantedType, valueRequired = false): WantedType {
  return { type: 'map', key, value, valueRequired }
}

/** `path:id`, parents before children. */
function idsOf(fields: readonly Field[]): string[] {
  return walkFields({ type: 'struct', fields }).map(node => `${node.path}:${node.id}`)
}

function tableOf(...columns: WantedField[]): TableMetadata {
  return newMetadata({ columns })
}

function withSchema(metadata: TableMetadata, schema: Schema, lastColumnId: number): TableMetadata {
  return {
    ...metadata,
    schemas: [...metadata.schemas, schema],
    'current-schema-id': schema['schema-id'],
    'last-column-id': lastColumnId,
  }
}

/** The nested table that Java's tests of schema evolution start from; last id 23. */
const nested: TableMetadata = {
  ...tableOf(required('id', 'int')),
  'last-column-id': 23,
  schemas: [
    {
      type: 'struct',
      'schema-id': 0,
      'identifier-field-ids': [1],
      fields: baseFields,
    },
  ],
}

const key = struct(
  required('address', 'string'),
  required('city', 'string'),
  required('state', 'string'),
  required('zip', 'int'),
)
const lat = required('lat', 'float')
const long = required('long', 'float')
const nestedColumns: readonly WantedField[] = [
  required('id', 'int'),
  optional('data', 'string'),
  optional('preferences', struct(required('feature1', 'boolean'), optional('feature2', 'boolean'))),
  required('locations', map(key, struct(lat, long), true)),
  optional('points', list(struct(required('x', 'long'), required('y', 'long')))),
  required('doubles', list('double', true)),
  optional('properties', map('string', 'string')),
]

describe('ids of a new table', () => {
  test('go to all columns first, in order, then to what is inside each', () => {
    const { fields, lastColumnId } = assignFreshIds([
      required('id', 'int'),
      optional('complex', struct(optional('w', 'int'), optional('x', 'string'), optional('z', map('int', 'string')))),
      optional('places', list(struct(optional('lat', 'double')))),
      optional('last', 'string'),
    ])
    expect(idsOf(fields).sort((a, b) => Number(a.split(':')[1]) - Number(b.split(':')[1]))).toEqual([
      'id:1',
      'complex:2',
      'places:3',
      'last:4',
      'complex.w:5',
      'complex.x:6',
      'complex.z:7',
      'complex.z.key:8',
      'complex.z.value:9',
      'places.element:10',
      'places.element.lat:11',
    ])
    expect(lastColumnId).toBe(11)
  })

  test('are consecutive however deep the nesting is', () => {
    const deep = (levels: number): WantedType =>
      levels === 0
        ? 'int'
        : levels % 3 === 0
          ? list(deep(levels - 1))
          : levels % 3 === 1
            ? struct(optional('s', deep(levels - 1)))
            : map('string', deep(levels - 1))
    const { fields, lastColumnId } = assignFreshIds([optional('deep', deep(9))])
    const ids = walkFields({ type: 'struct', fields }).map(node => node.id)
    expect(new Set(ids).size).toBe(ids.length)
    expect(lastColumnId).toBe(ids.length)
  })

  test('of no columns are none', () => {
    expect(assignFreshIds([])).toEqual({ fields: [], lastColumnId: 0 })
  })
})

describe('ids of columns that the table has', () => {
  test('are kept by name, at every level, and nothing else changes', () => {
    expect(mergeFieldIdsFromTable(nestedColumns, nested)).toEqual({
      fields: currentSchema(nested).fields,
      'identifier-field-ids': [1],
      lastColumnId: 23,
    })
  })

  test('follow the column when the order changes', () => {
    const { fields } = mergeFieldIdsFromTable(nestedColumns.toReversed(), nested)
    expect(fields).toEqual(currentSchema(nested).fields.toReversed())
  })

  test('match names by exact case', () => {
    const { fields } = mergeFieldIdsFromTable(
      [required('A', 'int'), required('a', 'int')],
      tableOf(required('a', 'int')),
    )
    expect(idsOf(fields)).toEqual(['A:2', 'a:1'])
  })

  test('are kept by a declared rename, also inside a struct', () => {
    const { fields } = mergeFieldIdsFromTable(
      [
        { ...optional('json', 'string'), renamedFrom: 'data' },
        optional(
          'preferences',
          struct(required('feature1', 'boolean'), { ...optional('newfeature', 'boolean'), renamedFrom: 'feature2' }),
        ),
      ],
      nested,
    )
    expect(idsOf(fields)).toEqual(['json:2', 'preferences:3', 'preferences.feature1:8', 'preferences.newfeature:9'])
  })

  test('without the declaration of a rename are new', () => {
    expect(idsOf(mergeFieldIdsFromTable([optional('json', 'string')], nested).fields)).toEqual(['json:24'])
  })

  test('do not go from one struct to another', () => {
    const table = tableOf(optional('a', struct(optional('x', 'int'))), optional('b', struct(optional('y', 'int'))))
    const { fields } = mergeFieldIdsFromTable(
      [optional('a', struct()), optional('b', struct(optional('y', 'int'), optional('x', 'int')))],
      table,
    )
    expect(idsOf(fields)).toEqual(['a:1', 'b:2', 'b.y:4', 'b.x:5'])
  })
})

describe('ids of new columns', () => {
  test('go on after the last one, in the order of the fields, inside structs, lists and values of maps', () => {
    const columns = [
      ...nestedColumns.slice(0, 3),
      required('locations', map(key, struct(lat, long, optional('alt', 'float')), true)),
      optional(
        'points',
        list(struct(required('x', 'long'), required('y', 'long'), optional('z', 'long'), optional('t.t', 'long'))),
      ),
      ...nestedColumns.slice(5),
      optional('toplevel', 'decimal(9,2)'),
    ]
    const { fields, lastColumnId } = mergeFieldIdsFromTable(columns, nested)
    const added = idsOf(fields).filter(entry => Number(entry.split(':')[1]) > 23)
    expect(added).toEqual(['locations.value.alt:25', 'points.element.z:26', 'points.element.t.t:27', 'toplevel:24'])
    expect(lastColumnId).toBe(27)
  })

  test('number the direct fields of a new struct before what is inside them', () => {
    const table = tableOf(required('id', 'int'), optional('data', 'string'))
    const complex = struct(
      required('w', 'int'),
      required('x', 'string'),
      required('y', 'boolean'),
      optional('z', map('int', 'string')),
    )
    const { fields } = mergeFieldIdsFromTable(
      [required('id', 'int'), optional('data', 'string'), optional('complex', complex)],
      table,
    )
    expect(idsOf(fields).slice(2)).toEqual([
      'complex:3',
      'complex.w:4',
      'complex.x:5',
      'complex.y:6',
      'complex.z:7',
      'complex.z.key:8',
      'complex.z.value:9',
    ])
  })

  test('are never those of a dropped column, not even of the highest one', () => {
    const table = withSchema(
      tableOf(required('id', 'int'), optional('gone', 'int')),
      { type: 'struct', 'schema-id': 1, fields: [{ id: 1, name: 'id', required: true, type: 'int' }] },
      2,
    )
    const { fields } = mergeFieldIdsFromTable([required('id', 'int'), optional('gone', 'int')], table)
    expect(idsOf(fields)).toEqual(['id:1', 'gone:3'])
  })

  test('are above last-column-id also where the schema has a gap below it', () => {
    const table = { ...tableOf(required('a', 'int'), required('b', 'int')), 'last-column-id': 7 }
    expect(idsOf(mergeFieldIdsFromTable([required('a', 'int'), optional('c', 'int')], table).fields)).toEqual([
      'a:1',
      'c:8',
    ])
  })

  test('are above every id of every schema where last-column-id says too little', () => {
    const table = withSchema(
      tableOf(required('a', 'int')),
      { type: 'struct', 'schema-id': 1, fields: [{ id: 1, name: 'a', required: true, type: 'int' }] },
      1,
    )
    const lying: TableMetadata = {
      ...table,
      schemas: [
        {
          type: 'struct',
          'schema-id': 0,
          fields: [
            {
              id: 1,
              name: 'a',
              required: true,
              type: { type: 'list', 'element-id': 8, 'element-required': true, element: 'int' },
            },
          ],
        },
        ...table.schemas.slice(1),
      ],
    }
    expect(lastAssignedFieldId(lying)).toBe(8)
    expect(mergeFieldIdsFromTable([optional('b', 'int')], lying).fields[0]?.id).toBe(9)
  })

  test.each<[was: WantedType, is: WantedType]>([
    ['string', 'long'],
    ['int', 'float'],
    ['decimal(9,2)', 'decimal(9,3)'],
    ['timestamp', 'timestamptz'],
    ['fixed[4]', 'fixed[8]'],
    ['string', list('string')],
    [struct(optional('x', 'int')), 'int'],
    [list('string'), map('string', 'string')],
    [list('string'), list('long')],
    [map('string', 'int'), map('uuid', 'int')],
    [map('string', 'int'), map('string', 'string')],
    [list(list('string')), list(list('binary'))],
  ])('belong to a column that was %o and is %o now, with all that is inside', (was, is) => {
    const table = tableOf(optional('c', was))
    const last = lastAssignedFieldId(table)
    const ids = walkFields({ type: 'struct', fields: mergeFieldIdsFromTable([optional('c', is)], table).fields }).map(
      node => node.id,
    )
    expect(ids).toEqual(ids.map((_id, index) => last + 1 + index))
  })

  test.each<[was: WantedType, is: WantedType]>([
    ['int', 'long'],
    ['long', 'int'],
    ['float', 'double'],
    ['decimal(9,2)', 'decimal(18,2)'],
    ['decimal(18, 2)', 'decimal(9,2)'],
    [list('int'), list('long')],
    [map('string', 'float'), map('string', 'double')],
  ])('do not belong to a column that was %o and is %o now: that is judged, not hidden', (was, is) => {
    expect(mergeFieldIdsFromTable([optional('c', is)], tableOf(optional('c', was))).fields[0]?.id).toBe(1)
  })
})

describe('what the caller does not mention', () => {
  const documented: TableMetadata = withSchema(
    tableOf(required('a', 'int')),
    {
      type: 'struct',
      'schema-id': 1,
      fields: [
        {
          id: 1,
          name: 'a',
          required: true,
          type: {
            type: 'struct',
            'x-struct': 1,
            fields: [{ id: 2, name: 'b', required: false, type: 'decimal(9, 2)', doc: 'inner', 'x-field': 2 }],
          } as never,
          doc: 'outer',
          'write-default': 7,
        },
      ],
    },
    2,
  )

  test('stays: docs, defaults, keys we do not know, the spelling of a type', () => {
    const { fields } = mergeFieldIdsFromTable([required('a', struct(optional('b', 'decimal(9,2)')))], documented)
    expect(fields).toEqual(currentSchema(documented).fields)
  })

  test('gives way to a doc that is given', () => {
    const { fields } = mergeFieldIdsFromTable([{ ...required('a', struct()), doc: 'new' }], documented)
    expect(fields[0]).toMatchObject({ id: 1, doc: 'new', 'write-default': 7 })
  })

  test('does not go over to a column that only has the name', () => {
    const [field] = mergeFieldIdsFromTable([optional('a', 'string')], documented).fields
    expect(field).toEqual({ id: 3, name: 'a', required: false, type: 'string' })
  })
})

test('identifier fields go with their columns', () => {
  const table = withSchema(
    tableOf(required('a', 'int')),
    {
      type: 'struct',
      'schema-id': 1,
      'identifier-field-ids': [1, 2, 4],
      fields: [
        { id: 1, name: 'a', required: true, type: 'int' },
        { id: 2, name: 'b', required: true, type: 'int' },
        {
          id: 3,
          name: 's',
          required: true,
          type: { type: 'struct', fields: [{ id: 4, name: 'k', required: true, type: 'int' }] },
        },
      ],
    },
    4,
  )
  const both = mergeFieldIdsFromTable([required('a', 'int'), required('s', struct(required('k', 'int')))], table)
  expect(both['identifier-field-ids']).toEqual([1, 4])
})

test('a schema that is not there is an error that names it', () => {
  expect(() => schemaById(nested, 5)).toThrow(failure('METADATA_INVALID', "schema 5 is not among the table's schemas"))
})
