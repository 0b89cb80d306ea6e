import { describe, expect, test } from 'vitest'
import { IcebergError } from '../../src/iceberg/errors.ts'
import { walkFields } from '../../src/iceberg/schema-index.ts'
import {
  checkSchema,
  checkSchemaAgainstTable,
  highestAllowedFieldId,
  whyNotIdentifier,
} from '../../src/iceberg/schema-rules.ts'
import type { Field, PartitionField, Schema, TableMetadata, Type } from '../../src/iceberg/types.ts'
import { failure, newMetadata, required } from '../support/table.ts'

function field(id: number, name: string, type: Type = 'int', needed = false): Field {
  return { id, name, required: needed, type }
}

function schema(...fields: Field[]): Schema {
  return { type: 'struct', 'schema-id': 1, fields }
}

function struct(...fields: Field[]): Type {
  return { type: 'struct', fields }
}

function list(id: number, element: Type): Type {
  return { type: 'list', 'element-id': id, 'element-required': false, element }
}

function map(keyId: number, key: Type, valueId: number, value: Type): Type {
  return { type: 'map', 'key-id': keyId, key, 'value-id': valueId, 'value-required': false, value }
}

function violationsOf(check: () => void): readonly string[] {
  try {
    check()
  } catch (error) {
    if (error instanceof IcebergError && error.code === 'UPDATE_ILLEGAL') return error.details['violations'] as string[]
    throw error
  }
  return []
}

describe('a schema by itself', () => {
  test('may nest, hold any character in a name, and two columns that differ by case', () => {
    const fine = schema(
      field(1, 'a.b'),
      field(2, 'ü ☃'),
      field(3, 'data'),
      field(4, 'DATA'),
      field(5, 'm', map(6, struct(field(8, 'k')), 7, list(9, struct(field(10, 'x'))))),
    )
    expect(violationsOf(() => checkSchema(fine))).toEqual([])
  })

  test.each<[what: string, Schema, violation: string]>([
    ['one id for two columns', schema(field(1, 'a'), field(1, 'b')), 'b: id 1 belongs to a already'],
    [
      'one id for a column and an element',
      schema(field(1, 'a'), field(2, 'l', list(1, 'int'))),
      'l.element: id 1 belongs to a already',
    ],
    ['one name twice', schema(field(1, 'a'), field(2, 'a')), 'multiple fields for name a'],
    [
      'one name twice in a struct',
      schema(field(1, 's', struct(field(2, 'x'), field(3, 'x')))),
      'multiple fields for name s.x',
    ],
    [
      'a dotted name that is also a path',
      schema(field(1, 'a', struct(field(2, 'b'))), field(3, 'a.b')),
      'multiple fields for name a.b',
    ],
    ['an empty name', schema(field(1, '')), 'schema: a field has an empty name'],
    ['an empty name in a struct', schema(field(1, 's', struct(field(2, '')))), 's: a field has an empty name'],
    ['id 0', schema(field(0, 'a')), 'a: id 0 is reserved or not a positive integer'],
    ['an id that is no integer', schema(field(1.5, 'a')), 'a: id 1.5 is reserved or not a positive integer'],
    [
      'a reserved id',
      schema(field(highestAllowedFieldId + 1, 'a')),
      'a: id 2147483448 is reserved or not a positive integer',
    ],
    ['a type that is none', schema(field(1, 'a', 'text')), 'a: text is not an Iceberg type'],
    ['too many digits', schema(field(1, 'a', 'decimal(39,2)')), 'a: decimal(39,2) is not an Iceberg type'],
    ['fixed of no bytes', schema(field(1, 'a', 'fixed[0]')), 'a: fixed[0] is not an Iceberg type'],
    [
      'an initial default',
      schema({ ...field(1, 'a'), 'initial-default': 5 }),
      'a: initial-default is not supported until v3',
    ],
    ['a write default', schema({ ...field(1, 'a'), 'write-default': 5 }), 'a: write-default is not supported until v3'],
  ])('may not have %s', (_what, wrong, violation) => {
    expect(violationsOf(() => checkSchema(wrong))).toEqual([violation])
  })

  test('may have the highest id that is allowed, and defaults that are null', () => {
    expect(
      violationsOf(() => checkSchema(schema({ ...field(highestAllowedFieldId, 'a'), 'initial-default': null }))),
    ).toEqual([])
  })

  test('is told every violation at once, with its path', () => {
    const wrong = schema(
      field(1, 'top', 'timestamp_ns'),
      field(2, 'arr', list(3, 'variant')),
      field(4, 's', struct(field(5, 'inner', 'unknown'), field(6, 'geo', 'geometry(EPSG:4326)'))),
      field(7, 'm', map(8, 'string', 9, 'timestamptz_ns')),
    )
    const violations = [
      'top: type timestamp_ns is not supported until v3',
      'arr.element: type variant is not supported until v3',
      's.inner: type unknown is not supported until v3',
      's.geo: type geometry(EPSG:4326) is not supported until v3',
      'm.value: type timestamptz_ns is not supported until v3',
    ]
    expect(() => checkSchema(wrong)).toThrow(failure('UPDATE_ILLEGAL', `Invalid schema: ${violations.join('; ')}`))
    expect(violationsOf(() => checkSchema(wrong))).toEqual(violations)
  })
})

describe('identifier fields', () => {
  const keyed = schema(
    field(1, 'id', 'long', true),
    field(2, 'maybe', 'long'),
    field(3, 'ratio', 'double', true),
    field(4, 'rough', 'float', true),
    field(5, 'place', struct(field(6, 'code', 'string', true)), true),
    field(7, 'perhaps', struct(field(8, 'code', 'string', true))),
    field(9, 'tags', list(10, struct(field(11, 'tag', 'string', true))), true),
    field(12, 'm', map(13, 'string', 14, 'string'), true),
    field(15, 'outer', struct(field(16, 'inner', struct(field(17, 'deep', 'string', true)), true)), true),
  )

  test('are required primitives, also inside structs that are required all the way', () => {
    expect(violationsOf(() => checkSchema({ ...keyed, 'identifier-field-ids': [1, 6, 17] }))).toEqual([])
  })

  test.each<[id: number, violation: string]>([
    [99, 'identifier field 99 does not exist'],
    [5, 'place: cannot be an identifier field: it is not a primitive'],
    [2, 'maybe: cannot be an identifier field: it is not required'],
    [3, 'ratio: cannot be an identifier field: it is a double'],
    [4, 'rough: cannot be an identifier field: it is a float'],
    [8, 'perhaps.code: cannot be an identifier field: its parent perhaps is not required'],
    [11, 'tags.element.tag: cannot be an identifier field: it is inside a list or map'],
    [13, 'm.key: cannot be an identifier field: it is inside a list or map'],
  ])('%i cannot be one: %s', (id, violation) => {
    expect(violationsOf(() => checkSchema({ ...keyed, 'identifier-field-ids': [1, id] }))).toEqual([violation])
  })

  test('inside a list of required structs cannot be one either', () => {
    const inList = schema(
      field(
        1,
        'l',
        { type: 'list', 'element-id': 2, 'element-required': true, element: struct(field(3, 'x', 'int', true)) },
        true,
      ),
    )
    const node = walkFields(inList).find(candidate => candidate.id === 3)
    expect(node && whyNotIdentifier(node)).toBe('it is inside a list or map')
  })
})

describe('a schema after others of its table', () => {
  const types = [
    'boolean',
    'int',
    'long',
    'float',
    'double',
    'date',
    'time',
    'timestamp',
    'timestamptz',
    'string',
    'uuid',
    'binary',
    'fixed[3]',
    'fixed[4]',
    'fixed[16]',
    'decimal(9,2)',
    'decimal(9,3)',
    'decimal(18,2)',
  ]
  const promotions = new Set(['int → long', 'float → double', 'decimal(9,2) → decimal(18,2)'])

  function tableWith(...fields: Field[]): TableMetadata {
    const base = newMetadata({ columns: [required('unused', 'int')] })
    const highest = Math.max(...walkFields({ type: 'struct', fields }).map(node => node.id))
    return { ...base, schemas: [{ type: 'struct', 'schema-id': 0, fields }], 'last-column-id': highest }
  }

  test.each(types)('may make of %s only what it is or what it is promoted to', was => {
    for (const is of types) {
      const violations = violationsOf(() =>
        checkSchemaAgainstTable(schema(field(1, 'c', is)), tableWith(field(1, 'c', was))),
      )
      const legal = was === is || promotions.has(`${was} → ${is}`)
      expect([is, violations]).toEqual([is, legal ? [] : [`c: cannot promote field from ${was} to ${is}`]])
    }
  })

  test('may spell a type in another way', () => {
    expect(
      violationsOf(() =>
        checkSchemaAgainstTable(schema(field(1, 'c', 'decimal(9,2)')), tableWith(field(1, 'c', 'decimal(9, 2)'))),
      ),
    ).toEqual([])
  })

  test('may reorder, drop, rename, require, and add above the last id', () => {
    const table = tableWith(field(1, 'a'), field(2, 'b'), field(3, 's', struct(field(4, 'x'))))
    const next = schema(
      field(3, 's', struct(field(6, 'y'), field(4, 'z'))),
      field(2, 'bee', 'long', true),
      field(5, 'new'),
    )
    expect(violationsOf(() => checkSchemaAgainstTable(next, table))).toEqual([])
  })

  test('may bring back a column under the id it had', () => {
    const table = {
      ...tableWith(field(1, 'a')),
      schemas: [schema(field(1, 'a')), { ...schema(field(1, 'a'), field(2, 'gone')), 'schema-id': 2 }],
      'current-schema-id': 1,
      'last-column-id': 2,
    }
    expect(violationsOf(() => checkSchemaAgainstTable(schema(field(1, 'a'), field(2, 'gone')), table))).toEqual([])
  })

  test('may not fill a gap in the ids, also where last-column-id denies them', () => {
    const gap = { ...tableWith(field(1, 'a')), 'last-column-id': 7 }
    expect(violationsOf(() => checkSchemaAgainstTable(schema(field(1, 'a'), field(5, 'b')), gap))).toEqual([
      'b: id 5 is not above the last assigned id 7 and was never a field of this table',
    ])
    const lying = { ...tableWith(field(1, 'a'), field(8, 'b')), 'last-column-id': 3 }
    expect(violationsOf(() => checkSchemaAgainstTable(schema(field(1, 'a'), field(5, 'c')), lying))).toEqual([
      'c: id 5 is not above the last assigned id 8 and was never a field of this table',
    ])
  })

  test.each<[what: string, was: Type, is: Type, violation: string]>([
    [
      'a struct a list',
      struct(field(2, 'x')),
      list(3, 'int'),
      'c: cannot promote field from struct<x: int> to list<int>',
    ],
    ['a primitive a struct', 'int', struct(field(3, 'x')), 'c: cannot promote field from int to struct<x: int>'],
    [
      'a list a list of something else',
      list(2, 'string'),
      list(2, 'int'),
      'c.element: cannot promote field from string to int',
    ],
    [
      'the element of a list another element',
      list(2, 'string'),
      list(3, 'int'),
      'c.element: cannot replace the element of a list',
    ],
    [
      'the value of a map another value',
      map(2, 'string', 3, 'int'),
      map(2, 'string', 4, 'string'),
      'c.value: cannot replace the value of a map',
    ],
    [
      'the key of a map another key',
      map(2, 'string', 3, 'int'),
      map(4, 'uuid', 3, 'int'),
      'c.key: cannot replace the key of a map',
    ],
    [
      'the key of a map wider',
      map(2, 'int', 3, 'int'),
      map(2, 'long', 3, 'int'),
      'c.key: cannot change a map key from int to long',
    ],
    [
      'the key of a map richer',
      map(2, struct(field(4, 'x')), 3, 'int'),
      map(2, struct(field(4, 'x'), field(5, 'y')), 3, 'int'),
      'c.key.y: cannot add fields to map keys',
    ],
    [
      'the key of a map poorer',
      map(2, struct(field(4, 'x'), field(5, 'y')), 3, 'int'),
      map(2, struct(field(4, 'x')), 3, 'int'),
      'c.key.y: cannot remove a part of a map key',
    ],
  ])('may not make %s', (_what, was, is, violation) => {
    expect(
      violationsOf(() => checkSchemaAgainstTable(schema(field(1, 'c', is)), tableWith(field(1, 'c', was)))),
    ).toContain(violation)
  })

  test('may widen and enrich elements and values', () => {
    const table = tableWith(
      field(1, 'l', list(2, 'int')),
      field(3, 'm', map(4, 'string', 5, struct(field(6, 'x', 'float')))),
    )
    const next = schema(
      field(1, 'l', list(2, 'long')),
      field(3, 'm', map(4, 'string', 5, struct(field(6, 'x', 'double'), field(7, 'y')))),
    )
    expect(violationsOf(() => checkSchemaAgainstTable(next, table))).toEqual([])
  })

  test('may drop a map with its key', () => {
    const table = tableWith(field(1, 'a'), field(2, 'm', map(3, struct(field(5, 'x')), 4, 'int')))
    expect(violationsOf(() => checkSchemaAgainstTable(schema(field(1, 'a')), table))).toEqual([])
  })

  test('may not move a field out of or between structs', () => {
    const table = tableWith(field(1, 'a', struct(field(2, 'x'))), field(3, 'b', struct(field(4, 'y'))))
    const next = schema(field(1, 'a', struct()), field(3, 'b', struct(field(4, 'y'), field(2, 'x'))))
    expect(violationsOf(() => checkSchemaAgainstTable(next, table))).toEqual(['b.x: cannot move a field from a.x'])
    expect(violationsOf(() => checkSchemaAgainstTable(schema(field(2, 'x')), table))).toEqual([
      'x: cannot move a field from a.x',
    ])
  })

  describe('and names of partition fields', () => {
    const partitioned = (fields: PartitionField[], ...columns: Field[]): TableMetadata => ({
      ...tableWith(...columns),
      'partition-specs': [
        { 'spec-id': 0, fields: [] },
        { 'spec-id': 1, fields },
      ],
    })
    const bucket = { 'source-id': 1, 'field-id': 1000, name: 'data_bucket', transform: 'bucket[4]' }
    const identity = { 'source-id': 1, 'field-id': 1000, name: 'date', transform: 'identity' }

    test('may not be taken by a new column, in whichever spec they are', () => {
      expect(
        violationsOf(() =>
          checkSchemaAgainstTable(
            schema(field(1, 'data'), field(2, 'data_bucket')),
            partitioned([bucket], field(1, 'data')),
          ),
        ),
      ).toEqual(['data_bucket: a partition field has this name'])
    })

    test('may not be taken by a rename', () => {
      const table = partitioned([bucket], field(1, 'data'), field(2, 'other'))
      expect(
        violationsOf(() => checkSchemaAgainstTable(schema(field(1, 'data'), field(2, 'data_bucket')), table)),
      ).toEqual(['data_bucket: a partition field has this name'])
    })

    test('may be the name of the column they are the identity of, given up and taken back', () => {
      const renamed = partitioned([identity], field(1, 'event_date'))
      expect(violationsOf(() => checkSchemaAgainstTable(schema(field(1, 'date')), renamed))).toEqual([])
      expect(
        violationsOf(() => checkSchemaAgainstTable(schema(field(1, 'event_date'), field(2, 'date')), renamed)),
      ).toEqual(['date: a partition field has this name'])
    })

    test('may be those of columns that had them all along, and of members of structs', () => {
      const table = partitioned([bucket], field(1, 'data'), field(2, 'data_bucket'))
      const next = schema(field(1, 'data'), field(2, 'data_bucket'), field(3, 's', struct(field(4, 'data_bucket'))))
      expect(violationsOf(() => checkSchemaAgainstTable(next, table))).toEqual([])
    })
  })
})
