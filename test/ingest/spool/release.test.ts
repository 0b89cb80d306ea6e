import { describe, expect, test } from 'vitest'
import { newStreamId } from '../../../src/ingest/spool/stream.ts'
import { systemError, watchedFileIO } from '../../support/fault-file-io.ts'
import {
  batchOf,
  declaration,
  laterDeclaration,
  newDisk,
  open,
  positionsAfter,
  readAll,
  readClosed,
  segmentFiles,
  start,
} from './spooling.ts'

describe('releasing', () => {
  test('removes what lies at or before a position, and nothing that is beyond or active', async () => {
    const disk = await newDisk()
    const { spool } = await open(disk.io, { segmentBytes: 1000 })
    for (const name of ['a', 'b', 'c']) await spool.append(batchOf(name, 40), declaration)
    await spool.append(batchOf('d'), declaration)
    const [{ stream } = { stream: '' }] = spool.state().streams
    const [first] = (await open(disk.io)).spool.state().streams
    expect(first?.segments).toBe(4)

    await spool.release(new Map([[stream, { segment: 2, end: 5 }]]))
    expect(segmentFiles(disk)).toEqual(['stream.000002.seg', 'stream.000003.seg', 'stream.000004.seg'])
    // The fourth is active: a position cannot be there yet, and what says so is not believed.
    await spool.release(new Map([[stream, { segment: 4, end: 1_000_000 }]]))
    expect(segmentFiles(disk)).toEqual(['stream.000004.seg'])
    await spool.append(batchOf('e'), declaration)
    expect((await readAll(disk.io)).batches).toEqual(['d', 'e'])
    await spool.release(new Map([[newStreamId(start, () => new Uint8Array(10), stream), { segment: 9, end: 9 }]]))
    expect(segmentFiles(disk)).toEqual(['stream.000004.seg'])
  })

  test('of everything leaves nothing, and the stream goes on', async () => {
    const disk = await newDisk()
    const { spool } = await open(disk.io)
    for (const name of ['a', 'b', 'c']) {
      await spool.append(batchOf(name), declaration)
      const segments = await spool.rotate()
      expect(await readClosed(disk.io, segments)).toEqual([name])
      await spool.release(positionsAfter(segments))
      expect(segmentFiles(disk)).toEqual([])
      expect(spool.state()).toEqual({ streams: [], rows: 0, bytes: 0, oldest: undefined })
    }
  })

  test('keeps an empty segment as long as one before it needs what its header says', async () => {
    const disk = await newDisk()
    let broken = false
    const io = watchedFileIO(disk.io, {
      before: operation => {
        if (broken && operation.kind === 'sync') throw systemError('EIO', operation)
      },
    })
    const { spool } = await open(io)
    await spool.append(batchOf('a'), declaration)
    broken = true
    await expect(spool.append(batchOf('b'), declaration)).rejects.toMatchObject({ code: 'DISK_FAILED' })
    broken = false
    // Another declaration, another stream: before it the first is given a last header.
    await spool.append(batchOf('c'), laterDeclaration)
    await spool.release(new Map())
    expect((await readAll(disk.io)).batches).toEqual(['a', 'c'])
    const segments = await spool.rotate()
    expect(await readClosed(disk.io, segments)).toEqual(['a', 'c'])
    await spool.release(positionsAfter(segments))
    expect(segmentFiles(disk)).toEqual([])
  })

  test('goes on where it stopped when a file could not be removed', async () => {
    const disk = await newDisk()
    let broken = true
    const io = watchedFileIO(disk.io, {
      before: operation => {
        if (broken && operation.kind === 'remove') throw systemError('EIO', operation)
      },
    })
    const { spool } = await open(io)
    await spool.append(batchOf('a'), declaration)
    const positions = positionsAfter(await spool.rotate())
    await expect(spool.release(positions)).rejects.toMatchObject({ code: 'DISK_FAILED' })
    expect(spool.state().rows).toBe(0)
    broken = false
    await spool.release(positions)
    expect(segmentFiles(disk)).toEqual([])
  })

  test('does not mind a file that somebody else removed', async () => {
    const disk = await newDisk()
    const { spool } = await open(disk.io)
    await spool.append(batchOf('a', 2, { key: 'k' }), declaration)
    const segments = await spool.rotate()
    await disk.io.remove(segments[0]?.path as string)
    await spool.release(positionsAfter(segments))
    expect(spool.state().streams).toEqual([])
    expect(await spool.recall('k')).toBeUndefined()
  })
})
