import type { FileMetaData, SchemaElement } from 'hyparquet'
import { parquetMetadata } from 'hyparquet'
import { describe, expect, test } from 'vitest'
import { localFileIO } from '../../src/iceberg/file-io/local.ts'
import type { NameMapping } from '../../src/iceberg/name-mapping.ts'
import { fileSchema, hasFieldIds } from '../../src/iceberg/parquet/file-schema.ts'
import { openParquet } from '../../src/iceberg/parquet/read.ts'
import type { Cell, Field, Type } from '../../src/iceberg/types.ts'
import { type ParquetContent, parquetBytes } from '../support/parquet-file.ts'
import { append, createTable, failure, optional, required } from '../support/table.ts'

function metadataOf(elements: readonly SchemaElement[], columns: number): FileMetaData {
  return {
    version: 2,
    schema: [{ name: 'schema', num_children: columns }, ...elements],
    num_rows: 0n,
    row_groups: [],
    metadata_length: 0,
  }
}

function typeOf(element: Partial<SchemaElement>): Type | undefined {
  const metadata = metadataOf([{ name: 'c', field_id: 1, repetition_type: 'OPTIONAL', ...element }], 1)
  return fileSchema(metadata).fields[0]?.type
}

const optionalAt = (name: string, id?: number): SchemaElement => ({
  name,
  repetition_type: 'OPTIONAL',
  ...(id === undefined ? {} : { field_id: id }),
})
const group = (element: SchemaElement, children: number): SchemaElement => ({ ...element, num_children: children })
const listOf = (element: SchemaElement): SchemaElement => ({ ...group(element, 1), converted_type: 'LIST' })
const mapOf = (element: SchemaElement): SchemaElement => ({ ...group(element, 1), converted_type: 'MAP' })
const repeated = (name: string, children?: number): SchemaElement => ({
  name,
  repetition_type: 'REPEATED',
  ...(children === undefined ? {} : { num_children: children }),
})
const int = (element: SchemaElement): SchemaElement => ({ ...element, type: 'INT32' })
const text = (element: SchemaElement): SchemaElement => ({ ...element, type: 'BYTE_ARRAY', converted_type: 'UTF8' })
const must = (element: SchemaElement): SchemaElement => ({ ...element, repetition_type: 'REQUIRED' })

describe('the type of a column of a file', () => {
  test.each<[type: string, element: Partial<SchemaElement>]>([
    ['boolean', { type: 'BOOLEAN' }],
    ['int', { type: 'INT32' }],
    ['int', { type: 'INT32', converted_type: 'INT_8' }],
    ['int', { type: 'INT32', converted_type: 'UINT_16' }],
    ['int', { type: 'INT32', logical_type: { type: 'INTEGER', bitWidth: 32, isSigned: true } }],
    ['long', { type: 'INT32', converted_type: 'UINT_32' }],
    ['long', { type: 'INT32', logical_type: { type: 'INTEGER', bitWidth: 32, isSigned: false } }],
    ['long', { type: 'INT64' }],
    ['long', { type: 'INT64', converted_type: 'INT_64' }],
    ['uint64', { type: 'INT64', converted_type: 'UINT_64' }],
    ['float', { type: 'FLOAT' }],
    ['double', { type: 'DOUBLE' }],
    ['date', { type: 'INT32', converted_type: 'DATE' }],
    ['date', { type: 'INT32', logical_type: { type: 'DATE' } }],
    ['time', { type: 'INT32', converted_type: 'TIME_MILLIS' }],
    ['time', { type: 'INT64', logical_type: { type: 'TIME', isAdjustedToUTC: false, unit: 'MICROS' } }],
    ['time_ns', { type: 'INT64', logical_type: { type: 'TIME', isAdjustedToUTC: false, unit: 'NANOS' } }],
    ['timestamptz', { type: 'INT64', converted_type: 'TIMESTAMP_MILLIS' }],
    ['timestamptz', { type: 'INT64', converted_type: 'TIMESTAMP_MICROS' }],
    [
      'timestamp',
      {
        type: 'INT64',
        converted_type: 'TIMESTAMP_MICROS',
        logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: false, unit: 'MICROS' },
      },
    ],
    ['timestamptz', { type: 'INT64', logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MILLIS' } }],
    ['timestamp_ns', { type: 'INT64', logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: false, unit: 'NANOS' } }],
    ['timestamptz_ns', { type: 'INT64', logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'NANOS' } }],
    ['timestamptz', { type: 'INT96' }],
    ['binary', { type: 'BYTE_ARRAY' }],
    ['string', { type: 'BYTE_ARRAY', converted_type: 'UTF8' }],
    ['string', { type: 'BYTE_ARRAY', logical_type: { type: 'STRING' } }],
    ['string', { type: 'BYTE_ARRAY', converted_type: 'ENUM' }],
    ['string', { type: 'BYTE_ARRAY', logical_type: { type: 'JSON' } }],
    ['binary', { type: 'BYTE_ARRAY', converted_type: 'BSON' }],
    ['fixed[5]', { type: 'FIXED_LEN_BYTE_ARRAY', type_length: 5 }],
    ['interval', { type: 'FIXED_LEN_BYTE_ARRAY', type_length: 12, converted_type: 'INTERVAL' }],
    ['uuid', { type: 'FIXED_LEN_BYTE_ARRAY', type_length: 16, logical_type: { type: 'UUID' } }],
    ['float16', { type: 'FIXED_LEN_BYTE_ARRAY', type_length: 2, logical_type: { type: 'FLOAT16' } }],
    ['decimal(9,2)', { type: 'INT32', converted_type: 'DECIMAL', precision: 9, scale: 2 }],
    ['decimal(5,0)', { type: 'INT64', converted_type: 'DECIMAL', precision: 5 }],
    ['decimal(20,3)', { type: 'BYTE_ARRAY', logical_type: { type: 'DECIMAL', precision: 20, scale: 3 } }],
    ['unknown', { type: 'INT32', logical_type: { type: 'NULL' } }],
    ['repeated', { type: 'INT32', repetition_type: 'REPEATED' }],
  ])('is %s', (type, element) => {
    expect(typeOf(element)).toBe(type)
  })

  test('variants are no structs', () => {
    const metadata = metadataOf(
      [
        { ...group(optionalAt('v', 1), 1), logical_type: { type: 'VARIANT' } },
        { ...optionalAt('value'), type: 'BYTE_ARRAY' },
      ],
      1,
    )
    expect(fileSchema(metadata).fields).toEqual([{ id: 1, name: 'v', required: false, type: 'variant' }])
  })
})

describe('the fields of a file', () => {
  test('of this writer are the fields of the table, nested in any way', async () => {
    const target = await append(
      await createTable({
        columns: [
          required('id', 'int'),
          optional('s', {
            type: 'struct',
            fields: [
              optional('x', 'decimal(20,2)'),
              required('l', { type: 'list', element: 'uuid', elementRequired: true }),
            ],
          }),
          optional('m', {
            type: 'map',
            key: 'timestamp',
            value: {
              type: 'list',
              element: { type: 'struct', fields: [optional('y', 'fixed[3]')] },
              elementRequired: false,
            },
            valueRequired: false,
          }),
        ],
      }),
      [{ id: 1 }],
    )
    const [name = ''] = await localFileIO.list(`${target.directory}/data`)
    const bytes = await localFileIO.read(`${target.directory}/data/${name}`)
    expect(fileSchema(parquetMetadata(Uint8Array.from(bytes)))).toEqual({
      type: 'struct',
      fields: target.table.metadata.schemas[0]?.fields,
    })
  })

  test('are those with an id: what has none is left out, and lists and maps of what has none', () => {
    const metadata = metadataOf(
      [
        int(optionalAt('a', 7)),
        int(optionalAt('b')),
        group(optionalAt('s', 8), 2),
        int(optionalAt('x')),
        int(optionalAt('y', 9)),
        listOf(optionalAt('l', 10)),
        repeated('list', 1),
        int(optionalAt('element')),
        mapOf(optionalAt('m', 11)),
        repeated('key_value', 2),
        text(must(optionalAt('key', 12))),
        int(optionalAt('value')),
        int(optionalAt('minus', -1)),
      ],
      6,
    )
    expect(fileSchema(metadata).fields).toEqual([
      { id: 7, name: 'a', required: false, type: 'int' },
      {
        id: 8,
        name: 's',
        required: false,
        type: { type: 'struct', fields: [{ id: 9, name: 'y', required: false, type: 'int' }] },
      },
    ])
    expect(hasFieldIds(metadata)).toBe(true)
  })

  test('of a file that carries no ids are none without a mapping', () => {
    const metadata = metadataOf([int(optionalAt('a')), int(optionalAt('b', -1))], 2)
    expect([fileSchema(metadata).fields, hasFieldIds(metadata)]).toEqual([[], false])
    expect(hasFieldIds(metadataOf([], 0))).toBe(true)
  })

  test('get ids by a mapping only where the file has none at all', () => {
    const mapping: NameMapping = [
      { 'field-id': 1, names: ['a'] },
      { 'field-id': 2, names: ['b'] },
    ]
    const withOne = metadataOf([int(optionalAt('a', 5)), int(optionalAt('b'))], 2)
    expect(fileSchema(withOne, mapping).fields.map(({ id, name }) => [id, name])).toEqual([[5, 'a']])
    const nested = metadataOf([int(optionalAt('a')), group(optionalAt('b'), 1), int(optionalAt('x', 5))], 2)
    expect(fileSchema(nested, mapping).fields).toEqual([])
  })

  test('are found by any of the names, a dot being part of one, at each level by its own', () => {
    const mapping: NameMapping = [
      { 'field-id': 1, names: ['new', 'a.b'] },
      { 'field-id': 2, names: ['s'], fields: [{ 'field-id': 3, names: ['a.b', 'x'] }] },
      { names: ['ignored'] },
      { 'field-id': 4, names: ['l'], fields: [{ 'field-id': 5, names: ['element'] }] },
      {
        'field-id': 6,
        names: ['m'],
        fields: [
          { 'field-id': 7, names: ['key'] },
          { 'field-id': 8, names: ['value'], fields: [{ 'field-id': 9, names: ['y'] }] },
        ],
      },
      { 'field-id': 10, names: [] },
    ]
    const metadata = metadataOf(
      [
        int(optionalAt('a.b')),
        group(optionalAt('s'), 2),
        int(optionalAt('x')),
        int(optionalAt('y')),
        int(optionalAt('ignored')),
        listOf(optionalAt('l')),
        repeated('bag', 1),
        int(optionalAt('array_element')),
        mapOf(optionalAt('m')),
        repeated('entries', 2),
        text(must(optionalAt('k'))),
        group(optionalAt('v'), 1),
        int(optionalAt('y')),
        int(optionalAt('unmapped')),
      ],
      6,
    )
    const shape = (type: Type): unknown => {
      if (typeof type === 'string') return type
      if (type.type === 'struct') return type.fields.map(field => [field.id, field.name, shape(field.type)])
      return type.type === 'list'
        ? [type['element-id'], shape(type.element)]
        : [type['key-id'], shape(type.key), type['value-id'], shape(type.value)]
    }
    expect(shape(fileSchema(metadata, mapping))).toEqual([
      [1, 'a.b', 'int'],
      [2, 's', [[3, 'x', 'int']]],
      [4, 'l', [5, 'int']],
      [6, 'm', [7, 'string', 8, [[9, 'y', 'int']]]],
    ])
  })

  test('are under the older of two names that a file has of one field', () => {
    const mapping: NameMapping = [{ 'field-id': 1, names: ['a', 'b'] }]
    for (const names of [
      ['b', 'a'],
      ['a', 'b'],
    ]) {
      const metadata = metadataOf(
        names.map(name => int(optionalAt(name))),
        2,
      )
      expect(fileSchema(metadata, mapping).fields.map(({ id, name }) => [id, name])).toEqual([[1, 'a']])
    }
  })
})

/** The cells of the columns of a file as the types say, through the reader. */
async function read(
  content: ParquetContent,
  types: Readonly<Record<number, Type>>,
  mapping?: NameMapping,
): Promise<Cell[][]> {
  const bytes = parquetBytes(content)
  const file = await openParquet(
    { size: bytes.byteLength, read: async (start, end) => bytes.slice(start, end), close: async () => undefined },
    'file.parquet',
    () => mapping,
  )
  const fields = Object.entries(types).map(
    ([id, type]): Field => ({ id: Number(id), name: `c${id}`, required: false, type }),
  )
  const columns = fields.map((): Cell[] => [])
  for await (const batch of file.readColumns(fields))
    for (const [index, { id }] of fields.entries()) columns[index]?.push(...(batch.columns.get(id) ?? []))
  return columns
}

const listType = (element: Type, id = 2): Type => ({
  type: 'list',
  'element-id': id,
  'element-required': false,
  element,
})

describe('values of files that other writers made', () => {
  const standard = [listOf(optionalAt('l')), repeated('list', 1), int(must(optionalAt('element')))]
  const lists = { l: [[1, 2], null, [], [3]] }
  const mapping: NameMapping = [{ 'field-id': 1, names: ['l'], fields: [{ 'field-id': 2, names: ['element'] }] }]

  test('lists without a group between them and their elements', async () => {
    const twoLevel = [listOf(optionalAt('l', 1)), int({ ...repeated('array'), field_id: 2 })]
    expect(await read({ elements: standard, columns: lists, footer: twoLevel }, { 1: listType('long') })).toEqual([
      [[1n, 2n], null, [], [3n]],
    ])
    const unnamed = [listOf(optionalAt('l')), int(repeated('anything'))]
    expect(
      await read({ elements: standard, columns: lists, footer: unnamed }, { 1: listType('int') }, mapping),
    ).toEqual([lists.l])
  })

  test.each(['array', 'l_tuple'])('lists whose elements are groups named %s of one field', async name => {
    const oneField = [
      listOf(optionalAt('l', 1)),
      { ...repeated(name, 1), field_id: 2 },
      int({ ...must(optionalAt('x')), field_id: 3 }),
    ]
    const x: Field = { id: 3, name: 'x', required: true, type: 'int' }
    expect(
      await read(
        { elements: standard, columns: lists, footer: oneField },
        { 1: listType({ type: 'struct', fields: [x] }) },
      ),
    ).toEqual([[[{ x: 1 }, { x: 2 }], null, [], [{ x: 3 }]]])
  })

  test('lists that are annotated only in the newer way, under any names', async () => {
    const elements: SchemaElement[] = [
      { ...group(optionalAt('l'), 1), converted_type: 'LIST' },
      repeated('bag', 1),
      int(optionalAt('item')),
    ]
    const { converted_type: _old, ...unannotated } = elements[0] as SchemaElement
    const footer: SchemaElement[] = [{ ...unannotated, logical_type: { type: 'LIST' } }, ...elements.slice(1)]
    const columns = { l: [[1, null], null, [], [3]] }
    expect(await read({ elements, columns, footer }, { 1: listType('int') }, mapping)).toEqual([columns.l])
  })

  test('maps of any spelling', async () => {
    const elements = [
      mapOf(optionalAt('m')),
      repeated('key_value', 2),
      text(must(optionalAt('key'))),
      int(optionalAt('value')),
    ]
    const columns = {
      m: [
        [
          { key: 'a', value: 1 },
          { key: 'b', value: null },
        ],
        null,
        [],
      ],
    }
    const footer: SchemaElement[] = [
      { ...group(optionalAt('m', 1), 1), converted_type: 'MAP_KEY_VALUE' },
      { ...repeated('map', 2), converted_type: 'MAP_KEY_VALUE' },
      text(must(optionalAt('k', 2))),
      int(optionalAt('v', 3)),
    ]
    const type: Type = {
      type: 'map',
      'key-id': 2,
      key: 'string',
      'value-id': 3,
      'value-required': false,
      value: 'long',
    }
    expect(await read({ elements, columns, footer }, { 1: type })).toEqual([
      [
        [
          ['a', 1n],
          ['b', null],
        ],
        null,
        [],
      ],
    ])
  })

  test('times in milliseconds, and unannotated numbers where the table has times', async () => {
    const millis: SchemaElement[] = [
      { ...optionalAt('a', 1), type: 'INT32', converted_type: 'TIME_MILLIS' },
      {
        ...optionalAt('b', 2),
        type: 'INT64',
        logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MILLIS' },
      },
      { ...optionalAt('c', 3), type: 'INT64' },
      { ...optionalAt('d', 4), type: 'INT32' },
    ]
    const columns = { a: [86_399_999, null], b: [-1n, null], c: [7n, null], d: [-5, null] }
    expect(
      await read({ elements: millis, columns }, { 1: 'time', 2: 'timestamptz', 3: 'timestamp', 4: 'date' }),
    ).toEqual([
      [86_399_999_000n, null],
      [-1000n, null],
      [7n, null],
      [-5, null],
    ])
  })

  test('times in 96 bits, rounded down to microseconds', async () => {
    const int96 = (days: bigint, nanos: bigint): Uint8Array => {
      const bytes = new Uint8Array(12)
      const view = new DataView(bytes.buffer)
      view.setBigUint64(0, nanos, true)
      view.setUint32(8, Number(days + 2_440_588n), true)
      return bytes
    }
    const columns = { t: [int96(0n, 1_999n), int96(-1n, 86_399_999_999_999n), int96(19_000n, 0n)] }
    const element: SchemaElement = { ...must(optionalAt('t', 1)), type: 'FIXED_LEN_BYTE_ARRAY', type_length: 12 }
    const { type_length: _length, ...rest } = element
    const footer: SchemaElement[] = [{ ...rest, type: 'INT96' }]
    expect(await read({ elements: [element], columns, footer }, { 1: 'timestamptz' })).toEqual([
      [1n, -1n, 19_000n * 86_400_000_000n],
    ])
  })

  test('text without an annotation, as JSON and as enumeration', async () => {
    const bytes = (value: string): Uint8Array => new TextEncoder().encode(value)
    const plain = (name: string, id: number): SchemaElement => ({ ...optionalAt(name, id), type: 'BYTE_ARRAY' })
    const elements = [plain('a', 1), plain('b', 2), plain('c', 3)]
    const columns = { a: [bytes('ü'), null], b: [bytes('{"x": 1}'), null], c: [bytes('RED'), null] }
    const footer: SchemaElement[] = [
      plain('a', 1),
      { ...plain('b', 2), converted_type: 'JSON', logical_type: { type: 'JSON' } },
      { ...plain('c', 3), converted_type: 'ENUM' },
    ]
    expect(await read({ elements, columns, footer }, { 1: 'string', 2: 'string', 3: 'string' })).toEqual([
      ['ü', null],
      ['{"x": 1}', null],
      ['RED', null],
    ])
    expect(await read({ elements, columns, footer }, { 1: 'binary' })).toEqual([[bytes('ü'), null]])
  })

  test('identifiers without an annotation', async () => {
    const element: SchemaElement = { ...optionalAt('u', 1), type: 'FIXED_LEN_BYTE_ARRAY', type_length: 16 }
    const bytes = Uint8Array.from({ length: 16 }, (_, index) => index)
    expect(await read({ elements: [element], columns: { u: [bytes] } }, { 1: 'uuid' })).toEqual([
      ['00010203-0405-0607-0809-0a0b0c0d0e0f'],
    ])
  })

  test('decimals in any bytes, at more digits than they had', async () => {
    const decimal = { converted_type: 'DECIMAL', precision: 9, scale: 2 } as const
    const elements: SchemaElement[] = [
      { ...optionalAt('a', 1), type: 'INT32' },
      { ...optionalAt('b', 2), type: 'INT64' },
      { ...optionalAt('c', 3), type: 'BYTE_ARRAY' },
    ]
    const footer = elements.map((element): SchemaElement => ({ ...element, ...decimal }))
    const columns = { a: [-150], b: [150n], c: [Uint8Array.of(0xff, 0x6a)] }
    expect(
      await read({ elements, columns, footer }, { 1: 'decimal(9,2)', 2: 'decimal(18,2)', 3: 'decimal(38, 2)' }),
    ).toEqual([[-150n], [150n], [-150n]])
  })
})

describe('a date that became a timestamp', () => {
  const element: SchemaElement = { ...optionalAt('d', 1), type: 'INT32', logical_type: { type: 'DATE' } }

  test('is its midnight', async () => {
    const columns = { d: [0, -1, 19_000, null] }
    expect(await read({ elements: [element], columns }, { 1: 'timestamp' })).toEqual([
      [0n, -86_400_000_000n, 19_000n * 86_400_000_000n, null],
    ])
  })

  test('is damage where no timestamp can hold it', async () => {
    await expect(read({ elements: [element], columns: { d: [2 ** 31 - 1] } }, { 1: 'timestamp' })).rejects.toEqual(
      failure('DATA_INVALID', 'has a date that no timestamp can hold'),
    )
  })
})

describe('a column is refused, not misread, when the file has it', () => {
  test.each<[found: string, wanted: Type, element: Partial<SchemaElement>]>([
    ['long', 'int', { type: 'INT64' }],
    ['double', 'float', { type: 'DOUBLE' }],
    ['int', 'string', { type: 'INT32' }],
    ['string', 'long', { type: 'BYTE_ARRAY', converted_type: 'UTF8' }],
    ['date', 'timestamptz', { type: 'INT32', converted_type: 'DATE' }],
    ['decimal(9,3)', 'decimal(9,2)', { type: 'INT32', converted_type: 'DECIMAL', precision: 9, scale: 3 }],
    ['decimal(9,2)', 'decimal(8,2)', { type: 'INT32', converted_type: 'DECIMAL', precision: 9, scale: 2 }],
    ['uint64', 'long', { type: 'INT64', converted_type: 'UINT_64' }],
    [
      'timestamptz_ns',
      'timestamptz',
      { type: 'INT64', logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'NANOS' } },
    ],
    ['fixed[2]', 'fixed[3]', { type: 'FIXED_LEN_BYTE_ARRAY', type_length: 2 }],
    ['int', { type: 'struct', fields: [] }, { type: 'INT32' }],
  ])('as %s and the table as %o', async (found, wanted, element) => {
    const column = { name: 'c', repetition_type: 'OPTIONAL', field_id: 1 } as const
    const plain: SchemaElement = { ...column, ...element }
    const { converted_type: _converted, logical_type: _logical, ...elements } = plain
    const content: ParquetContent = { elements: [elements], columns: { c: [null] }, footer: [plain] }
    await expect(read(content, { 1: wanted })).rejects.toEqual(
      failure('DATA_INVALID', `data file file.parquet: column c1 is ${found}, which cannot be read as`),
    )
  })
})
