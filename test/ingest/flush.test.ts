import { describe, expect, test } from 'vitest'
import type { Catalog } from '../../src/iceberg/catalog/catalog.ts'
import { IcebergError } from '../../src/iceberg/errors.ts'
import type { FlushEvent } from '../../src/ingest/flush.ts'
import { positionProperty, positionsOf } from '../../src/ingest/spool/position.ts'
import { newStreamId } from '../../src/ingest/spool/stream.ts'
import { orphansOf } from '../support/crash-check.ts'
import { append, apply, batch, declare, key, seededContext } from '../support/crash-table.ts'
import { systemError, watchedFileIO } from '../support/fault-file-io.ts'
import type { PowerDisk } from '../support/power-file-io.ts'
import { failure } from '../support/table.ts'
import {
  catalogOn,
  declaration,
  directory,
  keyless,
  keysOf,
  newDisk,
  type Process,
  quarantineDirectory,
  rejectsOn,
  rowsIn,
  spoolDirectory,
  startProcess,
  storedKeysOf,
} from './flushing.ts'

async function versionOn({ io }: PowerDisk): Promise<number> {
  return (await catalogOn(io).load()).version
}

/** A catalog that lets somebody else act once, right before its own first commit. */
function interrupted(catalog: Catalog, by: () => Promise<unknown>): Catalog {
  let done = false
  return {
    ...catalog,
    commit: async (base, commit) => {
      if (!done) {
        done = true
        await by()
      }
      return catalog.commit(base, commit)
    },
  }
}

describe('a flush', () => {
  test('writes every acknowledged row once, and says in the table how far it got', async () => {
    const disk = await newDisk()
    const process = await startProcess(disk.io, 1)
    await process.take(batch('a'))
    await process.take(batch('b'))
    const result = await process.flush()
    expect(result).toMatchObject({ commits: 1, rows: 12, duplicates: 0, setAside: 0, held: [] })
    expect(await storedKeysOf(disk.io)).toEqual(keysOf('a', 'b'))
    const { metadata } = await catalogOn(disk.io).load()
    const [segment] = await process.spool.rotate()
    expect(positionsOf(metadata.properties)).toEqual(new Map([[segment?.stream, { segment: 1, end: segment?.end }]]))
    expect(result.positions).toEqual(positionsOf(metadata.properties))
    expect(await orphansOf(disk.io, directory)).toEqual([])
  })

  test('of what is flushed already commits nothing', async () => {
    const disk = await newDisk()
    const process = await startProcess(disk.io, 1)
    await process.take(batch('a'))
    await process.flush()
    const version = await versionOn(disk)
    expect(await process.flush()).toMatchObject({ commits: 0, rows: 0, duplicates: 0 })
    await process.drain()
    expect(await process.spool.rotate()).toEqual([])
    expect(await process.flush()).toMatchObject({ commits: 0, rows: 0 })
    expect(await versionOn(disk)).toBe(version)
  })

  test('goes on where the last one ended', async () => {
    const disk = await newDisk()
    const process = await startProcess(disk.io, 1)
    await process.take(batch('a'))
    await process.drain()
    await process.take(batch('b'))
    expect(await process.drain()).toMatchObject({ commits: 1, rows: 6 })
    expect(await storedKeysOf(disk.io)).toEqual(keysOf('a', 'b'))
  })

  test('commits no more rows at once than it is told, and takes no frame apart', async () => {
    const disk = await newDisk()
    const process = await startProcess(disk.io, 1, { segmentBytes: 600 })
    for (const name of ['a', 'b', 'c', 'd', 'e']) await process.take(batch(name))
    await process.take(batch('large', 20))
    const events: FlushEvent[] = []
    const result = await process.flush({ limits: { rows: 13, bytes: 1e9 }, onEvent: event => events.push(event) })
    expect(events.map(({ rows }) => rows)).toEqual([12, 12, 6, 20])
    expect(result).toMatchObject({ commits: 4, rows: 50 })
    expect(events.at(-1)?.positions).toEqual(result.positions)
    expect(await process.flush({ limits: { rows: 1e9, bytes: 1 } })).toMatchObject({ commits: 0 })
  })

  test('commits no more JSON at once than it is told', async () => {
    const disk = await newDisk()
    const process = await startProcess(disk.io, 1)
    for (const name of ['a', 'b', 'c']) await process.take(batch(name))
    expect(await process.flush({ limits: { rows: 1e9, bytes: 1 } })).toMatchObject({ commits: 3, rows: 18 })
  })

  test('takes the streams of several processes and declarations in one commit', async () => {
    const disk = await newDisk()
    const first = await startProcess(disk.io, 1)
    await first.take(batch('a'))
    await first.take(batch('b'), { ...declaration, release: 8 })
    await first.spool.close()
    const second = await startProcess(disk.io, 2)
    await second.take(batch('c'))
    const result = await second.flush()
    expect(result).toMatchObject({ commits: 1, rows: 18 })
    expect(result.positions.size).toBe(3)
    expect(await storedKeysOf(disk.io)).toEqual(keysOf('a', 'b', 'c'))
  })

  test('of rows that are all stored passes them in a commit without a snapshot', async () => {
    const disk = await newDisk()
    const process = await startProcess(disk.io, 1)
    await append(catalogOn(disk.io), batch('a'), seededContext(7))
    const before = await catalogOn(disk.io).load()
    await process.take(batch('a'))
    expect(await process.drain()).toMatchObject({ commits: 1, rows: 0, duplicates: 6 })
    const after = await catalogOn(disk.io).load()
    expect(after.version).toBe(before.version + 1)
    expect(after.metadata.snapshots).toEqual(before.metadata.snapshots)
    expect(await process.spool.rotate()).toEqual([])
  })

  test('passes a batch without rows', async () => {
    const disk = await newDisk()
    const process = await startProcess(disk.io, 1)
    await process.spool.append({ rows: 0, bytes: new Uint8Array(), key: 'k', digest: 'd', answer: {} }, declaration)
    expect(await process.drain()).toMatchObject({ commits: 1, rows: 0, duplicates: 0 })
    expect(await process.spool.rotate()).toEqual([])
  })

  test('into a table without a row key keeps rows that are alike', async () => {
    const disk = await newDisk(keyless)
    const process = await startProcess(disk.io, 1, { applied: keyless })
    await process.take([...batch('a'), ...batch('a')])
    await process.take(batch('a'))
    expect(await process.drain()).toMatchObject({ rows: 18, duplicates: 0 })
    await process.take(batch('a'))
    expect(await process.drain()).toMatchObject({ rows: 6, duplicates: 0 })
    expect(await storedKeysOf(disk.io)).toEqual(keysOf('a', 'a', 'a', 'a'))
  })

  test('can be aborted between batches, and goes on from there', async () => {
    const disk = await newDisk()
    const process = await startProcess(disk.io, 1)
    for (const name of ['a', 'b', 'c']) await process.take(batch(name))
    const abort = new AbortController()
    const aborted = process.flush({
      limits: { rows: 6, bytes: 1e9 },
      signal: abort.signal,
      onEvent: () => abort.abort(),
    })
    await expect(aborted).rejects.toThrow('aborted')
    expect(await storedKeysOf(disk.io)).toEqual(keysOf('a'))
    expect(await process.flush()).toMatchObject({ rows: 12, duplicates: 0 })
  })

  test('leaves nothing open', async () => {
    const disk = await newDisk()
    let open = 0
    const counted = {
      ...disk.io,
      open: async (path: string) => {
        const file = await disk.io.open(path)
        open++
        return { ...file, close: async () => void open-- }
      },
    }
    const process = await startProcess(counted, 1, { segmentBytes: 600 })
    for (const name of ['a', 'b', 'c']) await process.take(batch(name))
    await process.flush({ limits: { rows: 6, bytes: 1e9 } })
    await process.spool.close()
    expect(open).toBe(0)
  })
})

describe('the positions in a table', () => {
  const streamOf = (n: number): string => newStreamId(1_600_000_000_000 + n, count => new Uint8Array(count))

  test('are those of the 100 newest streams, and of all that have segments', async () => {
    const disk = await newDisk()
    const process = await startProcess(disk.io, 1)
    const old = Array.from({ length: 130 }, (_, n) => streamOf(n))
    const catalog = catalogOn(disk.io)
    const updates = Object.fromEntries(old.map(stream => [positionProperty(stream), '1:10']))
    await catalog.commit(await catalog.load(), {
      requirements: [],
      updates: [{ action: 'set-properties', updates: { ...updates, 'hyp.spool.other': 'stays', other: 'stays' } }],
    })
    // Its segment is held, so that it is there still although it is old.
    const [oldest = ''] = old
    const held = {
      stream: oldest,
      segment: 2,
      path: `/home/gone`,
      start: 0,
      end: 0,
      declaration: undefined,
      problem: undefined,
    }
    await process.take(batch('a'))
    const { positions } = await process.flush({ segments: [held, ...(await process.spool.rotate())] })
    const { properties } = (await catalog.load()).metadata
    expect(positionsOf(properties)).toEqual(positions)
    expect(positions.size).toBe(101)
    expect([...positions.keys()].sort().slice(0, 2)).toEqual([oldest, streamOf(31)])
    expect(properties).toMatchObject({ 'hyp.spool.other': 'stays', other: 'stays' })
  })
})

describe('rows that the table does not take', () => {
  test('wait, and those of other streams go on', async () => {
    const disk = await newDisk()
    const process = await startProcess(disk.io, 1)
    await process.take(batch('a'), { ...declaration, release: 10 })
    await process.take(batch('b'))
    const result = await process.drain()
    expect(result.held).toEqual([
      {
        stream: expect.any(String) as string,
        rows: 6,
        reason:
          'Rows of ai_gateway_messages that were taken under release 10 wait: release 9 is applied, which knows less.',
      },
    ])
    expect(await storedKeysOf(disk.io)).toEqual(keysOf('b'))
    expect((await process.spool.rotate()).map(({ stream }) => stream)).toEqual([result.held[0]?.stream])
    // The later release is applied now.
    expect(await process.drain({ declaration: { ...declaration, release: 10 } })).toMatchObject({ rows: 6, held: [] })
    expect(await storedKeysOf(disk.io)).toEqual(keysOf('a', 'b'))
  })

  test('because it is of a format version that is not written, wait', async () => {
    const disk = await newDisk()
    const process = await startProcess(disk.io, 1)
    await process.take(batch('a'))
    const catalog = catalogOn(disk.io)
    const version3: Catalog = {
      ...catalog,
      load: async () => {
        const table = await catalog.load()
        return { ...table, metadata: { ...table.metadata, 'format-version': 3 } }
      },
    }
    expect(await process.flush({ catalog: version3 })).toMatchObject({
      commits: 0,
      held: [{ rows: 6, reason: 'The table is of format version 3; hyp writes version 2.' }],
    })
  })

  test('because a stream has a problem, wait for somebody to act', async () => {
    const disk = await newDisk()
    const process = await startProcess(disk.io, 1)
    await process.take(batch('a'))
    const segments = (await process.spool.rotate()).map(segment => ({ ...segment, problem: { message: 'Too new.' } }))
    expect(await process.flush({ segments })).toMatchObject({ commits: 0, held: [{ rows: 6, reason: 'Too new.' }] })
  })
})

test('rows of an earlier declaration are padded, renamed and promoted', async () => {
  const before = declare([{ name: 'old', type: 'string' }])
  const now: typeof before = {
    ...declare(
      [
        { name: 'new', type: 'string', renamedFrom: 'old' },
        { name: 'note', type: 'string' },
      ],
      { count: { type: 'long' } },
    ),
  }
  const disk = await newDisk(before)
  const process = await startProcess(disk.io, 1, { applied: before })
  await process.take(batch('a', 1).map(row => ({ ...row, old: 'value' })))
  await apply(catalogOn(disk.io), directory, now, seededContext(3))
  expect(await process.drain({ declaration: now })).toMatchObject({ rows: 1 })
  expect(await rowsIn(disk.io)).toEqual([{ ...batch('a', 1)[0], count: 0n, new: 'value', note: null }])
})

describe('damaged bytes', () => {
  async function damagedProcess(): Promise<{ disk: PowerDisk; process: Process }> {
    const disk = await newDisk()
    const first = await startProcess(disk.io, 1)
    for (const name of ['a', 'b', 'c']) await first.take(batch(name))
    await first.spool.close()
    const [[path, bytes] = ['', new Uint8Array()]] = disk.contents(spoolDirectory)
    const changed = Buffer.from(bytes)
    // A letter in the second batch.
    changed[changed.indexOf('"b-0"') + 1] = 0x21
    await disk.io.remove(path)
    const file = await disk.io.create(path)
    await file.write(changed)
    await file.finish()
    return { disk, process: await startProcess(disk.io, 2) }
  }

  test('are kept aside, and what is around them is written', async () => {
    const { disk, process } = await damagedProcess()
    const result = await process.drain()
    expect(result).toMatchObject({ commits: 1, rows: 12, damaged: { ranges: 1, bytes: expect.any(Number) as number } })
    expect(await storedKeysOf(disk.io)).toEqual(keysOf('a', 'c'))
    const [kept] = [...disk.contents(quarantineDirectory).values()]
    expect(kept?.byteLength).toBe(result.damaged.bytes)
    expect(Buffer.from(kept ?? []).toString()).toContain('!-0')
    expect(await process.spool.rotate()).toEqual([])
    expect(await process.drain()).toMatchObject({ commits: 0, damaged: { ranges: 0, bytes: 0 } })
  })

  test('are not passed before they are kept', async () => {
    const { disk, process } = await damagedProcess()
    const io = watchedFileIO(disk.io, {
      before: operation => {
        if (operation.path.startsWith(quarantineDirectory)) throw systemError('ENOSPC', operation)
      },
    })
    await expect(process.flush({ io })).rejects.toMatchObject({ code: 'ENOSPC' })
    expect(await storedKeysOf(disk.io)).toEqual([])
    expect(await process.flush()).toMatchObject({ rows: 12, damaged: { ranges: 1 } })
  })
})

describe('a segment', () => {
  async function twoStreams(): Promise<{ disk: PowerDisk; process: Process; path: string }> {
    const disk = await newDisk()
    const process = await startProcess(disk.io, 1)
    await process.take(batch('a'), { ...declaration, release: 8 })
    await process.take(batch('b'))
    const [first] = await process.spool.rotate()
    return { disk, process, path: first?.path ?? '' }
  }

  test('that the disk does not give holds up its stream alone', async () => {
    const { disk, process, path } = await twoStreams()
    const io = watchedFileIO(disk.io, {
      before: operation => {
        if (operation.kind === 'open' && operation.path === path) throw systemError('EIO', operation)
      },
    })
    expect(await process.flush({ io })).toMatchObject({
      rows: 6,
      held: [{ rows: 0, reason: 'A segment of it cannot be read: DISK_FAILED.' }],
    })
    expect(await storedKeysOf(disk.io)).toEqual(keysOf('b'))
    expect(await process.flush()).toMatchObject({ rows: 6, held: [] })
  })

  test('that is gone although it was never flushed is told of', async () => {
    const { disk, process, path } = await twoStreams()
    const segments = await process.spool.rotate()
    await disk.io.remove(path)
    expect(await process.flush({ segments })).toMatchObject({ rows: 6, held: [{ reason: 'A segment of it is gone.' }] })
  })

  test('that another process flushed and released meanwhile is passed', async () => {
    const { disk, process } = await twoStreams()
    const segments = await process.spool.rotate()
    const catalog = catalogOn(disk.io)
    let loads = 0
    const late: Catalog = {
      ...catalog,
      load: async () => {
        const table = await catalog.load()
        if (loads++ === 0) await process.drain()
        return table
      },
    }
    expect(await process.flush({ segments, catalog: late })).toMatchObject({ commits: 0, rows: 0, held: [] })
    expect(await storedKeysOf(disk.io)).toEqual(keysOf('a', 'b'))
  })
})

describe('a row that cannot be written', () => {
  test('is set aside with the reason, once, and the others go on', async () => {
    const disk = await newDisk()
    const process = await startProcess(disk.io, 1)
    const [one, two, three] = batch('a', 3).map(row => JSON.stringify(row)) as [string, string, string]
    const wrong = '{"session_id":"s","part_id":"p","count":"a secret","text":"t"}'
    await process.takeText([one, wrong, '{"torn', two])
    await process.takeText([three])
    const failing = process.flush({
      catalog: {
        ...catalogOn(disk.io),
        commit: () => Promise.reject(new IcebergError('FORMAT_UNSUPPORTED', 'not now')),
      },
    })
    await expect(failing).rejects.toEqual(failure('FORMAT_UNSUPPORTED', 'not now'))
    expect(await process.drain()).toMatchObject({ commits: 1, rows: 3, setAside: 2, held: [] })
    expect(await storedKeysOf(disk.io)).toEqual(
      batch('a', 3)
        .map(row => key.of(row))
        .sort(),
    )
    expect(rejectsOn(disk)).toEqual([
      expect.objectContaining({ index: 1, column: 'count', reason: 'has a value of another type', content: wrong }),
      expect.objectContaining({ index: 2, column: '', reason: 'is not JSON', content: '{"torn' }),
    ])
    expect(await process.spool.rotate()).toEqual([])
  })

  test('is not passed before it is kept', async () => {
    const disk = await newDisk()
    const process = await startProcess(disk.io, 1)
    await process.takeText(['{}'])
    const io = watchedFileIO(disk.io, {
      before: operation => {
        if (operation.path.includes('rejects')) throw systemError('EIO', operation)
      },
    })
    await expect(process.flush({ io })).rejects.toMatchObject({ code: 'EIO' })
    expect((await process.flush()).setAside).toBe(1)
  })

  test('is not looked for where an error is not of the rows', async () => {
    const disk = await newDisk()
    const process = await startProcess(disk.io, 1)
    await process.take(batch('a'))
    const io = watchedFileIO(disk.io, {
      before: ({ kind, path }) => {
        if (kind === 'create' && path.endsWith('.parquet')) throw new TypeError('a mistake')
      },
    })
    await expect(process.flush({ catalog: catalogOn(io) })).rejects.toThrow('a mistake')
    expect(rejectsOn(disk)).toEqual([])
    expect(await process.flush()).toMatchObject({ rows: 6, setAside: 0 })
  })
})

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

test('a position that the table has is made durable before segments may go', async () => {
  const disk = await newDisk()
  const process = await startProcess(disk.io, 1)
  await process.take(batch('a'))
  await process.flush()
  const io = watchedFileIO(disk.io, {
    before: operation => {
      if (operation.kind === 'syncDirectory') throw systemError('EIO', operation)
    },
  })
  await expect(process.flush({ catalog: catalogOn(io) })).rejects.toMatchObject({ code: 'EIO' })
})
