import { expect, test } from 'vitest'
import type { Cell, Field, Row } from '../../src/iceberg/types.ts'
import { dataFilesOf, deleteEqual, deletePositions } from '../support/deletes.ts'
import { append, createTable, evolve, optional, type TableShape, type TestTable } from '../support/table.ts'
import { errorOf } from './asking.ts'
import { expectSameRows } from './both-readers.ts'
import { addFiles } from './foreign-files.ts'
import { creation, session } from './real-table.ts'

const shape: TableShape = {
  columns: [optional('id', 'int'), optional('text', 'string'), optional('x', 'double')],
  properties: creation,
}

function rows(...numbers: number[]): Row[] {
  return numbers.map(id => ({ id, text: id % 3 === 0 ? null : `t${id % 3}`, x: id / 2 }))
}

async function filled(of: TableShape, ...batches: (readonly Row[])[]): Promise<TestTable> {
  let target = await createTable(of)
  for (const batch of batches) target = await append(target, batch, 2)
  return target
}

async function ids({ table }: TestTable): Promise<unknown[]> {
  const { rows: found, byMetadata } = await expectSameRows(table)
  expect(byMetadata).toBe(true)
  return found.map(row => row['id'])
}

async function location(target: TestTable, index: number): Promise<string> {
  return (await dataFilesOf(target))[index]?.file.location as string
}

test('rows deleted by position are gone, in whatever row group and file they are, and only there', async () => {
  let target = await filled(shape, rows(1, 2, 3, 4, 5), rows(6, 7, 8))
  const [first, second] = [await location(target, 0), await location(target, 1)]
  target = await deletePositions(target, [
    { file: first, pos: 0 },
    { file: first, pos: 3 },
    { file: second, pos: 1 },
    { file: 'file:///elsewhere/x.parquet', pos: 2 },
  ])
  expect(await ids(target)).toEqual([2, 3, 5, 6, 8])
  // A second delete file, and rows that were written later.
  target = await append(target, rows(9, 10))
  target = await deletePositions(target, [
    { file: second, pos: 0 },
    { file: second, pos: 1 },
    { file: await location(target, 2), pos: 1 },
  ])
  expect(await ids(target)).toEqual([2, 3, 5, 8, 9])
})

test('rows deleted by value are gone from older files only, null is equal to null', async () => {
  let target = await filled(shape, rows(1, 2, 3))
  target = await deleteEqual(target, [2], [{ text: null }, { text: 't1' }])
  target = await append(target, rows(4, 5, 6))
  expect(await ids(target)).toEqual([2, 4, 5, 6])
  target = await deleteEqual(
    target,
    [1, 2],
    [
      { id: 4, text: 't1' },
      { id: 5, text: 't1' },
      { id: 6, text: null },
    ],
  )
  expect(await ids(target)).toEqual([2, 5])
})

test('a value that is deleted again is gone from the files between, too', async () => {
  let target = await filled(shape, rows(1, 2))
  for (let round = 0; round < 2; round++) {
    target = await deleteEqual(target, [1], [{ id: 2 }])
    target = await append(target, [{ id: 2, text: `round ${round}` }])
  }
  const { rows: found } = await expectSameRows(target.table)
  expect(found.map(row => row['text'])).toEqual(['t1', 'round 1'])
})

test('positions that were deleted before a file was written are not rows of it', async () => {
  let target = await filled(shape, rows(1))
  const name = 'data/later.parquet'
  target = await deletePositions(target, [{ file: `${target.table.metadata.location}/${name}`, pos: 0 }])
  const fields = target.table.metadata.schemas[0]?.fields ?? []
  target = await addFiles(target, [{ fields, rows: rows(2, 3), name, element: element => element }])
  expect(await ids(target)).toEqual([1, 2, 3])
  target = await deletePositions(target, [{ file: `${target.table.metadata.location}/${name}`, pos: 1 }])
  expect(await ids(target)).toEqual([1, 2])
})

test('floating point is deleted by its bits: −0 is not 0, and NaN is NaN', async () => {
  // 0 and −0 in two row groups: the writer makes one value of them within one.
  const values = [0, 0.1, -0, Number.NaN, 1e300, Number.POSITIVE_INFINITY]
  let target = await filled(
    shape,
    values.map((x, id) => ({ id, x })),
  )
  target = await deleteEqual(target, [3], [{ x: -0 }, { x: Number.NaN }, { x: 0.1 }, { x: Number.POSITIVE_INFINITY }])
  expect(await ids(target)).toEqual([0, 4])
})

test('deletes hold within their partition', async () => {
  const parted: TableShape = { ...shape, partitionBy: ['truncate[1](text)'] }
  const partition = (text: string | null): { readonly partition: ReadonlyMap<number, Cell> } => ({
    partition: new Map([[1000, text]]),
  })
  let target = await filled(parted, [
    { id: 1, text: 'a' },
    { id: 2, text: 'b' },
    { id: 3, text: null },
    { id: 4, text: null },
  ])
  target = await deleteEqual(target, [1], [{ id: 1 }, { id: 2 }, { id: 3 }], partition('a'))
  target = await deleteEqual(target, [1], [{ id: 1 }, { id: 7 }], partition('b'))
  target = await deleteEqual(target, [1], [{ id: 4 }], partition(null))
  expect(await ids(target)).toEqual([2, 3])
  const files = await dataFilesOf(target)
  const file = files.find(entry => entry.file.partition.get(1000) === null)?.file.location as string
  target = await deletePositions(target, [{ file, pos: 0 }], partition('b'))
  target = await deletePositions(target, [{ file, pos: 1 }], partition(null))
  expect(await ids(target)).toEqual([2, 3])
  target = await deletePositions(target, [{ file, pos: 0 }], partition(null))
  expect(await ids(target)).toEqual([2])
})

test('values deleted in no partition are gone from all of them', async () => {
  let target = await filled({ ...shape, partitionBy: ['identity(text)'] }, [
    { id: 1, text: 'a' },
    { id: 2, text: 'b' },
    { id: 3, text: null },
  ])
  const { catalog, table } = target
  const committed = await catalog.commit(table, {
    requirements: [],
    updates: [{ action: 'add-spec', spec: { 'spec-id': 1, fields: [] } }],
  })
  target = await deleteEqual({ ...target, table: committed }, [1], [{ id: 2 }, { id: 3 }], {
    specId: 1,
    partition: new Map(),
  })
  expect(await ids(target)).toEqual([1])
})

test('a value is deleted in the type and under the name that it has now, and after its column was dropped', async () => {
  let target = await filled(shape, rows(1, 2, 3))
  target = await deleteEqual(target, [1], [{ id: 2 }])
  const [id, text] = shape.columns as [never, never]
  target = await evolve(target, [{ ...(id as object), type: 'long' } as never, text])
  target = await append(target, [{ id: 2n, text: 'later' }])
  // Column x is gone, and 0.5 was its value in the row of 1.
  const x: Field = { id: 3, name: 'x', required: false, type: 'double' }
  target = await deleteEqual(target, [3], [{ x: 0.5 }], { fields: [x] })
  target = await deleteEqual(target, [1], [{ id: 2n ** 60n }])
  expect(await ids(target)).toEqual([2n, 3n])
})

test('a member of a struct can say what is deleted, also where the file has it under another name', async () => {
  const at = (...names: string[]): TableShape['columns'][number] =>
    optional('at', { type: 'struct', fields: names.map(name => optional(name, 'int')) })
  let target = await filled({ columns: [optional('id', 'int'), at('a', 'b')], properties: creation }, [
    { id: 1, at: { a: 1, b: 1 } },
    { id: 2, at: { a: 2, b: 2 } },
    { id: 3, at: null },
    { id: 4, at: { a: null, b: 4 } },
  ])
  const b: Field = { id: 4, name: 'b', required: false, type: 'int' }
  const a: Field = { id: 3, name: 'c', required: false, type: 'int' }
  const holder = (field: Field): Field => ({
    id: 2,
    name: 'at',
    required: false,
    type: { type: 'struct', fields: [field] },
  })
  target = await deleteEqual(target, [4], [{ at: { b: 2 } }], { fields: [holder(b)] })
  expect(await ids(target)).toEqual([1, 3, 4])
  target = await deleteEqual(target, [3], [{ at: { c: null } }], { fields: [holder(a)] })
  expect(await ids(target)).toEqual([1])
})

test('deletes and partition values reach a session that may open nothing else', async () => {
  let target = await filled({ ...shape, partitionBy: ['identity(text)'] }, rows(1, 2, 3, 4))
  target = await deletePositions(target, [{ file: await location(target, 0), pos: 0 }])
  target = await deleteEqual(target, [1], [{ id: 4 }])
  const query = await session({ tables: { t: target.table } })
  for (let round = 0; round < 2; round++) {
    const { batches } = await query.run('SELECT count(*) FROM t')
    for await (const { columns } of batches) expect(columns).toEqual([[2n]])
  }
})

test('a delete file that is missing is named, and one of another format refused', async () => {
  let target = await filled(shape, rows(1, 2))
  const file = await location(target, 0)
  target = await deletePositions(target, [{ file, pos: 0 }], {
    change: described => ({ ...described, location: `${target.table.metadata.location}/gone.parquet` }),
  })
  expect(await errorOf(session({ tables: { t: target.table } }))).toMatchObject({
    code: 'FILE_MISSING',
    details: { file: `${target.directory}/gone.parquet` },
  })
  target = await deletePositions(await filled(shape, rows(1, 2)), [{ file, pos: 0 }], {
    change: described => ({ ...described, format: 'PUFFIN' }),
  })
  expect(await errorOf(session({ tables: { t: target.table } }))).toMatchObject({ code: 'FORMAT_UNSUPPORTED' })
})
