import { describe, expect, test } from 'vitest'
import type { Table } from '../../../src/iceberg/catalog/catalog.ts'
import { expireSnapshots } from '../../../src/iceberg/expiry/expire.ts'
import { liveDataFiles } from '../../../src/iceberg/snapshot.ts'
import type { Row } from '../../../src/iceberg/types.ts'
import { appendOnce } from '../../../src/ingest/keys/append-once.ts'
import { orphansOf } from '../../support/crash-check.ts'
import { append, apply, batch, declare, key, openTable, seededContext } from '../../support/crash-table.ts'
import { watchedFileIO } from '../../support/fault-file-io.ts'
import { failure, readRows } from '../../support/table.ts'
import { directory, interrupted, keysOf, newTable } from './appending.ts'

test('rows that come again are counted and not stored again, and nothing is written for them', async () => {
  const { disk, append: add, keys } = await newTable()
  const first = await add(batch('a'))
  expect({ rows: first.rows, duplicates: first.duplicates }).toEqual({ rows: 6, duplicates: 0 })
  const before = disk.contents(directory)
  const again = await add(batch('a'))
  expect({ rows: again.rows, duplicates: again.duplicates, version: again.table.version }).toEqual({
    rows: 0,
    duplicates: 6,
    version: first.table.version,
  })
  expect(disk.contents(directory)).toEqual(before)
  expect(await keys()).toEqual(keysOf(batch('a')))
})

test('of rows with the same key in one batch the first is stored', async () => {
  const { catalog, append: add } = await newTable()
  const [one] = batch('a', 1) as [Row]
  const appended = await add([one, { ...one, text: 'second' }, { ...one, text: 'third' }])
  expect({ rows: appended.rows, duplicates: appended.duplicates }).toEqual({ rows: 1, duplicates: 2 })
  expect(await readRows(await catalog.load())).toEqual([one])
})

test('no rows at all are no commit', async () => {
  const { append: add, catalog } = await newTable()
  const appended = await add([])
  expect({ rows: appended.rows, duplicates: appended.duplicates }).toEqual({ rows: 0, duplicates: 0 })
  expect((await catalog.load()).version).toBe(1)
})

test('a key is found although its parts could be cut elsewhere', async () => {
  const { append: add, keys } = await newTable()
  const row = (session_id: string, part_id: string): Row => ({ session_id, part_id, count: 1, text: '' })
  const rows = [row('ab', 'c'), row('a', 'bc'), row('1:a', 'b'), row('1', ':ab'), row('', 'abc'), row('abc', '')]
  expect((await add(rows)).rows).toBe(6)
  expect((await add(rows)).duplicates).toBe(6)
  expect(await keys()).toEqual(keysOf(rows))
})

test('the same part in two sessions is two rows, as a forked history has it', async () => {
  const { append: add } = await newTable()
  const [one] = batch('a', 1) as [Row]
  expect((await add([one])).rows).toBe(1)
  expect((await add([{ ...one, session_id: 'fork' }])).rows).toBe(1)
})

test('more rows than one row group holds are found again', async () => {
  const { append: add } = await newTable()
  const rows = batch('many', 6000)
  expect((await add(rows)).rows).toBe(6000)
  const again = await add([...rows.slice(2400, 2600), ...rows.slice(5990), ...batch('few', 2)])
  expect({ rows: again.rows, duplicates: again.duplicates }).toEqual({ rows: 2, duplicates: 210 })
})

describe('when another writer commits first', () => {
  test('rows that it did not store are added as they were written', async () => {
    const { disk, catalog, append: add, keys } = await newTable()
    const appended = await add(
      batch('a'),
      interrupted(catalog, () => add(batch('b'))),
    )
    expect({ rows: appended.rows, duplicates: appended.duplicates }).toEqual({ rows: 6, duplicates: 0 })
    expect(await keys()).toEqual(keysOf([...batch('a'), ...batch('b')]))
    expect(await orphansOf(disk.io, directory)).toEqual([])
  })

  test('rows that it stored are left out, and files without one of them are not written again', async () => {
    const { disk, append: add, keys } = await newTable()
    // Two sessions in two partitions; the other writer stores rows of one of them.
    const ofFirst = batch('a').filter(row => row['session_id'] === 'a-0')
    const written: string[] = []
    const watched = openTable(
      watchedFileIO(disk.io, { before: ({ kind, path }) => void (kind === 'create' && written.push(path)) }),
      directory,
      seededContext(2),
    )
    const appended = await append(
      interrupted(watched, () => add(ofFirst.slice(1))),
      batch('a'),
      seededContext(3),
    )
    expect({ rows: appended.rows, duplicates: appended.duplicates }).toEqual({ rows: 4, duplicates: 2 })
    expect(written.filter(path => path.endsWith('.parquet'))).toHaveLength(3)
    expect(await keys()).toEqual(keysOf(batch('a')))
    expect(await orphansOf(disk.io, directory)).toEqual([])
  })

  test('and stored all of them, nothing is committed and nothing is left behind', async () => {
    const { disk, catalog, append: add, keys } = await newTable()
    const appended = await add(
      batch('a'),
      interrupted(catalog, () => add(batch('a'))),
    )
    expect({ rows: appended.rows, duplicates: appended.duplicates }).toEqual({ rows: 0, duplicates: 6 })
    expect(appended.table.version).toBe(2)
    expect(await keys()).toEqual(keysOf(batch('a')))
    expect(await orphansOf(disk.io, directory)).toEqual([])
  })

  test('and expired the snapshot that was searched, all that is there is searched', async () => {
    const { catalog, append: add, keys } = await newTable()
    await add(batch('old'))
    const rule = { nowMs: 1_700_000_100_000, minSnapshots: 1, maxAgeMs: 0, pinned: new Set<bigint>() }
    const appended = await add(
      batch('a'),
      interrupted(catalog, async () => {
        const { table } = await add(batch('a').slice(0, 2))
        return expireSnapshots(catalog, table, rule, seededContext(9))
      }),
    )
    expect({ rows: appended.rows, duplicates: appended.duplicates }).toEqual({ rows: 4, duplicates: 2 })
    expect(await keys()).toEqual(keysOf([...batch('old'), ...batch('a')]))
  })

  test('and evolved the table, rows of the old shape are added to the new one', async () => {
    const { disk, catalog, append: add } = await newTable()
    const wider = declare([{ name: 'note', type: 'string' }], { count: { type: 'long' }, text: { required: false } })
    const appended = await add(
      batch('a', 1),
      interrupted(catalog, () => apply(catalog, directory, wider, seededContext(4))),
    )
    expect(appended.rows).toBe(1)
    expect(await readRows(await catalog.load())).toEqual([{ ...batch('a', 1)[0], count: 0n, note: null }])
    expect((await add([{ ...batch('a', 1)[0], count: 0n }])).duplicates).toBe(1)
    expect(await orphansOf(disk.io, directory)).toEqual([])
  })

  test('every time, it is given up in the end, and nothing is left behind', async () => {
    const { disk, catalog, append: add, keys } = await newTable()
    const table = await catalog.load()
    const impatient = (base: Table): Table => ({
      ...base,
      metadata: { ...base.metadata, properties: { ...base.metadata.properties, 'commit.retry.num-retries': '0' } },
    })
    const busy = interrupted(catalog, () => add(batch('b')))
    const rejected = appendOnce(busy, impatient(table), batch('a'), key, seededContext(5))
    await expect(rejected).rejects.toEqual(failure('COMMIT_CONFLICT', 'another writer'))
    expect(await keys()).toEqual(keysOf(batch('b')))
    expect(await orphansOf(disk.io, directory)).toEqual([])
  })
})

test('a row without a required value is refused with its column, and costs nothing else', async () => {
  const { disk, catalog, append: add, keys } = await newTable()
  await expect(add([...batch('a'), { session_id: 's', part_id: 'p', count: 1 }])).rejects.toEqual(
    failure('ROW_INVALID', 'text'),
  )
  expect(await keys()).toEqual([])
  expect(await liveDataFiles(await catalog.load())).toEqual([])
  expect(await orphansOf(disk.io, directory)).toEqual([])
})
