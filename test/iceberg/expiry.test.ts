import { readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { expireSnapshots } from '../../src/iceberg/expiry/expire.ts'
import { reachableFiles } from '../../src/iceberg/expiry/reachable.ts'
import type { FileIO } from '../../src/iceberg/file-io/file-io.ts'
import { localFileIO } from '../../src/iceberg/file-io/local.ts'
import { mergeManifests } from '../../src/iceberg/merge-manifests.ts'
import { liveFiles } from '../../src/iceberg/snapshot.ts'
import type { Row, Snapshot } from '../../src/iceberg/types.ts'
import { dataFilesOf, deleteEqual } from '../support/deletes.ts'
import { overtakenOnce, replace } from '../support/replacing.ts'
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
} from '../support/table.ts'

const shape: TableShape = { columns: [required('id', 'int'), optional('text', 'string')] }
const hour = 3_600_000
/** A minute from now, only the newest snapshot is young enough. */
const rule = { nowMs: Date.now() + 60_000, minSnapshots: 1, maxAgeMs: 0, pinned: new Set<bigint>() }

function rowsFrom(start: number, count = 3): Row[] {
  return Array.from({ length: count }, (_, index) => ({ id: start + index, text: `row ${start + index}` }))
}

async function fed(commits: number): Promise<TestTable> {
  let target = await createTable(shape)
  for (let n = 0; n < commits; n++) target = await append(target, rowsFrom(n * 3))
  return target
}

async function idsIn({ table }: Pick<TestTable, 'table'>, snapshot?: Snapshot): Promise<number[]> {
  const then =
    snapshot === undefined
      ? table
      : { ...table, metadata: { ...table.metadata, 'current-snapshot-id': snapshot['snapshot-id'] } }
  return (await readRows(then)).map(row => row['id'] as number).sort((a, b) => a - b)
}

/** Data, manifests and lists in the folder of a table. */
async function filesIn(directory: string): Promise<string[]> {
  const names = await readdir(directory, { recursive: true })
  return names
    .filter(name => /\.(parquet|avro|stats)$/.test(name))
    .map(name => join(directory, name))
    .sort()
}

/** Files in the folder but for metadata files: after an expiry exactly those that snapshots need. */
async function expectTidy(target: TestTable): Promise<void> {
  const table = await target.catalog.load()
  expect(await filesIn(target.directory)).toEqual([...(await reachableFiles(table, table.metadata.snapshots))].sort())
}

describe('an expiry', () => {
  test('removes snapshots, and of their files those that no other needs', async () => {
    const target = await fed(4)
    const before = await filesIn(target.directory)
    const { table, snapshots, refs, files, left } = await expireSnapshots(target.catalog, target.table, rule, context)
    expect([snapshots, refs, left]).toEqual([3, [], []])
    expect(table.metadata.snapshots).toHaveLength(1)
    // Appends carry everything over: only the lists were of one snapshot alone.
    expect(files.map(({ kind }) => kind)).toEqual(['manifest list', 'manifest list', 'manifest list'])
    expect(await idsIn({ table })).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
    const gone = before.filter(path => files.some(file => file.path === path))
    expect(gone).toHaveLength(3)
    expect(await filesIn(target.directory)).toEqual(before.filter(path => !gone.includes(path)))
    await expectTidy(target)
  })

  test('removes data that was replaced, and the manifests that named it, with their sizes', async () => {
    let target = await fed(4)
    const old = await dataFilesOf(target)
    target = await replace(target, old.slice(0, 3), rowsFrom(0, 9))
    target = { ...target, table: await mergeManifests(target.catalog, target.table, context, { minimum: 2 }) }
    const sizes = new Map(
      await Promise.all((await filesIn(target.directory)).map(async path => [path, (await stat(path)).size] as const)),
    )
    const { table, files } = await expireSnapshots(target.catalog, target.table, rule, context)
    const of = (kind: string): string[] => files.filter(file => file.kind === kind).map(({ path }) => path)
    expect(of('data').sort()).toEqual(
      old
        .slice(0, 3)
        .map(({ file }) => table.path(file.location))
        .sort(),
    )
    // Four of the appends, the added and the deleted ones of the replacement.
    expect(of('manifest')).toHaveLength(6)
    expect(of('manifest list')).toHaveLength(5)
    for (const { path, bytes } of files) expect(bytes).toBe(sizes.get(path))
    expect(await idsIn({ table })).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
    await expectTidy(target)
  })

  test('keeps what a tag needs, until the tag goes', async () => {
    let target = await fed(2)
    const tagged = target.table.metadata.snapshots[0] as Snapshot
    const table = await target.catalog.commit(target.table, {
      requirements: [],
      updates: [
        {
          action: 'set-snapshot-ref',
          'ref-name': 'first',
          type: 'tag',
          'snapshot-id': tagged['snapshot-id'],
          'max-ref-age-ms': hour,
        },
      ],
    })
    target = { ...target, table }
    target = await replace(target, await dataFilesOf(target), rowsFrom(100))
    const kept = await expireSnapshots(target.catalog, target.table, rule, context)
    expect([kept.snapshots, kept.refs]).toEqual([1, []])
    expect(await idsIn(kept, tagged)).toEqual([0, 1, 2])
    await expectTidy(target)
    const later = { ...rule, nowMs: rule.nowMs + 2 * hour }
    const gone = await expireSnapshots(target.catalog, kept.table, later, context)
    expect([gone.snapshots, gone.refs]).toEqual([1, ['first']])
    expect(gone.table.metadata.refs).not.toHaveProperty('first')
    expect(await idsIn(gone)).toEqual([100, 101, 102])
    await expectTidy(target)
  })

  test('keeps what somebody reads, with all its files', async () => {
    let target = await fed(2)
    const read = target.table.metadata.snapshots[1] as Snapshot
    target = await replace(target, await dataFilesOf(target), rowsFrom(100))
    const pinned = new Set([BigInt(read['snapshot-id'])])
    const { table, snapshots } = await expireSnapshots(target.catalog, target.table, { ...rule, pinned }, context)
    expect(snapshots).toBe(1)
    expect(await idsIn({ table }, read)).toEqual([0, 1, 2, 3, 4, 5])
    expect(await idsIn({ table })).toEqual([100, 101, 102])
    await expectTidy(target)
  })

  test('removes delete files and statistics that only what goes had', async () => {
    let target = await fed(2)
    target = await deleteEqual(target, [1], [{ id: 0 }])
    const { metadata } = target.table
    const [first, second] = metadata.snapshots as [Snapshot, Snapshot]
    const statistics = (
      snapshot: Snapshot,
      name: string,
    ): { 'snapshot-id': number; [key: string]: number | string } => ({
      'snapshot-id': snapshot['snapshot-id'] as number,
      'statistics-path': `${metadata.location}/metadata/${name}`,
      'file-size-in-bytes': 3,
    })
    for (const name of ['old.stats', 'shared.stats', 'partition.stats'])
      await writeFile(join(target.directory, 'metadata', name), 'abc')
    let table = await target.catalog.commit(target.table, {
      requirements: [],
      updates: [
        { action: 'set-statistics', statistics: statistics(first, 'old.stats') },
        { action: 'set-statistics', statistics: statistics(second, 'shared.stats') },
        { action: 'set-partition-statistics', 'partition-statistics': statistics(first, 'partition.stats') },
      ],
    })
    target = { ...target, table }
    const { deletes } = await liveFiles(table)
    target = await replace(target, [...(await dataFilesOf(target)), ...deletes], rowsFrom(1, 5))
    const last = target.table.metadata.snapshots.at(-1) as Snapshot
    table = await target.catalog.commit(target.table, {
      requirements: [],
      updates: [{ action: 'set-statistics', statistics: statistics(last, 'shared.stats') }],
    })
    const expired = await expireSnapshots(target.catalog, table, rule, context)
    const paths = (kind: string): string[] => expired.files.filter(file => file.kind === kind).map(({ path }) => path)
    expect(paths('deletes')).toEqual(deletes.map(({ file }) => table.path(file.location)))
    expect(paths('statistics').map(path => path.split('/').at(-1))).toEqual(['old.stats', 'partition.stats'])
    expect(expired.table.metadata.statistics).toHaveLength(1)
    await expectTidy(target)
  })

  test('says what it would do, and does nothing, when it is only asked', async () => {
    let target = await fed(3)
    target = await replace(target, await dataFilesOf(target), rowsFrom(0, 9))
    const before = await contentsOf(target.directory)
    const asked = await expireSnapshots(target.catalog, target.table, rule, context, { dryRun: true })
    expect(asked.table).toBe(target.table)
    expect(await contentsOf(target.directory)).toEqual(before)
    const done = await expireSnapshots(target.catalog, target.table, rule, context)
    expect({ ...asked, table: undefined }).toEqual({ ...done, table: undefined })
    expect(done.files.length).toBeGreaterThan(8)
  })

  test('of nothing commits nothing', async () => {
    const target = await fed(2)
    const before = await contentsOf(target.directory)
    const { table, snapshots, files } = await expireSnapshots(
      target.catalog,
      target.table,
      { ...rule, minSnapshots: 2 },
      context,
    )
    expect([table, snapshots, files]).toEqual([target.table, 0, []])
    expect(await contentsOf(target.directory)).toEqual(before)
  })

  test('keeps a manifest list that a snapshot which stays has as well', async () => {
    const target = await fed(2)
    const last = target.table.metadata.snapshots.at(-1) as Snapshot
    // Another writer gave the same state a second snapshot.
    const again = { ...last, 'snapshot-id': 77, 'sequence-number': 9, 'parent-snapshot-id': last['snapshot-id'] }
    const table = await target.catalog.commit(target.table, {
      requirements: [],
      updates: [
        { action: 'add-snapshot', snapshot: again },
        { action: 'set-snapshot-ref', 'ref-name': 'main', type: 'branch', 'snapshot-id': 77 },
      ],
    })
    const { snapshots, files } = await expireSnapshots(target.catalog, table, rule, context)
    expect([snapshots, files.length]).toEqual([2, 1])
    await expectTidy(target)
    expect(await idsIn({ table: await target.catalog.load() })).toEqual([0, 1, 2, 3, 4, 5])
  })

  test('leaves files that lie outside the table, and names them', async () => {
    let target = await fed(1)
    const [entry] = await dataFilesOf(target)
    const elsewhere = (await fed(1)).directory
    const [own] = (await filesIn(elsewhere)).filter(path => path.endsWith('.parquet'))
    const file = { ...(entry as NonNullable<typeof entry>).file, location: `file://${own}` }
    target = await replace(target, [], [], { added: [{ file, specId: 0 }] })
    target = await replace(target, await dataFilesOf(target), rowsFrom(50))
    const { files, outside } = await expireSnapshots(target.catalog, target.table, rule, context)
    expect(outside).toEqual([own])
    expect(files.filter(({ kind }) => kind === 'data').map(({ path }) => path)).toEqual([
      target.table.path(entry?.file.location ?? ''),
    ])
    expect(await localFileIO.size(own ?? '')).toBeGreaterThan(0)
  })
})

describe('beside another writer, an expiry', () => {
  test('judges again what came, and keeps it with what was the newest before: somebody may have begun to read that', async () => {
    const target = await fed(3)
    const catalog = overtakenOnce(target, table => append({ ...target, table }, rowsFrom(50)))
    const { table, snapshots } = await expireSnapshots(catalog, target.table, rule, context)
    expect([snapshots, table.metadata.snapshots.length]).toEqual([2, 2])
    expect(await idsIn({ table }, target.table.metadata.snapshots.at(-1))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8])
    expect(await idsIn({ table })).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 50, 51, 52])
    await expectTidy(target)
  })

  test('goes by what is left where that one expired more before the files were looked at', async () => {
    let target = await fed(4)
    target = await replace(target, await dataFilesOf(target), rowsFrom(0, 12))
    const catalog = {
      ...target.catalog,
      commit: async (...given: Parameters<typeof target.catalog.commit>) => {
        const table = await target.catalog.commit(...given)
        await expireSnapshots(target.catalog, table, rule, context)
        return table
      },
    }
    const { snapshots, left } = await expireSnapshots(catalog, target.table, { ...rule, minSnapshots: 3 }, context)
    expect([snapshots, left]).toEqual([2, []])
    expect(await idsIn({ table: await target.catalog.load() })).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
    await expectTidy(target)
  })

  test('does nothing where that one expired the same', async () => {
    const target = await fed(3)
    const catalog = overtakenOnce(target, table => expireSnapshots(target.catalog, table, rule, context))
    const { table, snapshots, files } = await expireSnapshots(catalog, target.table, rule, context)
    expect([snapshots, files, table.metadata.snapshots.length]).toEqual([0, [], 1])
    await expectTidy(target)
  })
})

describe('when the disk fails, an expiry', () => {
  const broken = Object.assign(new Error('input/output error'), { code: 'EIO' })

  test('whose state is unknown removes nothing', async () => {
    const target = await fed(3)
    const io = ioWith({
      syncDirectory: async path =>
        (await localFileIO.list(path)).includes('v5.metadata.json')
          ? Promise.reject(broken)
          : localFileIO.syncDirectory(path),
    })
    const before = await filesIn(target.directory)
    await expect(
      expireSnapshots(catalogAt(target.directory, io), { ...target.table, io }, rule, context),
    ).rejects.toEqual(failure('COMMIT_STATE_UNKNOWN', 'version 5'))
    expect(await filesIn(target.directory)).toEqual(before)
  })

  test('that cannot remove a file names it and removes the others', async () => {
    const target = await fed(3)
    const lists = target.table.metadata.snapshots.map(snapshot => target.table.path(snapshot['manifest-list'] ?? ''))
    const io = ioWith({ remove: path => (path === lists[0] ? Promise.reject(broken) : localFileIO.remove(path)) })
    const { files, left } = await expireSnapshots(
      catalogAt(target.directory, io),
      { ...target.table, io },
      rule,
      context,
    )
    expect(files.map(({ path }) => path)).toEqual([lists[1]])
    expect(left).toEqual([{ path: lists[0], reason: 'input/output error' }])
  })

  test('removes nothing where it cannot be told what the rest needs', async () => {
    let target = await fed(3)
    target = await replace(target, (await dataFilesOf(target)).slice(0, 1), rowsFrom(0))
    const list = target.table.path(target.table.metadata.snapshots.at(-1)?.['manifest-list'] ?? '')
    await writeFile(list, 'damaged')
    const before = await filesIn(target.directory)
    await expect(expireSnapshots(target.catalog, target.table, rule, context)).rejects.toEqual(
      failure('MANIFEST_INVALID', list),
    )
    expect(await filesIn(target.directory)).toEqual(before)
  })

  test('passes over what is missing of the snapshots that go', async () => {
    let target = await fed(3)
    target = await replace(target, await dataFilesOf(target), rowsFrom(0, 9))
    const [first, second] = target.table.metadata.snapshots.map(s => target.table.path(s['manifest-list'] ?? ''))
    await localFileIO.remove(first ?? '')
    await writeFile(second ?? '', 'damaged')
    const { files, table } = await expireSnapshots(target.catalog, target.table, rule, context)
    expect(files.map(({ path }) => path)).toContain(second)
    expect(await idsIn({ table })).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8])
    await expectTidy(target)
  })
})

describe('of 120 snapshots with ten manifests', () => {
  async function large(): Promise<{ target: TestTable; reads: string[] }> {
    const reads: string[] = []
    const io: FileIO = ioWith({
      read: path => {
        reads.push(path)
        return localFileIO.read(path)
      },
    })
    let target = await createTable({ ...shape, properties: { 'write.metadata.previous-versions-max': '1' } })
    for (let n = 0; n < 60; n++) {
      target = await append(target, rowsFrom(n * 10, 1))
      const small = (await dataFilesOf(target)).filter(({ file }) => file.recordCount < 20)
      target =
        small.length < 9
          ? await append(target, rowsFrom(n * 10 + 1, 1))
          : await replace(target, small.slice(0, 8), rowsFrom(n * 10, 30))
    }
    return { target: { ...target, table: { ...target.table, io }, catalog: catalogAt(target.directory, io) }, reads }
  }

  test('it reads no manifest and no list twice', async () => {
    const { target, reads } = await large()
    const table = { ...(await target.catalog.load()) }
    expect(table.metadata.snapshots).toHaveLength(120)
    const rare = { ...rule, minSnapshots: 100 }
    reads.length = 0
    expect((await expireSnapshots(target.catalog, table, rare, context, { dryRun: true })).snapshots).toBe(20)
    expect(reads).not.toEqual([])
    expect(new Set(reads).size).toBe(reads.length)
    expect((await expireSnapshots(target.catalog, table, rare, context)).snapshots).toBe(20)
    await expectTidy(target)
  })
})

test('what snapshots need is their lists, manifests, live files and statistics', async () => {
  let target = await fed(2)
  const [first] = target.table.metadata.snapshots as [Snapshot]
  target = await replace(target, (await dataFilesOf(target)).slice(0, 1), rowsFrom(70))
  const kinds = async (snapshots: readonly Snapshot[]): Promise<string[]> =>
    [...(await reachableFiles(target.table, snapshots))]
      .map(path => path.replace(/^.*\/(data|metadata)\/(snap)?.*$/, '$1 $2'))
      .sort()
  expect(await kinds([first])).toEqual(['data ', 'metadata ', 'metadata snap'])
  const { snapshots } = target.table.metadata
  expect(await kinds(snapshots.slice(-1))).toEqual(['data ', 'data ', ...Array(3).fill('metadata '), 'metadata snap'])
  expect(await kinds(snapshots)).toEqual([
    ...Array(3).fill('data '),
    ...Array(4).fill('metadata '),
    ...Array(3).fill('metadata snap'),
  ])
})
