import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { applicableDeletes } from '../../src/iceberg/deletes/applicable.ts'
import { localFileIO } from '../../src/iceberg/file-io/local.ts'
import { type DataFile, fileContent, type ManifestEntry } from '../../src/iceberg/manifest/data-file.ts'
import { scanColumns } from '../../src/iceberg/scan.ts'
import { liveDataFiles, liveFiles } from '../../src/iceberg/snapshot.ts'
import type { Cell, Field, PartitionSpec, Row } from '../../src/iceberg/types.ts'
import { dataFilesOf, deleteEqual, deletePositions } from '../support/deletes.ts'
import {
  append,
  catalogAt,
  createTable,
  evolve,
  failure,
  ioWith,
  optional,
  readRows,
  required,
  type TableShape,
  type TestTable,
  temporaryFolder,
} from '../support/table.ts'

async function filled(shape: TableShape, ...batches: (readonly Row[])[]): Promise<TestTable> {
  let target = await createTable(shape)
  for (const rows of batches) target = await append(target, rows, 10)
  return target
}

/** The table once more, in a folder of its own, for what can happen to it only once. */
async function copied(target: TestTable): Promise<TestTable> {
  const directory = join(await temporaryFolder(), 'copy')
  await cp(target.directory, directory, { recursive: true })
  const catalog = catalogAt(directory)
  return { directory, catalog, table: await catalog.load() }
}

async function ids({ table }: TestTable): Promise<Cell[]> {
  const rows = await readRows(table)
  return rows.map(row => row['id']).sort((a, b) => Number(a) - Number(b))
}

async function locationsOf(target: TestTable): Promise<string[]> {
  return (await dataFilesOf(target)).map(({ file }) => file.location)
}

/** The ids of the members of a struct. */
function memberIds(field: Field | undefined): number[] {
  const { type } = field ?? {}
  return typeof type === 'object' && type.type === 'struct' ? type.fields.map(({ id }) => id) : []
}

const numbers = (count: number, from = 0): Row[] => Array.from({ length: count }, (_, index) => ({ id: from + index }))
const onlyIds: TableShape = { columns: [required('id', 'int')] }

describe('rows that were deleted by position', () => {
  test('are left out, in whatever row group they are', async () => {
    const target = await filled(onlyIds, numbers(35))
    const [file = ''] = await locationsOf(target)
    const deleted = [0, 9, 10, 19, 33, 34].map(pos => ({ file, pos }))
    const left = numbers(35).filter((_, pos) => ![0, 9, 10, 19, 33, 34].includes(pos))
    expect(await readRows((await deletePositions(target, deleted)).table)).toEqual(left)
  })

  test.each([1, 2, 100])('are those of the file that is named, of several in groups of %i', async rowGroupRows => {
    const target = await filled(onlyIds, numbers(3), numbers(3, 10), numbers(3, 20))
    const [first = '', second = ''] = await locationsOf(target)
    const both = await deletePositions(
      target,
      [
        { file: first, pos: 1 },
        { file: second, pos: 0 },
        { file: second, pos: 2 },
        { file: 'file:///nowhere.parquet', pos: 0 },
      ],
      { rowGroupRows },
    )
    expect(await ids(both)).toEqual([0, 2, 11, 20, 21, 22])
    // Rows that are appended later have positions of their own.
    expect(await ids(await append(both, numbers(3, 30)))).toEqual([0, 2, 11, 20, 21, 22, 30, 31, 32])
  })

  test('are found by their position in the file where a filter skips row groups before it', async () => {
    const shape = { columns: [required('text', 'string'), required('id', 'int')] }
    const rows = Array.from({ length: 40 }, (_, id) => ({ text: `t${String(id).padStart(2, '0')}`, id }))
    let target = await filled(shape, rows)
    const [file = ''] = await locationsOf(target)
    target = await deletePositions(target, [
      { file, pos: 31 },
      { file, pos: 2 },
    ])
    const where = { column: 'text', values: new Set(['t02', 't30', 't31', 't32']) }
    expect(await readRows(target.table, { where })).toEqual([rows[30], rows[32]])
    expect(await readRows(target.table, { where, columns: ['id'] })).toEqual([rows[30], rows[32]])
  })

  test('are read of the groups of a delete file that can name the file, and of no others', async () => {
    let target = await filled(onlyIds, numbers(3))
    const [file = ''] = await locationsOf(target)
    const others = Array.from({ length: 40 }, (_, index) => ({ file: `file:///other-${index}.parquet`, pos: 0 }))
    const positions = [...others, { file, pos: 1 }].sort((a, b) => (a.file < b.file ? -1 : 1))
    target = await deletePositions(target, positions, { rowGroupRows: 1 })
    let reads = 0
    const io = ioWith({
      open: async path => {
        const input = await localFileIO.open(path)
        if (!path.includes('-deletes')) return input
        return {
          ...input,
          read: (start, end) => {
            if (end < input.size) reads++
            return input.read(start, end)
          },
        }
      },
    })
    expect(await ids({ ...target, table: await catalogAt(target.directory, io).load() })).toEqual([0, 2])
    expect(reads).toBeGreaterThan(0)
    expect(reads).toBeLessThan(8)
  })

  test('leave nothing of a row group of which all were deleted, and beyond the end of a file are none', async () => {
    const target = await filled(onlyIds, numbers(20))
    const [file = ''] = await locationsOf(target)
    const positions = Array.from({ length: 30 }, (_, pos) => ({ file, pos: pos < 10 ? pos : pos + 10 }))
    const { table } = await deletePositions(target, [
      ...positions,
      { file, pos: 2 ** 32 + 10 },
      { file, pos: 2 ** 35 + 11 },
    ])
    const batches = []
    for await (const { rowCount, columns } of scanColumns(table)) batches.push([rowCount, columns.get(1)])
    expect(batches).toEqual([[10, Array.from({ length: 10 }, (_, index) => index + 10)]])
  })

  test('are left out of files that the caller names', async () => {
    const target = await filled(onlyIds, numbers(3), numbers(3, 10))
    const files = await dataFilesOf(target)
    const [first = ''] = await locationsOf(target)
    const { table } = await deletePositions(target, [{ file: first, pos: 0 }])
    expect(await readRows(table, { files: files.slice(0, 1) })).toEqual(numbers(2, 1))
    expect(await readRows(table, { files: files.slice(1) })).toEqual(numbers(3, 10))
  })

  test('do not make a scan open delete files that are of other data files', async () => {
    let target = await filled(onlyIds, numbers(3), numbers(3, 10))
    const [first = '', second = ''] = await locationsOf(target)
    target = await deletePositions(target, [{ file: first, pos: 0 }])
    target = await deletePositions(target, [{ file: second, pos: 0 }], {
      change: file => ({ ...file, referencedDataFile: second, lowerBounds: new Map(), upperBounds: new Map() }),
    })
    const opened: string[] = []
    const io = ioWith({
      open: path => {
        opened.push(path)
        return localFileIO.open(path)
      },
    })
    const table = await catalogAt(target.directory, io).load()
    const [file] = await dataFilesOf({ ...target, table })
    expect(await readRows(table, { files: [file as ManifestEntry] })).toEqual(numbers(2, 1))
    expect(opened.filter(path => path.includes('-deletes'))).toHaveLength(1)
    expect(await ids({ ...target, table })).toEqual([1, 2, 11, 12])
  })
})

describe('rows that were deleted by their values', () => {
  const shape: TableShape = {
    columns: [required('id', 'int'), optional('a', 'string'), optional('b', 'long')],
  }
  const rows: Row[] = [
    { id: 1, a: 'x', b: 1n },
    { id: 2, a: 'x', b: 2n },
    { id: 3, a: null, b: 1n },
    { id: 4, a: 'null', b: null },
    { id: 5, a: null, b: null },
  ]

  test('are left out of older files only: what was written again is there', async () => {
    let target = await filled(shape, rows)
    target = await deleteEqual(target, [2], [{ a: 'x' }])
    expect(await ids(target)).toEqual([3, 4, 5])
    target = await append(target, [{ id: 6, a: 'x', b: 1n }])
    expect(await ids(target)).toEqual([3, 4, 5, 6])
    expect(await ids(await deleteEqual(target, [2], [{ a: 'x' }]))).toEqual([3, 4, 5])
  })

  test('are those that agree in all columns, null with null', async () => {
    const target = await filled(shape, rows)
    expect(await ids(await deleteEqual(await copied(target), [2, 3], [{ a: 'x', b: 2n }]))).toEqual([1, 3, 4, 5])
    expect(await ids(await deleteEqual(await copied(target), [3, 2], [{ a: null, b: null }]))).toEqual([1, 2, 3, 4])
    expect(await ids(await deleteEqual(await copied(target), [2], [{ a: null }]))).toEqual([1, 2, 4])
    expect(await ids(await deleteEqual(await copied(target), [2], [{ a: 'null' }]))).toEqual([1, 2, 3, 5])
  })

  test('are not those whose values only look alike in a row', async () => {
    const target = await filled(
      { columns: [required('id', 'int'), optional('a', 'string'), optional('c', 'string')] },
      [
        { id: 1, a: 'xy', c: 'z' },
        { id: 2, a: 'x', c: 'yz' },
        { id: 3, a: null, c: '-' },
        { id: 4, a: '-', c: null },
      ],
    )
    const deleted = await deleteEqual(
      target,
      [2, 3],
      [
        { a: 'x', c: 'yz' },
        { a: null, c: '-' },
      ],
    )
    expect(await ids(deleted)).toEqual([1, 4])
  })

  test('are left out by every delete file there is, also by different columns', async () => {
    let target = await filled(shape, rows)
    target = await deleteEqual(target, [2], [{ a: 'x' }])
    target = await deleteEqual(target, [1], [{ id: 5 }])
    target = await deletePositions(target, [{ file: (await locationsOf(target))[0] ?? '', pos: 2 }])
    expect(await ids(target)).toEqual([4])
  })

  test('are found whatever columns and rows the scan asks for', async () => {
    const target = await deleteEqual(await filled(shape, rows), [2], [{ a: 'x' }, { a: 'null' }])
    expect(await readRows(target.table, { columns: ['b'] })).toEqual([{ b: 1n }, { b: null }])
    for await (const { columns } of scanColumns(target.table, { columns: ['b'] }))
      expect([...columns.keys()]).toEqual([3])
    expect(await readRows(target.table, { where: { column: 'b', values: new Set([1n]) }, columns: ['id'] })).toEqual([
      { id: 3, b: 1n },
    ])
    expect(await readRows(target.table, { files: await dataFilesOf(target) })).toEqual([rows[2], rows[4]])
  })

  test('by the equality ids and not by other columns that the delete file holds', async () => {
    const target = await filled(shape, rows)
    const fields = target.table.metadata.schemas[0]?.fields ?? []
    expect(await ids(await deleteEqual(target, [3], [{ id: 99, a: 'other', b: 1n }], { fields }))).toEqual([2, 4, 5])
  })

  test('NaN is equal to NaN, and −0 is not 0', async () => {
    const numbersOf = [0, -0, Number.NaN, 1]
    const target = await filled(
      { columns: [required('id', 'int'), optional('d', 'double')] },
      numbersOf.map((d, id) => ({ id, d })),
    )
    expect(await ids(await deleteEqual(await copied(target), [2], [{ d: -0 }, { d: Number.NaN }]))).toEqual([0, 3])
    expect(await ids(await deleteEqual(await copied(target), [2], [{ d: 0 }]))).toEqual([1, 2, 3])
  })

  test.each<[type: string, cells: readonly Cell[]]>([
    ['boolean', [true, false]],
    ['decimal(20,2)', [150n, -(10n ** 19n)]],
    ['date', [0, -1]],
    ['timestamptz', [0n, 2n ** 62n]],
    ['uuid', ['f79c3e09-677c-4bbd-a479-3f349cb785e7', '00000000-0000-0000-0000-000000000000']],
    ['binary', [Uint8Array.of(1, 2), Uint8Array.of(1)]],
    ['fixed[2]', [Uint8Array.of(1, 2), Uint8Array.of(1, 3)]],
  ])('of type %s', async (type, [kept = null, deleted = null]) => {
    const target = await filled({ columns: [required('id', 'int'), optional('v', type)] }, [
      { id: 1, v: kept },
      { id: 2, v: deleted },
      { id: 3, v: null },
    ])
    expect(await ids(await deleteEqual(target, [2], [{ v: deleted }]))).toEqual([1, 3])
  })

  test('in a column that was renamed, and not in one that has its name now', async () => {
    let target = await filled(shape, rows)
    target = await deleteEqual(target, [2], [{ a: 'x' }])
    target = await evolve(target, [
      required('id', 'int'),
      { ...optional('was_a', 'string'), renamedFrom: 'a' },
      optional('b', 'long'),
    ])
    target = await evolve(target, [
      required('id', 'int'),
      optional('was_a', 'string'),
      { ...optional('a', 'long'), renamedFrom: 'b' },
    ])
    expect(await readRows(target.table)).toEqual([
      { id: 3, was_a: null, a: 1n },
      { id: 4, was_a: 'null', a: null },
      { id: 5, was_a: null, a: null },
    ])
  })

  test('in a column that was dropped, and added again as another', async () => {
    let target = await filled(shape, rows)
    target = await deleteEqual(target, [2], [{ a: 'x' }])
    target = await evolve(target, [required('id', 'int'), optional('b', 'long')])
    expect(await ids(target)).toEqual([3, 4, 5])
    target = await evolve(target, [required('id', 'int'), optional('b', 'long'), optional('a', 'string')])
    target = await append(target, [{ id: 6, a: 'x' }])
    expect(await readRows(target.table)).toEqual([
      { id: 6, b: null, a: 'x' },
      { id: 3, b: 1n, a: null },
      { id: 4, b: null, a: null },
      { id: 5, b: null, a: null },
    ])
  })

  test('in a column that no schema has any more', async () => {
    let target = await filled(shape, rows)
    target = await deleteEqual(target, [2], [{ a: 'x' }])
    target = await evolve(target, [required('id', 'int'), optional('b', 'long')])
    const metadata = { ...target.table.metadata, schemas: target.table.metadata.schemas.slice(-1) }
    expect(await ids({ ...target, table: { ...target.table, metadata } })).toEqual([3, 4, 5])
  })

  test('in a column that older files lack: there it is null', async () => {
    let target = await filled(onlyIds, [{ id: 1 }])
    target = await evolve(target, [required('id', 'int'), optional('a', 'string')])
    target = await append(target, [
      { id: 2, a: 'x' },
      { id: 3, a: null },
    ])
    expect(await ids(await deleteEqual(await copied(target), [2], [{ a: 'x' }]))).toEqual([1, 3])
    expect(await ids(await deleteEqual(await copied(target), [2], [{ a: null }]))).toEqual([2])
  })

  test('in a column that is required and older files lack, as long as nobody asks for it', async () => {
    let target = await filled(onlyIds, [{ id: 1 }])
    target = await evolve(target, [required('id', 'int'), required('b', 'int')])
    target = await deleteEqual(await append(target, [{ id: 2, b: 5 }]), [2], [{ b: 5 }])
    expect(await readRows(target.table, { columns: ['id'] })).toEqual([{ id: 1 }])
  })

  test('in a column that was promoted before it was dropped, by a delete file of before', async () => {
    let target = await filled({ columns: [required('id', 'int'), optional('n', 'int')] }, [{ id: 1, n: 7 }])
    const fields = target.table.metadata.schemas[0]?.fields.slice(1) ?? []
    target = await evolve(target, [required('id', 'int'), optional('n', 'long')])
    target = await append(target, [
      { id: 2, n: 7n },
      { id: 3, n: 2n ** 40n },
    ])
    target = await deleteEqual(target, [2], [{ n: 7 }], { fields })
    expect(await ids(target)).toEqual([3])
    expect(await ids(await evolve(target, [required('id', 'int')]))).toEqual([3])
  })

  test('in a promoted column, whichever of the files is the older', async () => {
    let target = await filled({ columns: [required('id', 'int'), optional('n', 'int')] }, [
      { id: 1, n: 7 },
      { id: 2, n: 8 },
    ])
    target = await deleteEqual(target, [2], [{ n: 7 }])
    target = await evolve(target, [required('id', 'int'), optional('n', 'long')])
    expect(await ids(target)).toEqual([2])
    expect(await ids(await deleteEqual(target, [2], [{ n: 8n }]))).toEqual([])
  })

  test('in members of structs: in a struct that is null the member is null', async () => {
    const struct = { type: 'struct', fields: [optional('x', 'int'), optional('y', 'int')] } as const
    const target = await filled({ columns: [required('id', 'int'), optional('s', struct)] }, [
      { id: 1, s: { x: 1, y: 10 } },
      { id: 2, s: { x: 2, y: 20 } },
      { id: 3, s: { x: null, y: 30 } },
      { id: 4, s: null },
    ])
    const s = target.table.metadata.schemas[0]?.fields[1]
    const x = memberIds(s)[0] as number
    const fields = s === undefined ? [] : [s]
    const one = await deleteEqual(await copied(target), [x], [{ s: { x: 1, y: 99 } }], { fields })
    expect(await readRows(one.table, { columns: ['s'] })).toEqual([
      { s: { x: 2, y: 20 } },
      { s: { x: null, y: 30 } },
      { s: null },
    ])
    expect(await ids(await deleteEqual(await copied(target), [x], [{ s: null }], { fields }))).toEqual([1, 2])
    // Both members, and the column beside them, are compared as one row.
    const both = await deleteEqual(await copied(target), [x, x + 1], [{ s: { x: 2, y: 10 } }, { s: { x: 1, y: 10 } }], {
      fields,
    })
    expect(await ids(both)).toEqual([2, 3, 4])
  })

  test('in a member that was dropped, and added again as another', async () => {
    const s = (...names: string[]) =>
      optional('s', { type: 'struct', fields: names.map(name => optional(name, 'int')) })
    let target = await filled({ columns: [required('id', 'int'), s('x', 'y')] }, [
      { id: 1, s: { x: 1, y: 10 } },
      { id: 2, s: { x: 2, y: 20 } },
    ])
    const field = target.table.metadata.schemas[0]?.fields[1]
    const x = memberIds(field)[0] as number
    target = await deleteEqual(target, [x], [{ s: { x: 1 } }], { fields: field === undefined ? [] : [field] })
    target = await evolve(target, [required('id', 'int'), s('y')])
    target = await evolve(target, [required('id', 'int'), s('y', 'x')])
    expect(await readRows(target.table)).toEqual([{ id: 2, s: { y: 20, x: null } }])
  })

  test('are read once for neighbouring files with the same deletes', async () => {
    let target = await filled(onlyIds, numbers(2), numbers(2, 10), numbers(2, 20))
    target = await deleteEqual(target, [1], [{ id: 1 }, { id: 10 }, { id: 21 }])
    let opened = 0
    const io = ioWith({
      open: path => {
        if (path.includes('-deletes')) opened++
        return localFileIO.open(path)
      },
    })
    expect(await ids({ ...target, table: await catalogAt(target.directory, io).load() })).toEqual([0, 11, 20])
    expect(opened).toBe(1)
  })
})

describe('deletes of a partitioned table', () => {
  const shape: TableShape = {
    columns: [required('id', 'int'), required('part', 'string')],
    partitionBy: ['identity(part)'],
  }
  const rows: Row[] = [
    { id: 1, part: 'a' },
    { id: 2, part: 'b' },
  ]

  test('apply to their partition', async () => {
    const target = await filled(shape, [...rows, { id: 2, part: 'a' }])
    const partition = new Map([[1000, 'b']])
    const deleted = await deleteEqual(target, [1], [{ id: 1 }, { id: 2 }], { partition })
    expect((await readRows(deleted.table)).map(row => [row['id'], row['part']])).toEqual([
      [1, 'a'],
      [2, 'a'],
    ])
  })

  test('apply everywhere when they are of an unpartitioned spec', async () => {
    let target = await filled(shape, [...rows, { id: 2, part: 'a' }])
    const { catalog, table } = target
    const specs = [
      { action: 'add-spec', spec: { 'spec-id': 1, fields: [] } },
      { action: 'set-default-spec', 'spec-id': -1 },
    ] as const
    target = {
      ...target,
      table: await catalog.commit(table, {
        requirements: [{ type: 'assert-table-uuid', uuid: table.metadata['table-uuid'] }],
        updates: specs,
      }),
    }
    const deleted = await deleteEqual(target, [1], [{ id: 2 }], { partition: new Map(), specId: 1 })
    expect(await ids(deleted)).toEqual([1])
  })
})

describe('delete files that are not read', () => {
  const changed = (change: (file: DataFile) => DataFile) => ({ change })

  test.each(['AVRO', 'ORC'])('of format %s are refused by name', async format => {
    const target = await filled(onlyIds, numbers(2))
    const [file = ''] = await locationsOf(target)
    const options = changed(found => ({ ...found, format }))
    const byPosition = await deletePositions(await copied(target), [{ file, pos: 0 }], options)
    await expect(readRows(byPosition.table)).rejects.toEqual(
      failure('FORMAT_UNSUPPORTED', new RegExp(`^delete file .*-deletes.parquet is ${format}; only Parquet is read$`)),
    )
    const byValue = await deleteEqual(await copied(target), [1], [{ id: 1 }], options)
    await expect(readRows(byValue.table)).rejects.toEqual(failure('FORMAT_UNSUPPORTED', `is ${format}; only Parquet`))
  })

  test('are refused when they are deletion vectors', async () => {
    const target = await filled(onlyIds, numbers(2), numbers(2, 10))
    const [file = '', other = ''] = await locationsOf(target)
    const { table } = await deletePositions(
      target,
      [{ file, pos: 0 }],
      changed(found => ({ ...found, format: 'PUFFIN', referencedDataFile: file })),
    )
    await expect(readRows(table)).rejects.toEqual(failure('FORMAT_UNSUPPORTED', 'deletion vector'))
    const files = (await dataFilesOf({ ...target, table })).filter(entry => entry.file.location === other)
    expect(await readRows(table, { files })).toEqual(numbers(2, 10))
  })

  test('are refused by whoever wants data files alone', async () => {
    const target = await filled(onlyIds, numbers(2))
    expect(await liveDataFiles(target.table)).toHaveLength(1)
    const { table } = await deleteEqual(target, [1], [{ id: 1 }])
    await expect(liveDataFiles(table)).rejects.toEqual(failure('FORMAT_UNSUPPORTED', 'the table has delete files'))
    const { data, deletes } = await liveFiles(table, () => false)
    expect([data, deletes.map(({ file }) => [file.content, file.equalityIds])]).toEqual([[], [[2, [1]]]])
  })

  test('are damaged without the columns they name', async () => {
    const target = await filled(onlyIds, numbers(2))
    const without = await deleteEqual(await copied(target), [1], [{ x: 1 }], {
      fields: [{ id: 50, name: 'x', required: true, type: 'int' }],
    })
    await expect(readRows(without.table)).rejects.toEqual(failure('DATA_INVALID', 'lacks the column id (1)'))
    const none = await deleteEqual(await copied(target), [], [{ id: 1 }], {
      fields: target.table.metadata.schemas[0]?.fields ?? [],
    })
    await expect(readRows(none.table)).rejects.toEqual(failure('MANIFEST_INVALID', 'names no columns'))
  })

  test('are refused when they compare what is in a list', async () => {
    const target = await filled(
      { columns: [required('id', 'int'), optional('l', { type: 'list', element: 'int', elementRequired: false })] },
      [{ id: 1, l: [1] }],
    )
    const fields = target.table.metadata.schemas[0]?.fields.slice(1) ?? []
    for (const id of [2, 3]) {
      const { table } = await deleteEqual(await copied(target), [id], [{ l: [1] }], { fields })
      await expect(readRows(table)).rejects.toEqual(failure('FORMAT_UNSUPPORTED', 'which is no single value of a row'))
    }
  })
})

describe('which deletes apply', () => {
  const specs: PartitionSpec[] = [
    { 'spec-id': 0, fields: [{ 'source-id': 1, 'field-id': 1000, name: 'p', transform: 'identity' }] },
    { 'spec-id': 1, fields: [] },
    { 'spec-id': 2, fields: [{ 'source-id': 1, 'field-id': 1001, name: 'v', transform: 'void' }] },
    { 'spec-id': 3, fields: [{ 'source-id': 1, 'field-id': 1002, name: 'u', transform: 'later[7]' }] },
    { 'spec-id': 4, fields: [{ 'source-id': 1, 'field-id': 1000, name: 'p', transform: 'identity' }] },
  ]

  function entry(sequenceNumber: number | bigint, change: Partial<DataFile>, specId = 1): ManifestEntry {
    const none = new Map<number, never>()
    const file = {
      content: fileContent.data,
      location: 'file:///t/data/a.parquet',
      format: 'PARQUET',
      partition: none,
      recordCount: 1,
      fileSize: 1,
      columnSizes: none,
      valueCounts: none,
      nullValueCounts: none,
      nanValueCounts: none,
      lowerBounds: none,
      upperBounds: none,
      splitOffsets: undefined,
      equalityIds: undefined,
      sortOrderId: undefined,
      ...change,
    }
    return { status: 1, snapshotId: 1, sequenceNumber, fileSequenceNumber: sequenceNumber, specId, file }
  }

  const position = (sequence: number | bigint, change: Partial<DataFile> = {}, specId = 1): ManifestEntry =>
    entry(sequence, { content: fileContent.positionDeletes, location: 'p', ...change }, specId)
  const equality = (sequence: number | bigint, change: Partial<DataFile> = {}, specId = 1): ManifestEntry =>
    entry(sequence, { content: fileContent.equalityDeletes, location: 'e', ...change }, specId)

  function applies(data: ManifestEntry, ...deletes: ManifestEntry[]): boolean[] {
    const found = applicableDeletes(data, deletes, specs)
    return deletes.map(one => [...found.position, ...found.equality].includes(one))
  }

  test('those by position to files of the same commit and older, those by value only to older ones', () => {
    expect(applies(entry(5, {}), position(4), position(5), position(6))).toEqual([false, true, true])
    expect(applies(entry(5, {}), equality(4), equality(5), equality(6))).toEqual([false, false, true])
    const far = 2n ** 60n
    expect(applies(entry(far, {}), position(far - 1n), position(far), equality(far), equality(far + 1n))).toEqual([
      false,
      true,
      false,
      true,
    ])
  })

  test('those of the same spec and partition, and by value those of an unpartitioned spec', () => {
    const of = (p: Cell): Partial<DataFile> => ({ partition: new Map([[1000, p]]) })
    const data = entry(1, of('a'), 0)
    expect(applies(data, equality(2, of('a'), 0), equality(2, of('b'), 0), equality(2, of(null), 0))).toEqual([
      true,
      false,
      false,
    ])
    expect(applies(data, position(2, of('a'), 0), position(2, of('b'), 0))).toEqual([true, false])
    expect(applies(data, equality(2, of('a'), 4), position(2, of('a'), 4))).toEqual([false, false])
    expect(applies(data, equality(2, {}, 1), position(2, {}, 1))).toEqual([true, false])
    expect(applies(data, equality(2, { partition: new Map([[1001, null]]) }, 2))).toEqual([true])
    expect(applies(data, equality(2, { partition: new Map([[1002, 'a']]) }, 3))).toEqual([false])
    expect(applies(entry(1, of(null), 0), equality(2, of(null), 0), equality(2, of('null'), 0))).toEqual([true, false])
    const later = (u: Cell): Partial<DataFile> => ({ partition: new Map([[1002, u]]) })
    expect(applies(entry(1, later(1), 3), equality(2, later(1), 3), equality(2, later(2), 3))).toEqual([true, false])
  })

  test('partitions are equal bit by bit: NaN to NaN, −0 not to 0, int to the long it was promoted to', () => {
    const of = (p: Cell): Partial<DataFile> => ({ partition: new Map([[1000, p]]) })
    expect(applies(entry(1, of(Number.NaN), 0), equality(2, of(Number.NaN), 0))).toEqual([true])
    expect(applies(entry(1, of(0), 0), equality(2, of(-0), 0), equality(2, of(0), 0))).toEqual([false, true])
    expect(applies(entry(1, of(7n), 0), equality(2, of(7n), 0))).toEqual([true])
  })

  test('those by position that can name the file: by its name, or by bounds of the names', () => {
    const bounds = (low: string, high: string): Partial<DataFile> => ({
      lowerBounds: new Map([[2147483546, new TextEncoder().encode(low)]]),
      upperBounds: new Map([[2147483546, new TextEncoder().encode(high)]]),
    })
    const data = entry(1, {})
    expect(
      applies(
        data,
        position(1, { referencedDataFile: data.file.location }),
        position(1, { referencedDataFile: 'file:///t/data/b.parquet' }),
        position(1, bounds('file:///t/data/a', 'file:///t/data/b')),
        position(1, bounds('file:///t/data/b', 'file:///t/data/c')),
        position(1, bounds('file:///a', 'file:///t/data')),
      ),
    ).toEqual([true, false, true, false, false])
  })

  test('not those that name the file and are of another partition, which is a contradiction', () => {
    const data = entry(1, { partition: new Map([[1000, 'a']]) }, 0)
    const named = position(1, { referencedDataFile: data.file.location, partition: new Map([[1000, 'b']]) }, 0)
    expect(() => applicableDeletes(data, [named], specs)).toThrow(failure('MANIFEST_INVALID', 'in another partition'))
  })

  test('deletion vectors not at all', () => {
    const data = entry(1, {})
    const vector = position(1, { format: 'PUFFIN', referencedDataFile: data.file.location })
    expect(() => applicableDeletes(data, [vector], specs)).toThrow(failure('FORMAT_UNSUPPORTED', 'deletion vector'))
    expect(applies(entry(2, {}), vector)).toEqual([false])
  })
})
