import { describe, expect, test } from 'vitest'
import type { Update } from '../../src/iceberg/commit.ts'
import type { Field, Schema, Snapshot, TableMetadata } from '../../src/iceberg/types.ts'
import { applyUpdates, emptyMetadata } from '../../src/iceberg/updates/index.ts'
import { failure, newMetadata, optional, required } from '../support/table.ts'

const created = 1_700_000_000_000
const later = created + 1000
const baseFile = 'file:///tables/t/metadata/v1.metadata.json'

const base = newMetadata(
  {
    columns: [required('id', 'long'), optional('text', 'string'), optional('at', 'timestamptz')],
    partitionBy: ['bucket[4](id)'],
    sortBy: ['id'],
    properties: { owner: 'hyp' },
  },
  created,
)

function apply(metadata: TableMetadata, ...updates: Update[]): TableMetadata {
  return applyUpdates(metadata, updates, { nowMs: later, baseFile })
}

function schemaWith(...fields: Field[]): Schema {
  return { type: 'struct', 'schema-id': 99, fields: [...(base.schemas[0]?.fields ?? []), ...fields] }
}

const extra: Field = { id: 4, name: 'extra', required: false, type: 'int' }

function snapshot(id: number | bigint, sequence: number, more: Partial<Snapshot> = {}): Snapshot {
  return {
    'snapshot-id': id,
    'sequence-number': sequence,
    'timestamp-ms': later + sequence,
    'manifest-list': `file:///tables/t/metadata/snap-${id}.avro`,
    summary: { operation: 'append' },
    ...more,
  }
}

const toMain = (id: number | bigint): Update => ({
  action: 'set-snapshot-ref',
  'ref-name': 'main',
  type: 'branch',
  'snapshot-id': id,
})

/** Two snapshots one after the other, each in a commit of its own. */
const withTwo = apply(
  apply(base, { action: 'add-snapshot', snapshot: snapshot(11, 1) }, toMain(11)),
  { action: 'add-snapshot', snapshot: snapshot(12, 2, { 'parent-snapshot-id': 11 }) },
  toMain(12),
)

describe('a commit', () => {
  test('leaves the base as it is', () => {
    const before = structuredClone(base)
    apply(base, { action: 'set-properties', updates: { a: 'b' } })
    expect(base).toEqual(before)
  })

  test('sets the time of the update and logs the file of the base', () => {
    const metadata = apply(base, { action: 'set-properties', updates: { a: 'b' } })
    expect(metadata['last-updated-ms']).toBe(later)
    expect(metadata['metadata-log']).toEqual([{ 'timestamp-ms': created, 'metadata-file': baseFile }])
  })

  test('does not follow a clock that went back', () => {
    const metadata = applyUpdates(base, [{ action: 'set-properties', updates: { a: 'b' } }], { nowMs: 5 })
    expect(metadata['last-updated-ms']).toBe(created)
  })

  test('is no older than its snapshot, also where the clock went back after that was made', () => {
    const { 'timestamp-ms': made, ...rest } = snapshot(11, 1)
    const future = { ...rest, 'timestamp-ms': made + 3_600_000 }
    const updates: Update[] = [{ action: 'add-snapshot', snapshot: future }, toMain(11)]
    const metadata = applyUpdates(base, updates, { nowMs: made })
    expect(metadata['last-updated-ms']).toBe(made + 3_600_000)
  })

  test('keeps the newest hundred entries of the metadata log, or as many as the table says, and never none', () => {
    const lengthAfter = (commits: number, max?: string): number => {
      let metadata =
        max === undefined
          ? base
          : apply(base, { action: 'set-properties', updates: { 'write.metadata.previous-versions-max': max } })
      for (let index = 0; index < commits; index++)
        metadata = applyUpdates(metadata, [{ action: 'set-properties', updates: { n: String(index) } }], {
          nowMs: later,
          baseFile: `v${index}`,
        })
      expect(metadata['metadata-log'].at(-1)?.['metadata-file']).toBe(`v${commits - 1}`)
      return metadata['metadata-log'].length
    }
    expect(lengthAfter(120)).toBe(100)
    expect(lengthAfter(10, '3')).toBe(3)
    expect(lengthAfter(10, '0')).toBe(1)
    expect(lengthAfter(10, '-5')).toBe(1)
    expect(lengthAfter(120, 'many')).toBe(100)
  })

  test('that changes nothing gives the very base', () => {
    const nothing: readonly Update[][] = [
      [],
      [{ action: 'set-properties', updates: {} }],
      [{ action: 'set-properties', updates: { owner: 'hyp' } }],
      [{ action: 'remove-properties', removals: ['never-set'] }],
      [
        { action: 'add-schema', schema: schemaWith() },
        { action: 'set-current-schema', 'schema-id': -1 },
      ],
      [{ action: 'set-current-schema', 'schema-id': 0 }],
      [{ action: 'set-default-spec', 'spec-id': 0 }],
      [{ action: 'set-default-sort-order', 'sort-order-id': 1 }],
      [{ action: 'set-location', location: 'file:///tables/t/' }],
      [{ action: 'assign-uuid', uuid: base['table-uuid'] }],
      [{ action: 'upgrade-format-version', 'format-version': 2 }],
      [{ action: 'remove-snapshots', 'snapshot-ids': [] }],
      [{ action: 'remove-snapshots', 'snapshot-ids': [77] }],
      [{ action: 'remove-snapshot-ref', 'ref-name': 'never-set' }],
      [{ action: 'remove-statistics', 'snapshot-id': 77 }],
      [{ action: 'remove-partition-statistics', 'snapshot-id': 77 }],
      [{ action: 'remove-schemas', 'schema-ids': [] }],
      [{ action: 'remove-partition-specs', 'spec-ids': [] }],
    ]
    for (const updates of nothing) expect([updates, apply(base, ...updates) === base]).toEqual([updates, true])
    expect(apply(withTwo, toMain(12))).toBe(withTwo)
  })

  test('applies its updates in order', () => {
    const metadata = apply(
      base,
      { action: 'set-properties', updates: { a: '1', b: '1' } },
      { action: 'remove-properties', removals: ['a'] },
      { action: 'set-properties', updates: { b: '2' } },
    )
    expect(metadata.properties).toEqual({ owner: 'hyp', b: '2' })
  })

  test('with an update that is not known changes nothing', () => {
    const unknown = { action: 'add-encryption-key' } as unknown as Update
    expect(() => apply(base, unknown)).toThrow(failure('UPDATE_ILLEGAL', 'unknown update add-encryption-key'))
  })
})

describe('assign-uuid', () => {
  test('gives a new table its uuid', () => {
    expect(apply(emptyMetadata, { action: 'assign-uuid', uuid: 'u' })['table-uuid']).toBe('u')
  })

  test('does not give a table another', () => {
    expect(() => apply(base, { action: 'assign-uuid', uuid: 'other' })).toThrow(
      failure('UPDATE_ILLEGAL', `cannot reassign uuid: the table is ${base['table-uuid']}`),
    )
  })
})

describe('upgrade-format-version', () => {
  test('goes from 1 to 2', () => {
    const old = { ...base, 'format-version': 1 }
    expect(apply(old, { action: 'upgrade-format-version', 'format-version': 2 })['format-version']).toBe(2)
  })

  test('goes neither down nor to a version that is not written', () => {
    expect(() => apply(base, { action: 'upgrade-format-version', 'format-version': 1 })).toThrow(
      failure('UPDATE_ILLEGAL', 'cannot downgrade v2 table to v1'),
    )
    expect(() => apply(base, { action: 'upgrade-format-version', 'format-version': 3 })).toThrow(
      failure('UPDATE_ILLEGAL', 'cannot upgrade the table to v3'),
    )
  })
})

describe('add-schema and set-current-schema', () => {
  test('add a schema under the next id and count the highest field id', () => {
    const metadata = apply(
      base,
      { action: 'add-schema', schema: schemaWith(extra) },
      { action: 'set-current-schema', 'schema-id': -1 },
    )
    expect(metadata.schemas.map(schema => schema['schema-id'])).toEqual([0, 1])
    expect(metadata.schemas[1]?.fields).toEqual(schemaWith(extra).fields)
    expect(metadata['current-schema-id']).toBe(1)
    expect(metadata['last-column-id']).toBe(4)
    expect(metadata.snapshots).toEqual([])
  })

  test('a schema that is only added is not current', () => {
    const metadata = apply(base, { action: 'add-schema', schema: schemaWith(extra) })
    expect(metadata['current-schema-id']).toBe(0)
    expect(metadata['last-column-id']).toBe(4)
  })

  test('last-column-id stays after the highest column is dropped', () => {
    const wider = apply(
      base,
      { action: 'add-schema', schema: schemaWith(extra) },
      { action: 'set-current-schema', 'schema-id': -1 },
    )
    const narrower = apply(
      wider,
      { action: 'add-schema', schema: schemaWith() },
      { action: 'set-current-schema', 'schema-id': -1 },
    )
    expect(narrower['last-column-id']).toBe(4)
  })

  test('a schema that was there before is used again, and nothing is added', () => {
    const wider = apply(
      base,
      { action: 'add-schema', schema: schemaWith(extra) },
      { action: 'set-current-schema', 'schema-id': -1 },
    )
    const back = apply(
      wider,
      { action: 'add-schema', schema: schemaWith() },
      { action: 'set-current-schema', 'schema-id': -1 },
    )
    expect(back.schemas).toBe(wider.schemas)
    expect(back['current-schema-id']).toBe(0)
  })

  test('schemas that differ in order, doc or identifier are different schemas', () => {
    const fields = base.schemas[0]?.fields ?? []
    const others: Schema[] = [
      { ...schemaWith(), fields: fields.toReversed() },
      { ...schemaWith(), fields: fields.map(field => (field.id === 2 ? { ...field, doc: 'said' } : field)) },
      { ...schemaWith(), 'identifier-field-ids': [1] },
    ]
    for (const schema of others) expect(apply(base, { action: 'add-schema', schema }).schemas).toHaveLength(2)
  })

  test('schemas that differ in the order of identifier ids, or in none and an empty list, are the same', () => {
    const twoKeys = { ...schemaWith({ ...extra, required: true }), 'identifier-field-ids': [1, 4] }
    const keyed = apply(base, { action: 'add-schema', schema: twoKeys })
    expect(apply(keyed, { action: 'add-schema', schema: { ...twoKeys, 'identifier-field-ids': [4, 1] } })).toBe(keyed)
    expect(apply(base, { action: 'add-schema', schema: { ...schemaWith(), 'identifier-field-ids': [] } })).toBe(base)
  })

  test('an id after a removed schema is not used again while a later one is there', () => {
    const two = apply(
      base,
      { action: 'add-schema', schema: schemaWith(extra) },
      { action: 'set-current-schema', 'schema-id': -1 },
    )
    const one = apply(two, { action: 'remove-schemas', 'schema-ids': [0] })
    const next = apply(one, { action: 'add-schema', schema: schemaWith(extra, { ...extra, id: 5, name: 'more' }) })
    expect(next.schemas.map(schema => schema['schema-id'])).toEqual([1, 2])
  })

  test('a schema that is illegal, or gives an id another meaning, is refused', () => {
    expect(() => apply(base, { action: 'add-schema', schema: schemaWith({ ...extra, name: 'text' }) })).toThrow(
      failure('UPDATE_ILLEGAL', 'multiple fields for name text'),
    )
    const changed = { ...schemaWith(), fields: [{ id: 1, name: 'id', required: true, type: 'string' }] }
    expect(() => apply(base, { action: 'add-schema', schema: changed })).toThrow(
      failure('UPDATE_ILLEGAL', 'id: cannot promote field from long to string'),
    )
  })

  test('−1 without a schema in the same commit, and a schema that is not there, are refused', () => {
    expect(() => apply(base, { action: 'set-current-schema', 'schema-id': -1 })).toThrow(
      failure('UPDATE_ILLEGAL', 'cannot set last added schema: no schema has been added in this commit'),
    )
    expect(() => apply(base, { action: 'set-current-schema', 'schema-id': 7 })).toThrow(
      failure('UPDATE_ILLEGAL', 'cannot set current schema to unknown schema with id 7'),
    )
  })

  test('a schema without the source of the default spec or sort order cannot become current', () => {
    const withoutId = { ...schemaWith(), fields: schemaWith().fields.filter(field => field.id !== 1) }
    expect(() =>
      apply(base, { action: 'add-schema', schema: withoutId }, { action: 'set-current-schema', 'schema-id': -1 }),
    ).toThrow(
      failure('UPDATE_ILLEGAL', 'cannot find source column for partition field: 1000: id_bucket_4: bucket[4](1)'),
    )
    const sorted = newMetadata({ columns: [required('id', 'long'), optional('text', 'string')], sortBy: ['text'] })
    const withoutText = { ...schemaWith(), fields: [{ id: 1, name: 'id', required: true, type: 'long' }] }
    expect(() =>
      apply(sorted, { action: 'add-schema', schema: withoutText }, { action: 'set-current-schema', 'schema-id': -1 }),
    ).toThrow(failure('UPDATE_ILLEGAL', 'cannot find source column for sort field: identity(2)'))
  })
})

describe('remove-schemas', () => {
  test('removes schemas that are not current', () => {
    const two = apply(
      base,
      { action: 'add-schema', schema: schemaWith(extra) },
      { action: 'set-current-schema', 'schema-id': -1 },
    )
    const metadata = apply(two, { action: 'remove-schemas', 'schema-ids': [0] })
    expect(metadata.schemas.map(schema => schema['schema-id'])).toEqual([1])
    expect(metadata['last-column-id']).toBe(4)
  })

  test('does not remove the current one', () => {
    expect(() => apply(base, { action: 'remove-schemas', 'schema-ids': [0] })).toThrow(
      failure('UPDATE_ILLEGAL', 'cannot remove the current schema 0'),
    )
  })
})

describe('add-spec and set-default-spec', () => {
  const byDay = { 'spec-id': 42, fields: [{ 'source-id': 3, 'field-id': 1001, name: 'at_day', transform: 'day' }] }

  test('add a spec under the next id and count the highest partition id', () => {
    const metadata = apply(base, { action: 'add-spec', spec: byDay }, { action: 'set-default-spec', 'spec-id': -1 })
    expect(metadata['partition-specs'].map(spec => spec['spec-id'])).toEqual([0, 1])
    expect(metadata['default-spec-id']).toBe(1)
    expect(metadata['last-partition-id']).toBe(1001)
  })

  test('a spec with the same fields is used again', () => {
    const two = apply(base, { action: 'add-spec', spec: byDay }, { action: 'set-default-spec', 'spec-id': -1 })
    const spec = { 'spec-id': 7, fields: base['partition-specs'][0]?.fields ?? [] }
    const back = apply(two, { action: 'add-spec', spec }, { action: 'set-default-spec', 'spec-id': -1 })
    expect(back['partition-specs']).toBe(two['partition-specs'])
    expect(back['default-spec-id']).toBe(0)
  })

  test('−1 without a spec in the same commit, and a spec that is not there, are refused', () => {
    expect(() => apply(base, { action: 'set-default-spec', 'spec-id': -1 })).toThrow(
      failure('UPDATE_ILLEGAL', 'cannot set last added spec: no spec has been added in this commit'),
    )
    expect(() => apply(base, { action: 'set-default-spec', 'spec-id': 7 })).toThrow(
      failure('UPDATE_ILLEGAL', 'cannot set default spec to unknown spec with id 7'),
    )
  })
})

describe('remove-partition-specs', () => {
  test('removes specs that are not the default, and only those', () => {
    const two = apply(base, { action: 'add-spec', spec: { 'spec-id': 0, fields: [] } })
    expect(apply(two, { action: 'remove-partition-specs', 'spec-ids': [1] })['partition-specs']).toEqual(
      base['partition-specs'],
    )
    expect(() => apply(two, { action: 'remove-partition-specs', 'spec-ids': [0] })).toThrow(
      failure('UPDATE_ILLEGAL', 'cannot remove the default partition spec 0'),
    )
  })
})

describe('add-sort-order and set-default-sort-order', () => {
  const byText = {
    'order-id': 42,
    fields: [{ transform: 'identity', 'source-id': 2, direction: 'desc', 'null-order': 'nulls-last' } as const],
  }

  test('add an order under the next id, find the same one again, and keep 0 for unsorted', () => {
    const two = apply(
      base,
      { action: 'add-sort-order', 'sort-order': byText },
      { action: 'set-default-sort-order', 'sort-order-id': -1 },
    )
    expect(two['sort-orders'].map(order => order['order-id'])).toEqual([0, 1, 2])
    expect(two['default-sort-order-id']).toBe(2)
    const unsorted = apply(
      two,
      { action: 'add-sort-order', 'sort-order': { 'order-id': 9, fields: [] } },
      { action: 'set-default-sort-order', 'sort-order-id': -1 },
    )
    expect(unsorted['sort-orders']).toBe(two['sort-orders'])
    expect(unsorted['default-sort-order-id']).toBe(0)
  })

  test('−1 without an order in the same commit, and an order that is not there, are refused', () => {
    expect(() => apply(base, { action: 'set-default-sort-order', 'sort-order-id': -1 })).toThrow(
      failure('UPDATE_ILLEGAL', 'cannot set last added sort order: no sort order has been added in this commit'),
    )
    expect(() => apply(base, { action: 'set-default-sort-order', 'sort-order-id': 7 })).toThrow(
      failure('UPDATE_ILLEGAL', 'cannot set default sort order to unknown order with id 7'),
    )
  })
})

describe('add-snapshot and set-snapshot-ref', () => {
  test('a snapshot is added with its sequence number and shows only when main points to it', () => {
    const added = apply(base, { action: 'add-snapshot', snapshot: snapshot(11, 1) })
    expect(added.snapshots).toEqual([snapshot(11, 1)])
    expect(added['last-sequence-number']).toBe(1)
    expect(added['current-snapshot-id']).toBe(-1)
    expect(added['snapshot-log']).toEqual([])
  })

  test('main is the current snapshot and is logged with the time of the snapshot that was added with it', () => {
    const metadata = apply(base, { action: 'add-snapshot', snapshot: snapshot(11, 1) }, toMain(11))
    expect(metadata['current-snapshot-id']).toBe(11)
    expect(metadata.refs).toEqual({ main: { type: 'branch', 'snapshot-id': 11 } })
    expect(metadata['snapshot-log']).toEqual([{ 'snapshot-id': 11, 'timestamp-ms': later + 1 }])
  })

  test('main put back to an older snapshot is logged with the time of the commit', () => {
    const metadata = applyUpdates(withTwo, [toMain(11)], { nowMs: later + 500 })
    expect(metadata['current-snapshot-id']).toBe(11)
    expect(metadata['snapshot-log'].at(-1)).toEqual({ 'snapshot-id': 11, 'timestamp-ms': later + 500 })
  })

  test('other branches and tags leave the current snapshot alone and keep what they were given', () => {
    const tag: Update = {
      action: 'set-snapshot-ref',
      'ref-name': 'v1',
      type: 'tag',
      'snapshot-id': 11,
      'max-ref-age-ms': 5,
    }
    const metadata = apply(withTwo, tag)
    expect(metadata.refs['v1']).toEqual({ type: 'tag', 'snapshot-id': 11, 'max-ref-age-ms': 5 })
    expect(metadata['current-snapshot-id']).toBe(12)
    expect(metadata['snapshot-log']).toBe(withTwo['snapshot-log'])
  })

  test('ids beyond 2^53 are told apart', () => {
    const first = 9223372036854775806n
    const metadata = apply(base, { action: 'add-snapshot', snapshot: snapshot(first, 1) }, toMain(first))
    const next = apply(metadata, { action: 'add-snapshot', snapshot: snapshot(first + 1n, 2) }, toMain(first + 1n))
    expect(next['current-snapshot-id']).toBe(first + 1n)
    expect(next.snapshots).toHaveLength(2)
  })

  test('an id twice, an old sequence number, an unknown snapshot and a main that is a tag are refused', () => {
    expect(() => apply(withTwo, { action: 'add-snapshot', snapshot: snapshot(11n, 3) })).toThrow(
      failure('UPDATE_ILLEGAL', 'snapshot already exists for id 11'),
    )
    expect(() =>
      apply(withTwo, { action: 'add-snapshot', snapshot: snapshot(13, 2, { 'parent-snapshot-id': 12 }) }),
    ).toThrow(failure('UPDATE_ILLEGAL', 'cannot add snapshot with sequence number 2 older than last sequence number 2'))
    expect(() => apply(withTwo, toMain(99))).toThrow(
      failure('UPDATE_ILLEGAL', 'cannot set main to unknown snapshot 99'),
    )
    expect(() =>
      apply(withTwo, { action: 'set-snapshot-ref', 'ref-name': 'main', type: 'tag', 'snapshot-id': 11 }),
    ).toThrow(failure('UPDATE_ILLEGAL', 'cannot set main to a tag'))
  })
})

describe('remove-snapshots', () => {
  test('removes a snapshot, its statistics, and the log up to its last entry', () => {
    const full = apply(
      withTwo,
      { action: 'set-statistics', statistics: { 'snapshot-id': 11 } },
      { action: 'set-partition-statistics', 'partition-statistics': { 'snapshot-id': 11 } },
    )
    const metadata = apply(full, { action: 'remove-snapshots', 'snapshot-ids': [11] })
    expect(metadata.snapshots.map(kept => kept['snapshot-id'])).toEqual([12])
    expect(metadata['snapshot-log'].map(entry => entry['snapshot-id'])).toEqual([12])
    expect(metadata.statistics).toEqual([])
    expect(metadata['partition-statistics']).toEqual([])
    expect(metadata['last-sequence-number']).toBe(2)
  })

  test('does not remove a snapshot that a ref needs', () => {
    expect(() => apply(withTwo, { action: 'remove-snapshots', 'snapshot-ids': [12] })).toThrow(
      failure('UPDATE_ILLEGAL', 'cannot expire 12. Still referenced by refs: main'),
    )
  })
})

describe('remove-snapshot-ref', () => {
  test('removes a branch, and without main there is no current snapshot', () => {
    const tagged = apply(withTwo, { action: 'set-snapshot-ref', 'ref-name': 'v1', type: 'tag', 'snapshot-id': 11 })
    expect(apply(tagged, { action: 'remove-snapshot-ref', 'ref-name': 'v1' }).refs).toEqual(withTwo.refs)
    const bare = apply(tagged, { action: 'remove-snapshot-ref', 'ref-name': 'main' })
    expect(bare['current-snapshot-id']).toBe(-1)
    expect(Object.keys(bare.refs)).toEqual(['v1'])
    expect(bare['snapshot-log']).toBe(tagged['snapshot-log'])
  })
})

describe('statistics', () => {
  test.each([
    ['statistics', 'set-statistics', 'remove-statistics'],
    ['partition-statistics', 'set-partition-statistics', 'remove-partition-statistics'],
  ] as const)(
    '%s have one file for a snapshot: a new one takes the place of the old, and it can be removed',
    (key, set, remove) => {
      const put = (path: string): Update =>
        ({ action: set, [key]: { 'snapshot-id': 11, 'statistics-path': path } }) as unknown as Update
      const two = apply(apply(withTwo, put('old')), put('new'))
      expect(two[key]).toEqual([{ 'snapshot-id': 11, 'statistics-path': 'new' }])
      expect(apply(two, { action: remove, 'snapshot-id': 11n })[key]).toEqual([])
    },
  )
})

describe('set-location', () => {
  test('sets the location without a slash at its end', () => {
    expect(apply(base, { action: 'set-location', location: 's3://bucket/t/' }).location).toBe('s3://bucket/t')
  })
})

describe('set-properties and remove-properties', () => {
  test('add, replace and remove', () => {
    const metadata = apply(
      base,
      { action: 'set-properties', updates: { owner: 'you', a: '1' } },
      { action: 'remove-properties', removals: ['a', 'never-set'] },
    )
    expect(metadata.properties).toEqual({ owner: 'you' })
  })

  test('of which one is new and one is as it was store the new one', () => {
    expect(apply(base, { action: 'set-properties', updates: { owner: 'hyp', a: '1' } }).properties).toEqual({
      owner: 'hyp',
      a: '1',
    })
  })

  test('a name that engines take as a command is never stored', () => {
    const names = [
      'format-version',
      'uuid',
      'snapshot-count',
      'current-snapshot-summary',
      'current-snapshot-id',
      'current-snapshot-timestamp-ms',
      'current-schema',
      'default-partition-spec',
      'default-sort-order',
    ]
    for (const name of names) {
      expect(() => apply(base, { action: 'set-properties', updates: { fine: 'x', [name]: '3' } })).toThrow(
        failure('UPDATE_ILLEGAL', `cannot set reserved table property ${name}`),
      )
    }
  })
})

describe('the commit that creates a table', () => {
  test('gives complete version 2 metadata with the unsorted order 0 beside the order that was asked for', () => {
    expect(base).toMatchObject({
      'format-version': 2,
      location: 'file:///tables/t',
      'last-sequence-number': 0,
      'last-updated-ms': created,
      'last-column-id': 3,
      'current-schema-id': 0,
      'default-spec-id': 0,
      'last-partition-id': 1000,
      'default-sort-order-id': 1,
      'current-snapshot-id': -1,
      properties: { owner: 'hyp' },
      'metadata-log': [],
    })
    expect(base['sort-orders'].map(order => order['order-id'])).toEqual([0, 1])
  })

  test('of a table without partitions and order has spec 0 and order 0, both empty', () => {
    const plain = newMetadata({ columns: [required('id', 'long')] })
    expect(plain['partition-specs']).toEqual([{ 'spec-id': 0, fields: [] }])
    expect(plain['sort-orders']).toEqual([{ 'order-id': 0, fields: [] }])
    expect(plain['last-partition-id']).toBe(999)
  })
})
