import { describe, expect, test } from 'vitest'
import { KeyCollection, KeyIndex } from '../../../src/ingest/spool/key-index.ts'
import { systemError, watchedFileIO } from '../../support/fault-file-io.ts'
import type { PowerDisk } from '../../support/power-file-io.ts'
import {
  batchOf,
  declaration,
  directory,
  keyedBatch,
  newDisk,
  open,
  positionsAfter,
  readAll,
  start,
} from './spooling.ts'

const hour = 60 * 60 * 1000

function keyFiles(disk: PowerDisk): string[] {
  return [...disk.contents(directory).keys()].filter(path => path.endsWith('.keys'))
}

/** What is known under the key of a batch, as it was given. */
function known(name: string, rows = 2): unknown {
  return { digest: `digest of ${name}`, answer: { rows, name } }
}

describe('a batch with an idempotency key', () => {
  test('is stored once, and gives what was answered the first time', async () => {
    const disk = await newDisk()
    const { spool } = await open(disk.io)
    expect(await spool.append(keyedBatch('a'), declaration)).toBeUndefined()
    expect(await spool.append(keyedBatch('a'), declaration)).toEqual(known('a'))
    expect(await spool.append({ ...keyedBatch('b'), key: 'key of a' }, declaration)).toEqual(known('a'))
    expect(await spool.recall('key of a')).toEqual(known('a'))
    expect(await spool.recall('key of b')).toBeUndefined()
    expect((await readAll(disk.io)).batches).toEqual(['a'])
  })

  test('that comes several times at once is stored once', async () => {
    const disk = await newDisk()
    const { spool } = await open(disk.io)
    const first = spool.append(keyedBatch('a'), declaration)
    const others = [1, 2, 3].map(() => spool.append(keyedBatch('a'), declaration))
    const recalled = spool.recall('key of a')
    expect(await first).toBeUndefined()
    expect(await Promise.all(others)).toEqual([known('a'), known('a'), known('a')])
    expect(await recalled).toEqual(known('a'))
    expect((await readAll(disk.io)).batches).toEqual(['a'])
  })

  test('that was not acknowledged is not known, and one that waited for it is stored in its place', async () => {
    const disk = await newDisk()
    let broken = 0
    const io = watchedFileIO(disk.io, {
      before: operation => {
        if (operation.kind === 'sync' && broken-- > 0) throw systemError('EIO', operation)
      },
    })
    const { spool } = await open(io)
    broken = 2
    const first = spool.append(keyedBatch('a'), declaration)
    const recalled = spool.recall('key of a')
    const second = spool.append(keyedBatch('a'), declaration)
    await expect(first).rejects.toMatchObject({ code: 'DISK_FAILED' })
    expect(await recalled).toBeUndefined()
    expect(await second).toBeUndefined()
    expect(await spool.recall('key of a')).toEqual(known('a'))
    expect((await readAll(disk.io)).batches).toEqual(['a'])
  })

  test('is known after the spool was opened again, and after its rows were flushed and released', async () => {
    const disk = await newDisk()
    const { spool } = await open(disk.io)
    for (const name of ['a', 'b', 'c']) await spool.append(keyedBatch(name), declaration)
    await spool.append(batchOf('without a key'), declaration)
    const again = await open(disk.io, { seed: 2 })
    expect(await again.spool.recall('key of b')).toEqual(known('b'))
    await again.spool.release(positionsAfter(await again.spool.rotate()))
    expect(keyFiles(disk)).toHaveLength(1)
    expect([...disk.contents(directory)]).toHaveLength(1)
    for (const { spool: each } of [again, await open(disk.io, { seed: 3 })]) {
      for (const name of ['a', 'b', 'c']) expect(await each.recall(`key of ${name}`)).toEqual(known(name))
      expect(await each.append(keyedBatch('c'), declaration)).toEqual(known('c'))
    }
    expect((await readAll(disk.io)).batches).toEqual([])
  })

  test('whose rows were torn is not known, also when what is left of it was flushed and released', async () => {
    const disk = await newDisk()
    const { spool } = await open(disk.io)
    for (const name of ['a', 'b']) await spool.append(keyedBatch(name), declaration)
    const [[path, bytes] = ['', new Uint8Array()]] = disk.contents(directory)
    disk.damage(path, bytes.byteLength - 2, 1)
    const again = await open(disk.copy().io, { seed: 2 })
    await again.spool.release(positionsAfter(await again.spool.rotate()))
    expect(again.spool.state().streams).toEqual([])
    expect(await again.spool.recall('key of a')).toEqual(known('a'))
    expect(await again.spool.append(keyedBatch('b'), declaration)).toBeUndefined()
  })

  test('without rows is stored for its key', async () => {
    const disk = await newDisk()
    const { spool } = await open(disk.io)
    await spool.append({ rows: 0, bytes: new Uint8Array(), key: 'k', answer: 'nothing fits' }, declaration)
    const again = await open(disk.io)
    expect(again.spool.state().rows).toBe(0)
    expect(await again.spool.recall('k')).toEqual({ digest: undefined, answer: 'nothing fits' })
  })

  test('is known whatever was damaged elsewhere, and not when it was itself', async () => {
    for (const released of [false, true]) {
      const disk = await newDisk()
      const { spool } = await open(disk.io)
      for (const name of ['a', 'b', 'c']) await spool.append(keyedBatch(name), declaration)
      if (released) await spool.release(positionsAfter(await spool.rotate()))
      const [[path, bytes] = ['', new Uint8Array()]] = disk.contents(directory)
      const damaged = Buffer.from(bytes)
      damaged.fill(0xff, damaged.indexOf('digest of b'), damaged.indexOf('digest of b') + 4)
      await disk.io.remove(path)
      await (await disk.io.create(path)).write(damaged)
      // Whether the damage came before the spool was opened or after.
      const again = await open(disk.io, { seed: 2 })
      for (const { spool: each } of [{ spool }, again]) {
        expect(await each.recall('key of a')).toEqual(known('a'))
        expect(await each.recall('key of b')).toBeUndefined()
        expect(await each.recall('key of c')).toEqual(known('c'))
      }
      // What is not known any more is taken again.
      expect(await again.spool.append(keyedBatch('b'), declaration)).toBeUndefined()
      expect(await again.spool.append(keyedBatch('b'), declaration)).toEqual(known('b'))
    }
  })

  test('is forgotten after 24 hours, with the file it was kept in', async () => {
    const disk = await newDisk()
    let now = start
    const { spool } = await open(disk.io, { now: () => now })
    const flush = async (): Promise<void> => spool.release(positionsAfter(await spool.rotate()))
    await spool.append(keyedBatch('a'), declaration)
    await flush()
    now += 20 * hour
    await spool.append(keyedBatch('b'), declaration)
    await flush()
    now = start + 24 * hour
    expect(await spool.recall('key of a')).toEqual(known('a'))
    now++
    expect(await spool.recall('key of a')).toBeUndefined()
    expect(await spool.recall('key of b')).toEqual(known('b'))
    expect(keyFiles(disk)).toHaveLength(2)
    await flush()
    expect(keyFiles(disk)).toHaveLength(1)
    const again = await open(disk.io, { now: () => now, seed: 2 })
    expect(await again.spool.recall('key of a')).toBeUndefined()
    expect(await again.spool.recall('key of b')).toEqual(known('b'))
    expect(await again.spool.append(keyedBatch('a'), declaration)).toBeUndefined()
    now += 30 * hour
    const last = await open(disk.io, { now: () => now, seed: 3 })
    expect(keyFiles(disk)).toEqual([])
    expect(await last.spool.recall('key of b')).toBeUndefined()
  })

  test('from a future that the clock came back from is not known for ever', async () => {
    const disk = await newDisk()
    let now = start + 1000 * hour
    const { spool } = await open(disk.io, { now: () => now })
    await spool.append(keyedBatch('a'), declaration)
    now = start
    expect(await spool.recall('key of a')).toBeUndefined()
  })

  test('is known although the one behind it came while the clock was ahead', async () => {
    const disk = await newDisk()
    let now = start
    const { spool } = await open(disk.io, { now: () => now })
    await spool.append(keyedBatch('a'), declaration)
    now += 20 * hour
    await spool.append(keyedBatch('b'), declaration)
    await spool.release(positionsAfter(await spool.rotate()))
    now = start - 5 * hour
    await spool.release(new Map())
    expect(await spool.recall('key of a')).toEqual(known('a'))
    const again = await open(disk.io, { now: () => now, seed: 2 })
    expect(await again.spool.recall('key of a')).toEqual(known('a'))
  })

  test('whose file cannot be read is not taken for new: keys are refused until it can be, and rows without one are taken', async () => {
    const disk = await newDisk()
    const { spool } = await open(disk.io)
    await spool.append(keyedBatch('a'), declaration)
    await spool.release(positionsAfter(await spool.rotate()))
    let broken = true
    const io = watchedFileIO(disk.io, {
      before: operation => {
        if (broken && operation.kind === 'open') throw systemError('EIO', operation)
      },
    })
    const again = await open(io, { seed: 2 })
    expect(again.failures.map(({ code }) => code)).toEqual(['DISK_FAILED'])
    await expect(again.spool.recall('key of a')).rejects.toMatchObject({ code: 'DISK_FAILED' })
    await expect(again.spool.append(keyedBatch('a'), declaration)).rejects.toMatchObject({ code: 'DISK_FAILED' })
    await again.spool.append(batchOf('b'), declaration)
    expect(keyFiles(disk)).toHaveLength(1)
    broken = false
    expect(await again.spool.append(keyedBatch('a'), declaration)).toBeDefined()
  })

  test('is taken again when the stream that could not be read is gone', async () => {
    const disk = await newDisk()
    const first = await open(disk.io)
    await first.spool.append(keyedBatch('a'), declaration)
    const [path = ''] = (await first.spool.rotate()).map(segment => segment.path)
    const io = watchedFileIO(disk.io, {
      before: operation => {
        if (operation.kind === 'open' && operation.path === path) throw systemError('EIO', operation)
      },
    })
    const { spool } = await open(io, { seed: 2 })
    await expect(spool.append(keyedBatch('b'), declaration)).rejects.toMatchObject({ code: 'DISK_FAILED' })
    await disk.io.remove(path)
    expect(await spool.append(keyedBatch('b'), declaration)).toBeUndefined()
    expect(spool.state().streams.map(({ problem }) => problem)).toEqual([undefined])
  })

  test('that is recalled while the disk fails is an error, and known again after', async () => {
    const disk = await newDisk()
    let broken = false
    const io = watchedFileIO(disk.io, {
      before: operation => {
        if (broken && operation.kind === 'open') throw systemError('EIO', operation)
      },
    })
    const { spool } = await open(io)
    await spool.append(keyedBatch('a'), declaration)
    broken = true
    await expect(spool.recall('key of a')).rejects.toMatchObject({ code: 'DISK_FAILED' })
    broken = false
    expect(await spool.recall('key of a')).toEqual(known('a'))
  })

  test('a file that was begun by a process that died is removed', async () => {
    const disk = await newDisk()
    await disk.io.makeDirectory(directory)
    await (await disk.io.create(`${directory}/half.keys.part`)).write(Buffer.from('half'))
    await open(disk.io)
    expect(disk.contents(directory).size).toBe(0)
  })
})

describe('the index of keys', () => {
  const at = (index: number): { key: string; at: number; path: string; start: number } => ({
    key: `k${index}`,
    at: start + index,
    path: 'p',
    start: index,
  })

  test('holds the newest, and no more than it may', () => {
    const index = new KeyIndex(3)
    for (let n = 0; n < 10; n++) index.set(at(n))
    expect(index.size).toBe(3)
    expect([6, 7, 8, 9].map(n => index.get(`k${n}`, start)?.start)).toEqual([undefined, 7, 8, 9])
  })

  test('does not lose another key when one moves', () => {
    const index = new KeyIndex(3)
    for (let n = 0; n < 3; n++) index.set(at(n))
    index.set({ ...at(1), path: 'q' })
    expect([0, 1, 2].map(n => index.get(`k${n}`, start)?.path)).toEqual(['p', 'q', 'p'])
  })

  test('is filled with the newest, in whatever order they are found', () => {
    const found = new KeyCollection(4)
    for (const n of [5, 1, 9, 3, 7, 2, 8, 0, 6, 4]) found.add(at(n))
    expect(found.newest().map(({ key }) => key)).toEqual(['k6', 'k7', 'k8', 'k9'])
  })
})
