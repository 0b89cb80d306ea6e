import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { fileCatalog } from '../../src/iceberg/catalog/file-catalog.ts'
import { localFileIO } from '../../src/iceberg/file-io/local.ts'
import { relocateTable } from '../../src/iceberg/relocate.ts'
import type { Row } from '../../src/iceberg/types.ts'
import { queriedRows } from '../query/both-readers.ts'
import { dataFilesOf, deletePositions } from '../support/deletes.ts'
import { describeWithEngines, expectSameEverywhere, pyicebergRead } from '../support/foreign.ts'
import {
  append,
  context,
  createTable,
  evolve,
  optional,
  readRows,
  required,
  type TestTable,
  temporaryFolder,
} from '../support/table.ts'

const rowsFrom = (start: number, count: number): Row[] =>
  Array.from({ length: count }, (_, index) => ({ id: BigInt(start + index), name: `row ${start + index}` }))

/** A table in `folder` that was written before and after a change of its columns. */
async function writtenIn(folder: string): Promise<TestTable> {
  const columns = [required('id', 'long'), optional('name', 'string')]
  let target = await createTable({ columns, partitionBy: ['bucket[2](id)'], sortBy: ['id'] }, join(folder, 'made here'))
  target = await append(target, rowsFrom(0, 10))
  target = await evolve(target, [required('id', 'long'), optional('note', 'string'), optional('name', 'string')])
  return append(target, rowsFrom(10, 10))
}

/** Moves a table, so that where it was there is nothing any more. */
async function moved(target: TestTable, folder: string): Promise<TestTable> {
  const directory = join(folder, 'it lies here')
  await rename(target.directory, directory)
  const catalog = fileCatalog({ io: localFileIO, directory, now: Date.now, uniqueName: context.uniqueName })
  const table = await catalog.load()
  await expect(pyicebergRead(table.path(table.metadataLocation))).rejects.toThrow(/file/i)
  await relocateTable(catalog, directory, context)
  return { directory, catalog, table: await catalog.load() }
}

describeWithEngines('a table that was moved and relocated', () => {
  test('is read by every engine where it lies now, and so are rows that come to it', async () => {
    const folder = await temporaryFolder('plain-')
    const target = await moved(await writtenIn(folder), folder)
    await expectSameEverywhere(target.directory)
    const more = await append(target, rowsFrom(20, 5))
    await expectSameEverywhere(target.directory)
    const rows = await readRows(more.table)
    expect(rows).toHaveLength(25)
    expect(await queriedRows(more.table)).toHaveLength(25)
  })

  test('keeps the rows deleted that another program deleted by their places', async () => {
    const folder = await temporaryFolder('plain-')
    let target = await writtenIn(folder)
    for (const { file, specId } of (await dataFilesOf(target)).slice(0, 3))
      target = await deletePositions(target, [{ file: file.location, pos: 0 }], { partition: file.partition, specId })
    const { table } = await moved(target, folder)
    const rows = await readRows(table)
    expect(rows).toHaveLength(17)
    const seen = await pyicebergRead(table.path(table.metadataLocation))
    const names = (each: readonly Readonly<Record<string, unknown>>[]): unknown => new Set(each.map(row => row['name']))
    expect(seen.rows).toHaveLength(17)
    expect(names(seen.rows)).toEqual(names(rows))
    expect(await queriedRows(table)).toHaveLength(17)
  })
})
