import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { commitSnapshot } from '../../src/iceberg/commit-snapshot.ts'
import { entryStatus, type ManifestEntry, type ManifestFile } from '../../src/iceberg/manifest/data-file.ts'
import { writeManifest } from '../../src/iceberg/manifest/new-manifest.ts'
import { mergeable, mergeManifests } from '../../src/iceberg/merge-manifests.ts'
import { currentSnapshot } from '../../src/iceberg/metadata.ts'
import { liveFiles, readManifestList } from '../../src/iceberg/snapshot.ts'
import type { Row } from '../../src/iceberg/types.ts'
import { dataFilesOf, deleteEqual } from '../support/deletes.ts'
import { overtakenOnce, replace } from '../support/replacing.ts'
import {
  append,
  catalogAt,
  context,
  createTable,
  ioWith,
  optional,
  readRows,
  required,
  type TableShape,
  type TestTable,
} from '../support/table.ts'

const shape: TableShape = { columns: [required('id', 'int'), optional('text', 'string')] }

async function fed(commits: number, of: TableShape = shape): Promise<TestTable> {
  let target = await createTable(of)
  for (let n = 0; n < commits; n++) target = await append(target, [{ id: n, text: `row ${n}` }])
  return target
}

async function merged(target: TestTable, minimum = 2): Promise<TestTable> {
  return { ...target, table: await mergeManifests(target.catalog, target.table, context, { minimum }) }
}

async function idsIn({ table }: TestTable): Promise<number[]> {
  return (await readRows(table)).map((row: Row) => row['id'] as number).sort((a, b) => a - b)
}

/** Manifests in the folder that no snapshot lists. */
async function strays({ table, directory }: TestTable): Promise<string[]> {
  const lists = await Promise.all(table.metadata.snapshots.map(snapshot => readManifestList(table, snapshot)))
  const named = new Set(lists.flat().map(({ location }) => location.split('/').at(-1)))
  const names = await readdir(join(directory, 'metadata'))
  return names.filter(name => name.endsWith('.avro') && !name.startsWith('snap-') && !named.has(name))
}

describe('many manifests', () => {
  test('become one that holds every entry with the numbers it had', async () => {
    const before = await fed(5)
    const after = await merged(before)
    const [line, ...others] = await readManifestList(after.table)
    expect(others).toEqual([])
    expect(line).toMatchObject({
      sequenceNumber: 6,
      minSequenceNumber: 1,
      addedSnapshotId: currentSnapshot(after.table.metadata)?.['snapshot-id'],
      addedFiles: 0,
      existingFiles: 5,
      deletedFiles: 0,
      existingRows: 5,
    })
    const was = await dataFilesOf(before)
    expect(await dataFilesOf(after)).toEqual(was.map(entry => ({ ...entry, status: entryStatus.existing })))
    expect(await idsIn(after)).toEqual([0, 1, 2, 3, 4])
  })

  test('are merged in a snapshot that says so and changes no total', async () => {
    const before = await fed(3)
    const { table } = await merged(before)
    const totals = Object.entries(currentSnapshot(before.table.metadata)?.summary ?? {}).filter(([name]) =>
      name.startsWith('total-'),
    )
    expect(totals).toHaveLength(6)
    expect(currentSnapshot(table.metadata)?.summary).toEqual({
      ...Object.fromEntries(totals),
      operation: 'replace',
      'changed-partition-count': '0',
      'manifests-created': '1',
      'manifests-kept': '0',
      'manifests-replaced': '3',
      'entries-processed': '3',
    })
  })

  test('stay as they are where they are too few: nothing is written', async () => {
    const target = await fed(3)
    const files = await readdir(join(target.directory, 'metadata'))
    const same = await merged(target, 4)
    expect(same.table).toBe(target.table)
    expect(await readdir(join(target.directory, 'metadata'))).toEqual(files)
  })

  test('stay as they are where the table does not want it', async () => {
    const target = await fed(3, { ...shape, properties: { 'commit.manifest-merge.enabled': 'false' } })
    expect((await merged(target)).table).toBe(target.table)
  })

  test('of two specs, and of data and deletes, are merged apart', async () => {
    let target = await fed(2)
    target = await deleteEqual(target, [1], [{ id: 0 }])
    target = await deleteEqual(target, [1], [{ id: 1 }])
    const spec = { 'spec-id': 1, fields: [{ 'source-id': 1, 'field-id': 1000, name: 'b', transform: 'bucket[1]' }] }
    const table = await target.catalog.commit(target.table, {
      requirements: [],
      updates: [
        { action: 'add-spec', spec },
        { action: 'set-default-spec', 'spec-id': -1 },
      ],
    })
    target = { ...target, table }
    for (const id of [5, 6]) target = await append(target, [{ id, text: null }])
    const after = await merged(target)
    const lines = await readManifestList(after.table)
    expect(lines.map(({ specId, content, existingFiles }) => `${specId} ${content} ${existingFiles}`).sort()).toEqual([
      '0 0 2',
      '0 1 2',
      '1 0 2',
    ])
    expect((await liveFiles(after.table)).deletes.map(({ file }) => file.equalityIds)).toEqual([[1], [1]])
    expect(await idsIn(after)).toEqual([5, 6])
  })

  test('of writers that leave deleted entries beside the others lose them', async () => {
    const target = await fed(2)
    const { table, catalog } = target
    const [first, second] = (await dataFilesOf(target)) as [ManifestEntry, ManifestEntry]
    const entries = [
      { ...first, status: entryStatus.deleted },
      { ...second, status: entryStatus.existing },
    ]
    const mixed = await writeManifest(table, 0, entries, `${table.metadata.location}/metadata/mixed.avro`, context)
    const changes = { added: [], removed: [first] }
    const draft = { operation: 'delete', created: [mixed], kept: [], changes } as const
    let after: TestTable = { ...target, table: await commitSnapshot(catalog, table, async () => draft, context) }
    after = await merged(await append(after, [{ id: 9, text: null }]))
    expect((await readManifestList(after.table)).map(line => [line.existingFiles, line.deletedFiles])).toEqual([[2, 0]])
    expect(await idsIn(after)).toEqual([1, 9])
  })

  test('lose what older snapshots deleted', async () => {
    const target = await fed(3)
    const files = await dataFilesOf(target)
    const after = await merged(await replace(target, files.slice(0, 1), [{ id: 0, text: 'again' }]))
    expect(await readManifestList(after.table)).toHaveLength(1)
    expect((await readManifestList(after.table))[0]).toMatchObject({ existingFiles: 3, deletedFiles: 0 })
    expect(await idsIn(after)).toEqual([0, 1, 2])
  })
})

describe('beside another writer, a merge', () => {
  test('is done with what came, without reading it again', async () => {
    const target = await fed(4)
    const catalog = overtakenOnce(target, table => append({ ...target, table }, [{ id: 9, text: null }]))
    const table = await mergeManifests(catalog, target.table, context, { minimum: 2 })
    expect((await readManifestList(table)).map(({ existingFiles, addedFiles }) => [existingFiles, addedFiles])).toEqual(
      [
        [4, 0],
        [0, 1],
      ],
    )
    expect(await idsIn({ ...target, table })).toEqual([0, 1, 2, 3, 9])
    expect(await strays({ ...target, table })).toEqual([])
  })

  test('is done anew where that one replaced files', async () => {
    const target = await fed(4)
    const files: readonly ManifestEntry[] = await dataFilesOf(target)
    const catalog = overtakenOnce(target, table =>
      replace({ ...target, table }, files.slice(0, 2), [{ id: 0, text: null }]),
    )
    const table = await mergeManifests(catalog, target.table, context, { minimum: 2 })
    expect(await idsIn({ ...target, table })).toEqual([0, 2, 3])
    expect(await strays({ ...target, table })).toEqual([])
  })

  test('is left undone where that one merged them: the table is as it is', async () => {
    const target = await fed(4)
    const catalog = overtakenOnce(target, table => merged({ ...target, table }))
    const table = await mergeManifests(catalog, target.table, context, { minimum: 2 })
    expect(table.version).toBe(6)
    expect(await strays({ ...target, table })).toEqual([])
  })
})

test('a merge that fails leaves nothing behind', async () => {
  const target = await fed(4)
  const broken = Object.assign(new Error('input/output error'), { code: 'EIO' })
  const io = ioWith({ link: () => Promise.reject(broken) })
  const catalog = catalogAt(target.directory, io)
  await expect(mergeManifests(catalog, { ...target.table, io }, context, { minimum: 2 })).rejects.toBe(broken)
  expect(await strays(target)).toEqual([])
})

describe('what is worth merging', () => {
  const limits = { bytes: 8 * 1024 * 1024, files: 5000 }
  const manifest = (length: number, files = 1): ManifestFile =>
    ({
      location: `m${Math.random()}`,
      length,
      specId: 0,
      content: 0,
      addedFiles: files,
      existingFiles: 0,
    }) as ManifestFile
  const sizes = (bins: readonly (readonly ManifestFile[])[]): number[][] =>
    bins.map(bin => bin.map(({ length }) => length))
  const kib = 1024

  test('is the small ones, and a large one only when the small ones together are as large', () => {
    const small = Array.from({ length: 10 }, () => manifest(10 * kib))
    expect(sizes(mergeable([manifest(101 * kib), ...small], limits, 10))).toEqual([small.map(({ length }) => length)])
    expect(mergeable([manifest(100 * kib), ...small], limits, 10).flat()).toHaveLength(11)
    expect(mergeable([manifest(100 * kib), ...small], limits, 12)).toEqual([])
  })

  test('is split where one manifest would become too large, or hold too many files', () => {
    const large = Array.from({ length: 5 }, () => manifest(3 * kib))
    expect(sizes(mergeable(large, { ...limits, bytes: 8 * kib }, 2))).toEqual([
      [3 * kib, 3 * kib],
      [3 * kib, 3 * kib],
    ])
    const many = Array.from({ length: 4 }, () => manifest(kib, 2000))
    expect(mergeable(many, limits, 2).map(bin => bin.length)).toEqual([2, 2])
  })

  test('is nothing where a manifest is large already', () => {
    expect(mergeable([manifest(5 * 1024 * kib), manifest(5 * 1024 * kib), manifest(kib)], limits, 2)).toEqual([])
  })

  test('leaves each entry alone but for a few times in a long life', () => {
    let manifests: (ManifestFile & { written: number })[] = []
    let most = 0
    let written = 0
    for (let n = 0; n < 5000; n++) {
      manifests.push({ ...manifest(8 * kib), written: 0 })
      const bins = mergeable(manifests, { bytes: 1024 * 1024 * kib, files: 1_000_000 }, 16) as (typeof manifests)[]
      for (const bin of bins) {
        const length = bin.reduce((sum, one) => sum + one.length, 0)
        written += length
        manifests = [
          ...manifests.filter(one => !bin.includes(one)),
          { ...manifest(length), written: 1 + Math.max(...bin.map(one => one.written)) },
        ]
      }
      most = Math.max(most, manifests.length)
    }
    expect(most).toBeLessThan(32)
    expect(Math.max(...manifests.map(one => one.written))).toBeLessThan(16)
    expect(written / (5000 * 8 * kib)).toBeLessThan(12)
  })
})
