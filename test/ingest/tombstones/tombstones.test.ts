import { describe, expect, test } from 'vitest'
import type { TableMetadata } from '../../../src/iceberg/types.ts'
import { encodeKeys, keySet } from '../../../src/ingest/tombstones/key-set.ts'
import { limitOf } from '../../../src/ingest/tombstones/row-matcher.ts'
import {
  areTombstonesMissing,
  deletedRowTest,
  generationOf,
  tombstoneReader,
} from '../../../src/ingest/tombstones/tombstones.ts'
import { buriedHash } from '../../../src/stores/records/kinds/tombstone.ts'
import { batch } from '../../support/crash-table.ts'
import { newTable } from '../keys/appending.ts'
import { bury, keysOf, placeOn, say, sessionOf, tableName } from './burying.ts'

async function newReader() {
  const { disk, catalog } = await newTable()
  const place = placeOn(disk.io)
  return { disk, catalog, place, read: tombstoneReader({ place, table: tableName }) }
}

test('without a tombstone there is nothing to hold rows against', async () => {
  const { catalog, read } = await newReader()
  const table = await catalog.load()
  const tombstones = await read(table)
  expect(tombstones).toEqual({ generation: 0, graves: [] })
  expect(deletedRowTest(tombstones, table)).toBeUndefined()
})

test('a session is told in whatever column the table has it, and other sessions are not', async () => {
  const { catalog, place, read } = await newReader()
  const table = await catalog.load()
  await bury({ place, table, generation: 1, what: sessionOf(table, 'a-1') })
  const isDeleted = deletedRowTest(await read(table), table)
  expect(batch('a').map(row => isDeleted?.(row))).toEqual([false, true, false, true, false, true])
})

test('row keys are told whole: another part of the same session is another row', async () => {
  const { catalog, place, read } = await newReader()
  const table = await catalog.load()
  const rows = batch('a')
  await bury({ place, table, generation: 1, ...keysOf(table, [rows[0] as never, rows[3] as never]) })
  const isDeleted = deletedRowTest(await read(table), table)
  expect(rows.map(row => isDeleted?.(row))).toEqual([true, false, false, true, false, false])
})

test('no text that was deleted stands in a record or beside it', async () => {
  const { disk, catalog, place } = await newReader()
  const table = await catalog.load()
  await bury({ place, table, generation: 1, what: sessionOf(table, 'a-1') })
  await bury({ place, table, generation: 2, ...keysOf(table, batch('a')) })
  const files = Array.from(disk.contents('/home/records').values(), bytes => Buffer.from(bytes).toString('latin1'))
  expect(files).toHaveLength(3)
  expect(files.join('')).not.toMatch(/a-1|a#/)
})

test('they are read again when the table says that there are more, and only then', async () => {
  const { catalog, place, read } = await newReader()
  const table = await catalog.load()
  await read(table)
  await bury({ place, table, generation: 1, what: sessionOf(table, 'a-1') })
  expect((await read(table)).graves).toHaveLength(0)
  const now = await say(catalog, 1)
  expect(generationOf(now.metadata)).toBe(1)
  expect(await read(now)).toMatchObject({ generation: 1, graves: [{ what: { kind: 'session' } }] })
})

test('a table that knows of more than there are is no mistake', async () => {
  const { catalog, read } = await newReader()
  const now = await say(catalog, 7)
  expect(await read(now)).toEqual({ generation: 7, graves: [] })
})

test('records of an older copy, which lack what the table knows of, are told', async () => {
  const { catalog, place } = await newReader()
  const options = { place, table: tableName }
  const table = await catalog.load()
  expect(await areTombstonesMissing(options, table)).toBe(false)
  await bury({ place, table, generation: 2, what: sessionOf(table, 'a-1') })
  expect(await areTombstonesMissing(options, await say(catalog, 2))).toBe(false)
  expect(await areTombstonesMissing(options, await say(catalog, 3))).toBe(true)
})

test('those of another table are left alone, readable or not', async () => {
  const { disk, catalog, place } = await newReader()
  const table = await catalog.load()
  await bury({ place, table, generation: 1, what: sessionOf(table, 'a-1') })
  const damaged = `${place.directory}/tombstone/0123456789abcdef-1.json`
  const file = await disk.io.create(damaged)
  await file.write(Buffer.from('{'))
  await file.finish()
  expect((await tombstoneReader({ place, table: tableName })(table)).graves).toHaveLength(1)
  expect((await tombstoneReader({ place, table: 'orders' })(table)).graves).toHaveLength(0)
})

test.each([
  ['gone', undefined],
  ['cut off', 31],
  ['another', -1],
] as const)('row keys that are %s stop whoever wants to store, and are named', async (_what, cut) => {
  const { catalog, place, read } = await newReader()
  const table = await catalog.load()
  const { what, keys } = keysOf(table, batch('a'))
  const other = cut === -1 ? keys.map(byte => byte ^ 1) : keys.subarray(0, cut ?? 0)
  await bury({ place, table, generation: 1, what, ...(cut === undefined ? {} : { keys: other }) })
  await expect(read(table)).rejects.toMatchObject({
    code: 'RECORD_UNREADABLE',
    message: expect.stringContaining('.keys'),
  })
})

test('a table that was made anew under the name obeys them too', async () => {
  const { catalog, place, read } = await newReader()
  const table = await catalog.load()
  await bury({ place, table, generation: 1, what: sessionOf(table, 'a-1') })
  await bury({ place, table, generation: 2, ...keysOf(table, batch('b', 1)) })
  const renumbered = (metadata: TableMetadata): TableMetadata => ({ ...metadata, 'table-uuid': 'another' })
  const anew = { ...table, metadata: renumbered(table.metadata) }
  const isDeleted = deletedRowTest(await read(anew), anew)
  expect([...batch('a', 2), ...batch('b', 2)].map(row => isDeleted?.(row))).toEqual([false, true, true, false])
})

describe('hashes of keys', () => {
  test('each is found, whatever their number, and no other', () => {
    const hashes = Array.from({ length: 1000 }, (_, index) => buriedHash('table', String(index)))
    const set = keySet(encodeKeys([...hashes, ...hashes.slice(0, 10)]))
    expect(set.size).toBe(1000)
    expect(hashes.every(hash => set.has(hash))).toBe(true)
    expect(Array.from({ length: 1000 }, (_, index) => set.has(buriedHash('other', String(index))))).not.toContain(true)
    expect(keySet(encodeKeys([])).has(hashes[0] as Buffer)).toBe(false)
  })
})

describe('the cell that a time is held against', () => {
  test.each([
    ['timestamptz', '2026-05-01T00:00:00Z', 1_777_593_600_000_000n],
    ['timestamp', '2026-05-01T00:00:00.000001Z', 1_777_593_600_000_001n],
    ['date', '2026-05-01T23:59:59Z', 20_574],
    ['date', '1969-12-31T12:00:00Z', -1],
    ['string', '2026-05-01T00:00:00Z', undefined],
  ] as const)('of a %s column, for %s', (type, instant, limit) => {
    expect(limitOf(type, instant)).toBe(limit)
  })
})
