import { describe, expect, test } from 'vitest'
import type { FlushEvent } from '../../../src/ingest/flush/flush.ts'
import { positionProperty, positionsOf } from '../../../src/ingest/spool/position.ts'
import { newStreamId } from '../../../src/ingest/spool/stream.ts'
import { orphansOf } from '../../support/crash-check.ts'
import { append, batch, declare, seededContext } from '../../support/crash-table.ts'
import { systemError, watchedFileIO } from '../../support/fault-file-io.ts'
import type { PowerDisk } from '../../support/power-file-io.ts'
import { catalogOn, declaration, directory, keyless, keysOf, newDisk, startProcess, storedKeysOf } from './flushing.ts'

async function versionOn({ io }: PowerDisk): Promise<number> {
  return (await catalogOn(io).load()).version
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

  test('commits no more values inside of lists at once than it is told, but for those of one frame', async () => {
    const applied = declare([{ name: 'items', type: { type: 'list', element: 'int' } }])
    const disk = await newDisk(applied)
    const process = await startProcess(disk.io, 1, { applied })
    const line = (id: string): string => JSON.stringify({ session_id: id, part_id: id, text: id, items: [1, 2, 3] })
    for (const id of ['a', 'b', 'c']) await process.takeText([line(id)])
    const limits = { rows: 1e9, bytes: 1e9 }
    expect(await process.flush({ limits: { ...limits, inside: 4 } })).toMatchObject({ commits: 2, rows: 3 })
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

  test('stay where a stream cannot be read now, however old it is', async () => {
    const disk = await newDisk(keyless)
    const first = await startProcess(disk.io, 1, { applied: keyless })
    await first.take(batch('a'))
    await first.flush()
    const [path = ''] = (await first.spool.rotate()).map(segment => segment.path)
    const catalog = catalogOn(disk.io)
    const newer = Array.from({ length: 130 }, (_, n) => newStreamId(4e12 + n, count => new Uint8Array(count)))
    await catalog.commit(await catalog.load(), {
      requirements: [],
      updates: [
        {
          action: 'set-properties',
          updates: Object.fromEntries(newer.map(stream => [positionProperty(stream), '1:10'])),
        },
      ],
    })
    const io = watchedFileIO(disk.io, {
      before: operation => {
        if (operation.kind === 'open' && operation.path === path) throw systemError('EIO', operation)
      },
    })
    const second = await startProcess(io, 2, { applied: keyless })
    await second.take(batch('b'))
    expect(await second.flush()).toMatchObject({ rows: 6 })
    const third = await startProcess(disk.io, 3, { applied: keyless })
    expect(await third.flush()).toMatchObject({ rows: 0 })
    expect(await storedKeysOf(disk.io)).toEqual(keysOf('a', 'b'))
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
