import { describe, expect, test } from 'vitest'
import { decodeAvro } from '../../src/iceberg/avro/decode.ts'
import { encodeAvro } from '../../src/iceberg/avro/encode.ts'
import type { AvroSchema } from '../../src/iceberg/avro/schema.ts'
import { manifestEntrySchema, manifestFileSchema, partitionFieldType } from '../../src/iceberg/manifest/avro-layout.ts'
import { type DataFile, entryStatus, type ManifestFile } from '../../src/iceberg/manifest/data-file.ts'
import { decodeManifest, encodeManifest } from '../../src/iceberg/manifest/manifest.ts'
import {
  decodeManifestList,
  encodeManifestList,
  summarizePartitions,
} from '../../src/iceberg/manifest/manifest-list.ts'
import { decodeSingleValue } from '../../src/iceberg/single-value.ts'
import type { Cell, PartitionSpec, Schema } from '../../src/iceberg/types.ts'
import { avroOutline, manifestListOutline, manifestOutline } from '../support/avro-outline.ts'
import { failure } from '../support/table.ts'

const sync = new Uint8Array(16).fill(3)

/** One column of every type that can be a partition value, and an identity partition of each. */
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
  'fixed[3]',
  'binary',
  'decimal(9,2)',
  'decimal(38,2)',
]
const schema: Schema = {
  type: 'struct',
  'schema-id': 4,
  fields: types.map((type, index) => ({ id: index + 1, name: `c${index}`, required: false, type })),
}
const spec: PartitionSpec = {
  'spec-id': 2,
  fields: types.map((_type, index) => ({
    'source-id': index + 1,
    'field-id': 1000 + index,
    name: `c${index}`,
    transform: 'identity',
  })),
}
const typeById = new Map(spec.fields.map(field => [field['field-id'], partitionFieldType(field, schema)]))

const values: readonly Cell[] = [
  true,
  -5,
  -9223372036854775808n,
  1.5,
  Number.NaN,
  -1,
  1n,
  -1n,
  9223372036854775807n,
  '\ufeffü',
  'f79c3e09-677c-4bbd-a479-3f349cb785e7',
  Uint8Array.of(0, 1, 255),
  Uint8Array.of(),
  -1n,
  -(10n ** 38n - 1n),
]

function dataFile(partition: readonly Cell[], more: Partial<DataFile> = {}): DataFile {
  return {
    content: 0,
    location: 'file:///t/data/ü 1.parquet',
    format: 'PARQUET',
    partition: new Map(partition.map((value, index) => [1000 + index, value])),
    recordCount: 2 ** 40,
    fileSize: 5_000_000_000,
    columnSizes: new Map([
      [1, 10],
      [2, 20],
    ]),
    valueCounts: new Map([[1, 3]]),
    nullValueCounts: new Map([[1, 0]]),
    nanValueCounts: new Map([[4, 1]]),
    lowerBounds: new Map([[1, Uint8Array.of(0)]]),
    upperBounds: new Map([[1, Uint8Array.of(1)]]),
    splitOffsets: [4, 5_000_000],
    equalityIds: undefined,
    sortOrderId: 1,
    ...more,
  }
}

const listed: ManifestFile = {
  location: 'file:///t/metadata/m0.avro',
  length: 1234,
  specId: 2,
  content: 0,
  sequenceNumber: 7,
  minSequenceNumber: 3,
  addedSnapshotId: 9223372036854775807n,
  addedFiles: 1,
  existingFiles: 2,
  deletedFiles: 3,
  addedRows: 4,
  existingRows: 5_000_000_000,
  deletedRows: 6,
  partitions: [{ containsNull: true, containsNan: false, lowerBound: Uint8Array.of(1), upperBound: undefined }],
  keyMetadata: Uint8Array.of(9, 8),
}

describe('a manifest', () => {
  test('that is read without statistics gives all the rest', () => {
    const file = dataFile(values)
    const bytes = encodeManifest([{ status: entryStatus.added, file }], spec, schema, sync)
    const none = {
      columnSizes: new Map(),
      valueCounts: new Map(),
      nullValueCounts: new Map(),
      nanValueCounts: new Map(),
      lowerBounds: new Map(),
      upperBounds: new Map(),
    }
    const [whole] = decodeManifest(bytes, listed, typeById)
    const [entry] = decodeManifest(bytes, listed, typeById, false)
    expect(entry).toEqual({ ...whole, file: { ...whole?.file, ...none } })
  })

  test('keeps its entries, partition values of every type included', () => {
    const full = dataFile(values)
    const bare = dataFile(
      values.map(() => null),
      { nanValueCounts: new Map(), splitOffsets: undefined, sortOrderId: undefined },
    )
    const entries = decodeManifest(
      encodeManifest(
        [
          { status: entryStatus.added, file: full },
          { status: entryStatus.existing, snapshotId: 5n, sequenceNumber: 2, fileSequenceNumber: 1, file: bare },
          {
            status: entryStatus.deleted,
            snapshotId: 9223372036854775806n,
            sequenceNumber: 9007199254740993n,
            fileSequenceNumber: 1,
            file: bare,
          },
        ],
        spec,
        schema,
        sync,
      ),
      listed,
      typeById,
    )
    expect(entries).toEqual([
      { status: 1, snapshotId: 9223372036854775807n, sequenceNumber: 7, fileSequenceNumber: 7, specId: 2, file: full },
      { status: 0, snapshotId: 5, sequenceNumber: 2, fileSequenceNumber: 1, specId: 2, file: bare },
      {
        status: 2,
        snapshotId: 9223372036854775806n,
        sequenceNumber: 9007199254740993n,
        fileSequenceNumber: 1,
        specId: 2,
        file: bare,
      },
    ])
  })

  test('says in its metadata which schema, spec, format and content it has', () => {
    const { metadata } = decodeAvro(encodeManifest([], spec, schema, sync))
    expect(JSON.parse(metadata['schema'] ?? '')).toEqual(schema)
    expect(metadata).toMatchObject({
      'schema-id': '4',
      'partition-spec-id': '2',
      'format-version': '2',
      content: 'data',
      'avro.codec': 'deflate',
    })
    expect(JSON.parse(metadata['partition-spec'] ?? '')).toEqual(spec.fields)
  })

  test('says so too of a schema with keys we do not know that are beyond 2^53', () => {
    const later = { ...schema, 'x-vendor': 9223372036854775807n } as Schema
    expect(decodeAvro(encodeManifest([], spec, later, sync)).metadata['schema']).toContain('9223372036854775807')
  })

  test('of delete files says so, and keeps what only they have', () => {
    const file = dataFile(values, {
      content: 2,
      equalityIds: [3, 1],
      sortOrderId: undefined,
      referencedDataFile: 'file:///t/data/other.parquet',
    })
    const bytes = encodeManifest([{ status: entryStatus.added, file }], spec, schema, sync)
    expect(decodeManifest(bytes, { ...listed, content: 1 }, typeById)[0]?.file).toEqual(file)
    expect(decodeAvro(bytes).metadata).toMatchObject({ content: 'deletes' })
    const outline = avroOutline(manifestEntrySchema({ 'spec-id': 0, fields: [] }, schema, true))
    expect(JSON.stringify(outline)).toContain('referenced_data_file')
    expect(JSON.stringify(manifestOutline)).not.toContain('referenced_data_file')
  })

  test('has the field ids, names and order of the Java writer', () => {
    expect(avroOutline(manifestEntrySchema({ 'spec-id': 0, fields: [] }, schema))).toEqual(manifestOutline)
  })

  test('has its partition fields under legal Avro names with their own ids and types', () => {
    const source = { 'source-id': 10, transform: 'identity' }
    const odd: PartitionSpec = {
      'spec-id': 0,
      fields: [
        { ...source, 'field-id': 1003, name: 'session-id' },
        { ...source, 'field-id': 1001, name: '9 ü' },
        { 'source-id': 9, 'field-id': 1002, name: 'at_day', transform: 'day' },
        { 'source-id': 9, 'field-id': 1004, name: 'at_hour', transform: 'hour' },
        { 'source-id': 14, 'field-id': 1005, name: 'price', transform: 'identity' },
      ],
    }
    const dataFileFields = manifestEntrySchema(odd, schema).fields[4] as unknown as {
      type: { fields: { name: string; type: { fields: unknown[] } }[] }
    }
    expect(dataFileFields.type.fields.find(field => field.name === 'partition')?.type.fields).toEqual([
      {
        name: 'session_x2Did',
        type: ['null', 'string'],
        default: null,
        'field-id': 1003,
        'iceberg-field-name': 'session-id',
      },
      { name: '_9_x20_xFC', type: ['null', 'string'], default: null, 'field-id': 1001, 'iceberg-field-name': '9 ü' },
      { name: 'at_day', type: ['null', { type: 'int', logicalType: 'date' }], default: null, 'field-id': 1002 },
      { name: 'at_hour', type: ['null', 'int'], default: null, 'field-id': 1004 },
      {
        name: 'price',
        type: [
          'null',
          { type: 'fixed', name: 'decimal_1005', size: 4, logicalType: 'decimal', precision: 9, scale: 2 },
        ],
        default: null,
        'field-id': 1005,
      },
    ])
    const file = dataFile([], {
      partition: new Map<number, Cell>([
        [1003, 'a'],
        [1001, 'b'],
        [1002, 3],
        [1004, 4],
        [1005, 5n],
      ]),
    })
    const oddTypes = new Map(odd.fields.map(field => [field['field-id'], partitionFieldType(field, schema)]))
    expect(
      decodeManifest(encodeManifest([{ status: 1, file }], odd, schema, sync), listed, oddTypes)[0]?.file.partition,
    ).toEqual(file.partition)
  })

  test('written before a promotion gives its partition values as the new type', () => {
    const narrow: Schema = {
      ...schema,
      fields: [
        { id: 1, name: 'a', required: false, type: 'int' },
        { id: 2, name: 'b', required: false, type: 'float' },
        { id: 3, name: 'c', required: false, type: 'decimal(4,2)' },
      ],
    }
    const of3: PartitionSpec = { 'spec-id': 0, fields: spec.fields.slice(0, 3) }
    const bytes = encodeManifest([{ status: 1, file: dataFile([7, 1.5, -3n]) }], of3, narrow, sync)
    const [entry] = decodeManifest(
      bytes,
      listed,
      new Map([
        [1000, 'long'],
        [1001, 'double'],
        [1002, 'decimal(9,2)'],
      ]),
    )
    expect([...(entry?.file.partition.values() ?? [])]).toEqual([7n, 1.5, -3n])
  })

  test('of format version 1 is read: no content, no sequence numbers, an explicit snapshot', () => {
    const v1: AvroSchema = {
      type: 'record',
      name: 'manifest_entry',
      fields: [
        { name: 'status', type: 'int', 'field-id': 0 },
        { name: 'snapshot_id', type: 'long', 'field-id': 1 },
        {
          name: 'data_file',
          'field-id': 2,
          type: {
            type: 'record',
            name: 'r2',
            fields: [
              { name: 'file_path', type: 'string', 'field-id': 100 },
              { name: 'file_format', type: 'string', 'field-id': 101 },
              { name: 'partition', type: { type: 'record', name: 'r102', fields: [] }, 'field-id': 102 },
              { name: 'record_count', type: 'long', 'field-id': 103 },
              { name: 'file_size_in_bytes', type: 'long', 'field-id': 104 },
              { name: 'block_size_in_bytes', type: 'long', 'field-id': 105 },
            ],
          },
        },
      ],
    }
    const record = {
      status: 1,
      snapshot_id: 11,
      data_file: {
        file_path: 'f',
        file_format: 'parquet',
        partition: {},
        record_count: 1,
        file_size_in_bytes: 2,
        block_size_in_bytes: 3,
      },
    }
    const [entry] = decodeManifest(encodeAvro(v1, [record], {}, sync), { ...listed, sequenceNumber: 0 }, new Map())
    expect(entry).toMatchObject({
      snapshotId: 11,
      sequenceNumber: 0,
      fileSequenceNumber: 0,
      file: { content: 0, format: 'PARQUET', recordCount: 1 },
    })
    expect(entry?.file.lowerBounds.size).toBe(0)
  })

  test.each<[what: string, bytes: Uint8Array]>([
    ['is not Avro', new TextEncoder().encode('{"format-version":2}')],
    ['is cut off', encodeManifest([{ status: 1, file: dataFile(values) }], spec, schema, sync).subarray(0, -20)],
    [
      'is a manifest list',
      encodeManifestList([listed], { snapshotId: 1, parentSnapshotId: undefined, sequenceNumber: 1 }, sync),
    ],
    [
      'names no file',
      encodeAvro(
        {
          type: 'record',
          name: 'r',
          fields: [
            { name: 's', type: 'int', 'field-id': 0 },
            {
              name: 'd',
              'field-id': 2,
              type: { type: 'record', name: 'r2', fields: [{ name: 'x', type: 'string', 'field-id': 101 }] },
            },
          ],
        },
        [{ s: 1, d: { x: 'PARQUET' } }],
        {},
        sync,
      ),
    ],
  ])('that %s is an error that names it', (_what, bytes) => {
    expect(() => decodeManifest(bytes, listed, typeById)).toThrow(
      failure('MANIFEST_INVALID', 'manifest file:///t/metadata/m0.avro cannot be read'),
    )
  })
})

describe('a manifest list', () => {
  const snapshot = { snapshotId: 9223372036854775807n, parentSnapshotId: 5, sequenceNumber: 7 }

  test('keeps its lines, key metadata of encrypted manifests included', () => {
    const summary = { containsNull: false, containsNan: true, lowerBound: undefined, upperBound: Uint8Array.of(2) }
    const bare: ManifestFile = { ...listed, content: 1, partitions: [summary], keyMetadata: undefined }
    expect(decodeManifestList(encodeManifestList([listed, bare], snapshot, sync), 'list.avro')).toEqual([listed, bare])
  })

  test('says in its metadata to which snapshot it belongs', () => {
    expect(decodeAvro(encodeManifestList([], snapshot, sync)).metadata).toMatchObject({
      'snapshot-id': '9223372036854775807',
      'parent-snapshot-id': '5',
      'sequence-number': '7',
      'format-version': '2',
    })
    expect(
      decodeAvro(encodeManifestList([], { ...snapshot, parentSnapshotId: undefined }, sync)).metadata[
        'parent-snapshot-id'
      ],
    ).toBe('null')
  })

  test('has the field ids, names and order of the Java writer', () => {
    expect(avroOutline(manifestFileSchema)).toEqual(manifestListOutline)
  })

  test('of version 1, with the names and the few fields of old writers, is read', () => {
    const v1: AvroSchema = {
      type: 'record',
      name: 'manifest_file',
      fields: [
        { name: 'manifest_path', type: 'string', 'field-id': 500 },
        { name: 'manifest_length', type: 'long', 'field-id': 501 },
        { name: 'partition_spec_id', type: 'int', 'field-id': 502 },
        { name: 'added_snapshot_id', type: ['null', 'long'], 'field-id': 503 },
        { name: 'added_data_files_count', type: ['null', 'int'], 'field-id': 504 },
      ],
    }
    const record = {
      manifest_path: 'm',
      manifest_length: 5,
      partition_spec_id: 0,
      added_snapshot_id: 11,
      added_data_files_count: null,
    }
    expect(decodeManifestList(encodeAvro(v1, [record], {}, sync), 'list.avro')).toEqual([
      {
        location: 'm',
        length: 5,
        specId: 0,
        content: 0,
        sequenceNumber: 0,
        minSequenceNumber: 0,
        addedSnapshotId: 11,
        addedFiles: undefined,
        existingFiles: undefined,
        deletedFiles: undefined,
        addedRows: undefined,
        existingRows: undefined,
        deletedRows: undefined,
        partitions: undefined,
        keyMetadata: undefined,
      },
    ])
  })

  test('that is something else is an error that names it', () => {
    for (const bytes of [new Uint8Array(), encodeManifest([{ status: 1, file: dataFile(values) }], spec, schema, sync)])
      expect(() => decodeManifestList(bytes, 'list.avro')).toThrow(
        failure('MANIFEST_INVALID', 'manifest list list.avro cannot be read'),
      )
  })
})

describe('the summary of partitions', () => {
  function summary(type: string, cells: readonly Cell[]): unknown {
    const one: Schema = { ...schema, fields: [{ id: 1, name: 'a', required: false, type }] }
    const of1: PartitionSpec = { 'spec-id': 0, fields: spec.fields.slice(0, 1) }
    const [found] = summarizePartitions(
      cells.map(cell => dataFile([cell])),
      of1,
      one,
    )
    const value = (bytes: Uint8Array | undefined): Cell => bytes && decodeSingleValue(bytes, type)
    return [value(found?.lowerBound), value(found?.upperBound), found?.containsNull, found?.containsNan]
  }

  test.each<[type: string, cells: readonly Cell[], expected: unknown]>([
    ['int', [10, -1, 9], [-1, 10, false, false]],
    ['long', [10n, -1n, 9n], [-1n, 10n, false, false]],
    ['decimal(9,2)', [1000n, -1n, 200n], [-1n, 1000n, false, false]],
    ['string', ['b', null, '\uffff', '😀', 'a'], ['a', '😀', true, false]],
    ['boolean', [true, false], [false, true, false, false]],
    ['binary', [Uint8Array.of(0x80), Uint8Array.of(0x7f)], [Uint8Array.of(0x7f), Uint8Array.of(0x80), false, false]],
    ['double', [Number.NaN, 1.5, -1.5], [-1.5, 1.5, false, true]],
    ['double', [Number.NaN], [undefined, undefined, false, true]],
    ['string', [null], [undefined, undefined, true, false]],
  ])('of %s %o', (type, cells, expected) => {
    expect(summary(type, cells)).toEqual(expected)
  })

  test('has a line for each field of the spec, also where there are no files', () => {
    expect(summarizePartitions([], spec, schema)).toHaveLength(types.length)
  })
})
