import { expect, test } from 'vitest'
import type { Catalog } from '../../../src/iceberg/catalog/catalog.ts'
import { currentSnapshot } from '../../../src/iceberg/metadata.ts'
import { liveDeletes } from '../../../src/iceberg/snapshot.ts'
import { purgeTable, type TablePurge } from '../../../src/ingest/deletion/purge-table.ts'
import { filesWith } from '../../support/canary.ts'
import { seededContext } from '../../support/crash-table.ts'
import { type DeleteOptions, dataFilesOf, deleteEqual, deletePositions, type Position } from '../../support/deletes.ts'
import type { TestTable } from '../../support/table.ts'
import { type Deleting, declaration, directory, ids, newTable, session } from './deleting.ts'

/*
 * Other programs delete rows by a file that says which, and leave them in their data files.
 */

const canary = 'canary-4d70'

/** Of a session's rows the first stand first: files are sorted by the session. */
function firstRows(file: string, count: number): Position[] {
  return Array.from({ length: count }, (_, pos) => ({ file, pos }))
}

type HideRows = (target: TestTable, options: DeleteOptions) => Promise<TestTable>

const byPosition: HideRows = async (target, options) =>
  deletePositions(target, firstRows((await dataFilesOf(target))[0]?.file.location as string, 3), options)
const oneByPosition: HideRows = async (target, options) =>
  deletePositions(target, firstRows((await dataFilesOf(target))[0]?.file.location as string, 1), options)
const byValue: HideRows = (target, options) => deleteEqual(target, [1], [{ session_id: canary }], options)

/** The canary's session before others in one file, with some of its rows hidden. */
async function hiddenBy(hide: HideRows): Promise<Deleting & { readonly target: TestTable }> {
  const place = await newTable(declaration({ partitionBy: [] }))
  await place.append([...session(canary), ...session('x', 60)])
  const { catalog } = place
  const target = await hide({ catalog, table: await catalog.load(), directory }, {})
  return { ...place, target }
}

async function purged({ catalog, remove }: Deleting): Promise<TablePurge> {
  const { graves, gone } = await remove({ kind: 'session', session: canary })
  return purgeTable({
    catalog,
    graves,
    gone,
    context: seededContext(9),
    leased: async () => new Set(),
    dryRun: false,
  })
}

async function tag(catalog: Catalog): Promise<void> {
  const table = await catalog.load()
  const id = currentSnapshot(table.metadata)?.['snapshot-id'] as number
  await catalog.commit(table, {
    requirements: [],
    updates: [{ action: 'set-snapshot-ref', 'ref-name': 'kept', type: 'tag', 'snapshot-id': id }],
  })
}

test.each([
  ['by position', byPosition],
  ['in part by position', oneByPosition],
  ['by value', byValue],
])('a purge also reaches rows that another program deleted %s', async (_how, hide) => {
  const place = await hiddenBy(hide)
  expect(await filesWith(canary, place.disk.contents('/home'))).not.toEqual([])
  expect(await purged(place)).toMatchObject({ kept: { deletes: 0 }, left: [], unfinished: 0 })
  expect(await filesWith(canary, place.disk.contents('/home'))).toEqual([])
  expect(await place.rows()).toEqual(ids(session('x', 60)))
  expect(await liveDeletes(await place.catalog.load())).toEqual([])
})

test('a file of deletes goes also where nothing is left that it applies to', async () => {
  const place = await newTable(declaration({ partitionBy: [] }))
  const { catalog } = place
  await place.append(session('x'))
  await place.remove({ kind: 'session', session: 'x' })
  await byValue({ catalog, table: await catalog.load(), directory }, { partition: new Map(), specId: 0 })
  await place.append(session('y'))
  expect(await purged(place)).toMatchObject({ kept: { deletes: 0 } })
  expect(await filesWith(canary, place.disk.contents('/home'))).toEqual([])
  expect(await place.rows()).toEqual(ids(session('y')))
})

test('what a tag hides so is told, and stays with it', async () => {
  const place = await hiddenBy(byValue)
  await tag(place.catalog)
  expect(await purged(place)).toMatchObject({ refs: [], kept: { deletes: 1 } })
  const { metadata } = await place.catalog.load()
  expect(metadata.refs).toHaveProperty('kept')
  expect(await liveDeletes(await place.catalog.load())).toEqual([])
})
