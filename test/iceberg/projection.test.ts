import { writeFile } from 'node:fs/promises'
import type { SchemaElement } from 'hyparquet'
import { describe, expect, test } from 'vitest'
import { printMetadata } from '../../src/iceberg/metadata.ts'
import { printNameMapping } from '../../src/iceberg/name-mapping.ts'
import type { Field, Json, Row, Schema, TableMetadata, Type } from '../../src/iceberg/types.ts'
import { dataFilesOf, deleteEqual } from '../support/deletes.ts'
import { addFile } from '../support/parquet-file.ts'
import {
  append,
  createTable,
  evolve,
  failure,
  optional,
  readRows,
  required,
  type TableShape,
  type TestTable,
} from '../support/table.ts'

const int = (name: string, id?: number): SchemaElement => ({
  name,
  type: 'INT32',
  repetition_type: 'OPTIONAL',
  ...(id === undefined ? {} : { field_id: id }),
})
const struct = (name: string, children: number, id?: number): SchemaElement => ({
  name,
  repetition_type: 'OPTIONAL',
  num_children: children,
  ...(id === undefined ? {} : { field_id: id }),
})

/** The table as another writer changed its metadata. */
async function rewritten(
  { directory, catalog, table }: TestTable,
  change: (metadata: TableMetadata) => TableMetadata,
): Promise<TestTable> {
  const path = `${directory}/metadata/v${table.version + 1}.metadata.json`
  await writeFile(path, printMetadata(change(table.metadata)))
  return { directory, catalog, table: await catalog.load() }
}

/** The table in format version 3, with these fields in its schema. */
function version3(target: TestTable, fields: readonly Field[]): Promise<TestTable> {
  return rewritten(target, metadata => {
    const schema: Schema = { type: 'struct', 'schema-id': 7, fields }
    return {
      ...metadata,
      'format-version': 3,
      'next-row-id': 0,
      schemas: [...metadata.schemas, schema],
      'current-schema-id': 7,
      'last-column-id': 100,
    }
  })
}

describe('a file without field ids', () => {
  const shape: TableShape = {
    columns: [
      required('id', 'int'),
      optional('s', { type: 'struct', fields: [optional('x', 'int'), optional('y', 'long')] }),
    ],
  }
  // s is 2, x is 3, y is 4.
  const mapping = printNameMapping([
    { 'field-id': 1, names: ['id', 'ID'] },
    { 'field-id': 2, names: ['s'], fields: [{ 'field-id': 3, names: ['x', 'old_x'] }] },
    { 'field-id': 9, names: ['extra'] },
  ])
  const content = {
    elements: [int('ID'), struct('s', 2), int('old_x'), int('y'), int('extra')],
    columns: { ID: [1, 2], s: [{ old_x: 10, y: 20 }, null], extra: [5, 6] },
  }

  test('is read by the name mapping, and what has no name in it is null', async () => {
    const target = await addFile(
      await createTable({ ...shape, properties: { 'schema.name-mapping.default': mapping } }),
      content,
    )
    expect(await readRows(target.table)).toEqual([
      { id: 1, s: { x: 10, y: null } },
      { id: 2, s: null },
    ])
    expect(await readRows(target.table, { where: { column: 'id', values: new Set([2]) } })).toEqual([
      { id: 2, s: null },
    ])
    // Files with ids are read by them, whatever the mapping says.
    const both = await append(target, [{ id: 3, s: { x: 1, y: 2n } }])
    expect((await readRows(both.table))[0]).toEqual({ id: 3, s: { x: 1, y: 2n } })
  })

  test('but with −1 in their place is read the same, also where only some columns are asked for', async () => {
    const elements = content.elements.map(element => ({ ...element, field_id: -1 }))
    const { table } = await addFile(
      await createTable({ ...shape, properties: { 'schema.name-mapping.default': mapping } }),
      { ...content, elements },
    )
    expect(await readRows(table)).toEqual([
      { id: 1, s: { x: 10, y: null } },
      { id: 2, s: null },
    ])
    expect(await readRows(table, { columns: ['id'] })).toEqual([{ id: 1 }, { id: 2 }])
  })

  test('in one column alone is read by the others, whichever are asked for', async () => {
    const { table } = await addFile(await createTable(shape), {
      elements: [int('id', 1), int('extra')],
      columns: { id: [1, 2], extra: [5, 6] },
    })
    expect(await readRows(table)).toEqual([1, 2].map(id => ({ id, s: null })))
    expect(await readRows(table, { columns: ['s'] })).toEqual([{ s: null }, { s: null }])
  })

  test('is refused without a name mapping: its rows would all be null', async () => {
    const target = await addFile(await createTable(shape), content)
    await expect(readRows(target.table)).rejects.toEqual(
      failure('FORMAT_UNSUPPORTED', /-foreign\.parquet carries no field ids, and the table has no name mapping$/),
    )
  })

  test('is refused when the mapping is none, which keeps nobody from other files', async () => {
    const properties = { 'schema.name-mapping.default': 'nonsense' }
    const target = await append(await createTable({ ...shape, properties }), [{ id: 1 }])
    expect(await readRows(target.table)).toEqual([{ id: 1, s: null }])
    const { table } = await addFile(target, content)
    await expect(readRows(table)).rejects.toEqual(failure('METADATA_INVALID', 'the name mapping'))
  })

  test('has the value of its partition where it has one, then what it says itself', async () => {
    const partitioned: TableShape = {
      ...shape,
      partitionBy: ['identity(id)'],
      properties: { 'schema.name-mapping.default': mapping },
    }
    const target = await addFile(await createTable(partitioned), content, new Map([[1000, 7]]))
    expect(await readRows(target.table, { columns: ['id'] })).toEqual([{ id: 7 }, { id: 7 }])
    const where = { column: 'id', values: new Set([7]) }
    expect(await readRows(target.table, { where })).toHaveLength(2)
    const without = await addFile(await createTable(partitioned), content, new Map([[1000, null]]))
    expect(await readRows(without.table, { columns: ['id'] })).toEqual([{ id: 1 }, { id: 2 }])
  })

  test('can be deleted from by values', async () => {
    const target = await addFile(
      await createTable({ ...shape, properties: { 'schema.name-mapping.default': mapping } }),
      content,
    )
    expect(await readRows((await deleteEqual(target, [1], [{ id: 1 }])).table)).toEqual([{ id: 2, s: null }])
  })
})

describe('names say nothing where there are ids:', () => {
  test('a file is read under names that its columns have changed among themselves', async () => {
    let target = await append(
      await createTable({ columns: [optional('a', 'int'), optional('b', 'string'), optional('c', 'double')] }),
      [{ a: 1, b: 'x', c: 0.5 }],
    )
    target = await rewritten(target, metadata => ({
      ...metadata,
      schemas: [
        {
          type: 'struct',
          'schema-id': 0,
          fields: [
            { id: 3, name: 'measurement', required: false, type: 'double' },
            { id: 2, name: 'name', required: false, type: 'string' },
            { id: 4, name: 'a', required: false, type: 'int' },
          ],
        },
      ],
      'last-column-id': 4,
    }))
    const [row = {}] = await readRows(target.table)
    expect(Object.entries(row)).toEqual([
      ['measurement', 0.5],
      ['name', 'x'],
      ['a', null],
    ])
  })

  test('members of structs, of elements and of values, renamed, dropped and added again', async () => {
    const inner = (...fields: Parameters<typeof optional>[]) =>
      ({ type: 'struct', fields: fields.map(([name, type]) => optional(name, type)) }) as const
    const columns = (first: ReturnType<typeof inner>) => [
      optional('s', first),
      optional('l', { type: 'list', element: first, elementRequired: false }),
      optional('m', { type: 'map', key: 'string', value: first, valueRequired: false }),
    ]
    let target = await append(await createTable({ columns: columns(inner(['x', 'int'], ['y', 'int'])) }), [
      { s: { x: 1, y: 2 }, l: [{ x: 3, y: 4 }, null], m: [['k', { x: 5, y: 6 }]] },
    ])
    target = await evolve(target, columns(inner(['y', 'int'])))
    target = await evolve(target, columns(inner(['x', 'string'], ['y', 'long'])))
    target = await append(target, [{ s: { x: 'new', y: 1n } }])
    expect(await readRows(target.table)).toEqual([
      { s: { x: 'new', y: 1n }, l: null, m: null },
      { s: { x: null, y: 2n }, l: [{ x: null, y: 4n }, null], m: [['k', { x: null, y: 6n }]] },
    ])
  })
})

describe('a partition column that files leave out', () => {
  const shape: TableShape = {
    columns: [
      required('id', 'int'),
      required('day', 'date'),
      optional('s', { type: 'struct', fields: [optional('x', 'int'), optional('y', 'int')] }),
    ],
    partitionBy: ['identity(day)', 'identity(s.x)', 'bucket[4](id)'],
  }
  // s is 3, x is 4, y is 5.
  const partition = (x: number | null): ReadonlyMap<number, number | null> =>
    new Map([
      [1000, 19_000],
      [1001, x],
      [1002, 3],
    ])

  test('has the value of the partition, also as a member of a struct', async () => {
    let target = await addFile(
      await createTable(shape),
      { elements: [int('id', 1), struct('s', 1, 3), int('y', 5)], columns: { id: [1, 2], s: [{ y: 5 }, null] } },
      partition(7),
    )
    target = await addFile(target, { elements: [int('id', 1)], columns: { id: [3] } }, partition(8))
    target = await addFile(target, { elements: [int('id', 1)], columns: { id: [4] } }, partition(null))
    expect(await readRows(target.table)).toEqual([
      { id: 4, day: 19_000, s: null },
      { id: 3, day: 19_000, s: { x: 8, y: null } },
      { id: 1, day: 19_000, s: { x: 7, y: 5 } },
      { id: 2, day: 19_000, s: null },
    ])
  })

  test('does not make a bucket a value', async () => {
    const target = await addFile(
      await createTable(shape),
      { elements: [int('day', 2)], columns: { day: [1] } },
      partition(1),
    )
    await expect(readRows(target.table)).rejects.toEqual(failure('DATA_INVALID', 'lacks the required column id'))
  })

  test('can be what deletes compare', async () => {
    const target = await addFile(
      await createTable(shape),
      { elements: [int('id', 1)], columns: { id: [1, 2] } },
      partition(7),
    )
    const day = { day: 19_000 }
    expect(await readRows((await deleteEqual(target, [1, 2], [{ id: 1, ...day }])).table, { columns: ['id'] })).toEqual(
      [{ id: 2 }],
    )
  })

  test('is promoted with its column', async () => {
    const columns = [required('id', 'int'), optional('f', 'float')]
    let target = await createTable({ columns, partitionBy: ['identity(f)'] })
    target = await append(target, [{ id: 1, f: 0.5 }])
    target = await addFile(target, { elements: [int('id', 1)], columns: { id: [2] } }, new Map([[1000, 0.5]]))
    target = await evolve(target, [required('id', 'int'), optional('f', 'double')])
    target = await append(target, [{ id: 3, f: 0.5 }])
    expect((await dataFilesOf(target)).map(({ file }) => file.partition.get(1000))).toEqual([0.5, 0.5, 0.5])
    const where = { column: 'f', values: new Set([0.5]) }
    expect((await readRows(target.table, { where })).map(row => row['id'])).toEqual([3, 2, 1])
  })
})

test('partition values keep their types when their column is gone', async () => {
  const columns = [required('id', 'int'), required('d', 'decimal(20,2)')]
  let target = await append(await createTable({ columns, partitionBy: ['identity(d)'] }), [{ id: 1, d: -150n }])
  target = await rewritten(target, metadata => ({
    ...metadata,
    schemas: [
      ...metadata.schemas,
      { type: 'struct', 'schema-id': 1, fields: [{ id: 1, name: 'id', required: true, type: 'int' }] },
    ],
    'current-schema-id': 1,
    'partition-specs': [...metadata['partition-specs'], { 'spec-id': 1, fields: [] }],
    'default-spec-id': 1,
  }))
  expect((await dataFilesOf(target)).map(({ file }) => file.partition.get(1000))).toEqual([-150n])
  expect(await readRows(target.table)).toEqual([{ id: 1 }])
})

describe('a field with an initial default', () => {
  async function readWith(fields: readonly Field[], rows: readonly Row[] = [{ id: 1 }]): Promise<Row[]> {
    const target = await append(
      await createTable({
        columns: [
          required('id', 'int'),
          optional('point', { type: 'struct', fields: [optional('x', 'int'), optional('y', 'int')] }),
        ],
      }),
      rows,
    )
    return readRows((await version3(target, fields)).table)
  }
  const id: Field = { id: 1, name: 'id', required: true, type: 'int' }
  const later = (type: Type, initial?: Json, isRequired = false): Field => ({
    id: 50,
    name: 'later',
    required: isRequired,
    type,
    ...(initial === undefined ? {} : { 'initial-default': initial, 'write-default': initial }),
  })

  test.each<[type: Type, json: Json, cell: unknown]>([
    ['boolean', false, false],
    ['int', -2147483648, -2147483648],
    ['long', 9223372036854775807n, 9223372036854775807n],
    ['long', 5, 5n],
    ['float', 0.5, 0.5],
    ['double', 3, 3],
    ['decimal(9,2)', '14.20', 1420n],
    ['decimal(9,2)', '-0.05', -5n],
    ['decimal(38,0)', '99999999999999999999999999999999999999', 10n ** 38n - 1n],
    ['date', '2017-11-16', 17_486],
    ['date', '1969-12-31', -1],
    ['time', '22:31:08.123456', 81_068_123_456n],
    ['time', '22:31:08', 81_068_000_000n],
    ['timestamp', '2017-11-16T22:31:08.123456', 1_510_871_468_123_456n],
    ['timestamp', '1969-12-31T23:59:59.999999', -1n],
    ['timestamptz', '2017-11-16T22:31:08.1+00:00', 1_510_871_468_100_000n],
    ['string', 'ü', 'ü'],
    ['uuid', 'F79C3E09-677C-4BBD-A479-3F349CB785E7', 'f79c3e09-677c-4bbd-a479-3f349cb785e7'],
    ['fixed[3]', '00FF01', Uint8Array.of(0, 255, 1)],
    ['binary', '', new Uint8Array()],
    [{ type: 'list', 'element-id': 51, 'element-required': false, element: 'date' }, ['1970-01-02', null], [1, null]],
    [
      { type: 'map', 'key-id': 51, key: 'string', 'value-id': 52, 'value-required': false, value: 'long' },
      { keys: ['a', 'b'], values: [1, null] },
      [
        ['a', 1n],
        ['b', null],
      ],
    ],
  ])('of type %o has it in rows that are older: %o', async (type, json, cell) => {
    expect(await readWith([id, later(type, json, true)])).toEqual([{ id: 1, later: cell }])
  })

  test.each<[type: Type, json: Json]>([
    ['int', 2147483648],
    ['int', 1.5],
    ['int', '1'],
    ['boolean', 1],
    ['decimal(9,2)', '14.2'],
    ['decimal(3,2)', '14.20'],
    ['date', '2017-02-30'],
    ['date', 17_486],
    ['time', '24:00:00'],
    ['timestamp', '2017-11-16T22:31:08+00:00'],
    ['timestamptz', '2017-11-16T22:31:08'],
    ['uuid', 'f79c3e09'],
    ['fixed[3]', '00ff'],
    ['binary', '0'],
    [{ type: 'list', 'element-id': 51, 'element-required': false, element: 'int' }, { 0: 1 }],
  ])('of type %o that is none of the type is refused: %o', async (type, json) => {
    await expect(readWith([id, later(type, json)])).rejects.toEqual(failure('METADATA_INVALID', 'a default of type'))
  })

  test('is null without it, and an error where it is required', async () => {
    expect(await readWith([id, later('int')])).toEqual([{ id: 1, later: null }])
    expect(await readWith([id, later('int', null)])).toEqual([{ id: 1, later: null }])
    await expect(readWith([id, later('int', undefined, true)])).rejects.toEqual(
      failure('DATA_INVALID', 'lacks the required column later'),
    )
  })

  test('has what the file says where the file has it, null included', async () => {
    const point = { id: 2, name: 'point', required: false, type: { type: 'struct', fields: [] } } as const
    const x: Field = { id: 3, name: 'x', required: false, type: 'int', 'initial-default': 9 }
    const fields: Field[] = [id, { ...point, type: { type: 'struct', fields: [x] } }]
    expect(await readWith(fields, [{ id: 1, point: { x: null } }, { id: 2, point: { x: 3 } }, { id: 3 }])).toEqual([
      { id: 1, point: { x: null } },
      { id: 2, point: { x: 3 } },
      { id: 3, point: null },
    ])
  })

  /** The table of the specification: a struct of x and y, both with default 0. */
  const members = (x: number, y: number): Type => ({
    type: 'struct',
    fields: [
      { id: x, name: 'x', required: true, type: 'int', 'initial-default': 0 },
      { id: y, name: 'y', required: true, type: 'int', 'initial-default': 0 },
    ],
  })

  test('in a struct that is not there is nothing, unless the struct has the default {}', async () => {
    expect(await readWith([id, later(members(51, 52))])).toEqual([{ id: 1, later: null }])
    expect(await readWith([id, later(members(51, 52), null)])).toEqual([{ id: 1, later: null }])
    expect(await readWith([id, later(members(51, 52), {})])).toEqual([{ id: 1, later: { x: 0, y: 0 } }])
    expect(await readWith([id, later(members(51, 52), { 51: 4 })])).toEqual([{ id: 1, later: { x: 4, y: 0 } }])
  })

  test('in a struct that is there is the value of the member that is not', async () => {
    // The file has point.x as 3 and point.y as 4.
    const rows: Row[] = [{ id: 1, point: { x: 3, y: -1 } }, { id: 2 }]
    for (const initial of [undefined, {}]) {
      const point = (type: Type): Field => ({ ...later(type, initial), id: 2, name: 'point' })
      expect(await readWith([id, point(members(3, 52))], rows)).toEqual([
        { id: 1, point: { x: 3, y: 0 } },
        { id: 2, point: null },
      ])
      expect(await readWith([id, point(members(51, 4))], rows)).toEqual([
        { id: 1, point: { x: 0, y: -1 } },
        { id: 2, point: null },
      ])
    }
    const bare: Type = { type: 'struct', fields: [{ id: 60, name: 'z', required: true, type: 'int' }] }
    await expect(readWith([id, { ...later(bare), id: 2, name: 'point' }], rows)).rejects.toEqual(
      failure('DATA_INVALID', 'lacks the required column z'),
    )
  })

  test('is what deletes compare in rows that are older', async () => {
    let target = await append(await createTable({ columns: [required('id', 'int')] }), [{ id: 1 }])
    const field = later('int', 7)
    target = await deleteEqual(await append(target, [{ id: 2 }]), [50], [{ later: 7 }], { fields: [field] })
    expect(await readRows((await version3(target, [id, field])).table)).toEqual([])
    expect(await readRows((await version3(target, [id, later('int', 8)])).table)).toHaveLength(2)
  })
})

describe('a table of format version 3', () => {
  const id: Field = { id: 1, name: 'id', required: true, type: 'int' }
  const field = (name: string, type: Type): Field => ({ id: 50, name, required: false, type })

  async function table3(...fields: Field[]): Promise<TestTable> {
    return version3(await append(await createTable({ columns: [required('id', 'int')] }), [{ id: 1 }]), fields)
  }

  test('is read as one of version 2', async () => {
    expect(await readRows((await table3(id)).table)).toEqual([{ id: 1 }])
  })

  test.each([
    'variant',
    'geometry',
    'geometry(srid:3857)',
    'geography(OGC:CRS84, spherical)',
    'timestamp_ns',
    'timestamptz_ns',
    'later',
  ])('is refused where a column of type %s is asked for, and read where it is not', async type => {
    const { table } = await table3(id, field('a', type), {
      ...field('s', { type: 'struct', fields: [{ ...field('b', type), id: 52 }] }),
      id: 51,
    })
    await expect(readRows(table)).rejects.toEqual(
      failure('FORMAT_UNSUPPORTED', `columns of types that are not read: a (${type}), s.b (${type})`),
    )
    expect(await readRows(table, { columns: ['id'] })).toEqual([{ id: 1 }])
  })

  test('has nothing but nulls in a column of unknown type, which may become any other', async () => {
    const unknown = await table3(id, field('u', 'unknown'), {
      ...field('s', { type: 'struct', fields: [{ ...field('v', 'unknown'), id: 52 }] }),
      id: 51,
      'initial-default': {},
    })
    expect(await readRows(unknown.table)).toEqual([{ id: 1, u: null, s: { v: null } }])
    const promoted = await table3(id, field('u', 'string'))
    expect(await readRows(promoted.table)).toEqual([{ id: 1, u: null }])
    // Also where a file holds something under the id.
    const { table } = await table3({ ...id, type: 'unknown' })
    expect(await readRows(table)).toEqual([{ id: null }])
  })

  test('gives the midnight of dates in a column that is a timestamp now, and finds it by its old bounds', async () => {
    let target = await createTable({ columns: [required('d', 'date')] })
    target = await append(target, [{ d: 19_000 }, { d: -1 }])
    target = await append(target, [{ d: 5 }])
    target = await version3(target, [{ id: 1, name: 'd', required: true, type: 'timestamp' }])
    const day = 86_400_000_000n
    expect(await readRows(target.table)).toEqual([{ d: 5n * day }, { d: 19_000n * day }, { d: -day }])
    const where = (value: bigint) => ({ where: { column: 'd', values: new Set([value]) } })
    expect(await readRows(target.table, where(-day))).toEqual([{ d: -day }])
    expect(await readRows(target.table, where(-1n))).toEqual([])
  })
})
