import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  partitioner,
  partitionRows,
  rowGroups,
  sortRows,
  writeDataFile,
  writeDataFiles,
} from '../../src/iceberg/data-files.ts'
import { localFileIO } from '../../src/iceberg/file-io/local.ts'
import { currentSchema } from '../../src/iceberg/ids.ts'
import { specById } from '../../src/iceberg/metadata.ts'
import { liveDataFiles } from '../../src/iceberg/snapshot.ts'
import type { PartitionSpec, Row, Schema, SortOrder, TableMetadata } from '../../src/iceberg/types.ts'
import {
  append,
  context,
  createTable,
  failure,
  ioWith,
  newMetadata,
  optional,
  readRows,
  required,
  type TableShape,
} from '../support/table.ts'

function specOf(metadata: TableMetadata): PartitionSpec {
  return specById(metadata, metadata['default-spec-id'])
}

function partitionsOf(shape: TableShape, rows: readonly Row[]): unknown[] {
  const metadata = newMetadata(shape)
  return partitionRows(rows, specOf(metadata), currentSchema(metadata)).map(({ values, rows: inside }) => [
    [...values.values()],
    inside.length,
  ])
}

describe('rows are split by partition', () => {
  test('into one where there is none', () => {
    expect(partitionsOf({ columns: [required('id', 'int')] }, [{ id: 1 }, { id: 2 }])).toEqual([[[], 2]])
    expect(partitionsOf({ columns: [required('id', 'int')] }, [])).toEqual([])
  })

  test('in the order of their first rows, nulls apart from all values', () => {
    const shape: TableShape = {
      columns: [optional('a', 'string'), optional('at', 'timestamptz')],
      partitionBy: ['identity(a)', 'day(at)'],
    }
    const rows: Row[] = [
      { a: 'x', at: 0n },
      { a: null, at: 0n },
      { a: '', at: 0n },
      { a: 'x', at: -1n },
      { a: 'x', at: 5n },
      { at: null },
      {},
      { a: '-' },
    ]
    expect(partitionsOf(shape, rows)).toEqual([
      [['x', 0], 2],
      [[null, 0], 1],
      [['', 0], 1],
      [['x', -1], 1],
      [[null, null], 2],
      [['-', null], 1],
    ])
  })

  test('by a member of a struct, whose names may hold dots', () => {
    const shape: TableShape = {
      columns: [
        optional('a.b', {
          type: 'struct',
          fields: [optional('c.d', { type: 'struct', fields: [optional('e', 'int')] })],
        }),
      ],
      partitionBy: ['identity(a.b.c.d.e)'],
    }
    const rows: Row[] = [
      { 'a.b': { 'c.d': { e: 5 } } },
      { 'a.b': { 'c.d': null } },
      { 'a.b': null },
      { 'a.b': { 'c.d': { e: 5 } } },
    ]
    expect(partitionsOf(shape, rows)).toEqual([
      [[5], 2],
      [[null], 2],
    ])
  })

  test('numbers and bigints of one long are one partition, in its one form', () => {
    const rows: Row[] = [{ n: 5 }, { n: 5n }]
    for (const transform of ['identity', 'bucket[4]', 'truncate[2]']) {
      const [partition, ...others] = partitionsOf(
        { columns: [optional('n', 'long')], partitionBy: [`${transform}(n)`] },
        rows,
      ) as [unknown[], number][]
      expect([partition?.[1], others]).toEqual([2, []])
    }
    expect(
      partitionsOf({ columns: [optional('n', 'timestamp')], partitionBy: ['hour(n)'] }, [{ n: 3_600_000_000 }]),
    ).toEqual([[[1], 1]])
    expect(partitionsOf({ columns: [optional('n', 'long')], partitionBy: ['identity(n)'] }, [{ n: 5 }])).toEqual([
      [[5n], 1],
    ])
  })

  test.each<[type: string, transform: string, cell: unknown]>([
    ['int', 'bucket[4]', 1.5],
    ['int', 'bucket[4]', 'text'],
    ['int', 'identity', {}],
    ['long', 'identity', 1.5],
    ['long', 'truncate[4]', 'text'],
    ['string', 'bucket[4]', 5],
    ['uuid', 'bucket[4]', 'text'],
    ['date', 'month', 'text'],
    ['timestamptz', 'day', 'text'],
    ['timestamptz', 'hour', 1.5],
    ['decimal(4,2)', 'bucket[4]', 1.5],
  ])('and a %s by %s that is %o is refused as a row that is not allowed', (type, transform, cell) => {
    const shape: TableShape = { columns: [optional('c', type)], partitionBy: [`${transform}(c)`] }
    expect(() => partitionsOf(shape, [{ c: cell as never }])).toThrow(failure('ROW_INVALID', `column c takes ${type}`))
  })

  test('not by a transform of a later format', () => {
    const metadata = newMetadata({ columns: [required('id', 'int')] })
    const later: PartitionSpec = {
      'spec-id': 1,
      fields: [{ 'source-id': 1, 'field-id': 1000, name: 'p', transform: 'zorder' }],
    }
    expect(() => partitioner(later, currentSchema(metadata))).toThrow(
      failure('FORMAT_UNSUPPORTED', 'partition field p cannot be computed: zorder(1)'),
    )
  })
})

describe('rows are sorted', () => {
  function sorted(
    type: string,
    direction: 'asc' | 'desc',
    nulls: 'nulls-first' | 'nulls-last',
    cells: readonly unknown[],
    transform = 'identity',
  ): unknown[] {
    const { schemas } = newMetadata({ columns: [optional('n', 'int'), optional('c', type)] })
    const order: SortOrder = { 'order-id': 1, fields: [{ transform, 'source-id': 2, direction, 'null-order': nulls }] }
    const rows = cells.map((c, n) => ({ n, c }) as Row)
    return sortRows(rows, order, schemas[0] as never).map(row => row['c'])
  }

  test.each<[type: string, cells: readonly unknown[], ascending: readonly unknown[]]>([
    ['string', ['b', null, '😀', '\uffff', 'a', ''], [null, '', 'a', 'b', '\uffff', '😀']],
    ['long', [10n, -1n, 9n], [-1n, 9n, 10n]],
    [
      'double',
      [3, Number.NaN, -1, Number.POSITIVE_INFINITY, null, 2, 1],
      [null, -1, 1, 2, 3, Number.POSITIVE_INFINITY, Number.NaN],
    ],
    ['boolean', [true, false, true], [false, true, true]],
    [
      'binary',
      [Uint8Array.of(0x80), Uint8Array.of(0x7f), Uint8Array.of()],
      [Uint8Array.of(), Uint8Array.of(0x7f), Uint8Array.of(0x80)],
    ],
    [
      'uuid',
      ['f79c3e09-677c-4bbd-a479-3f349cb785e7', '079c3e09-677c-4bbd-a479-3f349cb785e7'],
      ['079c3e09-677c-4bbd-a479-3f349cb785e7', 'f79c3e09-677c-4bbd-a479-3f349cb785e7'],
    ],
  ])('%s %o', (type, cells, ascending) => {
    expect(sorted(type, 'asc', 'nulls-first', cells)).toEqual(ascending)
    expect(sorted(type, 'desc', 'nulls-last', cells)).toEqual(ascending.toReversed())
  })

  test('with nulls where the order wants them', () => {
    expect(sorted('int', 'asc', 'nulls-last', [2, null, 1])).toEqual([1, 2, null])
    expect(sorted('int', 'desc', 'nulls-first', [2, null, 3])).toEqual([null, 3, 2])
  })

  test('by what a transform makes of them', () => {
    expect(sorted('string', 'asc', 'nulls-first', ['b2', 'a9', 'a1', 'b1'], 'truncate[1]')).toEqual([
      'a9',
      'a1',
      'b2',
      'b1',
    ])
  })

  test('by several fields and otherwise as they were', () => {
    const { schemas } = newMetadata({
      columns: [
        optional('a', 'int'),
        optional('s', { type: 'struct', fields: [optional('x', 'int')] }),
        optional('n', 'int'),
      ],
    })
    const order: SortOrder = {
      'order-id': 1,
      fields: [
        { transform: 'identity', 'source-id': 1, direction: 'asc', 'null-order': 'nulls-first' },
        { transform: 'identity', 'source-id': 4, direction: 'desc', 'null-order': 'nulls-last' },
      ],
    }
    const rows: Row[] = [
      [2, 1],
      [1, 1],
      [1, 2],
      [1, 1],
      [1, null],
    ].map(([a, x], n) => ({ a, s: x === null ? null : { x }, n }))
    expect(sortRows(rows, order, schemas[0] as never).map(row => row['n'])).toEqual([2, 1, 3, 4, 0])
  })
})

describe('data files', () => {
  test('are written one for each partition, sorted, with the order they have', async () => {
    const shape: TableShape = {
      columns: [required('k', 'string'), required('n', 'int')],
      partitionBy: ['identity(k)'],
      sortBy: ['-n'],
    }
    const target = await append(
      await createTable(shape),
      [
        { k: 'a', n: 1 },
        { k: 'b', n: 2 },
        { k: 'a', n: 3 },
      ],
      1,
    )
    const entries = await liveDataFiles(target.table)
    expect(
      entries.map(entry => [
        entry.file.partition.get(1000),
        entry.file.recordCount,
        entry.file.sortOrderId,
        entry.file.splitOffsets?.length,
      ]),
    ).toEqual([
      ['a', 2, 1, 2],
      ['b', 1, 1, 1],
    ])
    expect(await readRows(target.table)).toEqual([
      { k: 'a', n: 3 },
      { k: 'a', n: 1 },
      { k: 'b', n: 2 },
    ])
  })

  test('of rows that fail leave nothing behind, those of partitions before included', async () => {
    const { table, directory } = await createTable({
      columns: [required('k', 'string'), required('n', 'int')],
      partitionBy: ['identity(k)'],
    })
    const rows: Row[] = [{ k: 'a', n: 1 }, { k: 'b', n: 2 }, { k: 'c' }]
    await expect(writeDataFiles(table, rows, { uniqueName: context.uniqueName, rowGroupRows: 1 })).rejects.toEqual(
      failure('ROW_INVALID', 'required column n has no value'),
    )
    expect(await readdir(join(directory, 'data'))).toEqual([])
  })

  test.each(['write', 'finish'] as const)('that the disk has no space for leave nothing behind: %s', async step => {
    const full = Object.assign(new Error('no space left'), { code: 'ENOSPC' })
    const { directory, catalog } = await createTable({ columns: [required('n', 'int')] })
    const io = ioWith({
      create: async path => ({ ...(await localFileIO.create(path)), [step]: () => Promise.reject(full) }),
    })
    const table = { ...(await catalog.load()), io }
    await expect(
      writeDataFile(
        table,
        { values: new Map(), rows: [{ n: 1 }] },
        { uniqueName: context.uniqueName, rowGroupRows: 1 },
      ),
    ).rejects.toBe(full)
    expect(await readdir(join(directory, 'data'))).toEqual([])
  })

  test('have durable bytes before their folder is synced', async () => {
    const events: string[] = []
    const io = ioWith({
      create: async path => {
        const file = await localFileIO.create(path)
        return {
          ...file,
          finish: async options => {
            await file.finish(options)
            events.push(options?.durable === false ? 'not durable' : 'durable')
          },
        }
      },
      syncDirectory: async path => {
        events.push(path.split('/').at(-1) ?? '')
        return localFileIO.syncDirectory(path)
      },
    })
    const { table } = await createTable({ columns: [required('n', 'int')], partitionBy: ['identity(n)'] })
    await writeDataFiles({ ...table, io }, [{ n: 1 }, { n: 2 }], { uniqueName: context.uniqueName, rowGroupRows: 1 })
    expect(events).toEqual(['durable', 'durable', 'data'])
  })
})

describe('row groups', () => {
  const long = { type: 'list', element: 'long', elementRequired: false } as const
  const { schemas } = newMetadata({
    columns: [
      required('id', 'int'),
      optional('l', long),
      optional('s', { type: 'struct', fields: [optional('l', long)] }),
    ],
  })
  const [schema] = schemas
  const sizes = (rows: readonly Row[], most = 4): number[] =>
    [...rowGroups(rows, schema as Schema, most)].map(({ length }) => length)
  const many = Array.from({ length: 600_000 }, () => 0n)

  test('have so many rows', () => {
    const rows = Array.from({ length: 10 }, (_, id) => ({ id, l: [1n], s: null }))
    expect(sizes([])).toEqual([])
    expect(sizes(rows)).toEqual([4, 4, 2])
    expect(sizes(rows.slice(0, 8))).toEqual([4, 4])
    expect([...rowGroups(rows, schema as Schema, 4)].flat()).toEqual(rows)
  })

  test('have fewer where lists have many items, at any depth, but never none', () => {
    const rows = [{ l: many }, { id: 1 }, { s: { l: many } }, { l: [...many, ...many] }, { id: 2 }, { l: null }]
    expect(sizes(rows)).toEqual([2, 1, 1, 2])
  })
})
