import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { parseJson, printJson } from '../../src/iceberg/json.ts'
import { currentSnapshot, parseMetadata, printMetadata, specById } from '../../src/iceberg/metadata.ts'
import type { TableMetadata } from '../../src/iceberg/types.ts'
import { applyUpdates } from '../../src/iceberg/updates/index.ts'
import { failure, newMetadata, optional, required } from '../support/table.ts'

const encoder = new TextEncoder()

function parse(value: unknown): TableMetadata {
  return parseMetadata(encoder.encode(printJson(value)), 'v1.metadata.json')
}

const first = 3051729675574597004n
const second = 3055729675574597004n

/** A version 2 file with two snapshots, everything in order. */
const valid = {
  'format-version': 2,
  'table-uuid': '9c12d441-03fe-4693-9a96-a0705ddf69c1',
  location: 'file:///tables/t',
  'last-sequence-number': 2,
  'last-updated-ms': 1_700_000_000_000,
  'last-column-id': 2,
  'current-schema-id': 0,
  schemas: [
    {
      type: 'struct',
      'schema-id': 0,
      fields: [
        { id: 1, name: 'id', required: true, type: 'long' },
        { id: 2, name: 'text', required: false, type: 'string', doc: 'what was said' },
      ],
    },
  ],
  'default-spec-id': 0,
  'partition-specs': [{ 'spec-id': 0, fields: [] }],
  'last-partition-id': 999,
  'default-sort-order-id': 0,
  'sort-orders': [{ 'order-id': 0, fields: [] }],
  properties: { owner: 'hyp' },
  'current-snapshot-id': second,
  refs: { main: { 'snapshot-id': second, type: 'branch' } },
  snapshots: [
    {
      'snapshot-id': first,
      'sequence-number': 1,
      'timestamp-ms': 1_600_000_000_000,
      'manifest-list': 'file:///tables/t/metadata/1.avro',
      summary: { operation: 'append' },
    },
    {
      'snapshot-id': second,
      'parent-snapshot-id': first,
      'sequence-number': 2,
      'timestamp-ms': 1_700_000_000_000,
      'manifest-list': 'file:///tables/t/metadata/2.avro',
      summary: { operation: 'append' },
    },
  ],
  statistics: [],
  'partition-statistics': [],
  'snapshot-log': [
    { 'snapshot-id': first, 'timestamp-ms': 1_600_000_000_000 },
    { 'snapshot-id': second, 'timestamp-ms': 1_700_000_000_000 },
  ],
  'metadata-log': [],
}

function without(key: string): Record<string, unknown> {
  const { [key]: _gone, ...rest } = valid as Record<string, unknown>
  return rest
}

describe('a whole file', () => {
  test('is read and printed to the same, 64-bit snapshot ids included', () => {
    expect(new TextDecoder().decode(printMetadata(parse(valid)))).toBe(printJson(valid))
    expect(currentSnapshot(parse(valid))?.['manifest-list']).toBe('file:///tables/t/metadata/2.avro')
  })

  test('may be gzipped, whatever its name', () => {
    expect(parseMetadata(gzipSync(printJson(valid)), 'v1.metadata.json')).toEqual(parse(valid))
  })

  test('may begin with a byte order mark', () => {
    expect(parseMetadata(encoder.encode(`\ufeff${printJson(valid)}`), 'v1.metadata.json')).toEqual(parse(valid))
  })

  test('loses the slash at the end of its location, and a root location keeps its own', () => {
    expect(parse({ ...valid, location: 'file:///tables/t//' }).location).toBe('file:///tables/t')
    expect(parse({ ...valid, location: 's3://bucket/' }).location).toBe('s3://bucket')
    expect(parse({ ...valid, location: 'file:///' }).location).toBe('file:///')
  })

  test('need not have what only a table with snapshots needs', () => {
    const optionalKeys = [
      'properties',
      'refs',
      'snapshots',
      'statistics',
      'partition-statistics',
      'snapshot-log',
      'metadata-log',
      'current-snapshot-id',
    ]
    const sparse = Object.fromEntries(Object.entries(valid).filter(([key]) => !optionalKeys.includes(key)))
    const metadata = parse(sparse)
    expect(metadata).toMatchObject({
      properties: {},
      refs: {},
      snapshots: [],
      statistics: [],
      'snapshot-log': [],
      'metadata-log': [],
    })
    expect(currentSnapshot(metadata)).toBeUndefined()
  })

  test.each([-1, null, undefined])('has no snapshot where current-snapshot-id is %s', id => {
    const metadata = parse({ ...valid, 'current-snapshot-id': id, refs: {} })
    expect(currentSnapshot(metadata)).toBeUndefined()
  })

  test('without refs has a main branch at its current snapshot', () => {
    expect(parse(without('refs')).refs).toEqual({ main: { 'snapshot-id': second, type: 'branch' } })
    expect(parse({ ...valid, refs: {} }).refs).toEqual({ main: { 'snapshot-id': second, type: 'branch' } })
  })
})

describe('what we do not know', () => {
  const later = {
    ...valid,
    'encryption-keys': [{ 'key-id': 'k', 'encrypted-key-metadata': 'AAAA' }],
    'x-of-a-vendor': { nested: [1, 9223372036854775807n, 'é'] },
    schemas: [
      {
        ...valid.schemas[0],
        'x-schema': true,
        fields: [
          { id: 1, name: 'id', required: true, type: 'long', 'x-field': 9007199254740993n },
          { id: 2, name: 'text', required: false, type: 'string', doc: 'what was said' },
        ],
      },
    ],
    'partition-specs': [{ 'spec-id': 0, fields: [], 'x-spec': 1 }],
    'sort-orders': [{ 'order-id': 0, fields: [], 'x-order': 1 }],
    snapshots: valid.snapshots.map(snapshot => ({ ...snapshot, 'x-snapshot': 9223372036854775807n })),
    refs: { main: { 'snapshot-id': second, type: 'branch', 'x-ref': 1 } },
  }

  test('is printed as it was read', () => {
    const printed = new TextDecoder().decode(printMetadata(parse(later)))
    expect(parseJson(printed)).toEqual(later)
    expect(printed).toContain('"nested":[1,9223372036854775807,')
  })

  test('survives a commit that is about something else', () => {
    const metadata = applyUpdates(parse(later), [{ action: 'set-properties', updates: { a: 'b' } }], {
      nowMs: 1_800_000_000_000,
      baseFile: 'file:///tables/t/metadata/v1.metadata.json',
    })
    expect(parseMetadata(printMetadata(metadata), 'v2.metadata.json')).toEqual({
      ...parse(later),
      properties: { owner: 'hyp', a: 'b' },
      'last-updated-ms': 1_800_000_000_000,
      'metadata-log': [
        { 'timestamp-ms': 1_700_000_000_000, 'metadata-file': 'file:///tables/t/metadata/v1.metadata.json' },
      ],
    })
  })
})

describe('version 1', () => {
  const schema = { type: 'struct', fields: [{ id: 1, name: 'day', required: true, type: 'date' }] }
  const v1 = {
    'format-version': 1,
    location: 'file:///tables/t',
    'last-updated-ms': 1_600_000_000_000,
    'last-column-id': 1,
    schema,
    'partition-spec': [
      { name: 'day', transform: 'identity', 'source-id': 1 },
      { name: 'day_year', transform: 'year', 'source-id': 1 },
    ],
  }

  test('with only a schema and a partition-spec is brought into the shape of version 2', () => {
    const metadata = parse(v1)
    expect(metadata).toMatchObject({
      'format-version': 1,
      'current-schema-id': 0,
      schemas: [{ 'schema-id': 0, ...schema }],
      'default-spec-id': 0,
      'partition-specs': [
        {
          'spec-id': 0,
          fields: [
            { name: 'day', transform: 'identity', 'source-id': 1, 'field-id': 1000 },
            { name: 'day_year', transform: 'year', 'source-id': 1, 'field-id': 1001 },
          ],
        },
      ],
      'last-partition-id': 1001,
      'default-sort-order-id': 0,
      'sort-orders': [{ 'order-id': 0, fields: [] }],
      'last-sequence-number': 0,
    })
    expect(metadata).not.toHaveProperty('schema')
    expect(metadata).not.toHaveProperty('partition-spec')
  })

  test('prefers the lists that later writers added', () => {
    const metadata = parse({
      ...v1,
      'current-schema-id': 3,
      schemas: [{ 'schema-id': 3, type: 'struct', fields: [{ id: 1, name: 'later', required: true, type: 'date' }] }],
      'default-spec-id': 2,
      'partition-specs': [{ 'spec-id': 2, fields: [] }],
    })
    expect(metadata.schemas[0]?.fields[0]?.name).toBe('later')
    expect(metadata['default-spec-id']).toBe(2)
    expect(metadata['last-partition-id']).toBe(999)
  })

  test('without a schema is refused', () => {
    const { schema: _schema, ...rest } = v1
    expect(() => parse(rest)).toThrow(failure('METADATA_INVALID', 'v1.metadata.json: schema must exist in format v1'))
  })

  test('is written only after an upgrade to version 2', () => {
    const metadata = parse(v1)
    expect(() => applyUpdates(metadata, [{ action: 'set-properties', updates: { a: 'b' } }], { nowMs: 0 })).toThrow(
      failure('FORMAT_UNSUPPORTED', 'format version 1 is read but not written'),
    )
    const upgraded = applyUpdates(
      metadata,
      [
        { action: 'upgrade-format-version', 'format-version': 2 },
        { action: 'assign-uuid', uuid: '9c12d441-03fe-4693-9a96-a0705ddf69c1' },
      ],
      { nowMs: 0 },
    )
    expect(parse(upgraded)['format-version']).toBe(2)
  })
})

describe('version 3', () => {
  const v3 = {
    ...valid,
    'format-version': 3,
    'next-row-id': 9223372036854775807n,
    'encryption-keys': [],
    schemas: [
      {
        type: 'struct',
        'schema-id': 0,
        fields: [
          { id: 1, name: 'id', required: true, type: 'long', 'initial-default': 34, 'write-default': 35 },
          { id: 2, name: 'v', required: false, type: 'variant' },
          { id: 3, name: 'g', required: false, type: 'geometry(srid:3857)' },
          { id: 4, name: 'ns', required: false, type: 'timestamptz_ns' },
        ],
      },
    ],
    snapshots: valid.snapshots.map(snapshot => ({ ...snapshot, 'first-row-id': 0, 'added-rows': 5 })),
  }

  test('is read, and what it added is kept', () => {
    expect(new TextDecoder().decode(printMetadata(parse(v3)))).toBe(printJson(v3))
    expect(parse({ ...v3, 'current-snapshot-id': null, refs: {} })['current-snapshot-id']).toBeNull()
  })

  test('is not written', () => {
    const metadata = parse(v3)
    expect(() => applyUpdates(metadata, [{ action: 'set-properties', updates: { a: 'b' } }], { nowMs: 0 })).toThrow(
      failure('FORMAT_UNSUPPORTED', 'format version 3 is read but not written'),
    )
  })

  test('needs what version 2 needs', () => {
    const { schemas: _schemas, ...rest } = v3
    expect(() => parse(rest)).toThrow(failure('METADATA_INVALID', 'schemas must exist in format v3'))
  })
})

describe('a file is refused, with its name and the reason, when', () => {
  const rejected: readonly (readonly [title: string, file: unknown, reason: string])[] = [
    ['it is not an object', [valid], 'not a JSON object'],
    ['it has no format version', without('format-version'), 'format-version must exist and be an integer'],
    ['its format version is text', { ...valid, 'format-version': '2' }, 'format-version must exist and be an integer'],
    ['it has no location', without('location'), 'location must exist in format v2'],
    ['it has no table-uuid', without('table-uuid'), 'table-uuid must exist in format v2'],
    ['it has no last-updated-ms', without('last-updated-ms'), 'last-updated-ms must exist in format v2'],
    ['it has no last-column-id', without('last-column-id'), 'last-column-id must exist in format v2'],
    ['it has no last-sequence-number', without('last-sequence-number'), 'last-sequence-number must exist in format v2'],
    ['it has no schemas', without('schemas'), 'schemas must exist in format v2'],
    ['it has no partition-specs', without('partition-specs'), 'partition-specs must exist in format v2'],
    ['it has no sort-orders', without('sort-orders'), 'sort-orders must exist in format v2'],
    ['it has no current-schema-id', without('current-schema-id'), 'current-schema-id must exist in format v2'],
    ['it has no default-spec-id', without('default-spec-id'), 'default-spec-id must exist in format v2'],
    ['it has no last-partition-id', without('last-partition-id'), 'last-partition-id must exist in format v2'],
    [
      'it has no default-sort-order-id',
      without('default-sort-order-id'),
      'default-sort-order-id must exist in format v2',
    ],
    [
      'a schema has no type',
      { ...valid, schemas: [{ 'schema-id': 0, fields: [] }] },
      'cannot parse schema 0: type must be struct with fields',
    ],
    [
      'a schema has no fields',
      { ...valid, schemas: [{ 'schema-id': 0, type: 'struct' }] },
      'cannot parse schema 0: type must be struct with fields',
    ],
    [
      'the current schema is not there',
      { ...valid, 'current-schema-id': 2 },
      'cannot find schema with current-schema-id=2 from schemas',
    ],
    [
      'the default spec is not there',
      { ...valid, 'default-spec-id': 5 },
      'cannot find partition spec with default-spec-id=5 from partition-specs',
    ],
    [
      'the default sort order is not there',
      { ...valid, 'default-sort-order-id': 5 },
      'cannot find sort order with default-sort-order-id=5 from sort-orders',
    ],
    [
      'the current snapshot is not there',
      { ...valid, 'current-snapshot-id': 1 },
      'current snapshot 1 is not among the snapshots',
    ],
    [
      'there is a main branch but no current snapshot',
      { ...valid, 'current-snapshot-id': -1 },
      `current snapshot is not set, but main branch exists: ${second}`,
    ],
    [
      'main is another snapshot than the current one',
      { ...valid, 'current-snapshot-id': first },
      `current snapshot ID does not match main branch (${first} != ${second})`,
    ],
    [
      'a ref points to nothing',
      { ...valid, refs: { ...valid.refs, old: { type: 'tag', 'snapshot-id': 9 } } },
      'ref old points to snapshot 9, which does not exist',
    ],
    [
      'a snapshot is later than the last sequence number',
      { ...valid, 'last-sequence-number': 1 },
      'invalid snapshot with sequence number 2 greater than last sequence number 1',
    ],
    [
      'the snapshot log goes back by more than a minute',
      {
        ...valid,
        'snapshot-log': [valid['snapshot-log'][1], { 'snapshot-id': first, 'timestamp-ms': 1_699_999_939_999 }],
      },
      'snapshot-log is not sorted by time',
    ],
    [
      'the last update is more than a minute before the last snapshot',
      { ...valid, 'last-updated-ms': 1_699_999_939_999 },
      'last-updated-ms is before the newest entry of snapshot-log',
    ],
  ]

  test.each(rejected)('%s', (_title, file, reason) => {
    const exactly = new RegExp(`^v1\\.metadata\\.json: ${reason.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)}$`)
    expect(() => parse(file)).toThrow(failure('METADATA_INVALID', exactly))
  })

  test('it is cut off, at whichever byte', () => {
    const whole = encoder.encode(printJson(valid))
    for (const length of [0, 1, 100, whole.length - 1]) {
      expect(() => parseMetadata(whole.slice(0, length), 'v7.metadata.json')).toThrow(
        failure('METADATA_INVALID', /^v7\.metadata\.json is not complete JSON: /),
      )
    }
  })

  test('it is cut off inside its gzip', () => {
    const whole = gzipSync(printJson(valid))
    expect(() => parseMetadata(whole.subarray(0, whole.length - 20), 'v7.gz.metadata.json')).toThrow(
      failure('METADATA_INVALID', 'v7.gz.metadata.json is not complete JSON'),
    )
  })

  test('it is not UTF-8', () => {
    const bytes = encoder.encode(printJson(valid))
    bytes[bytes.indexOf('h'.charCodeAt(0))] = 0xff
    expect(() => parseMetadata(bytes, 'v7.metadata.json')).toThrow(failure('METADATA_INVALID', 'v7.metadata.json'))
  })

  test('it is of a format version that is not read', () => {
    for (const version of [0, 4, 42]) {
      expect(() => parse({ ...valid, 'format-version': version })).toThrow(
        failure('FORMAT_UNSUPPORTED', `v1.metadata.json: cannot read unsupported version ${version}`),
      )
    }
  })
})

describe('what other writers got slightly wrong is tolerated:', () => {
  test('a snapshot log and a last update that are off by less than a minute', () => {
    const metadata = parse({
      ...valid,
      'last-updated-ms': 1_699_999_940_001,
      'snapshot-log': [valid['snapshot-log'][1], { 'snapshot-id': first, 'timestamp-ms': 1_699_999_940_000 }],
    })
    expect(metadata['snapshot-log']).toHaveLength(2)
  })

  test('a last-column-id below the ids of the schema', () => {
    expect(parse({ ...valid, 'last-column-id': 1 })['last-column-id']).toBe(1)
  })
})

test('a partition spec that a manifest names and the table lacks is an error that says so', () => {
  const metadata = newMetadata({ columns: [required('id', 'long'), optional('text', 'string')] })
  expect(specById(metadata, 0).fields).toEqual([])
  expect(() => specById(metadata, 7)).toThrow(
    failure('METADATA_INVALID', "partition spec 7 is not among the table's specs"),
  )
})
