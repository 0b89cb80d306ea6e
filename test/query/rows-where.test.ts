import { describe, expect, test } from 'vitest'
import { scanColumns } from '../../src/iceberg/scan.ts'
import type { Row } from '../../src/iceberg/types.ts'
import { rowsWhere } from '../../src/query/rows-where.ts'
import { dataFilesOf, deleteEqual, deletePositions } from '../support/deletes.ts'
import { append, createTable, optional, type TableShape, type TestTable } from '../support/table.ts'
import { errorOf } from './asking.ts'
import { creation } from './real-table.ts'

const shape: TableShape = {
  columns: [optional('id', 'int'), optional('text', 'string'), optional('file_number', 'int')],
  properties: creation,
}

function rows(...ids: number[]): Row[] {
  return ids.map(id => ({ id, text: id % 3 === 0 ? null : `t${id % 3}`, file_number: id * 10 }))
}

async function filled(...batches: (readonly Row[])[]): Promise<TestTable> {
  let target = await createTable(shape)
  for (const batch of batches) target = await append(target, batch, 2)
  return target
}

/** The ids of the rows that a condition finds, looked up at their places by our own reader. */
async function idsWhere({ table }: TestTable, where: string): Promise<number[]> {
  const places = await rowsWhere(table, { name: 'orders', where })
  const found: number[] = []
  for await (const { entry, columns, rowCount, positionAt } of scanColumns(table, { columns: ['id'] }))
    for (let index = 0; index < rowCount; index++)
      if (places.get(entry.file.location)?.has(positionAt(index)) === true)
        found.push(columns.get(1)?.[index] as number)
  expect(found.length).toBe(Array.from(places.values()).reduce((sum, each) => sum + each.size, 0))
  return found.sort((a, b) => a - b)
}

test('rows are found where they stand, in whatever file and row group', async () => {
  const target = await filled(rows(1, 2, 3, 4, 5), rows(6, 7, 8))
  expect(await idsWhere(target, 'id IN (2, 5, 8)')).toEqual([2, 5, 8])
  expect(await idsWhere(target, 'id > 100')).toEqual([])
  expect(await idsWhere(target, 'true')).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
})

test('a condition that is null for a row does not find it', async () => {
  const target = await filled(rows(1, 2, 3))
  expect(await idsWhere(target, "text <> 't1'")).toEqual([2])
})

test('a condition may ask the table itself, end in a comment, and name a column as a place is named', async () => {
  const target = await filled(rows(1, 2, 3))
  expect(await idsWhere(target, 'id = (SELECT max(id) FROM orders) -- the last')).toEqual([3])
  expect(await idsWhere(target, 'file_number = 20')).toEqual([2])
  expect(await idsWhere(target, 'EXISTS (SELECT * FROM orders o WHERE o.id = orders.id + 2)')).toEqual([1])
})

test('rows that others deleted by position or by value are not found, and the others at their places', async () => {
  let target = await filled(rows(1, 2, 3, 4, 5), rows(6, 7, 8))
  const location = (await dataFilesOf(target))[0]?.file.location as string
  target = await deletePositions(target, [
    { file: location, pos: 0 },
    { file: location, pos: 2 },
  ])
  target = await deleteEqual(target, [1], [{ id: 7 }])
  expect(await idsWhere(target, 'true')).toEqual([2, 4, 5, 6, 8])
  expect(await idsWhere(target, 'id >= 5')).toEqual([5, 6, 8])
})

test('a table without rows finds none, and checks the condition all the same', async () => {
  const target = await createTable(shape)
  expect((await rowsWhere(target.table, { name: 'orders', where: 'id = 1' })).size).toBe(0)
  expect(await errorOf(rowsWhere(target.table, { name: 'orders', where: 'nobody = 1' }))).toMatchObject({
    code: 'QUERY_FAILED',
  })
})

describe('what is no condition is refused, and nothing of it is run:', () => {
  test.each([
    ['nothing', ' ', 'QUERY_REFUSED', 'it is empty'],
    ['a column of texts', 'text', 'QUERY_REFUSED', 'of type VARCHAR'],
    ['a number', '1', 'QUERY_REFUSED', 'of type INTEGER'],
    ['null', 'NULL', 'QUERY_REFUSED', 'not true or false'],
    ['another statement behind it', 'true); DELETE FROM orders; SELECT (1', 'QUERY_REFUSED', ''],
    ['a semicolon', 'true; SELECT 1', 'QUERY_FAILED', 'syntax error'],
    ['two SELECTs', 'false); SELECT 1 FROM orders WHERE (true', 'QUERY_REFUSED', 'more in it'],
    ['a union', 'false) UNION ALL SELECT 1, 1 FROM orders WHERE (true', 'QUERY_REFUSED', 'more in it'],
    ['an order', 'true) ORDER BY (1', 'QUERY_REFUSED', 'more in it'],
    ['a limit', 'true) LIMIT (1', 'QUERY_REFUSED', 'more in it'],
    ['groups', 'true) GROUP BY (1', 'QUERY_REFUSED', 'more in it'],
    ['groups with a condition', 'true) HAVING (true', 'QUERY_REFUSED', 'more in it'],
    ['a sample', 'true) USING SAMPLE (1', 'QUERY_REFUSED', 'more in it'],
    ['several expressions', 'true, true', 'QUERY_REFUSED', 'not true or false'],
    ['a file of the machine', "id IN (SELECT column0 FROM read_csv('/etc/passwd'))", 'QUERY_REFUSED', 'read_csv'],
    ['an unknown column', 'nobody = 1', 'QUERY_FAILED', 'nobody'],
    ['a parameter', 'id = ?', 'QUERY_REFUSED', 'parameters'],
    ['a bracket that nothing opens', 'true)', 'QUERY_FAILED', ''],
    ['a bracket that is closed and opened again', 'id = 1) OR (true', 'QUERY_FAILED', 'syntax error'],
    ['another kind of bracket so', 'id = 1], [true', 'QUERY_FAILED', 'syntax error'],
    ['half a comment', 'true /*', 'QUERY_FAILED', ''],
    ['the place of a row, which is no column', 'row_number = 1', 'QUERY_FAILED', 'row_number'],
    ['the row as a whole', "orders::VARCHAR LIKE '%1%'", 'QUERY_REFUSED', 'whole rows'],
    ['all columns', "concat(*COLUMNS(*)) LIKE '%1%'", 'QUERY_REFUSED', 'whole rows'],
  ])('%s', async (_what, where, code, message) => {
    const target = await filled(rows(1, 2, 3))
    const error = await errorOf(rowsWhere(target.table, { name: 'orders', where }))
    expect(error).toMatchObject({ code, message: expect.stringContaining(message) })
  })
})
