import { expect, test } from 'vitest'
import type { Catalog } from '../../src/iceberg/catalog/catalog.ts'
import { tableLocation } from '../../src/iceberg/catalog/file-catalog.ts'
import { localFileIO } from '../../src/iceberg/file-io/local.ts'
import { currentSchema } from '../../src/iceberg/ids.ts'
import { walkFields } from '../../src/iceberg/schema-index.ts'
import { readEvolutions } from '../../src/schema/applied.ts'
import type { ColumnDeclaration, Declaration } from '../../src/schema/declaration.ts'
import { planTable } from '../../src/schema/plan.ts'
import { applyTable } from '../../src/stores/table/store.ts'
import { openTable, systemClock } from '../support/crash-table.ts'
import { temporaryFolder } from '../support/table.ts'

/*
 * Two writers with different declarations: one commits in the very moment
 * between the other's plan and its commit. test/crash/race.test.ts lets real
 * processes do the same without a script.
 */

function declared(place: readonly ColumnDeclaration[], more: readonly ColumnDeclaration[] = []): Declaration {
  return {
    table: 'events',
    release: 1,
    columns: [
      { name: 'id', type: 'long', required: true },
      { name: 'place', type: { type: 'struct', fields: [{ name: 'city', type: 'string' }, ...place] } },
      ...more,
    ],
    identifier: ['id'],
    partitionBy: [],
    sortBy: [],
  }
}

/** The catalog of a writer whom another commit always forestalls, once. */
function forestalled(catalog: Catalog, other: () => Promise<unknown>): { catalog: Catalog; commits: () => number } {
  let commits = 0
  return {
    commits: () => commits,
    catalog: {
      ...catalog,
      commit: async (base, change) => {
        if (++commits === 1) await other()
        return catalog.commit(base, change)
      },
    },
  }
}

async function race(
  first: Declaration,
  second: Declaration,
): Promise<{ apply: () => ReturnType<typeof applyTable>; load: Catalog['load']; commits: () => number }> {
  const directory = await temporaryFolder()
  const catalog = openTable(localFileIO, directory, systemClock)
  const applyBy = (by: Catalog, declaration: Declaration): ReturnType<typeof applyTable> =>
    applyTable({ catalog: by, declaration, location: tableLocation(directory), context: systemClock })
  await applyBy(catalog, declared([]))
  const late = forestalled(catalog, () => applyBy(catalog, first))
  return { apply: () => applyBy(late.catalog, second), load: () => catalog.load(), commits: late.commits }
}

const refused = (what: string): object => ({ code: 'SCHEMA_BREAKING', message: expect.stringContaining(what) })

const at = { name: 'at', type: 'timestamptz' }

test('the loser plans again, and the table has what both declared, in the columns and inside a struct', async () => {
  const first = declared([{ name: 'lat', type: 'double' }], [at])
  const second = declared([{ name: 'zip', type: 'string' }], [{ name: 'by', type: 'string' }])
  const { apply, load, commits } = await race(first, second)
  const receipt = await apply()
  expect(commits()).toBe(2)
  expect(receipt.action).toBe('evolve')
  const { metadata, version } = await load()
  const paths = walkFields(currentSchema(metadata)).map(({ path, id }) => [path, id])
  expect(paths).toEqual([
    ['id', 1],
    ['place', 2],
    ['place.city', 3],
    ['place.lat', 5],
    ['place.zip', 7],
    ['at', 4],
    ['by', 6],
  ])
  expect(version).toBe(3)
  expect(readEvolutions(metadata.properties).map(({ n }) => n)).toEqual([1, 2, 3])
  for (const declaration of [first, second]) expect(planTable(declaration, { metadata, version }).action).toBe('none')
})

test('the same column, declared by both, is there once, and the loser commits nothing', async () => {
  const { apply, load, commits } = await race(declared([], [at]), declared([], [at]))
  expect((await apply()).action).toBe('none')
  expect(commits()).toBe(1)
  const { metadata, version } = await load()
  expect(version).toBe(2)
  expect(currentSchema(metadata).fields.map(({ name, id }) => [name, id])).toEqual([
    ['id', 1],
    ['place', 2],
    ['at', 4],
  ])
})

test('a column that the winner declared with another type is refused, and the winner’s stays', async () => {
  const { apply, load } = await race(declared([], [at]), declared([], [{ name: 'at', type: 'string' }]))
  await expect(apply()).rejects.toMatchObject(refused('at (BR202)'))
  const { metadata, version } = await load()
  expect(version).toBe(2)
  expect(currentSchema(metadata).fields.at(-1)).toMatchObject({ name: 'at', type: 'timestamptz' })
})

test('a column that the winner made wider is not narrowed by the loser', async () => {
  const base = (type: string): Declaration => declared([], [{ name: 'n', type }])
  const directory = await temporaryFolder()
  const catalog = openTable(localFileIO, directory, systemClock)
  const applyBy = (by: Catalog, declaration: Declaration): ReturnType<typeof applyTable> =>
    applyTable({ catalog: by, declaration, location: tableLocation(directory), context: systemClock })
  await applyBy(catalog, base('int'))
  const late = forestalled(catalog, () => applyBy(catalog, base('long')))
  const second = { ...base('int'), columns: [...base('int').columns, at] }
  await expect(applyBy(late.catalog, second)).rejects.toMatchObject(refused('n (BR202)'))
  expect(currentSchema((await catalog.load()).metadata).fields.at(-1)).toMatchObject({ name: 'n', type: 'long' })
})
