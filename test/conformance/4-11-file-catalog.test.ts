import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { beforeEach, describe, expect, test } from 'vitest'
import type { Catalog, Table } from '../../src/iceberg/catalog/catalog.ts'
import { tableLocation } from '../../src/iceberg/catalog/file-catalog.ts'
import { pendingName } from '../../src/iceberg/catalog/versions.ts'
import type { Commit } from '../../src/iceberg/commit.ts'
import { localFileIO } from '../../src/iceberg/file-io/local.ts'
import { currentSchema } from '../../src/iceberg/ids.ts'
import {
  append,
  catalogAt,
  contentsOf,
  creation,
  evolve,
  failure,
  ioWith,
  optional,
  readRows,
  required,
  temporaryFolder,
} from '../support/table.ts'

const shape = { columns: [required('id', 'long'), optional('text', 'string')] }
const wider = [...shape.columns, optional('more', 'int')]

let directory = ''
let catalog: Catalog
let first: Table

beforeEach(async () => {
  directory = await temporaryFolder()
  catalog = catalogAt(directory)
  first = await catalog.create(creation(shape, tableLocation(directory)))
})

const at = (name: string): string => join(directory, 'metadata', name)
const hint = (): Promise<string> => readFile(at('version-hint.text'), 'utf8')
const names = async (): Promise<string[]> => (await readdir(join(directory, 'metadata'))).sort()
const setting = (updates: Readonly<Record<string, string>>): Commit => ({
  requirements: [],
  updates: [{ action: 'set-properties', updates }],
})

function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: as if by the system`), { code })
}

describe('a table in a directory', () => {
  test('#154 that is created has version 1, its hint, and no manifest', async () => {
    expect(await names()).toEqual(['v1.metadata.json', 'version-hint.text'])
    expect(await hint()).toBe('1')
  })

  test('#155 whose schema changes has version 2, its hint, no manifest and no snapshot', async () => {
    const { table } = await evolve({ directory, catalog, table: first }, wider)
    expect(await names()).toEqual(['v1.metadata.json', 'v2.metadata.json', 'version-hint.text'])
    expect(await hint()).toBe('2')
    expect(table.metadata.snapshots).toEqual([])
  })

  test('#156 that gets rows has version 2, a manifest, a list and one file of data', async () => {
    const { table } = await append({ directory, catalog, table: first }, [{ id: 1n }])
    expect((await names()).map(name => name.replace(/^.*(-m0|snap-).*\.avro$/, '*$1*.avro'))).toEqual(
      expect.arrayContaining(['*-m0*.avro', '*snap-*.avro', 'v2.metadata.json']),
    )
    expect(await readdir(join(directory, 'data'))).toHaveLength(1)
    expect(table.metadata.snapshots).toHaveLength(1)
    expect(await hint()).toBe('2')
  })

  test('#157 takes no commit on what is no longer its newest version', async () => {
    await catalog.commit(first, setting({ a: '1' }))
    await expect(catalog.commit(first, setting({ a: '2' }))).rejects.toEqual(failure('COMMIT_CONFLICT', 'version 2'))
  })

  test.each(['1', '0', '-3', '7', '', 'garbage', ' 2\n', '2147483648', '9'.repeat(400)])(
    '#158, #159 is at its newest version where the hint says %o',
    async text => {
      await catalog.commit(first, setting({ a: '1' }))
      await writeFile(at('version-hint.text'), text)
      const loaded = await catalog.load()
      expect(loaded.version).toBe(2)
      expect((await catalog.commit(loaded, setting({ a: '2' }))).version).toBe(3)
      expect(await hint()).toBe('3')
    },
  )

  test('#159 is at its newest version where there is no hint, or a directory in its place', async () => {
    await catalog.commit(first, setting({ a: '1' }))
    await rm(at('version-hint.text'))
    expect((await catalog.load()).version).toBe(2)
    await mkdir(at('version-hint.text'))
    expect((await catalog.load()).version).toBe(2)
  })

  test('#160 is at its newest version where one before it is missing', async () => {
    await catalog.commit(await catalog.commit(first, setting({ a: '1' })), setting({ a: '2' }))
    await rm(at('v2.metadata.json'))
    for (const text of ['3', '2', '1']) {
      await writeFile(at('version-hint.text'), text)
      expect((await catalog.load()).version).toBe(3)
    }
  })

  test.each(['v1.gz.metadata.json', 'v1.metadata.json.gz'])(
    '#161 is read from %s, and goes on in plain files',
    async name => {
      const plain = await readFile(at('v1.metadata.json'))
      await rm(at('v1.metadata.json'))
      await writeFile(at(name), gzipSync(plain))
      const loaded = await catalog.load()
      expect(loaded.metadata).toEqual(first.metadata)
      await catalog.commit(loaded, setting({ a: '1' }))
      expect(await names()).toEqual([name, 'v2.metadata.json', 'version-hint.text'])
    },
  )

  test('#161 prefers the plain one of two files, and does not know zstd', async () => {
    const other = JSON.stringify({
      ...JSON.parse(await readFile(at('v1.metadata.json'), 'utf8')),
      properties: { from: 'gz' },
    })
    await writeFile(at('v1.gz.metadata.json'), gzipSync(other))
    await writeFile(at('v2.zst.metadata.json'), 'not read')
    const loaded = await catalog.load()
    expect([loaded.version, loaded.metadata.properties]).toEqual([1, {}])
    expect((await catalog.commit(loaded, setting({ a: '1' }))).version).toBe(2)
    expect(await names()).toContain('v2.metadata.json')
  })

  test('#162 is none where there is no metadata, an empty directory, or a hint alone', async () => {
    const place = join(directory, 'other')
    const none = failure('TABLE_NOT_FOUND', `there is no table at ${place}`)
    await expect(catalogAt(place).load()).rejects.toEqual(none)
    await mkdir(join(place, 'metadata'), { recursive: true })
    await expect(catalogAt(place).load()).rejects.toEqual(none)
    await writeFile(join(place, 'metadata', 'version-hint.text'), '1')
    await expect(catalogAt(place).load()).rejects.toEqual(none)
  })

  test('#163 is as it was where the name was taken, or could not be given', async () => {
    const before = await contentsOf(directory)
    const taken = catalogAt(directory, ioWith({ link: async () => false }))
    await expect(taken.commit(first, setting({ a: '1' }))).rejects.toEqual(failure('COMMIT_CONFLICT', 'version 2'))
    expect(await contentsOf(directory)).toEqual(before)
    const broken = catalogAt(directory, ioWith({ link: () => Promise.reject(systemError('EPERM')) }))
    await expect(broken.commit(first, setting({ a: '1' }))).rejects.toThrow('EPERM')
    expect(await contentsOf(directory)).toEqual(before)
  })

  test('#164 keeps the bytes of whoever was first: the name is never written over', async () => {
    const late = ioWith({
      link: async (from, to) => {
        await catalog.commit(first, setting({ who: 'first' }))
        return localFileIO.link(from, to)
      },
    })
    await expect(catalogAt(directory, late).commit(first, setting({ who: 'second' }))).rejects.toEqual(
      failure('COMMIT_CONFLICT', 'version 2'),
    )
    expect((await catalog.load()).metadata.properties).toEqual({ who: 'first' })
    expect(await names()).toEqual(['v1.metadata.json', 'v2.metadata.json', 'version-hint.text'])
  })

  // Processes do the same in the crash suite.
  test.each([2, 10])('#165 takes the commits of %i at once, each once, in versions without a gap', async writers => {
    const rounds = writers === 2 ? 10 : 5
    const write = async (writer: number): Promise<void> => {
      for (let round = 0; round < rounds; ) {
        const base = await catalog.load()
        try {
          await catalog.commit(base, setting({ [`${writer}-${round}`]: 'done' }))
          round++
        } catch (error) {
          expect(error).toEqual(failure('COMMIT_CONFLICT', 'version'))
        }
      }
    }
    await Promise.all(Array.from({ length: writers }, (_, writer) => write(writer)))
    const last = await catalog.load()
    expect(last.version).toBe(1 + writers * rounds)
    expect(Object.keys(last.metadata.properties)).toHaveLength(writers * rounds)
    expect(await hint()).toMatch(/^\d+$/)
  })

  test('#165 takes the rows of ten at once', async () => {
    const write = (id: number): Promise<unknown> => append({ directory, catalog, table: first }, [{ id: BigInt(id) }])
    await Promise.all(Array.from({ length: 10 }, (_, id) => write(id)))
    const last = await catalog.load()
    expect(last.metadata.snapshots).toHaveLength(10)
    const ids = (await readRows(last)).map(row => Number(row['id']))
    expect(ids.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  })

  test.each(['v2.gz.metadata.json', 'v2.metadata.json.gz', '00002-0f8a5b2c-1d3e-4f60-8a7b-9c0d1e2f3a4b.metadata.json'])(
    '#166 meets a conflict where the version is there as %s',
    async name => {
      const plain = await readFile(at('v1.metadata.json'))
      await writeFile(at(name), name.includes('gz') ? gzipSync(plain) : plain)
      await expect(catalog.commit(first, setting({ a: '1' }))).rejects.toEqual(failure('COMMIT_CONFLICT', 'version 2'))
      expect(await names()).not.toContain('v2.metadata.json')
    },
  )

  test('#166 is not held up by what a writer left that died long ago', async () => {
    await writeFile(at(pendingName(2, 'dead')), 'half')
    expect((await catalog.commit(first, setting({ a: '1' }))).version).toBe(2)
  })

  test('#167 stays where it is, and keeps its metadata there', async () => {
    const before = await contentsOf(directory)
    for (const update of [
      { action: 'set-location', location: 'file:///elsewhere' },
      { action: 'set-properties', updates: { 'write.metadata.path': 'file:///elsewhere' } },
    ] as const)
      await expect(catalog.commit(first, { requirements: [], updates: [update] })).rejects.toEqual(
        failure('UPDATE_ILLEGAL', 'a table in a directory'),
      )
    expect(await contentsOf(directory)).toEqual(before)
  })

  test('#168 is found where it was moved to, rows and all', async () => {
    await append({ directory, catalog, table: first }, [{ id: 1n, text: 'kept' }])
    const place = join(await temporaryFolder(), 'moved')
    await rename(directory, place)
    const moved = await catalogAt(place).load()
    expect(await readRows(moved)).toEqual([{ id: 1n, text: 'kept' }])
    expect((await catalogAt(place).commit(moved, setting({ a: '1' }))).version).toBe(3)
  })

  test.each([true, false])(
    '#169 keeps as many versions as it says, where it says that others go: %s',
    async deletes => {
      let table = await catalog.commit(
        first,
        setting({
          'write.metadata.previous-versions-max': '2',
          'write.metadata.delete-after-commit.enabled': String(deletes),
        }),
      )
      for (let round = 0; round < 5; round++) table = await catalog.commit(table, setting({ round: String(round) }))
      const versions = (await names()).flatMap(name => /^v(\d+)\./.exec(name)?.[1] ?? []).map(Number)
      expect(table.metadata['metadata-log']).toHaveLength(2)
      expect(versions).toEqual(deletes ? [5, 6, 7] : [1, 2, 3, 4, 5, 6, 7])
    },
  )

  test('#169 is committed where an old version could not be removed', async () => {
    const io = ioWith({
      remove: path => (path.includes('/v1.') ? Promise.reject(systemError('EACCES')) : localFileIO.remove(path)),
    })
    const stubborn = catalogAt(directory, io)
    let table = await stubborn.commit(
      first,
      setting({ 'write.metadata.previous-versions-max': '1', 'write.metadata.delete-after-commit.enabled': 'true' }),
    )
    for (let round = 0; round < 3; round++) table = await stubborn.commit(table, setting({ round: String(round) }))
    expect(table.version).toBe(5)
    expect(await names()).toContain('v1.metadata.json')
  })

  // Kills of whole processes are in the crash suite.
  test('#170 is whole after a writer died before its link, and after its link', async () => {
    const before = ioWith({
      link: () => Promise.reject(systemError('EIO')),
      remove: () => Promise.reject(systemError('EIO')),
    })
    await expect(catalogAt(directory, before).commit(first, setting({ a: '1' }))).rejects.toThrow('EIO')
    expect((await names()).some(name => name.endsWith('.tmp'))).toBe(true)
    expect((await catalog.load()).version).toBe(1)
    const after = ioWith({ rename: () => Promise.reject(systemError('EIO')) })
    await catalogAt(directory, after).commit(first, setting({ a: '1' }))
    expect(await hint()).toBe('1')
    expect((await catalog.load()).version).toBe(2)
  })

  test('#171 is created by one of ten', async () => {
    const place = join(directory, 'crowded')
    const attempts = await Promise.allSettled(
      Array.from({ length: 10 }, () => catalogAt(place).create(creation(shape, tableLocation(place)))),
    )
    expect(attempts.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(await readdir(join(place, 'metadata'))).toHaveLength(2)
  })

  test.each([
    '0f8a5b2c-1d3e-4f60-8a7b-9c0d1e2f3a4b.metadata.json',
    '12345678-1234-4234-8234-123456789012.metadata.json',
    '00002-half.metadata.json',
    'v2.metadata.json.tmp',
    'v2.json',
    'pending-2-x.tmp',
    'snap-1.avro',
  ])('#172 does not take %s for a version', async name => {
    await writeFile(at(name), '{')
    expect((await catalog.load()).version).toBe(1)
    expect((await catalog.commit(first, setting({ a: '1' }))).version).toBe(2)
    expect(currentSchema((await catalog.load()).metadata).fields).toHaveLength(2)
  })
})
