import { describe, expect, test } from 'vitest'
import { checkSortOrderSources, checkSpecNames, checkSpecSources } from '../../src/iceberg/spec-rules.ts'
import type { PartitionField, PartitionSpec, Schema, SortField, SortOrder } from '../../src/iceberg/types.ts'
import { failure } from '../support/table.ts'

const schema: Schema = {
  type: 'struct',
  'schema-id': 0,
  fields: [
    { id: 1, name: 'id', required: true, type: 'long' },
    { id: 2, name: 'text', required: false, type: 'string' },
    { id: 3, name: 'at', required: false, type: 'timestamptz' },
    {
      id: 4,
      name: 'place',
      required: false,
      type: { type: 'struct', fields: [{ id: 5, name: 'code', required: false, type: 'string' }] },
    },
    {
      id: 6,
      name: 'tags',
      required: false,
      type: { type: 'list', 'element-id': 7, 'element-required': false, element: 'string' },
    },
    {
      id: 8,
      name: 'm',
      required: false,
      type: { type: 'map', 'key-id': 9, key: 'string', 'value-id': 10, 'value-required': false, value: 'long' },
    },
    { id: 11, name: 'ratio', required: false, type: 'double' },
  ],
}

function by(source: number, transform: string, name = 'p'): PartitionSpec {
  return { 'spec-id': 0, fields: [{ 'source-id': source, 'field-id': 1000, name, transform }] }
}

function sortedBy(source: number, transform = 'identity'): SortOrder {
  const field: SortField = { 'source-id': source, transform, direction: 'asc', 'null-order': 'nulls-first' }
  return { 'order-id': 1, fields: [field] }
}

const faults: readonly (readonly [source: number, transform: string, partition: string, sort: string])[] = [
  [
    99,
    'identity',
    'cannot find source column for partition field: 1000: p: identity(99)',
    'cannot find source column for sort field: identity(99)',
  ],
  [
    4,
    'identity',
    'cannot partition by non-primitive source field: place',
    'cannot sort by non-primitive source field: place',
  ],
  [7, 'identity', 'invalid partition field parent: tags', 'invalid sort field parent: tags'],
  [9, 'identity', 'invalid partition field parent: m', 'invalid sort field parent: m'],
  [10, 'bucket[4]', 'invalid partition field parent: m', 'invalid sort field parent: m'],
  [2, 'day', 'invalid source type string for transform: day', 'invalid source type string for transform: day'],
  [
    11,
    'bucket[4]',
    'invalid source type double for transform: bucket[4]',
    'invalid source type double for transform: bucket[4]',
  ],
  [
    3,
    'truncate[4]',
    'invalid source type timestamptz for transform: truncate[4]',
    'invalid source type timestamptz for transform: truncate[4]',
  ],
  [1, 'zorder', 'invalid source type long for transform: zorder', 'invalid source type long for transform: zorder'],
  [
    1,
    'bucket[0]',
    'invalid source type long for transform: bucket[0]',
    'invalid source type long for transform: bucket[0]',
  ],
]

describe('the source of a partition or sort field', () => {
  test.each(faults)('%i by %s is refused', (source, transform, partition, sort) => {
    expect(() => checkSpecSources(by(source, transform), schema)).toThrow(failure('UPDATE_ILLEGAL', partition))
    expect(() => checkSortOrderSources(sortedBy(source, transform), schema)).toThrow(failure('UPDATE_ILLEGAL', sort))
  })

  test.each([
    [1, 'bucket[4]'],
    [2, 'truncate[2147483647]'],
    [3, 'hour'],
    [5, 'identity'],
    [11, 'identity'],
  ])('%i by %s is accepted', (source, transform) => {
    expect(() => checkSpecSources(by(source, transform), schema)).not.toThrow()
    expect(() => checkSortOrderSources(sortedBy(source, transform), schema)).not.toThrow()
  })

  test('of a void partition field may be gone', () => {
    expect(() => checkSpecSources(by(99, 'void'), schema)).not.toThrow()
  })
})

describe('the name of a partition field', () => {
  test('may be that of its own column where the column is taken as it is', () => {
    expect(() => checkSpecNames(by(1, 'identity', 'id'), schema)).not.toThrow()
    expect(() => checkSpecNames(by(1, 'bucket[4]', 'id_bucket'), schema)).not.toThrow()
  })

  test('may not be that of another column, or of its own under a transform', () => {
    for (const spec of [by(1, 'identity', 'text'), by(1, 'bucket[4]', 'id')])
      expect(() => checkSpecNames(spec, schema)).toThrow(
        failure('UPDATE_ILLEGAL', 'cannot create partition from name that exists in schema'),
      )
  })

  test('may stand in a spec once', () => {
    const twice: PartitionField[] = [...by(1, 'bucket[4]').fields, ...by(2, 'bucket[4]').fields]
    expect(() => checkSpecNames({ 'spec-id': 0, fields: twice }, schema)).toThrow(
      failure('UPDATE_ILLEGAL', 'cannot use partition name more than once: p'),
    )
  })
})
