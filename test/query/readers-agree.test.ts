import { expect, test } from 'vitest'
import { expectSameRows } from './both-readers.ts'
import { generatedTable, seeds } from './generated-table.ts'

/*
 * The scanner and the engine read Parquet each in its own way, so that what
 * both say of a table is what is in it.
 */

test.each(seeds(1, 12))('both readers give the rows of a table whose members changed, by seed %i', async seed => {
  const { table } = await generatedTable(seed, { deletes: false, keepsNames: false })
  const { rows } = await expectSameRows(table)
  expect(rows.length).toBeGreaterThan(3)
})

test.each(seeds(101, 5))('and by metadata alone where members kept their names, by seed %i', async seed => {
  const { table } = await generatedTable(seed, { deletes: false, keepsNames: true })
  expect(await expectSameRows(table)).toMatchObject({ byMetadata: true })
})

test.each(seeds(201, 8))('and without the rows that were deleted, by seed %i', async seed => {
  const { table } = await generatedTable(seed, { deletes: true, keepsNames: false })
  await expectSameRows(table)
})
