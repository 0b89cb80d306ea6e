import type * as nodeFs from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { beforeEach, expect, test, vi } from 'vitest'
import { writeFile } from '../../src/iceberg/file-io/file-io.ts'
import { localFileIO } from '../../src/iceberg/file-io/local.ts'

/*
 * The power cut tests rely on a FileIO that syncs what it is told to. That the
 * one of the local disk does can only be seen in what it asks the system for.
 */

const { synced, paths } = vi.hoisted(() => ({ synced: [] as string[], paths: new Map<number, string>() }))

vi.mock('node:fs', async importOriginal => {
  const original = await importOriginal<typeof nodeFs>()
  return {
    ...original,
    openSync: (path: string, flags: string | number, mode?: number): number => {
      const descriptor = original.openSync(path, flags, mode)
      paths.set(descriptor, path)
      return descriptor
    },
    fsync: (descriptor: number, done: (error: Error | null) => void): void => {
      synced.push(paths.get(descriptor) ?? 'unknown')
      original.fsync(descriptor, done)
    },
  }
})

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hyp disk ü '))
  synced.length = 0
  return () => rm(folder, { recursive: true })
})

test('a file that is finished is synced, once, and not where the caller says that it need not be', async () => {
  await writeFile(localFileIO, join(folder, 'durable'), new Uint8Array(10))
  expect(synced).toEqual([join(folder, 'durable')])
  await writeFile(localFileIO, join(folder, 'loose'), new Uint8Array(10), { durable: false })
  expect(synced).toEqual([join(folder, 'durable')])
})

test('a directory is synced when it is told to', async () => {
  await localFileIO.syncDirectory(folder)
  expect(synced).toEqual([folder])
})

test('every directory that is made is synced into its parent, and one that is there is left alone', async () => {
  const deep = join(folder, 'a', 'b', 'c')
  await localFileIO.makeDirectory(deep)
  expect(synced.sort()).toEqual([folder, join(folder, 'a'), dirname(deep)].sort())
  synced.length = 0
  await localFileIO.makeDirectory(deep)
  expect(synced).toEqual([])
})

test('a name that is taken is left as it is, by link and by create', async () => {
  const [one, two] = [join(folder, 'one'), join(folder, 'two')]
  await writeFile(localFileIO, one, Buffer.from('one'))
  await writeFile(localFileIO, two, Buffer.from('two'))
  expect(await localFileIO.link(one, two)).toBe(false)
  await expect(localFileIO.create(two)).rejects.toMatchObject({ code: 'EEXIST' })
  expect(Buffer.from(await localFileIO.read(two)).toString()).toBe('two')
  expect(await localFileIO.link(one, join(folder, 'three'))).toBe(true)
  expect(Buffer.from(await localFileIO.read(join(folder, 'three'))).toString()).toBe('one')
})
