import { expect, test } from 'vitest'
import type { Row } from '../../../src/iceberg/types.ts'
import { deleteRows } from '../../../src/ingest/deletion/delete-rows.ts'
import { gravesSelection, placesSelection } from '../../../src/ingest/deletion/selection.ts'
import { rowsWhere } from '../../../src/query/rows-where.ts'
import { dataFilesOf, deleteEqual, deletePositions } from '../../support/deletes.ts'
import { append, context, createTable, optional, readRows, required, type TestTable } from '../../support/table.ts'

/*
 * Tables in which other programs deleted rows by position and by value.
 */

function rows(...ids: number[]): Row[] {
  return ids.map(id => ({ id, at: BigInt(id) * 86_400_000_000n, text: `t${id}` }))
}

async function newTable(): Promise<TestTable> {
  let target = await createTable({
    columns: [required('id', 'int'), optional('at', 'timestamptz'), optional('text', 'string')],
  })
  target = await append(target, rows(0, 1, 2, 3, 4, 5), 2)
  target = await append(target, rows(6, 7, 8), 2)
  const location = (await dataFilesOf(target))[0]?.file.location as string
  target = await deletePositions(target, [
    { file: location, pos: 0 },
    { file: location, pos: 3 },
  ])
  target = await deleteEqual(target, [1], [{ id: 7 }])
  // Of what was deleted by value before, this is another row.
  return append(target, rows(7, 9), 2)
}

async function idsIn({ catalog }: TestTable): Promise<number[]> {
  return (await readRows(await catalog.load())).map(row => Number(row['id'])).sort((a, b) => a - b)
}

test('rows before a time go, those that were deleted before are not counted, and none comes back', async () => {
  const target = await newTable()
  const { catalog } = target
  expect(await idsIn(target)).toEqual([1, 2, 4, 5, 6, 7, 8, 9])
  const what = { kind: 'before', column: 'at', instant: '1970-01-08T00:00:00Z' } as const
  const deleted = await deleteRows({
    catalog,
    select: async table => gravesSelection(table, [{ tableUuid: table.metadata['table-uuid'], what }]),
    context,
  })
  expect(deleted.rows).toBe(5)
  expect(await idsIn(target)).toEqual([7, 8, 9])
})

test('rows by a condition go where they stand, beside those that were deleted', async () => {
  const target = await newTable()
  const { catalog } = target
  const deleted = await deleteRows({
    catalog,
    select: async table => placesSelection(await rowsWhere(table, { name: 't', where: 'id IN (2, 3, 6, 7)' }), table),
    context,
  })
  expect(deleted.rows).toBe(3)
  expect(await idsIn(target)).toEqual([1, 4, 5, 8, 9])
})

test('everything that is left can go', async () => {
  const target = await newTable()
  const { catalog } = target
  const select = async (table: TestTable['table']) =>
    placesSelection(await rowsWhere(table, { name: 't', where: 'true' }), table)
  expect((await deleteRows({ catalog, select, context })).rows).toBe(8)
  expect(await idsIn(target)).toEqual([])
  expect((await deleteRows({ catalog, select, context })).rows).toBe(0)
})
