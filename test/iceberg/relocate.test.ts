import { cp, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { decodeAvro } from '../../src/iceberg/avro/decode.ts'
import type { Catalog, Table } from '../../src/iceberg/catalog/catalog.ts'
import { fileCatalog } from '../../src/iceberg/catalog/file-catalog.ts'
import type { FileIO } from '../../src/iceberg/file-io/file-io.ts'
import { localFileIO } from '../../src/iceberg/file-io/local.ts'
import { mover, relocateTable } from '../../src/iceberg/relocate.ts'
import { readManifestList } from '../../src/iceberg/snapshot.ts'
import type { Row, TableMetadata } from '../../src/iceberg/types.ts'
import { dataFilesOf, deleteEqual, deletePositions } from '../support/deletes.ts'
import { watchedFileIO } from '../support/fault-file-io.ts'
import {
  append,
  catalogAt,
  contentsOf,
  context,
  createTable,
  evolve,
  failure,
  ioWith,
  optional,
  readRows,
  required,
  type TestTable,
  temporaryFolder,
} from '../support/table.ts'

const relocating = (directory: string, io: FileIO = localFileIO): ReturnType<typeof fileCatalog> =>
  fileCatalog({ io, directory, now: Date.now, uniqueName: context.uniqueName })

const rowsFrom = (start: number, count: number): Row[] =>
  Array.from({ length: count }, (_, index) => ({ id: BigInt(start + index), name: `row ${start + index}` }))

/** A table with a past: appends, an evolution, rows deleted by position and by value. */
async function tableWithPast(directory: string): Promise<TestTable> {
  const columns = [required('id', 'long'), optional('name', 'string')]
  let target = await createTable({ columns, partitionBy: ['bucket[2](id)'], sortBy: ['id'] }, directory)
  target = await append(target, rowsFrom(0, 20))
  target = await evolve(target, [required('id', 'long'), optional('note', 'string'), optional('name', 'string')])
  target = await append(target, rowsFrom(20, 20))
  for (const entry of (await dataFilesOf(target)).slice(0, 2))
    target = await deletePositions(target, [{ file: entry.file.location, pos: 1 }], {
      partition: entry.file.partition,
      specId: entry.specId,
    })
  const [first] = await dataFilesOf(target)
  // Of them those that are in its partition.
  const ids = rowsFrom(20, 20).map(({ id }) => ({ id }))
  target = await deleteEqual(target, [1], ids, { partition: first?.file.partition ?? new Map() })
  return append(target, rowsFrom(40, 5))
}

async function moved(): Promise<{ before: TestTable; rows: Row[]; directory: string; catalog: Catalog }> {
  const folder = await temporaryFolder()
  const before = await tableWithPast(join(folder, 'old'))
  const rows = await readRows(before.table)
  const directory = join(folder, 'new place')
  await rename(before.directory, directory)
  return { before, rows, directory, catalog: catalogAt(directory) }
}

/** Everything a table says of places, in every file it reaches. */
async function textsOf(table: Table): Promise<string> {
  const texts = [
    JSON.stringify(table.metadata, (_key, value: unknown) => (typeof value === 'bigint' ? `${value}` : value)),
  ]
  const add = async (location: string): Promise<void> => {
    const { records } = decodeAvro(await table.io.read(table.path(location)))
    texts.push(JSON.stringify(records, (_key, value: unknown) => (typeof value === 'bigint' ? `${value}` : value)))
  }
  for (const snapshot of table.metadata.snapshots) {
    await add(snapshot['manifest-list'] as string)
    for (const manifest of await readManifestList(table, snapshot)) await add(manifest.location)
  }
  return texts.join('\n')
}

describe('a table whose directory was moved', () => {
  test('says where it is after it was relocated, everywhere, and holds the same rows', async () => {
    const { before, rows, directory, catalog } = await moved()
    expect(rows.length).toBeGreaterThan(23)
    expect(rows.length).toBeLessThan(43)
    const relocation = await relocateTable(relocating(directory), directory, context)
    expect(relocation).toMatchObject({ from: `file://${before.directory}`, to: `file://${directory}`, outside: [] })
    const table = await catalog.load()
    expect(table.version).toBe(before.table.version + 1)
    expect(table.metadata.location).toBe(`file://${directory}`)
    expect(await readRows(table)).toEqual(rows)
    const texts = await textsOf(table)
    expect(texts).not.toContain(before.directory)
    expect(texts).toContain(`file://${directory}/data/`)
  })

  test('keeps its uuid, its ids, its snapshots and their sequence numbers', async () => {
    const { before, directory, catalog } = await moved()
    await relocateTable(relocating(directory), directory, context)
    const { metadata } = await catalog.load()
    const old = before.table.metadata
    for (const key of [
      'table-uuid',
      'last-column-id',
      'last-sequence-number',
      'schemas',
      'current-snapshot-id',
      'refs',
    ])
      expect(metadata[key]).toEqual(old[key])
    const withoutLists = (snapshots: TableMetadata['snapshots']): unknown =>
      snapshots.map(snapshot => ({ ...snapshot, 'manifest-list': undefined }))
    expect(withoutLists(metadata.snapshots)).toEqual(withoutLists(old.snapshots))
    const sequences = async (table: Table): Promise<unknown> =>
      (await dataFilesOf({ ...before, table })).map(entry => [
        entry.file.location.split('/').at(-1),
        entry.sequenceNumber,
        entry.snapshotId,
      ])
    expect(await sequences(await catalog.load())).toEqual(
      await sequences({
        ...before.table,
        path: location => location.replace('file://', '').replace(before.directory, directory),
      }),
    )
  })

  test('touches no file that was there, so that it may share them with a copy', async () => {
    const { directory } = await moved()
    const before = await contentsOf(directory)
    await relocateTable(relocating(directory), directory, context)
    const after = await contentsOf(directory)
    const unchanged = [...before].filter(([path]) => !path.endsWith('version-hint.text'))
    expect(unchanged.filter(([path, bytes]) => after.get(path) !== bytes)).toEqual([])
  })

  test('reads each of its snapshots as before, and takes rows and deletes on', async () => {
    const { before, directory, catalog } = await moved()
    await relocateTable(relocating(directory), directory, context)
    const table = await catalog.load()
    for (const snapshot of table.metadata.snapshots) {
      const id = snapshot['snapshot-id']
      const now = await readRows({ ...table, metadata: { ...table.metadata, 'current-snapshot-id': id } })
      const then = await readRows({
        ...before.table,
        metadata: { ...before.table.metadata, 'current-snapshot-id': id },
        path: location => location.replace(`file://${before.directory}`, directory),
      })
      // The map of places of the old table does not reach the rows of its delete files: only the names of files.
      expect(now.length).toBe(then.length)
    }
    let target: TestTable = { directory, catalog, table }
    const rows = (await readRows(table)).length
    target = await append(target, rowsFrom(100, 3))
    const newest = (await dataFilesOf(target)).at(-1)
    target = await deletePositions(target, [{ file: newest?.file.location ?? '', pos: 0 }], {
      partition: newest?.file.partition ?? new Map(),
    })
    expect(await readRows(target.table)).toHaveLength(rows + 2)
  })

  test('is relocated once: a second time does nothing', async () => {
    const { directory } = await moved()
    await relocateTable(relocating(directory), directory, context)
    const before = await contentsOf(directory)
    expect(await relocateTable(relocating(directory), directory, context)).toMatchObject({ files: 0 })
    expect(await contentsOf(directory)).toEqual(before)
  })

  test('is only looked at by a dry run, which counts the files that would be written', async () => {
    const { directory } = await moved()
    const before = await contentsOf(directory)
    const { files } = await relocateTable(relocating(directory), directory, context, { dryRun: true })
    expect(await contentsOf(directory)).toEqual(before)
    expect((await relocateTable(relocating(directory), directory, context)).files).toBe(files)
  })

  test('an append that was prepared before it is not committed after it', async () => {
    const { rows, directory, catalog } = await moved()
    let relocated = false
    const io = ioWith({
      list: async path => {
        if (!relocated && path.endsWith('/metadata')) {
          relocated = true
          await relocateTable(relocating(directory), directory, context)
        }
        return localFileIO.list(path)
      },
    })
    const stale = await catalog.load()
    await expect(
      append({ directory, catalog: catalogAt(directory, io), table: { ...stale, io } }, rowsFrom(70, 2)),
    ).rejects.toThrow(failure('COMMIT_CONFLICT', 'relocated'))
    expect(await readRows(await catalog.load())).toEqual(rows)
  })
})

test('whatever fails while a table is relocated, it is as it was or relocated, and nothing is left that nobody names', async () => {
  const { rows, directory } = await moved()
  const folder = await temporaryFolder()
  let steps = 0
  await relocateTable(
    relocating(directory, watchedFileIO(localFileIO, { before: () => void steps++ })),
    directory,
    context,
    {
      dryRun: true,
    },
  )
  let done = false
  for (let n = 1; !done; n++) {
    const copy = join(folder, String(n))
    await cp(directory, copy, { recursive: true })
    const before = new Set((await contentsOf(copy)).keys())
    const io = watchedFileIO(localFileIO, {
      before: operation => {
        if (operation.n === n) throw Object.assign(new Error('made up'), { code: 'EIO', syscall: operation.kind })
      },
    })
    const error = await relocateTable(relocating(copy, io), copy, context).then(
      () => undefined,
      (failed: unknown) => failed,
    )
    done = error === undefined && n > steps
    const table = await catalogAt(copy).load()
    expect(await readRows(table)).toEqual(rows)
    const isThere = table.metadata.location === `file://${copy}`
    if (!isThere) expect(new Set((await contentsOf(copy)).keys())).toEqual(before)
    if (error === undefined) expect(isThere).toBe(true)
  }
})

test('what lies outside the table is named as before', () => {
  const move = mover('file:///old/t', 'file:///new/t')
  expect(move('file:///old/t/data/a.parquet')).toBe('file:///new/t/data/a.parquet')
  expect(move('/old/t/data/a.parquet')).toBe('file:///new/t/data/a.parquet')
  expect(move('file:/old/t/data/a.parquet')).toBe('file:///new/t/data/a.parquet')
  expect(move('file:///old/t2/data/a.parquet')).toBe('file:///old/t2/data/a.parquet')
  expect(move('s3://bucket/t/data/a.parquet')).toBe('s3://bucket/t/data/a.parquet')
})
