import { mkdir, rename, symlink, utimes, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Table } from '../../src/iceberg/catalog/catalog.ts'
import { expireSnapshots } from '../../src/iceberg/expiry/expire.ts'
import { type SweepOptions, sweepOrphans } from '../../src/iceberg/expiry/orphans.ts'
import { localFileIO } from '../../src/iceberg/file-io/local.ts'
import { dataFilesOf } from '../support/deletes.ts'
import { replace } from '../support/replacing.ts'
import {
  append,
  catalogAt,
  contentsOf,
  context,
  createTable,
  failure,
  ioWith,
  optional,
  readRows,
  required,
  type TableShape,
  type TestTable,
  temporaryFolder,
} from '../support/table.ts'

const shape: TableShape = { columns: [required('id', 'int'), optional('text', 'string')] }
const day = 86_400_000
const nowMs = Date.now()
const grace = { graceMs: 3 * day, nowMs }

async function fed(commits: number): Promise<TestTable> {
  let target = await createTable(shape)
  for (let n = 0; n < commits; n++) target = await append(target, [{ id: n, text: null }])
  return target
}

/** Makes files in a table's folder that nobody named, as old as so many days. */
async function leave({ directory }: TestTable, days: number, ...names: string[]): Promise<void> {
  for (const name of names) {
    const path = join(directory, name)
    await mkdir(join(path, '..'), { recursive: true })
    await writeFile(path, 'left')
    await utimes(path, new Date(nowMs - days * day), new Date(nowMs - days * day))
  }
}

/** Makes every file of a table old. */
async function age({ directory }: TestTable): Promise<void> {
  for (const { path } of await localFileIO.listFiles(directory)) await utimes(path, new Date(0), new Date(0))
}

async function swept(target: TestTable, table: Table = target.table, options: SweepOptions = grace): Promise<string[]> {
  const found = await sweepOrphans(table, options)
  return found.map(({ path }) => path.slice(target.directory.length + 1)).sort()
}

describe('a sweep', () => {
  test('removes what nothing names, in whatever folder of the data, when it is old', async () => {
    const target = await fed(2)
    const old = ['data/a.parquet', 'data/id=3/x=y/b.parquet', 'metadata/c-m0.avro', 'metadata/snap-1-1-d.avro']
    await leave(target, 4, ...old)
    await leave(target, 2, 'data/young.parquet', 'metadata/young-m0.avro')
    expect(await swept(target)).toEqual(old)
    const names = (await localFileIO.listFiles(target.directory)).map(({ path }) => basename(path))
    expect(names).toEqual(expect.arrayContaining(['young.parquet', 'young-m0.avro']))
    for (const name of old) expect(names).not.toContain(basename(name))
    expect(await swept(target)).toEqual([])
  })

  test('keeps what may be of a process that writes, also where its clock jumped', async () => {
    const target = await fed(1)
    await leave(target, 6, 'data/before.parquet')
    await leave(target, 4, 'data/written.parquet')
    expect(await swept(target, target.table, { ...grace, writingSinceMs: nowMs - 5 * day })).toEqual([
      'data/before.parquet',
    ])
  })

  test('keeps everything that the table needs, however old it is', async () => {
    let target = await fed(3)
    target = await replace(target, (await dataFilesOf(target)).slice(0, 2), [{ id: 0, text: 'again' }])
    const { metadata } = target.table
    // Of a snapshot that is there, and of one that was removed by a writer which forgot its statistics.
    const ids = [metadata.snapshots[0]?.['snapshot-id'] ?? 0, 77]
    for (const id of ids) await writeFile(join(target.directory, 'metadata', `${id}.stats`), 'abc')
    const table = await target.catalog.commit(target.table, {
      requirements: [],
      updates: ids.map(id => ({
        action: 'set-statistics',
        statistics: {
          'snapshot-id': id,
          'statistics-path': `${metadata.location}/metadata/${id}.stats`,
          'file-size-in-bytes': 3,
        },
      })),
    })
    await age(target)
    const before = await contentsOf(target.directory)
    expect(await swept(target, table)).toEqual([])
    expect(await contentsOf(target.directory)).toEqual(before)
  })

  test('finds what an expiry had no time to remove', async () => {
    let target = await fed(2)
    target = await replace(target, await dataFilesOf(target), [{ id: 7, text: null }])
    const io = ioWith({
      remove: path => (path.endsWith('.tmp') ? localFileIO.remove(path) : Promise.reject(new Error('killed'))),
    })
    const rule = { nowMs: nowMs + day, minSnapshots: 1, maxAgeMs: 0, pinned: new Set<bigint>() }
    const expired = await expireSnapshots(catalogAt(target.directory, io), target.table, rule, context)
    expect([expired.files.length, expired.left.length]).toEqual([0, 6])
    await age(target)
    const table = { ...expired.table, io: localFileIO }
    expect(await swept(target, table)).toEqual(
      expired.left.map(({ path }) => path.slice(target.directory.length + 1)).sort(),
    )
    expect((await readRows(table)).map(row => row['id'])).toEqual([7])
  })

  test('keeps what waits to become a version that is not taken yet', async () => {
    const target = await fed(2)
    expect(target.table.version).toBe(3)
    await leave(target, 9, 'metadata/pending-3-a.tmp', 'metadata/pending-4-b.tmp', 'metadata/c.tmp')
    expect(await swept(target)).toEqual(['metadata/c.tmp', 'metadata/pending-3-a.tmp'])
  })

  test('leaves metadata files to the commits, but for those that never got a version', async () => {
    const target = await fed(2)
    const theirs = 'f79c3e09-677c-4bbd-a479-3f349cb785e7.metadata.json'
    await leave(target, 9, 'metadata/v0.metadata.json', `metadata/00000-${theirs}`, `metadata/${theirs}`)
    expect(await swept(target)).toEqual([`metadata/${theirs}`])
  })

  test('leaves what is of no kind that a table has, what is hidden, and what is not in its folders', async () => {
    const target = await fed(1)
    await leave(
      target,
      9,
      'data/notes.txt',
      'data/.part.parquet',
      'data/_temporary/1.parquet',
      'metadata/version-hint.text',
    )
    await leave(target, 9, 'other/a.parquet', 'a.parquet')
    const elsewhere = await temporaryFolder()
    await leave({ ...target, directory: elsewhere }, 9, 'there.parquet')
    await symlink(elsewhere, join(target.directory, 'data', 'link'))
    await symlink(join(elsewhere, 'there.parquet'), join(target.directory, 'data', 'link.parquet'))
    expect(await swept(target)).toEqual([])
  })

  test('only says what it would remove when it is asked', async () => {
    const target = await fed(1)
    await leave(target, 4, 'data/a.parquet')
    const before = await contentsOf(target.directory)
    expect(await sweepOrphans(target.table, { ...grace, dryRun: true })).toEqual([
      { path: join(target.directory, 'data/a.parquet'), bytes: 4 },
    ])
    expect(await contentsOf(target.directory)).toEqual(before)
  })

  test('leaves out what it could not remove', async () => {
    const target = await fed(1)
    await leave(target, 4, 'data/a.parquet', 'data/b.parquet')
    const io = ioWith({
      remove: path => (path.endsWith('a.parquet') ? Promise.reject(new Error('refused')) : localFileIO.remove(path)),
    })
    expect(await swept(target, { ...target.table, io })).toEqual(['data/b.parquet'])
  })
})

describe('a table that', () => {
  test('lies elsewhere than it says loses nothing that it needs', async () => {
    const target = await fed(2)
    await leave(target, 4, 'data/a.parquet')
    await age(target)
    const directory = join(await temporaryFolder(), 'moved')
    await rename(target.directory, directory)
    const moved = { ...target, directory, table: await catalogAt(directory).load() }
    expect(await swept(moved)).toEqual(['data/a.parquet'])
    expect(await readRows(moved.table)).toHaveLength(2)
  })

  test('names a file in another spelling, and was moved, does not lose it', async () => {
    let target = await fed(2)
    const [entry] = await dataFilesOf(target)
    const file = (entry as NonNullable<typeof entry>).file
    // One slash, where the location of the table has three.
    const spelled = { file: { ...file, location: file.location.replace('file:///', 'file:/') }, specId: 0 }
    target = await replace(target, await dataFilesOf(target), [], { added: [spelled] })
    const rule = { nowMs: nowMs + day, minSnapshots: 1, maxAgeMs: 0, pinned: new Set<bigint>() }
    expect(await expireSnapshots(target.catalog, target.table, rule, context)).toMatchObject({ snapshots: 2 })
    await age(target)
    const directory = join(await temporaryFolder(), 'moved')
    await rename(target.directory, directory)
    const before = await contentsOf(directory)
    expect(await swept({ ...target, directory }, await catalogAt(directory).load())).toEqual([])
    expect(await contentsOf(directory)).toEqual(before)
    expect(await localFileIO.size(join(directory, 'data', basename(file.location)))).toBe(file.fileSize)
  })

  test('has its files not collected is refused', async () => {
    const target = await createTable({ ...shape, properties: { 'gc.enabled': 'false' } })
    await expect(sweepOrphans(target.table, grace)).rejects.toEqual(failure('UPDATE_ILLEGAL', 'gc.enabled is false'))
  })

  test('cannot be read whole is not swept', async () => {
    const target = await fed(2)
    await leave(target, 4, 'data/a.parquet')
    const [first] = target.table.metadata.snapshots
    await localFileIO.remove(target.table.path(first?.['manifest-list'] ?? ''))
    await expect(sweepOrphans(target.table, grace)).rejects.toEqual(failure('FILE_MISSING', 'the table names'))
    expect(await localFileIO.size(join(target.directory, 'data/a.parquet'))).toBe(4)
  })
})

describe('the files below a directory', () => {
  test('are told with their size and their time, and none where there is no directory', async () => {
    const folder = await temporaryFolder()
    await leave({ directory: folder } as TestTable, 2, 'a', 'b/c/d.parquet')
    const found = await localFileIO.listFiles(folder)
    expect(found.map(({ path, size }) => `${path.slice(folder.length)} ${size}`).sort()).toEqual([
      '/a 4',
      '/b/c/d.parquet 4',
    ])
    for (const { modifiedMs } of found) expect(Math.abs(modifiedMs - (nowMs - 2 * day))).toBeLessThan(1000)
    expect(await localFileIO.listFiles(join(folder, 'none'))).toEqual([])
    await expect(localFileIO.listFiles(join(folder, 'a'))).rejects.toMatchObject({ code: 'ENOTDIR' })
  })
})
