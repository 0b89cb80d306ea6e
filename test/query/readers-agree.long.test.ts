import { expect, test } from 'vitest'
import { expectSameRows } from './both-readers.ts'
import { generatedTable, seeds } from './generated-table.ts'

/* What `readers-agree.test.ts` asks of a few tables, of many. */

test.each(seeds(1000, 100))('both readers give the rows of a table whose members changed, by seed %i', async seed => {
  const { table } = await generatedTable(seed, { deletes: false, keepsNames: false })
  const { rows } = await expectSameRows(table)
  expect(rows.length).toBeGreaterThan(3)
})

test.each(seeds(2000, 40))('and by metadata alone where members kept their names, by seed %i', async seed => {
  const { table } = await generatedTable(seed, { deletes: false, keepsNames: true })
  expect(await expectSameRows(table)).toMatchObject({ byMetadata: true })
})

test.each(seeds(3000, 100))('and without the rows that were deleted, by seed %i', async seed => {
  const { table } = await generatedTable(seed, { deletes: true, keepsNames: false })
  await expectSameRows(table)
})
