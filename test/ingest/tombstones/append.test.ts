import { expect, test } from 'vitest'
import type { Catalog } from '../../../src/iceberg/catalog/catalog.ts'
import type { Row } from '../../../src/iceberg/types.ts'
import { type Appended, appendOnce } from '../../../src/ingest/keys/append-once.ts'
import { rowKey } from '../../../src/ingest/keys/row-key.ts'
import { tombstoneReader } from '../../../src/ingest/tombstones/tombstones.ts'
import { orphansOf } from '../../support/crash-check.ts'
import { batch, key, seededContext } from '../../support/crash-table.ts'
import { readRows } from '../../support/table.ts'
import { directory, interrupted, newTable, keysOf as textsOf } from '../keys/appending.ts'
import { bury, keysOf, placeOn, say, sessionOf, tableName } from './burying.ts'

async function newPlace() {
  const { disk, catalog, keys } = await newTable()
  const place = placeOn(disk.io)
  const tombstones = tombstoneReader({ place, table: tableName })
  let seed = 10
  const append = async (rows: readonly Row[], through: Catalog = catalog, by = key): Promise<Appended> =>
    appendOnce(through, await through.load(), rows, by, seededContext(++seed), { tombstones })
  return { disk, catalog, keys, place, append }
}

test('rows of a deleted session are left out and counted, and no others', async () => {
  const { catalog, keys, place, append } = await newPlace()
  const table = await catalog.load()
  await bury({ place, table, generation: 1, what: sessionOf(table, 'a-0') })
  await say(catalog, 1)
  const rows = [...batch('a'), ...batch('a', 2)]
  expect(await append(rows)).toMatchObject({ rows: 3, duplicates: 1, deleted: 4 })
  expect(await keys()).toEqual(textsOf(batch('a').filter(row => row['session_id'] === 'a-1')))
})

test('where every row was deleted nothing is written', async () => {
  const { disk, catalog, place, append } = await newPlace()
  const table = await catalog.load()
  await bury({ place, table, generation: 1, ...keysOf(table, batch('a')) })
  const { version } = await say(catalog, 1)
  expect(await append(batch('a'))).toMatchObject({ rows: 0, duplicates: 0, deleted: 6, table: { version } })
  expect(await orphansOf(disk.io, directory)).toEqual([])
})

test.each([
  ['every row', ['a-0', 'a-1']],
  ['some of the rows', ['a-1']],
])('a deletion of %s that commits first keeps out rows that are written already', async (_what, sessions) => {
  const { disk, catalog, keys, place, append } = await newPlace()
  const table = await catalog.load()
  const deletion = async (): Promise<void> => {
    for (const [index, session] of sessions.entries())
      await bury({ place, table, generation: index + 1, what: sessionOf(table, session) })
    await say(catalog, sessions.length)
  }
  const appended = await append(batch('a'), interrupted(catalog, deletion))
  const left = batch('a').filter(row => !sessions.includes(row['session_id'] as string))
  expect(appended).toMatchObject({ rows: left.length, duplicates: 0, deleted: 6 - left.length })
  expect(await keys()).toEqual(textsOf(left))
  expect(await orphansOf(disk.io, directory)).toEqual([])
})

test('a deletion and rows of somebody else that come first are told apart', async () => {
  const { catalog, keys, place, append } = await newPlace()
  const table = await catalog.load()
  const rows = batch('a')
  const others = async (): Promise<void> => {
    await append(rows.slice(0, 1))
    await bury({ place, table, generation: 1, ...keysOf(table, rows.slice(1, 3)) })
    await say(catalog, 1)
  }
  expect(await append(rows, interrupted(catalog, others))).toMatchObject({ rows: 3, duplicates: 1, deleted: 2 })
  expect(await keys()).toEqual(textsOf([...rows.slice(0, 1), ...rows.slice(3)]))
})

test('rows of a table without a row key are told by their session, also in a race', async () => {
  const { catalog, place, append } = await newPlace()
  const table = await catalog.load()
  const none = rowKey([])
  const deletion = async (): Promise<void> => {
    await bury({ place, table, generation: 1, what: sessionOf(table, 'a-1') })
    await say(catalog, 1)
  }
  const rows = [...batch('a'), ...batch('a')]
  expect(await append(rows, interrupted(catalog, deletion), none)).toMatchObject({ rows: 6, duplicates: 0, deleted: 6 })
  expect((await readRows(await catalog.load())).map(row => row['session_id'])).toEqual(Array(6).fill('a-0'))
})

test('a tombstone that cannot be read lets nothing in', async () => {
  const { catalog, keys, place, append } = await newPlace()
  const table = await catalog.load()
  await bury({ place, table, generation: 1, what: keysOf(table, batch('b')).what })
  await say(catalog, 1)
  await expect(append(batch('a'))).rejects.toMatchObject({ code: 'RECORD_UNREADABLE' })
  expect(await keys()).toEqual([])
})
