import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Table } from '../../src/iceberg/catalog/catalog.ts'
import { expireSnapshots } from '../../src/iceberg/expiry/expire.ts'
import { localFileIO } from '../../src/iceberg/file-io/local.ts'
import { entryStatus, type ManifestEntry } from '../../src/iceberg/manifest/data-file.ts'
import { mergeManifests } from '../../src/iceberg/merge-manifests.ts'
import { currentSnapshot } from '../../src/iceberg/metadata.ts'
import { commitReplacement } from '../../src/iceberg/replace-files.ts'
import { liveFiles, readManifestList, readManifests } from '../../src/iceberg/snapshot.ts'
import type { Row } from '../../src/iceberg/types.ts'
import { dataFilesOf, deleteEqual, deletePositions } from '../support/deletes.ts'
import { outline, overtakenOnce, replace, replacement } from '../support/replacing.ts'
import {
  append,
  catalogAt,
  context,
  createTable,
  evolve,
  failure,
  ioWith,
  optional,
  readRows,
  required,
  type TableShape,
  type TestTable,
} from '../support/table.ts'

const shape: TableShape = { columns: [required('id', 'int'), optional('part', 'string')] }
const parted: TableShape = { ...shape, partitionBy: ['identity(part)'] }

function rowsFrom(start: number, count = 3, part = 'a'): Row[] {
  return Array.from({ length: count }, (_, index) => ({ id: start + index, part }))
}

async function idsIn(table: Table): Promise<number[]> {
  return (await readRows(table)).map(row => row['id'] as number).sort((a, b) => a - b)
}

async function filesIn(target: TestTable, folder: string, suffix: string): Promise<string[]> {
  return (await readdir(join(target.directory, folder))).filter(name => name.endsWith(suffix))
}

/** Three commits of one file each. */
async function threeFiles(of: TableShape = shape): Promise<TestTable & { files: ManifestEntry[] }> {
  let target = await createTable(of)
  for (const start of [0, 3, 6]) target = await append(target, rowsFrom(start))
  return { ...target, files: await dataFilesOf(target) }
}

describe('files that take the place of others', () => {
  test('hold the rows now, and the others are gone from what is read', async () => {
    const { files, ...target } = await threeFiles()
    const { table } = await replace(target, files.slice(0, 2), rowsFrom(0, 6))
    expect(await idsIn(table)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8])
    const { data } = await liveFiles(table)
    expect(data).toHaveLength(2)
    expect(data).toContainEqual(files[2])
  })

  test('are told of in the manifests: what goes with its numbers, what comes with the number that it was read at', async () => {
    const { files, ...target } = await threeFiles()
    const { table } = await replace(target, files.slice(0, 2), rowsFrom(0, 6))
    const snapshot = currentSnapshot(table.metadata)
    const lines = await readManifestList(table)
    expect(lines).toHaveLength(3)
    const [added, deleted, kept] = lines
    const mine = { sequenceNumber: 4, addedSnapshotId: snapshot?.['snapshot-id'] }
    expect(added).toMatchObject({ ...mine, minSequenceNumber: 3, addedFiles: 1, addedRows: 6, deletedFiles: 0 })
    expect(deleted).toMatchObject({
      ...mine,
      minSequenceNumber: 4,
      addedFiles: 0,
      existingFiles: 0,
      deletedFiles: 2,
      deletedRows: 6,
    })
    expect(kept).toEqual((await readManifestList(target.table)).find(({ sequenceNumber }) => sequenceNumber === 3))
    for (const line of lines) expect(await localFileIO.size(table.path(line.location))).toBe(line.length)

    const [fresh, ...gone] = await readManifests(table, lines.slice(0, 2))
    expect(fresh).toMatchObject({
      status: entryStatus.added,
      sequenceNumber: 3,
      fileSequenceNumber: 4,
      snapshotId: snapshot?.['snapshot-id'],
    })
    expect(gone).toHaveLength(2)
    for (const before of files.slice(0, 2))
      expect(gone).toContainEqual({ ...before, status: entryStatus.deleted, snapshotId: snapshot?.['snapshot-id'] })
  })

  test('are counted in the summary, with what they replaced and the totals', async () => {
    const { files, ...target } = await threeFiles()
    const { table } = await replace(target, files.slice(0, 2), rowsFrom(0, 6))
    const [first, second, third, added] = await dataFilesOf({ ...target, table: target.table }).then(async old => [
      ...old,
      (await liveFiles(table)).data.find(({ file }) => file.recordCount === 6),
    ])
    const size = (...entries: (ManifestEntry | undefined)[]): string =>
      String(entries.reduce((sum, entry) => sum + (entry?.file.fileSize ?? Number.NaN), 0))
    expect(currentSnapshot(table.metadata)?.summary).toEqual({
      operation: 'replace',
      'added-data-files': '1',
      'deleted-data-files': '2',
      'added-records': '6',
      'deleted-records': '6',
      'added-files-size': size(added),
      'removed-files-size': size(first, second),
      'changed-partition-count': '1',
      'total-data-files': '2',
      'total-records': '9',
      'total-files-size': size(third, added),
      'total-delete-files': '0',
      'total-position-deletes': '0',
      'total-equality-deletes': '0',
      'manifests-created': '2',
      'manifests-kept': '1',
      'manifests-replaced': '2',
      'entries-processed': '2',
    })
  })

  test('leave the other files of a manifest what they were, in one manifest where several were touched', async () => {
    let target = await createTable(parted)
    for (const start of [0, 10]) {
      target = await append(target, [
        ...rowsFrom(start, 2, 'a'),
        ...rowsFrom(start + 2, 2, 'b'),
        ...rowsFrom(start + 4, 2, 'c'),
      ])
    }
    const files = await dataFilesOf(target)
    const removed = files.filter(({ file }) => file.partition.get(1000) === 'b')
    const { table } = await replace(target, removed, [])
    const [kept, gone] = await outline(table)
    expect(kept?.map(line => line.split(' ')[0])).toEqual(['existing', 'existing', 'existing', 'existing'])
    expect(gone?.map(line => line.split(' ')[0])).toEqual(['deleted', 'deleted'])
    const { data } = await liveFiles(table)
    const rest = files.filter(entry => !removed.includes(entry))
    expect(data).toHaveLength(4)
    for (const entry of rest) expect(data).toContainEqual({ ...entry, status: entryStatus.existing })
    expect((await readManifestList(table))[0]).toMatchObject({
      minSequenceNumber: 1,
      existingFiles: 4,
      existingRows: 8,
    })
    expect(await idsIn(table)).toEqual([0, 1, 4, 5, 10, 11, 14, 15])
    expect(await readRows(table, { where: { column: 'part', values: new Set(['c']) } })).toHaveLength(4)
  })

  test('may be none: rows are gone then', async () => {
    const { files, ...target } = await threeFiles()
    const { table } = await replace(target, files.slice(1), [], { operation: 'delete' })
    expect(await idsIn(table)).toEqual([0, 1, 2])
    expect(currentSnapshot(table.metadata)?.summary).toMatchObject({ operation: 'delete', 'total-records': '3' })
    expect(currentSnapshot(table.metadata)?.summary).not.toHaveProperty('added-data-files')
  })

  test('leave a trace of what went in their own snapshot only: the next one drops it', async () => {
    const { files, ...target } = await threeFiles()
    const replaced = await replace(target, files, rowsFrom(0, 9))
    expect(await readManifestList(replaced.table)).toHaveLength(2)
    const next = await append(replaced, rowsFrom(9))
    expect((await readManifestList(next.table)).map(({ deletedFiles }) => deletedFiles)).toEqual([0, 0])
    expect(await idsIn(next.table)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
  })

  test('come with other updates of the same commit, and with none of it when those are refused', async () => {
    const { files, ...target } = await threeFiles()
    const { table } = await replace(target, files, [], {}, () => [
      { action: 'set-properties', updates: { 'hyp.last': '1' } },
    ])
    expect([table.version, table.metadata.properties]).toEqual([5, { 'hyp.last': '1' }])
    const before = await filesIn(target, 'metadata', '.avro')
    const again = await append({ ...target, table }, rowsFrom(0))
    const refused = new Error('not now')
    await expect(
      replace(again, await dataFilesOf(again), [], {}, () => {
        throw refused
      }),
    ).rejects.toBe(refused)
    expect(await filesIn(target, 'metadata', '.avro')).toHaveLength(before.length + 2)
    expect(await idsIn(await target.catalog.load())).toEqual([0, 1, 2])
  })
})

describe('a manifest that is written again', () => {
  test('keeps all that it says of a file, also what this writer does not write', async () => {
    const { files, ...target } = await threeFiles()
    const odd = {
      ...(files[0] as ManifestEntry).file,
      location: `${target.table.metadata.location}/data/odd.parquet`,
      format: 'ORC',
      keyMetadata: Uint8Array.of(1, 2, 3),
      splitOffsets: [4, 5_000_000_000],
      nanValueCounts: new Map([[1, 7]]),
      columnSizes: new Map(),
      sortOrderId: undefined,
    }
    const added = (file: typeof odd): { file: typeof odd; specId: number } => ({ file, specId: 0 })
    const other = { ...odd, location: `${odd.location}.other` }
    const held = await replace(target, [], [], { added: [added(odd), added(other)], sequenceNumber: 2 })
    const before = await dataFilesOf(held)
    const going = before.filter(({ file }) => file.location === other.location)
    const { table } = await replace(held, going, [])
    const entry = (await liveFiles(table)).data.find(({ file }) => file.location === odd.location)
    expect(entry).toEqual({
      status: entryStatus.existing,
      snapshotId: currentSnapshot(held.table.metadata)?.['snapshot-id'],
      sequenceNumber: 2,
      fileSequenceNumber: 4,
      specId: 0,
      file: odd,
    })
  })

  test('keeps partition values of a column that was dropped, or has another type now', async () => {
    const columns = [required('id', 'int'), optional('part', 'string'), optional('n', 'int')]
    let target = await createTable({ columns, partitionBy: ['identity(part)', 'identity(n)'] })
    const row = (id: number): Row => ({ id, part: id % 2 === 0 ? 'even' : 'odd', n: id })
    target = await append(target, [row(1), row(2), row(3)])
    const spec = { 'spec-id': 1, fields: [] }
    const table = await target.catalog.commit(target.table, {
      requirements: [],
      updates: [
        { action: 'add-spec', spec },
        { action: 'set-default-spec', 'spec-id': -1 },
      ],
    })
    target = await evolve({ ...target, table }, [required('id', 'int'), optional('n', 'long')])
    const before = await dataFilesOf(target)
    const replaced = await replace(target, before.slice(0, 1), [])
    const { data } = await liveFiles(replaced.table)
    expect(data.map(({ file }) => [...file.partition.values()])).toEqual([
      ['even', 2n],
      ['odd', 3n],
    ])
    expect(data).toEqual(before.slice(1).map(entry => ({ ...entry, status: entryStatus.existing })))
    expect(await readRows(replaced.table)).toEqual([
      { id: 2, n: 2n },
      { id: 3, n: 3n },
    ])
  })

  test('is refused where its spec has a transform that is not known', async () => {
    const { files, ...target } = await threeFiles(parted)
    const { metadata } = target.table
    const specs = metadata['partition-specs'].map(spec => ({
      ...spec,
      fields: spec.fields.map(field => ({ ...field, transform: 'zorder' })),
    }))
    const odd = { ...target, table: { ...target.table, metadata: { ...metadata, 'partition-specs': specs } } }
    const given = { operation: 'delete', removed: files.slice(0, 1), added: [], sequenceNumber: 3 } as const
    await expect(commitReplacement(target.catalog, odd.table, given, context)).rejects.toEqual(
      failure('FORMAT_UNSUPPORTED', 'manifests of partition spec 0 cannot be written again'),
    )
  })
})

describe('when another writer was first, a replacement', () => {
  test('of files that are still there is committed none the less, without writing its manifests again', async () => {
    const { files, ...target } = await threeFiles()
    const given = await replacement(target, files.slice(0, 2), rowsFrom(0, 6))
    const created: string[] = []
    const io = ioWith({
      create: path => {
        created.push(path)
        return localFileIO.create(path)
      },
    })
    const watched = { ...target, catalog: catalogAt(target.directory, io), table: { ...target.table, io } }
    const catalog = overtakenOnce(watched, async () =>
      append({ ...target, table: await target.catalog.load() }, rowsFrom(9)),
    )
    const table = await commitReplacement(catalog, watched.table, given, context)
    expect(await idsIn(table)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
    expect(created.filter(path => /-m\d+\.avro$/.test(path))).toHaveLength(2)
    // One for each commit that stands: the list of the try that failed is gone.
    expect((await filesIn(target, 'metadata', '.avro')).filter(name => name.startsWith('snap-'))).toHaveLength(5)
    expect((await liveFiles(table)).data.map(({ sequenceNumber }) => String(sequenceNumber)).sort()).toEqual([
      '3',
      '3',
      '4',
    ])
  })

  test('finds its files in manifests that were merged meanwhile', async () => {
    const { files, ...target } = await threeFiles()
    const given = await replacement(target, files.slice(0, 2), rowsFrom(0, 6))
    const catalog = overtakenOnce(target, now => mergeManifests(target.catalog, now, context, { minimum: 2 }))
    const table = await commitReplacement(catalog, target.table, given, context)
    expect(await idsIn(table)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8])
    expect((await outline(table)).map(lines => lines.map(line => line.split(' ')[0]))).toEqual([
      ['added'],
      ['existing'],
      ['deleted', 'deleted'],
    ])
    const named = new Set(
      (await Promise.all(table.metadata.snapshots.map(async s => readManifestList(table, s))))
        .flat()
        .map(m => m.location.split('/').at(-1)),
    )
    expect(
      (await filesIn(target, 'metadata', '.avro')).filter(name => !name.startsWith('snap-') && !named.has(name)),
    ).toEqual([])
  })

  async function refused(
    target: TestTable,
    removed: readonly ManifestEntry[],
    other: (now: TestTable) => Promise<unknown>,
  ): Promise<{ error: unknown; before: string[]; after: string[] }> {
    const given = await replacement(target, removed, rowsFrom(0, 6))
    let before: string[] = []
    const catalog = overtakenOnce(target, async now => {
      const mine = new Set(await filesIn(target, 'metadata', '.avro'))
      await other({ ...target, table: now })
      before = (await filesIn(target, 'metadata', '.avro')).filter(name => !mine.has(name))
    })
    const there = await filesIn(target, 'metadata', '.avro')
    const error: unknown = await commitReplacement(catalog, target.table, given, context).catch((e: unknown) => e)
    const after = (await filesIn(target, 'metadata', '.avro')).filter(name => !there.includes(name))
    return { error, before, after }
  }

  test('of files that it replaced too is refused, names them, and leaves nothing behind', async () => {
    const { files, ...target } = await threeFiles()
    const { error, before, after } = await refused(target, files.slice(0, 2), now =>
      replace(now, files.slice(1), rowsFrom(3, 6)),
    )
    expect(error).toEqual(failure('REPLACED_FILES_CHANGED', 'files are not in the table any more'))
    expect(error).toMatchObject({ details: { files: [files[1]?.file.location] } })
    expect(after.sort()).toEqual(before.sort())
    expect(await idsIn(await target.catalog.load())).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8])
  })

  test.each<readonly [string, (target: TestTable, file: ManifestEntry) => Promise<TestTable>]>([
    ['by position', (target, { file }) => deletePositions(target, [{ file: file.location, pos: 1 }])],
    ['by their values', target => deleteEqual(target, [1], [{ id: 1 }])],
  ])('of files of which it deleted rows %s is refused', async (_how, del) => {
    const { files, ...target } = await threeFiles()
    const { error, before, after } = await refused(target, files.slice(0, 1), now =>
      del(now, files[0] as ManifestEntry),
    )
    expect(error).toEqual(failure('REPLACED_FILES_CHANGED', 'rows were deleted of files'))
    expect(error).toMatchObject({ details: { files: [files[0]?.file.location] } })
    expect(after.sort()).toEqual(before.sort())
    expect(await idsIn(await target.catalog.load())).toEqual([0, 2, 3, 4, 5, 6, 7, 8])
  })

  test('goes on where the deletes are of other files', async () => {
    const { files, ...target } = await threeFiles()
    const other = files[2]?.file.location ?? ''
    const { error } = await refused(target, files.slice(0, 2), now =>
      deletePositions(now, [{ file: other, pos: 0 }], { change: file => ({ ...file, referencedDataFile: other }) }),
    )
    expect(error).not.toBeInstanceOf(Error)
    expect(await idsIn(await target.catalog.load())).toEqual([0, 1, 2, 3, 4, 5, 7, 8])
  })

  test('goes on where the snapshot that it read expired meanwhile, if its files are still there', async () => {
    const { files, ...target } = await threeFiles()
    const given = await replacement(target, files.slice(0, 2), rowsFrom(0, 6))
    const rule = { nowMs: Date.now() + 60_000, minSnapshots: 1, maxAgeMs: 0, pinned: new Set<bigint>() }
    const next = await append(target, rowsFrom(9))
    await expireSnapshots(target.catalog, next.table, rule, context)
    const table = await commitReplacement(target.catalog, target.table, given, context)
    expect(await idsIn(table)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
    expect((await liveFiles(table)).data).toHaveLength(3)
  })

  test('is refused where that snapshot expired, and there are deletes that may have come since', async () => {
    const { files, ...target } = await threeFiles()
    const deleted = await deleteEqual(target, [1], [{ id: 0 }])
    const given = await replacement(deleted, files.slice(0, 2), rowsFrom(1, 5))
    const rule = { nowMs: Date.now() + 60_000, minSnapshots: 1, maxAgeMs: 0, pinned: new Set<bigint>() }
    const next = await append(deleted, rowsFrom(9))
    await expireSnapshots(target.catalog, next.table, rule, context)
    await expect(commitReplacement(target.catalog, deleted.table, given, context)).rejects.toMatchObject({
      code: 'REPLACED_FILES_CHANGED',
    })
  })

  test('is refused where the spec changed, and where the table is another one', async () => {
    const { files, ...target } = await threeFiles()
    const spec = {
      'spec-id': 0,
      fields: [{ 'source-id': 1, 'field-id': 1000, name: 'id_bucket', transform: 'bucket[4]' }],
    }
    const { error } = await refused(target, files.slice(0, 1), now =>
      now.catalog.commit(now.table, {
        requirements: [],
        updates: [
          { action: 'add-spec', spec },
          { action: 'set-default-spec', 'spec-id': -1 },
        ],
      }),
    )
    expect(error).toEqual(failure('REPLACED_FILES_CHANGED', 'the partition spec of the table changed'))
    const table = await target.catalog.load()
    const other = await threeFiles()
    const given = await replacement({ ...target, table }, files.slice(0, 1), rowsFrom(0))
    const catalog = {
      ...overtakenOnce(target, now => append({ ...target, table: now }, [])),
      load: () => other.catalog.load(),
    }
    await expect(commitReplacement(catalog, table, given, context)).rejects.toEqual(
      failure('UPDATE_ILLEGAL', 'table UUID does not match'),
    )
  })
})

describe('deletes of other writers', () => {
  test('that were there when the files were read are no reason to refuse', async () => {
    const { files, ...target } = await threeFiles()
    const deleted = await deleteEqual(target, [1], [{ id: 1 }, { id: 7 }])
    const { table } = await replace(
      deleted,
      files.slice(0, 2),
      [0, 2, 3, 4, 5].map(id => ({ id, part: 'a' })),
    )
    expect(await idsIn(table)).toEqual([0, 2, 3, 4, 5, 6, 8])
  })

  test('that came after the files were read are a reason, also where the base knows them', async () => {
    const { files, ...target } = await threeFiles()
    const deleted = await deleteEqual(target, [1], [{ id: 1 }])
    const late = replace(deleted, files.slice(0, 1), rowsFrom(0), { sequenceNumber: 3 })
    await expect(late).rejects.toEqual(failure('REPLACED_FILES_CHANGED', 'rows were deleted of files'))
    expect(await idsIn(await target.catalog.load())).toEqual([0, 2, 3, 4, 5, 6, 7, 8])
  })

  test('by value still apply to what was written with the number that it was read at', async () => {
    const { files, ...target } = await threeFiles()
    const replaced = await replace(target, files, rowsFrom(0, 9), { sequenceNumber: 3 })
    const { data } = await liveFiles(replaced.table)
    expect(data.map(entry => [entry.sequenceNumber, entry.fileSequenceNumber])).toEqual([[3, 4]])
    const { table } = await deleteEqual(replaced, [1], [{ id: 4 }])
    expect(await idsIn(table)).toEqual([0, 1, 2, 3, 5, 6, 7, 8])
  })

  test('go with the files that they are of, and are counted', async () => {
    const { files, ...target } = await threeFiles()
    let deleted = await deletePositions(target, [{ file: files[0]?.file.location ?? '', pos: 0 }])
    deleted = await deleteEqual(deleted, [1], [{ id: 1 }])
    const summary = {
      ...currentSnapshot(deleted.table.metadata)?.summary,
      'total-delete-files': '2',
      'total-position-deletes': '1',
      'total-equality-deletes': '1',
    }
    const snapshots = deleted.table.metadata.snapshots.map((snapshot, index, all) =>
      index === all.length - 1 ? { ...snapshot, summary } : snapshot,
    )
    const counted = { ...deleted, table: { ...deleted.table, metadata: { ...deleted.table.metadata, snapshots } } }
    const { deletes } = await liveFiles(deleted.table)
    const { table } = await replace(
      counted,
      [...files, ...deletes],
      [2, 3, 4, 5, 6, 7, 8].map(id => ({ id, part: 'a' })),
    )
    expect(await idsIn(table)).toEqual([2, 3, 4, 5, 6, 7, 8])
    expect((await liveFiles(table)).deletes).toEqual([])
    expect(currentSnapshot(table.metadata)?.summary).toMatchObject({
      'removed-delete-files': '2',
      'removed-position-delete-files': '1',
      'removed-equality-delete-files': '1',
      'removed-position-deletes': '1',
      'removed-equality-deletes': '1',
      'total-delete-files': '0',
      'total-position-deletes': '0',
      'total-equality-deletes': '0',
      'total-records': '7',
    })
    const gone = (await readManifestList(table)).filter(({ content }) => content === 1)
    expect(
      gone.map(({ deletedFiles, addedFiles, existingFiles }) => [deletedFiles, addedFiles, existingFiles]),
    ).toEqual([[2, 0, 0]])
  })

  test('that nobody counted leave no total below zero', async () => {
    const { files, ...target } = await threeFiles()
    const deleted = await deleteEqual(target, [1], [{ id: 1 }])
    expect(currentSnapshot(deleted.table.metadata)?.summary).toMatchObject({ 'total-delete-files': '0' })
    const { deletes } = await liveFiles(deleted.table)
    const { table } = await replace(deleted, [...files, ...deletes], rowsFrom(0, 1))
    const summary = currentSnapshot(table.metadata)?.summary
    expect(summary).toMatchObject({ 'removed-delete-files': '1', 'total-records': '1', 'total-position-deletes': '0' })
    expect(summary).not.toHaveProperty('total-delete-files')
    expect(summary).not.toHaveProperty('total-equality-deletes')
  })

  test('stay where a file came meanwhile that they apply to', async () => {
    const { files, ...target } = await threeFiles()
    const deleted = await deleteEqual(target, [1], [{ id: 1 }, { id: 100 }])
    const { deletes } = await liveFiles(deleted.table)
    const given = await replacement(
      deleted,
      [...files, ...deletes],
      [0, 2, 3, 4, 5, 6, 7, 8].map(id => ({ id, part: 'a' })),
    )
    const older = await replacement(deleted, [], [{ id: 100, part: 'a' }], { sequenceNumber: 1 })
    const catalog = overtakenOnce(deleted, now => commitReplacement(deleted.catalog, now, older, context))
    await expect(commitReplacement(catalog, deleted.table, given, context)).rejects.toMatchObject({
      code: 'REPLACED_FILES_CHANGED',
      details: { files: deletes.map(({ file }) => file.location) },
    })
    expect(await idsIn(await deleted.catalog.load())).toEqual([0, 2, 3, 4, 5, 6, 7, 8])
  })
})

describe('when the disk fails, a replacement', () => {
  const broken = Object.assign(new Error('input/output error'), { code: 'EIO' })

  test('whose state is unknown leaves every file', async () => {
    const { files, ...target } = await threeFiles()
    const given = await replacement(target, files, rowsFrom(0, 9))
    const io = ioWith({
      syncDirectory: async path =>
        (await localFileIO.list(path)).includes('v5.metadata.json')
          ? Promise.reject(broken)
          : localFileIO.syncDirectory(path),
    })
    const catalog = catalogAt(target.directory, io)
    await expect(commitReplacement(catalog, { ...target.table, io }, given, context)).rejects.toEqual(
      failure('COMMIT_STATE_UNKNOWN', 'version 5'),
    )
    expect(await idsIn(await target.catalog.load())).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8])
    expect((await liveFiles(await target.catalog.load())).data).toHaveLength(1)
  })
})
