import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parquetMetadata, parquetSchema, type SchemaTree } from 'hyparquet'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { describe, expect, test } from 'vitest'
import { localFileIO } from '../../src/iceberg/file-io/local.ts'
import { assignFreshIds, type WantedField, type WantedType } from '../../src/iceberg/ids.ts'
import { openParquet } from '../../src/iceberg/parquet/read.ts'
import { createDataFile } from '../../src/iceberg/parquet/write.ts'
import { walkFields } from '../../src/iceberg/schema-index.ts'
import type { Cell, Row } from '../../src/iceberg/types.ts'
import {
  append,
  contentsOf,
  createTable,
  failure,
  optional,
  readRows,
  required,
  temporaryFolder,
} from '../support/table.ts'

const uuid = 'f79c3e09-677c-4bbd-a479-3f349cb785e7'

function struct(...fields: WantedField[]): WantedType {
  return { type: 'struct', fields }
}

function list(element: WantedType, elementRequired = false): WantedType {
  return { type: 'list', element, elementRequired }
}

function map(key: WantedType, value: WantedType, valueRequired = false): WantedType {
  return { type: 'map', key, value, valueRequired }
}

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values)

/** Every type with cells at its ends. */
const cells: readonly (readonly [type: WantedType, cells: readonly NonNullable<Cell>[]])[] = [
  ['boolean', [true, false]],
  ['int', [0, -2147483648, 2147483647]],
  ['long', [0n, -9223372036854775808n, 9223372036854775807n]],
  ['float', [0.5, Number.NaN, Number.NEGATIVE_INFINITY, -0]],
  ['double', [0.1, Number.NaN, Number.POSITIVE_INFINITY, -0, Number.MIN_VALUE, Number.MAX_VALUE]],
  ['date', [0, -719_162, 2_932_896]],
  ['time', [0n, 86_399_999_999n]],
  ['timestamp', [0n, -1n, 9223372036854775807n, -9223372036854775808n]],
  ['timestamptz', [0n, -1n, 9223372036854775807n, -9223372036854775808n]],
  ['string', ['', 'ü☃😀', '\ufeffbom', '\u0000', 'x'.repeat(100_000)]],
  ['uuid', [uuid, '00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff']],
  ['fixed[3]', [bytes(0, 0, 0), bytes(255, 0, 1)]],
  ['binary', [bytes(), bytes(0, 255), new Uint8Array(5000).fill(7)]],
  ['decimal(1,0)', [9n, -9n]],
  ['decimal(9,2)', [999_999_999n, -999_999_999n, 0n]],
  ['decimal(18,18)', [10n ** 18n - 1n, -(10n ** 18n) + 1n]],
  ['decimal(38,2)', [10n ** 38n - 1n, -(10n ** 38n) + 1n, 1n]],
  [
    struct(optional('a', 'int'), required('b', 'string')),
    [
      { a: 1, b: 'x' },
      { a: null, b: '' },
    ],
  ],
  [list('int'), [[], [1, null, 3], [null]]],
  [list('string', true), [['a', '']]],
  [list(list('long')), [[], [[]], [[1n], null, [], [null, 2n]]]],
  [list(struct(optional('x', 'double'))), [[{ x: 0.5 }, null, { x: null }]]],
  [
    map('string', 'string'),
    [
      [],
      [
        ['k', 'v'],
        ['n', null],
      ],
    ],
  ],
  [
    map('int', 'long', true),
    [
      [
        [10, 1n],
        [2, 2n],
        [-1, 3n],
      ],
    ],
  ],
  [
    map('boolean', list('date')),
    [
      [
        [true, [1, null]],
        [false, null],
      ],
    ],
  ],
  [map('timestamptz', 'decimal(20,2)'), [[[-1n, 5n]]]],
  [map('uuid', 'uuid'), [[[uuid, null]]]],
  [map('binary', 'binary'), [[[bytes(1, 2), bytes()]]]],
  [
    map(struct(required('x', 'int'), optional('y', 'string')), struct(optional('z', map('string', 'int')))),
    [
      [
        [{ x: 1, y: null }, { z: [['a', 1]] }],
        [{ x: 2, y: 'b' }, null],
      ],
    ],
  ],
  [
    map('double', 'string'),
    [
      [
        [1.5, 'a'],
        [0.1, 'b'],
      ],
    ],
  ],
]

describe('a data file keeps', () => {
  test.each(cells)('%o', async (type, values) => {
    const rows: Row[] = [...values.map(value => ({ kept: value, needed: value })), { kept: null, needed: values[0] }]
    const target = await append(
      await createTable({ columns: [optional('kept', type), required('needed', type)] }),
      rows,
      2,
    )
    expect(await readRows(target.table)).toEqual(rows)
  })

  test('all types beside each other, in more rows than a page of runs', async () => {
    const columns = cells.map(([type], index) => optional(`column ${index}.ü`, type))
    const rows = Array.from(
      { length: 100 },
      (_, n): Row =>
        Object.fromEntries(
          cells.map(([, values], index) => [
            `column ${index}.ü`,
            n % 7 === index % 7 ? null : (values[n % values.length] as Cell),
          ]),
        ),
    )
    const target = await append(await createTable({ columns }), rows, 40)
    expect(await readRows(target.table)).toEqual(rows)
  })

  test('a thousand columns', async () => {
    const columns = Array.from({ length: 1000 }, (_, index) =>
      optional(`c${index}`, index % 2 === 0 ? 'int' : 'string'),
    )
    const row = Object.fromEntries(columns.map(({ name, type }, index) => [name, type === 'int' ? index : `v${index}`]))
    const target = await append(await createTable({ columns }), [row, {}])
    const nothing = Object.fromEntries(columns.map(({ name }) => [name, null]))
    expect(await readRows(target.table)).toEqual([row, nothing])
  })

  test('nothing at all of no rows', async () => {
    const { fields } = assignFreshIds([optional('a', 'int'), optional('l', list('int'))])
    const path = `${await temporaryFolder()}/empty.parquet`
    const writer = await createDataFile(localFileIO, path, { type: 'struct', 'schema-id': 0, fields })
    await writer.writeRowGroup([])
    expect(await writer.finish()).toMatchObject({ recordCount: 0, fileSize: (await readFile(path)).byteLength })
    const input = await localFileIO.open(path)
    const file = await openParquet(input, path)
    const batches = []
    for await (const batch of file.readColumns(fields)) batches.push(batch)
    await input.close()
    expect([file.rowCount, batches]).toEqual([0, []])
  })

  test('columns with the names of what every object has', async () => {
    const names = ['constructor', 'toString', 'hasOwnProperty', '__proto__']
    const columns = [...names.map(name => optional(name, 'string')), optional('s', struct(optional('valueOf', 'int')))]
    const shape = { columns, partitionBy: ['identity(constructor)', 'bucket[4](s.valueOf)'], sortBy: ['toString'] }
    const full = Object.fromEntries([...names.map(name => [name, `my ${name}`]), ['s', { valueOf: 5 }]]) as Row
    const empty = Object.fromEntries([...names.map(name => [name, null]), ['s', { valueOf: null }]]) as Row
    const target = await append(await createTable(shape), [full, { s: {} }])
    expect((await readRows(target.table)).map(row => Object.entries(row))).toEqual(
      [full, empty].map(row => Object.entries(row)),
    )
  })

  test('of half a surrogate pair what UTF-8 can hold', async () => {
    const target = await append(
      await createTable({ columns: [required('text', 'string')], partitionBy: ['identity(text)'] }),
      [{ text: 'a\ud83d' }, { text: 'a\ufffd' }],
    )
    expect(await readRows(target.table)).toEqual([{ text: 'a\ufffd' }, { text: 'a\ufffd' }])
    expect(await readdir(join(target.directory, 'data'))).toHaveLength(1)
  })

  test('safe integers that were given as numbers where 64 bits are stored', async () => {
    const target = await append(
      await createTable({
        columns: ['long', 'time', 'timestamp', 'timestamptz'].map((type, index) => optional(`c${index}`, type)),
      }),
      [{ c0: 5, c1: 6, c2: -7, c3: 2 ** 50 }],
    )
    expect(await readRows(target.table)).toEqual([{ c0: 5n, c1: 6n, c2: -7n, c3: 2n ** 50n }])
  })
})

test('a struct without fields, which Parquet does not have, is refused before a file is made', async () => {
  for (const columns of [[optional('s', struct())], [optional('l', list(struct()))], []]) {
    const target = await createTable({ columns })
    await expect(append(target, [{}])).rejects.toEqual(failure('FORMAT_UNSUPPORTED', 'has no fields'))
    expect(await readdir(join(target.directory, 'data'))).toEqual([])
  }
})

describe('the Parquet schema', () => {
  const columns = cells.map(([type], index) => optional(`c${index}`, type))

  test('has a field id on every element that Iceberg knows, and on no other', async () => {
    const target = await append(await createTable({ columns }), [{}])
    const [name = ''] = await readdir(join(target.directory, 'data'))
    const file = await readFile(join(target.directory, 'data', name))
    const metadata = parquetMetadata(file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength))
    const ids: number[] = []
    const visit = (node: SchemaTree): void => {
      if (node.element.repetition_type === 'REPEATED') expect(node.element.field_id).toBeUndefined()
      else if (node.path.length > 0) ids.push(node.element.field_id as number)
      node.children.forEach(visit)
    }
    visit(parquetSchema(metadata))
    expect(ids).toEqual(walkFields({ type: 'struct', fields: assignFreshIds(columns).fields }).map(node => node.id))
    expect(metadata.key_value_metadata?.find(entry => entry.key === 'iceberg.schema')?.value).toContain('"schema-id":0')
    expect(metadata.row_groups[0]?.columns[0]?.meta_data?.codec).toBe('SNAPPY')
  })
})

describe('a row that its schema does not allow is refused, without its content in the message:', () => {
  test.each<[type: WantedType, cell: unknown, sentence: string]>([
    ['boolean', 1, 'column c takes boolean, not a number'],
    ['int', 2147483648, 'column c takes int, not a number'],
    ['int', 1.5, 'column c takes int, not a number with a fraction'],
    ['int', 1n, 'column c takes int, not a bigint'],
    ['int', Number.NaN, 'column c takes int, not a number with a fraction'],
    ['long', 2n ** 63n, 'column c takes long, not a bigint'],
    ['long', 2 ** 60, 'column c takes long, not a number'],
    ['long', 'secret', 'column c takes long, not a string'],
    ['date', '2020-01-01', 'column c takes date, not a string'],
    ['timestamptz', 1.5, 'column c takes timestamptz, not a number with a fraction'],
    ['double', 'secret', 'column c takes double, not a string'],
    ['string', 5, 'column c takes string, not a number'],
    ['string', bytes(1, 2), 'column c takes string, not 2 bytes'],
    ['uuid', 'secret', 'column c takes uuid, not a string'],
    ['uuid', uuid.toUpperCase(), 'column c takes uuid, not a string'],
    ['binary', 'secret', 'column c takes binary, not a string'],
    ['fixed[3]', bytes(1, 2), 'column c takes fixed[3], not 2 bytes'],
    ['decimal(4,2)', 10_000n, 'column c takes decimal(4,2), not a bigint'],
    ['decimal(4,2)', 1.5, 'column c takes decimal(4,2), not a number with a fraction'],
    [struct(optional('x', 'int')), 'secret', 'column c takes a struct, not a string'],
    [struct(optional('x', 'int')), [1], 'column c takes a struct, not an array'],
    [struct(optional('x', 'int')), { x: 'secret' }, 'column c.x takes int, not a string'],
    [struct(required('x', 'int')), {}, 'c.x is required and has no value'],
    [list('int'), { 0: 1 }, 'column c takes list<int>, not an object'],
    [list('int', true), [1, null], 'c.element is required and has no value'],
    [list('int'), ['secret'], 'column c.element takes int, not a string'],
    [map('string', 'int'), { k: 1 }, 'column c takes map<string, int>, not an object'],
    [map('string', 'int'), [[null, 1]], 'c.key is required and has no value'],
    [map('string', 'int', true), [['k', null]], 'c.value is required and has no value'],
  ])('%o given %o', async (type, cell, sentence) => {
    const target = await createTable({ columns: [optional('c', type)] })
    const before = await contentsOf(target.directory)
    await expect(append(target, [{}, { c: cell as Cell }])).rejects.toMatchObject({
      code: 'ROW_INVALID',
      message: `row 1: ${sentence}`,
      details: { row: 1, column: 'c' },
    })
    // Nothing of the rows before it is left behind.
    expect(await contentsOf(target.directory)).toEqual(before)
  })

  test('nothing where a value is required', async () => {
    const target = await createTable({ columns: [required('c', 'int')] })
    for (const row of [{}, { c: null }, { c: undefined }, { C: 1 }])
      await expect(append(target, [row])).rejects.toEqual(
        failure('ROW_INVALID', 'row 0: required column c has no value'),
      )
  })
})

describe('a Parquet file of another writer', () => {
  test('without field ids is refused: its columns could be anything', async () => {
    const path = `${await temporaryFolder()}/foreign.parquet`
    await writeFile(path, Buffer.from(parquetWriteBuffer({ columnData: [{ name: 'a', data: [1, 2], type: 'INT32' }] })))
    const input = await localFileIO.open(path)
    await expect(openParquet(input, path)).rejects.toEqual(
      failure('FORMAT_UNSUPPORTED', `${path} carries no field ids, and the table has no name mapping`),
    )
    await input.close()
  })

  test('read from a buffer that is part of a larger one gives the same', async () => {
    const { fields } = assignFreshIds([optional('a', 'string')])
    const path = `${await temporaryFolder()}/f.parquet`
    const writer = await createDataFile(localFileIO, path, { type: 'struct', 'schema-id': 0, fields })
    await writer.writeRowGroup([{ a: 'x' }])
    await writer.finish()
    const whole = await readFile(path)
    const larger = Buffer.concat([Buffer.alloc(100), whole, Buffer.alloc(100)])
    const read = async (start: number, end: number): Promise<Uint8Array> => larger.subarray(100 + start, 100 + end)
    const file = await openParquet({ size: whole.byteLength, read, close: async () => undefined }, path)
    const found: unknown[] = []
    for await (const batch of file.readColumns(fields)) found.push(batch.columns.get(1))
    expect(found).toEqual([['x']])
  })
})
