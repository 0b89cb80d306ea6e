import { randomUUID } from 'node:crypto'
import { readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Catalog } from '../../src/iceberg/catalog/catalog.ts'
import { cellText } from '../../src/iceberg/cell-text.ts'
import { IcebergError } from '../../src/iceberg/errors.ts'
import { expireSnapshots } from '../../src/iceberg/expiry/expire.ts'
import { localFileIO } from '../../src/iceberg/file-io/local.ts'
import { compactTable } from '../../src/iceberg/rewrite/compact-table.ts'
import { liveFiles } from '../../src/iceberg/snapshot.ts'
import type { Row } from '../../src/iceberg/types.ts'
import { dataFilesOf, deleteEqual, deletePositions } from '../support/deletes.ts'
import { inAnyOrder } from '../support/rewriting.ts'
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

const shape: TableShape = {
  columns: [required('id', 'int'), required('part', 'string'), optional('text', 'string')],
  partitionBy: ['identity(part)'],
  sortBy: ['id'],
}

/** A table of so many commits, each with two rows for each of three partitions. */
async function many(commits: number): Promise<TestTable> {
  let target = await createTable(shape)
  for (let commit = 0; commit < commits; commit++) target = await append(target, rowsOf(commit))
  return target
}

function rowsOf(commit: number): Row[] {
  return ['x', 'y', 'z'].flatMap(part => [
    { id: 100 - commit, part, text: `${part}${commit}` },
    { id: commit, part, text: null },
  ])
}

async function fresh(target: TestTable): Promise<TestTable> {
  return { ...target, table: await target.catalog.load() }
}

describe('a table of many small files', () => {
  test('has one for each partition afterwards, with the same rows, in one commit', async () => {
    const target = await many(5)
    const seen: number[] = []
    const report = await compactTable(target.catalog, { context, onGroup: group => seen.push(group.entries.length) })
    expect(report).toMatchObject({ commits: 1, rows: 30, redone: 0, failed: [], deleteFiles: 0 })
    expect([report.removed.files, report.added.files]).toEqual([15, 3])
    expect(seen).toEqual([5, 5, 5])
    const now = await fresh(target)
    expect(now.table.version).toBe(target.table.version + 1)
    expect(await dataFilesOf(now)).toHaveLength(3)
    expect(inAnyOrder(await readRows(now.table))).toEqual(inAnyOrder(await readRows(target.table)))
    expect(now.table.metadata.snapshots.at(-1)?.summary?.operation).toBe('replace')
  })

  test('is left as it is where nothing is worth it', async () => {
    const target = await many(3)
    const report = await compactTable(target.catalog, { context })
    expect(report).toMatchObject({ commits: 0, rows: 0 })
    expect((await fresh(target)).table.version).toBe(target.table.version)
  })

  test('is committed some partitions at a time, as it is asked for', async () => {
    const target = await many(4)
    const report = await compactTable(target.catalog, { context, options: { commitBytes: 1 } })
    expect(report.commits).toBe(3)
    expect(inAnyOrder(await readRows(report.table))).toEqual(inAnyOrder(await readRows(target.table)))
  })

  test('gets rid of delete files that apply to nothing any more, and of no others', async () => {
    let target = await many(4)
    const [first] = await dataFilesOf(target)
    const { location, partition } = (first as NonNullable<typeof first>).file
    target = await deletePositions(target, [{ file: location, pos: 0 }], { partition })
    target = await deleteEqual(target, [1], [{ id: 2 }], { partition })
    // A partition with one file only, which stays, and what was deleted of it.
    target = await append(target, [{ id: 1, part: 'w', text: null }, ...numbers('w', 40)])
    target = await deleteEqual(target, [1], [{ id: 1 }], { partition: new Map([[1000, 'w']]) })
    const before = await readRows(target.table)
    const report = await compactTable(target.catalog, { context })
    expect(report.deleteFiles).toBe(2)
    expect((await liveFiles(report.table)).deletes).toHaveLength(1)
    expect(inAnyOrder(await readRows(report.table))).toEqual(inAnyOrder(before))
  })

  test('is compacted but for a partition with a damaged file, which is named', async () => {
    const target = await many(4)
    const damaged = (await dataFilesOf(target)).find(({ file }) => file.partition.get(1000) === 'y')
    const location = damaged?.file.location ?? ''
    await writeFile(target.table.path(location), 'no Parquet')
    const report = await compactTable(target.catalog, { context })
    expect(report).toMatchObject({ commits: 1, rows: 16 })
    expect(report.failed).toEqual([
      expect.objectContaining({
        partition: new Map([[1000, 'y']]),
        files: expect.arrayContaining([location]),
        error: expect.objectContaining({ code: 'DATA_INVALID' }),
      }),
    ])
    expect(
      (await dataFilesOf(await fresh(target))).map(({ file }) => cellText(file.partition.get(1000))).sort(),
    ).toEqual(['x', 'y', 'y', 'y', 'y', 'z'])
  })
})

describe('what others do meanwhile', () => {
  test('a file that is added stays beside the new ones', async () => {
    const target = await many(4)
    const added = rowsOf(50)
    const report = await compactTable(
      interrupted(target, async now => void (await append(now, added))),
      { context },
    )
    expect(report).toMatchObject({ commits: 1, redone: 0, failed: [] })
    expect(inAnyOrder(await readRows(report.table))).toEqual(inAnyOrder([...(await readRows(target.table)), ...added]))
  })

  test('a row that is deleted meanwhile is not brought back: its partition is written once more', async () => {
    const target = await many(4)
    const [first] = await dataFilesOf(target)
    const { partition, location } = (first as NonNullable<typeof first>).file
    const report = await compactTable(
      interrupted(target, async now => void (await deletePositions(now, [{ file: location, pos: 1 }], { partition }))),
      { context },
    )
    expect(report).toMatchObject({ redone: 1, failed: [], rows: 23 })
    const left = await readRows(report.table)
    expect(left).toHaveLength(23)
    const data = await readdir(join(target.directory, 'data'))
    const named = new Set((await liveFiles(report.table)).data.map(({ file }) => file.location))
    // Those of the first try are gone: the old ones, the delete file, and one new one for each partition.
    expect(data).toHaveLength(12 + 1 + named.size)
  })

  test('a partition whose files change each time is named at last, and the others are done', async () => {
    const target = await many(4)
    const files = (await dataFilesOf(target)).filter(({ file }) => file.partition.get(1000) === 'x')
    let next = 0
    const change = async (now: TestTable): Promise<void> => {
      const file = files[next++ % files.length]?.file
      if (file !== undefined)
        await deletePositions(now, [{ file: file.location, pos: 0 }], { partition: file.partition })
    }
    // Before each commit with files that were written for the partition.
    let isWritten = false
    const catalog: Catalog = {
      ...target.catalog,
      commit: async (base, commit) => {
        if (isWritten) await change(await fresh(target))
        isWritten = false
        return target.catalog.commit(base, commit)
      },
    }
    const report = await compactTable(catalog, {
      context,
      onGroup: ({ partition }) => {
        isWritten ||= partition.get(1000) === 'x'
      },
    })
    expect(report.failed).toEqual([
      expect.objectContaining({
        partition: new Map([[1000, 'x']]),
        error: expect.objectContaining({ code: 'REPLACED_FILES_CHANGED' }),
      }),
    ])
    expect(report.added.files).toBe(2)
  })

  test('a partition whose files somebody else replaced and expired is planned anew', async () => {
    let target = await many(4)
    let isDone = false
    const io = ioWith({
      open: async path => {
        if (!isDone) {
          isDone = true
          const other = await compactTable(target.catalog, { context })
          const rule = { nowMs: Date.now() + 60_000, minSnapshots: 1, maxAgeMs: 0, pinned: new Set<bigint>() }
          await expireSnapshots(target.catalog, other.table, rule, context)
          for (let commit = 4; commit < 9; commit++) target = await append(await fresh(target), rowsOf(commit))
        }
        return localFileIO.open(path)
      },
    })
    const report = await compactTable(catalogAt(target.directory, io), { context })
    expect(report).toMatchObject({ failed: [], redone: 3, removed: { files: 15 } })
    const rows = Array.from({ length: 9 }, (_, commit) => rowsOf(commit)).flat()
    expect(inAnyOrder(await readRows(report.table))).toEqual(inAnyOrder(rows))
  })

  test('a file that is gone and still named is told', async () => {
    const target = await many(4)
    const gone = (await dataFilesOf(target))[0]?.file.location ?? ''
    await rm(target.table.path(gone))
    const report = await compactTable(
      interrupted(target, async now => void (await append(now, rowsOf(50)))),
      { context },
    )
    expect(report).toMatchObject({ commits: 1, failed: [{ error: { code: 'FILE_MISSING' } }] })
  })

  test('nothing is removed when it is not known whether the commit landed', async () => {
    const target = await many(4)
    const before = await readdir(join(target.directory, 'data'))
    const catalog: Catalog = {
      ...target.catalog,
      commit: async (base, commit) => {
        await target.catalog.commit(base, commit)
        throw new IcebergError('COMMIT_STATE_UNKNOWN', 'the answer was lost')
      },
    }
    await expect(compactTable(catalog, { context })).rejects.toMatchObject({ code: 'COMMIT_STATE_UNKNOWN' })
    expect((await readdir(join(target.directory, 'data'))).length).toBe(before.length + 3)
    expect(await readRows((await fresh(target)).table)).toHaveLength(24)
  })

  test('nothing is left behind when it is stopped', async () => {
    const target = await many(4)
    const before = await readdir(join(target.directory, 'data'))
    const stop = new AbortController()
    const stopped = compactTable(target.catalog, {
      context,
      signal: stop.signal,
      onGroup: () => stop.abort(new Error('stopped')),
    })
    await expect(stopped).rejects.toThrow('stopped')
    expect(await readdir(join(target.directory, 'data'))).toEqual(before)
  })
})

function numbers(part: string, count: number): Row[] {
  return Array.from({ length: count }, (_, index) => ({ id: 1000 + index, part, text: randomUUID() }))
}

/** The table's catalog, in which somebody else comes first once. */
function interrupted(target: TestTable, other: (now: TestTable) => Promise<void>): Catalog {
  let isDone = false
  return {
    ...target.catalog,
    commit: async (base, commit) => {
      if (!isDone) await other(await fresh(target))
      isDone = true
      return target.catalog.commit(base, commit)
    },
  }
}
