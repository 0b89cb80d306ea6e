import { describe, expect, test } from 'vitest'
import type { Catalog } from '../../../src/iceberg/catalog/catalog.ts'
import { IcebergError } from '../../../src/iceberg/errors.ts'
import { orphansOf } from '../../support/crash-check.ts'
import { append, apply, batch, declare, seededContext } from '../../support/crash-table.ts'
import { watchedFileIO } from '../../support/fault-file-io.ts'
import { failure } from '../../support/table.ts'
import { interrupted } from '../keys/appending.ts'
import {
  catalogOn,
  declaration,
  directory,
  keyless,
  keysOf,
  newDisk,
  rowsIn,
  startProcess,
  storedKeysOf,
} from './flushing.ts'

describe('when another writer commits first', () => {
  test('rows that it stored are counted and not stored again', async () => {
    const disk = await newDisk()
    const process = await startProcess(disk.io, 1)
    await process.take([...batch('a'), ...batch('b')])
    const catalog = interrupted(catalogOn(disk.io), () => append(catalogOn(disk.io), batch('a'), seededContext(8)))
    expect(await process.drain({ catalog })).toMatchObject({ commits: 1, rows: 6, duplicates: 6 })
    expect(await storedKeysOf(disk.io)).toEqual(keysOf('a', 'b'))
    expect(await orphansOf(disk.io, directory)).toEqual([])
  })

  test('and stored all of them, they are passed all the same', async () => {
    const disk = await newDisk()
    const process = await startProcess(disk.io, 1)
    await process.take(batch('a'))
    const catalog = interrupted(catalogOn(disk.io), () => append(catalogOn(disk.io), batch('a'), seededContext(8)))
    expect(await process.drain({ catalog })).toMatchObject({ commits: 1, rows: 0, duplicates: 6 })
    expect(await process.spool.rotate()).toEqual([])
    expect(await orphansOf(disk.io, directory)).toEqual([])
  })

  test.each([
    ['keyed', declaration],
    ['keyless', keyless],
  ])('and flushed the same spool, no row is stored twice: a %s table', async (_kind, applied) => {
    const disk = await newDisk(applied)
    const process = await startProcess(disk.io, 1, { applied, segmentBytes: 600 })
    for (const name of ['a', 'b', 'c']) await process.take(batch(name))
    const other =
      (limits: { rows: number; bytes: number }): (() => Promise<unknown>) =>
      () =>
        process.flush({ limits, context: { ...seededContext(9), monotonic: () => 0 } })
    const whole = interrupted(catalogOn(disk.io), other({ rows: 1e9, bytes: 1e9 }))
    expect(await process.flush({ catalog: whole })).toMatchObject({ commits: 0, rows: 0, duplicates: 0 })
    for (const name of ['d', 'e', 'f']) await process.take(batch(name))
    // It got further than our first batch, and not as far as we do.
    let times = 0
    const part = interrupted(catalogOn(disk.io), () =>
      process
        .flush({
          limits: { rows: 6, bytes: 1e9 },
          context: { ...seededContext(10), monotonic: () => 0 },
          onEvent: () => {
            if (++times === 2) throw new Error('killed')
          },
        })
        .catch(() => undefined),
    )
    expect(await process.flush({ catalog: part })).toMatchObject({ rows: 6, duplicates: 0 })
    expect(await storedKeysOf(disk.io)).toEqual(keysOf('a', 'b', 'c', 'd', 'e', 'f'))
    expect(await orphansOf(disk.io, directory)).toEqual([])
  })

  test('and flushed a stream whose turn had not come, its rows are not stored again', async () => {
    const disk = await newDisk(keyless)
    const first = await startProcess(disk.io, 1, { applied: keyless })
    await first.take(batch('a'))
    const second = await startProcess(disk.io, 2, { applied: keyless })
    for (const name of ['b', 'c']) await second.take(batch(name))
    const segments = await second.spool.rotate()
    const [, later] = [...new Set(segments.map(({ stream }) => stream))]
    const context = { ...seededContext(9), monotonic: () => 0 }
    const catalog = interrupted(catalogOn(disk.io), () =>
      second.flush({ segments: segments.filter(({ stream }) => stream === later), context }),
    )
    expect(await second.flush({ catalog, segments, limits: { rows: 6, bytes: 1e9 } })).toMatchObject({ rows: 6 })
    expect(await storedKeysOf(disk.io)).toEqual(keysOf('a', 'b', 'c'))
    expect(await orphansOf(disk.io, directory)).toEqual([])
  })

  test('and evolved the table, what follows is shaped for it as it is then', async () => {
    const disk = await newDisk()
    const process = await startProcess(disk.io, 1)
    for (const name of ['a', 'b']) await process.take(batch(name))
    const wider = declare([{ name: 'note', type: 'string' }], { count: { type: 'long' } })
    const catalog = interrupted(catalogOn(disk.io), () =>
      apply(catalogOn(disk.io), directory, wider, seededContext(11)),
    )
    expect(await process.drain({ catalog, limits: { rows: 6, bytes: 1e9 } })).toMatchObject({ commits: 2, rows: 12 })
    const rows = await rowsIn(disk.io)
    expect(rows).toHaveLength(12)
    for (const row of rows) expect([typeof row['count'], row['note']]).toEqual(['bigint', null])
  })

  test('and made it another table, all that waits is written into that', async () => {
    const disk = await newDisk()
    const process = await startProcess(disk.io, 1)
    await process.take(batch('a'))
    await process.flush()
    await process.take(batch('b'))
    const catalog = catalogOn(disk.io)
    const before = await catalog.load()
    const other = { ...before.metadata, 'table-uuid': '11111111-0000-4000-8000-000000000000', properties: {} }
    let loads = 0
    const exchanged: Catalog = {
      ...catalog,
      load: async () => {
        const table = await catalog.load()
        return loads++ === 0 ? { ...table, metadata: other } : table
      },
      commit: async (base, commit) => {
        if (base.metadata === other) throw new IcebergError('COMMIT_CONFLICT', 'another writer')
        return catalog.commit(base, commit)
      },
    }
    expect(await process.flush({ catalog: exchanged })).toMatchObject({ commits: 1, rows: 6 })
    expect(await storedKeysOf(disk.io)).toEqual(keysOf('a', 'b'))
  })

  test('each time, the flush gives up for now', async () => {
    const disk = await newDisk()
    const process = await startProcess(disk.io, 1)
    await process.take(batch('a'))
    const catalog = catalogOn(disk.io)
    let n = 0
    const busy: Catalog = {
      ...catalog,
      commit: async () => {
        await apply(catalog, directory, declare([{ name: `note_${n++}`, type: 'string' }]), seededContext(20 + n))
        throw new IcebergError('UPDATE_ILLEGAL', 'not this time')
      },
    }
    await expect(process.flush({ catalog: busy })).rejects.toEqual(failure('COMMIT_CONFLICT', 'others changed'))
    expect(await process.flush()).toMatchObject({ rows: 6 })
  })
})

describe('when it is open whether a commit landed', () => {
  test('and it did, its rows count, and are made durable before anybody relies on them', async () => {
    const disk = await newDisk()
    const process = await startProcess(disk.io, 1)
    await append(catalogOn(disk.io), batch('a').slice(0, 2), seededContext(8))
    await process.take(batch('a'))
    const catalog = catalogOn(disk.io)
    const unsure: Catalog = {
      ...catalog,
      commit: async (base, commit) => {
        await catalog.commit(base, commit)
        throw new IcebergError('COMMIT_STATE_UNKNOWN', 'it may be there')
      },
    }
    const synced: string[] = []
    const io = watchedFileIO(disk.io, {
      before: ({ kind, path }) => void (kind === 'syncDirectory' && synced.push(path)),
    })
    const load = async () => ({ ...(await catalog.load()), io })
    expect(await process.flush({ catalog: { ...unsure, load } })).toMatchObject({ commits: 1, rows: 4, duplicates: 2 })
    expect(synced.at(-1)).toBe(`${directory}/metadata`)
    expect(await process.flush()).toMatchObject({ commits: 0 })
    expect(await storedKeysOf(disk.io)).toEqual(keysOf('a'))
  })

  test('and it did not, the flush fails and the next one writes them', async () => {
    const disk = await newDisk()
    const process = await startProcess(disk.io, 1)
    await process.take(batch('a'))
    const unsure: Catalog = {
      ...catalogOn(disk.io),
      commit: () => Promise.reject(new IcebergError('COMMIT_STATE_UNKNOWN', 'it may be there')),
    }
    await expect(process.flush({ catalog: unsure })).rejects.toEqual(failure('COMMIT_STATE_UNKNOWN', 'may be there'))
    expect(await process.flush()).toMatchObject({ rows: 6, duplicates: 0 })
  })
})
