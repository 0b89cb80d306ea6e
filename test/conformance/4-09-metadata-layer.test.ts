import { describe, expect, test } from 'vitest'
import type { Update } from '../../src/iceberg/commit.ts'
import { currentSchema } from '../../src/iceberg/ids.ts'
import { printJson } from '../../src/iceberg/json.ts'
import { currentSnapshot, parseMetadata, printMetadata } from '../../src/iceberg/metadata.ts'
import type { Field, Snapshot, TableMetadata } from '../../src/iceberg/types.ts'
import { applyUpdates } from '../../src/iceberg/updates/index.ts'
import { stageEvolution } from '../../src/schema/evolve.ts'
import { column, committed, created, declare, evolved, planned, repartitioned } from '../schema/declaring.ts'
import { failure } from '../support/table.ts'
import { baseTable, tableOf } from './base-schema.ts'
import { add, change, drop, expectIllegal, expectRefused, idsOf, order, withSchema } from './editing.ts'

const int = (id: number, name: string): Field => ({ id, name, required: false, type: 'int' })

function snapshot(id: number | bigint, sequence: number): Snapshot {
  return {
    'snapshot-id': id,
    'sequence-number': sequence,
    'timestamp-ms': 1_700_000_000_000 + sequence,
    summary: { operation: 'append' },
    'manifest-list': `file:///tables/t/metadata/snap-${id}.avro`,
  }
}

const toMain = (id: number | bigint): Update => ({
  action: 'set-snapshot-ref',
  'ref-name': 'main',
  type: 'branch',
  'snapshot-id': id,
})

const adding = (id: number | bigint, sequence: number): Update => ({
  action: 'add-snapshot',
  snapshot: snapshot(id, sequence),
})

function parse(file: unknown): TableMetadata {
  return parseMetadata(new TextEncoder().encode(printJson(file) ?? ''), 'v1.metadata.json')
}

describe('a metadata file', () => {
  test('#125 of version 1 that has one schema and one spec is read as version 2 has them', () => {
    const metadata = parse({
      'format-version': 1,
      location: 'file:///t',
      'last-updated-ms': 1,
      'last-column-id': 2,
      schema: { type: 'struct', fields: [int(1, 'x'), int(2, 'y')] },
      'partition-spec': [{ name: 'x', transform: 'identity', 'source-id': 1 }],
    })
    expect(metadata).toMatchObject({
      'current-schema-id': 0,
      schemas: [{ 'schema-id': 0 }],
      'default-spec-id': 0,
      'partition-specs': [{ 'spec-id': 0, fields: [{ 'field-id': 1000 }] }],
      'last-partition-id': 1000,
      'default-sort-order-id': 0,
      'sort-orders': [{ 'order-id': 0, fields: [] }],
      'last-sequence-number': 0,
    })
    expect(currentSnapshot(metadata)).toBeUndefined()
  })

  test.each<[what: string, change: Record<string, unknown>, reason: string]>([
    ['without schemas', { schemas: undefined }, 'schemas must exist in format v2'],
    ['without specs', { 'partition-specs': undefined }, 'partition-specs must exist in format v2'],
    ['without the last partition id', { 'last-partition-id': undefined }, 'last-partition-id must exist in format v2'],
    ['without sort orders', { 'sort-orders': undefined }, 'sort-orders must exist in format v2'],
    [
      'whose schema is not there',
      { 'current-schema-id': 2 },
      'cannot find schema with current-schema-id=2 from schemas',
    ],
    ['whose schema has no type', { schemas: [{ 'schema-id': 0, fields: [] }] }, 'cannot parse schema 0'],
  ])('#126 %s is refused', (_what, more, reason) => {
    expect(() => parse({ ...baseTable, ...more })).toThrow(failure('METADATA_INVALID', reason))
  })

  test('#126 of a version that is not known is refused', () => {
    expect(() => parse({ ...baseTable, 'format-version': 42 })).toThrow(
      failure('FORMAT_UNSUPPORTED', 'cannot read unsupported version 42'),
    )
  })

  const two = committed(committed(baseTable, adding(11, 1), toMain(11)), {
    action: 'add-snapshot',
    snapshot: { ...snapshot(12, 2), 'parent-snapshot-id': 11 },
  })

  test.each<[what: string, change: Partial<TableMetadata>, reason: string]>([
    [
      'main is not the current snapshot',
      { 'current-snapshot-id': 12 },
      'current snapshot ID does not match main branch',
    ],
    [
      'main is there and no current snapshot',
      { 'current-snapshot-id': -1 },
      'current snapshot is not set, but main branch exists: 11',
    ],
    [
      'a ref points to a snapshot that is not there',
      { refs: { ...two.refs, tag: { type: 'tag', 'snapshot-id': 99 } } },
      'ref tag points to snapshot 99, which does not exist',
    ],
  ])('#127 in which %s is refused', (_what, more, reason) => {
    expect(parse(two)['current-snapshot-id']).toBe(11)
    expect(() => parse({ ...two, ...more })).toThrow(failure('METADATA_INVALID', reason))
  })

  test.each<[what: string, change: Partial<TableMetadata>, reason: string]>([
    ['a snapshot is later than the last one', { 'last-sequence-number': 1 }, 'invalid snapshot with sequence number 2'],
    [
      'the current snapshot is not there',
      { 'current-snapshot-id': 99, refs: {} },
      'current snapshot 99 is not among the snapshots',
    ],
    [
      'the log goes back by more than a minute',
      { 'snapshot-log': [...two['snapshot-log'], { 'snapshot-id': 11, 'timestamp-ms': 1_699_999_000_000 }] },
      'snapshot-log is not sorted by time',
    ],
    [
      'the log is later than the table by more than a minute',
      { 'last-updated-ms': 1_699_999_000_000 },
      'last-updated-ms is before',
    ],
  ])('#128 in which %s is refused', (_what, more, reason) => {
    expect(() => parse({ ...two, ...more })).toThrow(failure('METADATA_INVALID', reason))
  })

  test('#136 is written again with what nobody here knows, and integers of 63 bits', () => {
    const foreign = parse({
      ...two,
      'x-later': { deep: [9223372036854775807n] },
      schemas: two.schemas.map(schema => ({
        ...schema,
        'x-schema': 1,
        fields: schema.fields.map(field => ({ ...field, 'x-field': true })),
      })),
    })
    const changed = committed(foreign, adding(9223372036854775806n, 3), toMain(9223372036854775806n))
    const read = parseMetadata(printMetadata(changed), 'v2.metadata.json')
    expect(read).toEqual(changed)
    expect(read['x-later']).toEqual({ deep: [9223372036854775807n] })
    expect(read.schemas[0]).toMatchObject({ 'x-schema': 1 })
    expect(read['current-snapshot-id']).toBe(9223372036854775806n)
  })
})

describe('schemas', () => {
  test('#129 the same once more adds none, and mends a last-column-id that is too low', () => {
    const lying = { ...baseTable, 'last-column-id': 3 }
    const after = committed(lying, { action: 'add-schema', schema: currentSchema(lying) })
    expect(after.schemas).toEqual(lying.schemas)
    expect(after['last-column-id']).toBe(23)
  })

  test('#130 back to what was before is one update, and no schema more', () => {
    const one = declare([column('a', 'int'), column('b', 'int')])
    const turned = { ...one, columns: one.columns.toReversed() }
    const there = evolved(created(one), turned)
    const { updates } = stageEvolution(planned(one, there), one, there, {
      at: '2024-01-02T03:04:05.000Z',
      ms: 1,
      hyp: '0',
    })
    expect(updates.map(({ action }) => action)).toEqual(['set-current-schema', 'set-properties'])
    const back = evolved(there, one)
    expect([back['current-schema-id'], back.schemas.length]).toEqual([0, 2])
    // A column that was dropped and made again is another column, and so the schema another schema.
    const wider = withSchema(created(one), add('', int(3, 'c')))
    const again = withSchema(withSchema(wider, drop('c')), add('', int(4, 'c')))
    expect(again.schemas).toHaveLength(3)
  })

  test.each([
    ['the order of columns', order('', 'data', 'id', 'preferences', 'locations', 'points', 'doubles', 'properties')],
    ['the order of members', order('points.element', 'y', 'x')],
    ['a sentence', change('data', { doc: 'Said.' })],
    ['requiredness', change('id', { required: false })],
  ])('#131 that differ in %s are two', (_what, edit) => {
    const after = withSchema(baseTable, edit)
    expect(after.schemas.map(schema => schema['schema-id'])).toEqual([0, 1])
    expect(idsOf(after)).toEqual(idsOf(baseTable))
  })

  test('#132 get the id above the highest, also where others were removed', () => {
    const three = withSchema(withSchema(baseTable, change('data', { doc: '1' })), change('data', { doc: '2' }))
    const one = committed(three, { action: 'remove-schemas', 'schema-ids': [0, 1] })
    const next = withSchema(one, change('data', { doc: '3' }))
    expect(next.schemas.map(schema => schema['schema-id'])).toEqual([2, 3])
    expect(next['current-schema-id']).toBe(3)
  })

  test('#137 that are current stay, and so does the default spec', () => {
    expectIllegal(
      () => committed(baseTable, { action: 'remove-schemas', 'schema-ids': [0] }),
      'cannot remove the current schema 0',
    )
    expectIllegal(
      () => committed(baseTable, { action: 'remove-partition-specs', 'spec-ids': [0] }),
      'cannot remove the default partition spec 0',
    )
  })
})

describe('the snapshot log', () => {
  const three = committed(
    committed(committed(baseTable, adding(11, 1), toMain(11)), { ...adding(12, 2) }, toMain(12)),
    adding(13, 3),
    toMain(13),
  )
  const logged = (metadata: TableMetadata): unknown[] => metadata['snapshot-log'].map(entry => entry['snapshot-id'])

  test('#133 begins behind the last snapshot that was expired', () => {
    expect(logged(three)).toEqual([11, 12, 13])
    expect(logged(committed(three, { action: 'remove-snapshots', 'snapshot-ids': [12] }))).toEqual([13])
    expect(logged(committed(three, { action: 'remove-snapshots', 'snapshot-ids': [11] }))).toEqual([12, 13])
  })

  test('#133 stays where a ref is removed', () => {
    expect(logged(committed(three, { action: 'remove-snapshot-ref', 'ref-name': 'main' }))).toEqual([11, 12, 13])
  })

  test('#133 leaves out a snapshot that was current only in the middle of a commit', () => {
    const once = committed(baseTable, adding(11, 1), toMain(11), adding(12, 2), toMain(12))
    expect(logged(once)).toEqual([12])
  })
})

describe('a commit', () => {
  test('#134 of nothing but a schema says when it was, and never an earlier time than the last', () => {
    const update = { action: 'add-schema', schema: { ...currentSchema(baseTable), fields: [] } } as const
    const later = applyUpdates(baseTable, [update], { nowMs: baseTable['last-updated-ms'] + 5 })
    expect(later['last-updated-ms']).toBe(baseTable['last-updated-ms'] + 5)
    expect(
      applyUpdates(later, [{ action: 'set-properties', updates: { a: 'b' } }], { nowMs: 7 })['last-updated-ms'],
    ).toBe(later['last-updated-ms'])
  })

  test.each([
    'format-version',
    'uuid',
    'snapshot-count',
    'current-snapshot-summary',
    'current-snapshot-id',
    'current-snapshot-timestamp-ms',
    'current-schema',
    'default-partition-spec',
    'default-sort-order',
  ])('#135 does not store the property %s', name => {
    expectIllegal(() => committed(baseTable, { action: 'set-properties', updates: { [name]: '1' } }), name)
  })

  test('#135 stores a location without a slash at its end', () => {
    expect(committed(baseTable, { action: 'set-location', location: 'file:///else/' }).location).toBe('file:///else')
    expect(parse({ ...baseTable, location: 'file:///t//' }).location).toBe('file:///t')
  })
})

describe('names of partition fields', () => {
  const bucket = { 'source-id': 2, 'field-id': 1000, name: 'data_bucket', transform: 'bucket[4]' }
  const table = repartitioned(baseTable, bucket)
  const wanted = declare([column('data_bucket', 'int')])

  test('#138 are not for new columns, whether the spec is the default or was', () => {
    const added = add('', int(24, 'data_bucket'))
    for (const metadata of [table, repartitioned(table)]) {
      expectIllegal(() => withSchema(metadata, added), 'data_bucket: a partition field has this name')
      expectIllegal(
        () => withSchema(metadata, change('data', { name: 'data_bucket' })),
        'data_bucket: a partition field has this name',
      )
    }
    expectRefused(wanted, repartitioned(tableOf([int(2, 'data')]), bucket), 'BR208 data_bucket', 'BR205 (partition)')
  })

  test('#138 are for the column whose identity they are', () => {
    const identity = { 'source-id': 2, 'field-id': 1000, name: 'data', transform: 'identity' }
    const after = withSchema(repartitioned(baseTable, identity), change('data', { name: 'text' }))
    expect(idsOf(withSchema(after, change('text', { name: 'data' })))['data']).toBe(2)
    expectIllegal(() => withSchema(after, add('', int(24, 'data'))), 'data: a partition field has this name')
  })

  const had = withSchema(withSchema(baseTable, add('', int(24, 'data_bucket'))), drop('data_bucket'))

  test('#138 are for a column that had the name before the partition field, and comes back', () => {
    expect(idsOf(withSchema(repartitioned(had, bucket), add('', int(24, 'data_bucket'))))['data_bucket']).toBe(24)
  })

  // Some engines allow it; here a name that comes back means what it meant, or is refused.
  test('#138 are for no other column than the one that had the name before the partition field', () => {
    const again = repartitioned(had, bucket)
    expectIllegal(() => withSchema(again, add('', int(25, 'data_bucket'))), 'a partition field has this name')
  })
})
