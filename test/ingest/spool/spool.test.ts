import { describe, expect, test } from 'vitest'
import type { FileIO } from '../../../src/iceberg/file-io/file-io.ts'
import { encodeHead } from '../../../src/ingest/spool/frame.ts'
import { isStreamId, newStreamId, segmentFile } from '../../../src/ingest/spool/stream.ts'
import { changingKinds, systemError, watchedFileIO } from '../../support/fault-file-io.ts'
import {
  batchOf,
  declaration,
  directory,
  laterDeclaration,
  newDisk,
  open,
  positionsAfter,
  readAll,
  readClosed,
  segmentFiles,
  start,
  watchedDisk,
} from './spooling.ts'

describe('appending', () => {
  test('makes the bytes and the name of the first batch durable, and the bytes alone of the next', async () => {
    const { io, operations } = await watchedDisk()
    const { spool } = await open(io)
    await spool.append(batchOf('a'), declaration)
    const kinds = operations.map(({ kind }) => kind)
    expect(kinds.slice(kinds.indexOf('makeDirectory'))).toEqual([
      'makeDirectory',
      // The name of the spool's directory, and of that which it is in.
      'syncDirectory',
      'syncDirectory',
      'create',
      'write',
      'write',
      'sync',
      'syncDirectory',
    ])
    operations.length = 0
    await spool.append(batchOf('b'), declaration)
    expect(operations.map(({ kind }) => kind)).toEqual(['write', 'sync'])
  })

  test('of batches that come together takes one fsync, and of those that come meanwhile another one', async () => {
    const { disk, io, operations } = await watchedDisk()
    const { spool } = await open(io)
    const syncs = (): number => operations.filter(({ kind }) => kind === 'sync').length
    const names = Array.from({ length: 50 }, (_, index) => `a${index}`)
    await Promise.all(names.map(name => spool.append(batchOf(name), declaration)))
    expect(syncs()).toBe(1)
    const first = spool.append(batchOf('b'), declaration)
    while (syncs() < 2) await Promise.resolve()
    const others = names.map(name => spool.append(batchOf(`${name} again`), declaration))
    await first
    await Promise.all(others)
    expect(syncs()).toBe(3)
    expect((await readAll(disk.io)).batches).toEqual([...names, 'b', ...names.map(name => `${name} again`)])
  })

  test('of a large batch lets other work have its turn, and hands all of it to the disk at once, to be written by another thread', async () => {
    const disk = await newDisk()
    const lengths: number[] = []
    const backgrounds: (boolean | undefined)[] = []
    const io: FileIO = {
      ...disk.io,
      create: async (path, options) => {
        backgrounds.push(options?.background)
        const file = await disk.io.create(path)
        return {
          ...file,
          write: async bytes => {
            lengths.push(Buffer.concat([bytes].flat()).byteLength)
            await file.write(bytes)
          },
        }
      },
    }
    const { spool } = await open(io)
    let turns = 0
    let working = true
    const count = (): void => {
      turns++
      if (working) setImmediate(count)
    }
    setImmediate(count)
    const bytes = Buffer.concat([Buffer.from('{"id":"a/0"'), Buffer.alloc(12 * 2 ** 20, ' '), Buffer.from('}\n')])
    await spool.append({ rows: 1, bytes }, declaration)
    working = false
    expect(backgrounds).toEqual([true])
    // The header of the segment, and the batch.
    expect(lengths).toHaveLength(2)
    expect(lengths[1]).toBeGreaterThan(12 * 2 ** 20)
    // Its checksum is made of twelve pieces.
    expect(turns).toBeGreaterThan(10)
    const [segment] = await spool.rotate()
    expect((segment?.end as number) - (segment?.start as number)).toBeGreaterThan(bytes.byteLength)
    expect((await readAll(disk.io)).batches).toEqual([bytes.toString()])
  })

  test('goes to another segment when one is long enough', async () => {
    const disk = await newDisk()
    const { spool } = await open(disk.io, { segmentBytes: 1000 })
    for (const name of ['a', 'b', 'c']) await spool.append(batchOf(name, 40), declaration)
    await spool.append(batchOf('d', 1), declaration)
    expect(segmentFiles(disk)).toEqual([1, 2, 3, 4].map(segment => `stream.00000${segment}.seg`))
    expect((await readAll(disk.io)).batches).toEqual(['a', 'b', 'c', 'd'])
  })

  test('under another declaration begins another stream, and under one that says the same does not', async () => {
    const disk = await newDisk()
    const { spool } = await open(disk.io)
    await spool.append(batchOf('a'), declaration)
    await spool.append(batchOf('b'), structuredClone(declaration))
    expect(spool.state().streams).toHaveLength(1)
    // Also where they wait together.
    await Promise.all([spool.append(batchOf('c'), laterDeclaration), spool.append(batchOf('d'), declaration)])
    const segments = await spool.rotate()
    expect(segments.map(({ declaration: captured }) => captured?.release)).toEqual([1, 2, 1])
    expect(await readClosed(disk.io, segments)).toEqual(['a', 'b', 'c', 'd'])
  })

  test('never goes to a segment of an earlier process, nor to a stream that is not greater than all known', async () => {
    const disk = await newDisk()
    const earlier = await open(disk.io)
    await earlier.spool.append(batchOf('a'), declaration)
    const [before] = earlier.spool.state().streams
    const known = newStreamId(start + 1_000_000, () => new Uint8Array(10).fill(200), before?.stream)
    // The same chance and an earlier clock: only what is known keeps the names apart.
    const { spool } = await open(disk.io, {
      flushed: new Map([[known, { segment: 1, end: 10 }]]),
      now: () => start - 1_000_000,
    })
    await spool.append(batchOf('b'), declaration)
    const [first, second, ...others] = spool.state().streams
    expect(others).toEqual([])
    expect(first?.stream).toBe(before?.stream)
    expect((second?.stream as string) > known && isStreamId(second?.stream as string)).toBe(true)
    expect((await readAll(disk.io)).batches).toEqual(['a', 'b'])
  })

  test('a batch that no frame can hold is refused, and others are not', async () => {
    const { spool } = await open((await newDisk()).io)
    const tooLarge = batchOf('a', 1, { answer: 'x'.repeat(2 ** 24) })
    const results = await Promise.allSettled([
      spool.append(tooLarge, declaration),
      spool.append(batchOf('b'), declaration),
    ])
    expect(results).toMatchObject([{ reason: { code: 'TOO_LARGE' } }, { status: 'fulfilled' }])
    expect(spool.state().rows).toBe(2)
  })

  test('after closing is refused, and what waited before is written', async () => {
    const disk = await newDisk()
    const { spool } = await open(disk.io)
    const waiting = spool.append(batchOf('a'), declaration)
    const closed = spool.close()
    await expect(spool.append(batchOf('b'), declaration)).rejects.toMatchObject({ code: 'INTERRUPTED' })
    await waiting
    await closed
    await spool.close()
    expect((await readAll(disk.io)).batches).toEqual(['a'])
  })
})

describe('a spool', () => {
  test('in which nothing happens writes nothing', async () => {
    const { disk, io, operations } = await watchedDisk()
    const { spool } = await open(io)
    expect(await spool.rotate()).toEqual([])
    await spool.release(new Map())
    expect(await spool.recall('a key')).toBeUndefined()
    await spool.close()
    expect(operations.filter(({ kind }) => changingKinds.has(kind))).toEqual([])
    expect(disk.contents('/home').size).toBe(0)
  })

  test('that was left by a process is made durable when it is opened, and not changed by that nor by rotating', async () => {
    const { disk, io, operations } = await watchedDisk()
    await (await open(disk.io)).spool.append(batchOf('a'), declaration)
    const { spool } = await open(io)
    expect(await readClosed(disk.io, await spool.rotate())).toEqual(['a'])
    await spool.rotate()
    const kinds = operations.map(({ kind }) => kind).filter(kind => changingKinds.has(kind))
    expect(kinds).toEqual(['syncFile', 'syncDirectory'])
  })

  test('counts rows, bytes and the oldest batch beyond a position, before and after it is opened again', async () => {
    const disk = await newDisk()
    let now = start
    const options = { now: () => now, segmentBytes: 1000 }
    const { spool } = await open(disk.io, options)
    const ends: number[] = []
    for (const rows of [3, 40, 5, 60, 7]) {
      now += 1000
      await spool.append(batchOf(`a${rows}`, rows), declaration)
      ends.push(spool.state().bytes)
    }
    const segments = await spool.rotate()
    const [stream] = spool.state().streams
    expect(stream).toMatchObject({ rows: 115, oldest: start + 1000, segments: 3, problem: undefined })
    expect(segments.map(({ segment }) => segment)).toEqual([1, 2, 3])

    const [first, second] = segments
    const afterFirstBatch = { segment: 1, end: (first?.start as number) + (ends[0] as number) }
    const cases = [
      [afterFirstBatch, 112, start + 2000],
      [{ segment: 1, end: first?.end as number }, 72, start + 3000],
      [{ segment: 2, end: 0 }, 72, start + 3000],
      [{ segment: 2, end: second?.end as number }, 7, start + 5000],
      [{ segment: 3, end: segments[2]?.end as number }, 0, undefined],
    ] as const
    for (const [position, rows, oldest] of cases) {
      const flushed = new Map([[stream?.stream as string, position]])
      const bytes = segments.reduce((sum, { segment, start: from, end }) => {
        if (segment < position.segment) return sum
        return sum + end - (segment === position.segment ? Math.max(from, position.end) : from)
      }, 0)
      spool.flushed(flushed)
      const again = await open(disk.io, { ...options, flushed })
      for (const each of [spool, again.spool]) expect(each.state()).toMatchObject({ rows, bytes, oldest })
    }
    // A position that is behind says nothing: rows that are in the table stay there.
    spool.flushed(new Map([[stream?.stream as string, afterFirstBatch]]))
    expect(spool.state().rows).toBe(0)
  })

  test('keeps a stream that a later version wrote as it is, and says so', async () => {
    const disk = await newDisk()
    const name = { stream: newStreamId(start, () => new Uint8Array(10)), segment: 1 }
    await disk.io.makeDirectory(directory)
    const file = await disk.io.create(`${directory}/${segmentFile(name)}`)
    await file.write(encodeHead('header', Buffer.from('{"schema_version":99}')))
    await file.write(Buffer.from('rows in a form that is not known yet'))
    await file.finish()
    const before = disk.contents(directory)
    const { spool } = await open(disk.io)
    await spool.append(batchOf('a'), declaration)
    const segments = await spool.rotate()
    expect(segments.map(({ problem }) => problem?.code)).toEqual(['RECORD_NEWER', undefined])
    await spool.release(positionsAfter(segments))
    expect(disk.contents(directory)).toEqual(before)
    expect(spool.state().streams.map(({ problem }) => problem?.code)).toEqual(['RECORD_NEWER'])
  })

  test('of more segments than a process can have files is opened all the same', async () => {
    const disk = await newDisk()
    const first = await open(disk.io, { segmentBytes: 1 })
    for (let n = 0; n < 20; n++) await first.spool.append(batchOf(`a${n}`), declaration)
    let files = 0
    const io: FileIO = {
      ...disk.io,
      open: async path => {
        const file = await disk.io.open(path)
        expect(++files).toBeLessThan(3)
        return { ...file, close: async () => void files-- }
      },
    }
    const { spool } = await open(io, { seed: 2 })
    expect(spool.state().rows).toBe(40)
    expect(await readClosed(io, await spool.rotate())).toHaveLength(20)
    expect(files).toBe(0)
  })

  test('of which a stream cannot be read takes batches, and looks at that stream again when it is rotated', async () => {
    const disk = await newDisk()
    await (await open(disk.io)).spool.append(batchOf('a', 3, { key: 'k', answer: 1 }), declaration)
    let broken = true
    const io = watchedFileIO(disk.io, {
      before: operation => {
        if (broken && operation.kind === 'open') throw systemError('EIO', operation)
      },
    })
    const { spool } = await open(io, { seed: 2 })
    expect(spool.state()).toMatchObject({ rows: 0, streams: [{ problem: { code: 'DISK_FAILED' }, segments: 0 }] })
    await spool.append(batchOf('b'), declaration)
    expect((await spool.rotate()).map(({ segment }) => segment)).toEqual([1])
    broken = false
    expect(await readClosed(disk.io, await spool.rotate())).toEqual(['a', 'b'])
    expect(spool.state()).toMatchObject({ rows: 5, streams: [{ problem: undefined }, {}] })
    expect(await spool.recall('k')).toEqual({ digest: undefined, answer: 1 })
  })

  test('whose directory cannot be listed is not opened', async () => {
    const disk = await newDisk()
    const io: FileIO = {
      ...disk.io,
      list: async path => {
        throw systemError('EIO', { kind: 'list', path })
      },
    }
    await expect(open(io)).rejects.toMatchObject({ code: 'DISK_FAILED' })
  })
})
