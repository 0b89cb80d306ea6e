import { expect, test } from 'vitest'
import type { Row } from '../../../src/iceberg/types.ts'
import { spooledRows } from '../../../src/ingest/spooled-rows.ts'
import { tombstoneReader } from '../../../src/ingest/tombstones/tombstones.ts'
import { batch } from '../../support/crash-table.ts'
import { watchedFileIO } from '../../support/fault-file-io.ts'
import { catalogOn, declaration, newDisk, spoolDirectory, startProcess, storedKeysOf } from '../flush/flushing.ts'
import { keysOf as textsOf } from '../keys/appending.ts'
import { bury, placeOn, say, sessionOf, tableName } from './burying.ts'

/*
 * Rows that wait in a spool while their session is deleted.
 */

async function newPlace() {
  const disk = await newDisk()
  const place = placeOn(disk.io)
  const catalog = catalogOn(disk.io, 77)
  const process = await startProcess(disk.io, 1)
  const tombstones = tombstoneReader({ place, table: tableName })
  const bySession = async (session: string): Promise<void> => {
    const table = await catalog.load()
    await bury({ place, table, generation: 1, what: sessionOf(table, session) })
    await say(catalog, 1)
  }
  return { disk, process, tombstones, bySession }
}

const left = batch('a').filter(row => row['session_id'] === 'a-0')

test('they are not shown, and left out and counted when they are flushed', async () => {
  const { disk, process, tombstones, bySession } = await newPlace()
  await process.take(batch('a'))
  await bySession('a-1')
  const shown = await spooledRows({
    io: disk.io,
    catalog: catalogOn(disk.io, 50),
    spool: spoolDirectory,
    declaration,
    tombstones,
    file: '/home/query.parquet',
  })
  expect(shown).toMatchObject({ rows: 3, notShown: [] })
  const flushed = await process.drain({ tombstones })
  expect(flushed).toMatchObject({ commits: 1, rows: 3, duplicates: 0, deleted: 3 })
  expect(await storedKeysOf(disk.io)).toEqual(textsOf(left))
  expect(process.spool.state().rows).toBe(0)
})

test('they leave the spool also where no other row waits', async () => {
  const { disk, process, tombstones, bySession } = await newPlace()
  await process.take(batch('a').filter(row => row['session_id'] === 'a-1'))
  await bySession('a-1')
  expect(await process.drain({ tombstones })).toMatchObject({ commits: 1, rows: 0, deleted: 3 })
  expect(await storedKeysOf(disk.io)).toEqual([])
  expect(process.spool.state().rows).toBe(0)
})

test('a deletion in the middle of a flush keeps out what is on its way', async () => {
  const { disk, process, tombstones, bySession } = await newPlace()
  await process.take(batch('a'))
  let isDone = false
  const io = watchedFileIO(disk.io, {
    before: async ({ kind, path }) => {
      if (isDone || kind !== 'link' || !path.endsWith('.metadata.json')) return
      isDone = true
      await bySession('a-1')
    },
  })
  const flushed = await process.drain({ tombstones, catalog: catalogOn(io, 51) })
  expect(flushed).toMatchObject({ rows: 3, deleted: 3 })
  expect(await storedKeysOf(disk.io)).toEqual(textsOf(left satisfies readonly Row[]))
})

test('where a tombstone cannot be read they stay in the spool', async () => {
  const { disk, process, tombstones, bySession } = await newPlace()
  await process.take(batch('a'))
  await bySession('a-1')
  const [path] = [...disk.contents('/home/records').keys()]
  disk.damage(String(path), 0, 1)
  await expect(process.drain({ tombstones })).rejects.toMatchObject({ code: 'RECORD_UNREADABLE' })
  expect(process.spool.state().rows).toBe(6)
  expect(await storedKeysOf(disk.io)).toEqual([])
})
