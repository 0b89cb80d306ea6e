import { chmod, cp, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { dataPath, describeWithData } from '../support/data.ts'
import { deleteEqual } from '../support/deletes.ts'
import { catalogAt, type TestTable, temporaryFolder } from '../support/table.ts'
import { rowsOf } from './asking.ts'
import { expectSameRows } from './both-readers.ts'
import { session } from './real-table.ts'

/** A copy of a foreign table, as it was at a version. */
async function copyOf(name: string, version: number): Promise<TestTable> {
  const directory = join(await temporaryFolder(), 'table')
  await cp(dataPath('foreign-tables', ...name.split('/')), directory, { recursive: true })
  // The data may be read-only, and a copy keeps that.
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (entry.isDirectory()) await chmod(join(entry.parentPath, entry.name), 0o755)
  }
  for (const file of await readdir(join(directory, 'metadata'))) {
    const [, found] = /^v(\d+)\.metadata\.json$/.exec(file) ?? []
    if (Number(found) > version) await rm(join(directory, 'metadata', file))
  }
  const catalog = catalogAt(directory)
  return { directory, catalog, table: await catalog.load() }
}

const rank = 'Popularity Rank'

async function ranks({ table }: TestTable): Promise<unknown[]> {
  const query = await session({ tables: { bunnies: table } })
  const rows = await rowsOf(query, `SELECT "${rank}" AS rank FROM bunnies ORDER BY 1`)
  return rows.map(row => row['rank'])
}

const numbers = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, n) => from + n)

describeWithData('a table that Java wrote', () => {
  test.each([1, 2, 3, 4, 5])('has, at version %i, the rows that the scanner reads', async version => {
    await expectSameRows((await copyOf('java/bunnies', version)).table, rank)
  })

  test('has all rows before any was deleted, and none at first', async () => {
    expect(await ranks(await copyOf('java/bunnies', 1))).toEqual([])
    expect(await ranks(await copyOf('java/bunnies', 2))).toEqual(numbers(1, 21))
    expect(await ranks(await copyOf('java/bunnies', 3))).toEqual(numbers(1, 21))
  })

  test('lacks the rows that were deleted by position', async () => {
    const gone = new Set([3, 4, 5, 6, 7, 12])
    expect(await ranks(await copyOf('java/bunnies', 4))).toEqual(numbers(1, 21).filter(n => !gone.has(n)))
  })

  test('has in the place of a row deleted by its name the row that was written with the delete', async () => {
    const query = await session({ tables: { bunnies: (await copyOf('java/bunnies', 5)).table } })
    const rows = await rowsOf(query, `SELECT * FROM bunnies WHERE "Breed Name" = 'New Zealand'`)
    expect(rows).toHaveLength(1)
    expect(rows[0]).toMatchObject({ [rank]: 0, __happy__: true })
  })
})

describeWithData('a table that Java wrote, going on here', () => {
  test('loses by another delete what that names, and not what was written with the delete before', async () => {
    const target = await copyOf('java/bunnies', 5)
    const less = await deleteEqual(target, [1], [{ 'Breed Name': 'Dutch' }])
    await expectSameRows(less.table, rank)
    expect(await ranks(less)).toEqual((await ranks(target)).filter(n => n !== 9))
  })
})

describeWithData('a table that Spark wrote, partitioned by bucket and date, with a column renamed', () => {
  test.each([2, 3])('has, at version %i, the rows that the scanner reads', async version => {
    const { rows } = await expectSameRows((await copyOf('spark/rename_column', version)).table)
    expect(rows).toHaveLength(4)
  })

  test('has them under the new name', async () => {
    const query = await session({ tables: { rabbits: (await copyOf('spark/rename_column', 3)).table } })
    expect(await rowsOf(query, 'FROM rabbits ORDER BY id')).toEqual([
      { id: 1, name: 'Flopsy 🐇', event_date: '2022-01-01', price: '9.99', active: true },
      { id: 2, name: 'Mopsy–Naïve', event_date: '2022-01-01', price: '-5.00', active: false },
      { id: 3, name: 'Cottontail', event_date: null, price: '0.00', active: true },
      { id: 4, name: 'Thumper', event_date: '2022-01-02', price: '99999999.99', active: false },
    ])
  })
})
