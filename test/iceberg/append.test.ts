import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import {
  type AppendContext,
  abandonAppend,
  commitAppend,
  type PreparedAppend,
  prepareAppend,
  type Reprobe,
  stageAppend,
} from '../../src/iceberg/append.ts'
import { encodeAvro } from '../../src/iceberg/avro/encode.ts'
import type { AvroSchema } from '../../src/iceberg/avro/schema.ts'
import type { Catalog, Table } from '../../src/iceberg/catalog/catalog.ts'
import { writeDataFiles } from '../../src/iceberg/data-files.ts'
import { isCode } from '../../src/iceberg/errors.ts'
import { expireSnapshots } from '../../src/iceberg/expiry/expire.ts'
import { localFileIO } from '../../src/iceberg/file-io/local.ts'
import { currentSnapshot, parseMetadata, printMetadata } from '../../src/iceberg/metadata.ts'
import { patience } from '../../src/iceberg/retry.ts'
import { readManifestList } from '../../src/iceberg/snapshot.ts'
import type { Row, SnapshotRef } from '../../src/iceberg/types.ts'
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
  type TableShape,
  type TestTable,
} from '../support/table.ts'

const shape: TableShape = { columns: [required('id', 'int'), optional('text', 'string')] }
const again: Reprobe = async (_fresh, _stale, current) => current

function rowsFrom(start: number, count = 3): Row[] {
  return Array.from({ length: count }, (_, index) => ({ id: start + index, text: `row ${start + index}` }))
}

async function prepared(target: TestTable, rows: readonly Row[], io = target.table.io): Promise<PreparedAppend> {
  const table = { ...target.table, io }
  return prepareAppend(
    table,
    await writeDataFiles(table, rows, { uniqueName: context.uniqueName, rowGroupRows: 1000 }),
    context,
  )
}

function idsOf(rows: readonly Row[]): number[] {
  return rows.map(row => row['id'] as number).sort((a, b) => a - b)
}

async function avroNames(target: TestTable): Promise<string[]> {
  return (await readdir(join(target.directory, 'metadata'))).filter(name => name.endsWith('.avro'))
}

/** A catalog that lets another writer commit first, so many times. */
function overtaken(
  target: TestTable,
  times: number,
  other: (n: number, table: Table) => Promise<unknown>,
): { catalog: Catalog; attempts: () => number } {
  let attempts = 0
  const catalog: Catalog = {
    ...target.catalog,
    commit: async (base, change) => {
      if (attempts < times) await other(attempts, base)
      attempts++
      return target.catalog.commit(base, change)
    },
  }
  return { catalog, attempts: () => attempts }
}

describe('a snapshot', () => {
  test('counts what it added and what there is, and names its parent', async () => {
    const one = await append(await createTable(shape), rowsFrom(0))
    const two = await append(one, rowsFrom(3, 5))
    const [first, second] = two.table.metadata.snapshots
    expect(first).not.toHaveProperty('parent-snapshot-id')
    expect(second?.['parent-snapshot-id']).toBe(first?.['snapshot-id'])
    expect([
      first?.['sequence-number'],
      second?.['sequence-number'],
      two.table.metadata['last-sequence-number'],
    ]).toEqual([1, 2, 2])
    expect(second?.summary).toEqual({
      operation: 'append',
      'added-data-files': '1',
      'added-records': '5',
      'added-files-size': expect.stringMatching(/^\d+$/),
      'changed-partition-count': '1',
      'total-data-files': '2',
      'total-records': '8',
      'total-files-size': String(
        Number(first?.summary?.['added-files-size']) + Number(second?.summary?.['added-files-size']),
      ),
      'total-delete-files': '0',
      'total-position-deletes': '0',
      'total-equality-deletes': '0',
    })
  })

  test('says which schema was current, and a schema-only commit makes none', async () => {
    const evolved = await evolve(await append(await createTable(shape), rowsFrom(0)), [
      ...shape.columns,
      optional('more', 'int'),
    ])
    expect(evolved.table.metadata.snapshots.map(snapshot => snapshot['schema-id'])).toEqual([0])
    const two = await append(evolved, rowsFrom(3))
    expect(two.table.metadata.snapshots.map(snapshot => snapshot['schema-id'])).toEqual([0, 1])
  })

  test('has an id that every reader of JSON keeps, and no id twice', async () => {
    const target = await append(await createTable(shape), rowsFrom(0))
    const { metadata } = target.table
    const used = metadata.snapshots[0]?.['snapshot-id'] as number
    const draws = [(used - 1) / (Number.MAX_SAFE_INTEGER - 1), 0, 1 - 2 ** -53]
    const rigged: AppendContext = { ...context, random: () => draws.shift() ?? 0.5 }
    const staged = stageAppend(metadata, await prepared(target, rowsFrom(9)), [], rigged)
    expect(staged.snapshot['snapshot-id']).not.toBe(used)
    for (const draw of [0, 0.5, 1 - 2 ** -53]) {
      const id = stageAppend(metadata, await prepared(target, rowsFrom(9)), [], { ...context, random: () => draw })
        .snapshot['snapshot-id']
      expect(Number.isSafeInteger(id) && Number(id) > 0).toBe(true)
    }
  })

  test('is not older than the table when the clock went back', async () => {
    const target = await append(await createTable(shape), rowsFrom(0))
    const staged = stageAppend(target.table.metadata, await prepared(target, rowsFrom(3)), [], {
      ...context,
      now: () => 1000,
    })
    expect(staged.snapshot['timestamp-ms']).toBe(target.table.metadata['last-updated-ms'])
  })

  test('leaves out totals that its parent does not know', async () => {
    const target = await append(await createTable(shape), rowsFrom(0))
    const { metadata } = target.table
    const snapshots = metadata.snapshots.map(snapshot => ({
      ...snapshot,
      summary: { operation: 'append', 'total-records': '3' },
    }))
    const { summary } = stageAppend(
      { ...metadata, snapshots },
      await prepared(target, rowsFrom(3)),
      [],
      context,
    ).snapshot
    expect(summary).toMatchObject({ 'total-records': '6', 'added-records': '3' })
    expect(summary).not.toHaveProperty('total-data-files')
  })

  test('leaves main with the retention that it has', async () => {
    const target = await append(await createTable(shape), rowsFrom(0))
    const main = { ...target.table.metadata.refs['main'], type: 'branch', 'min-snapshots-to-keep': 7 } as const
    const table = await target.catalog.commit(target.table, {
      requirements: [],
      updates: [{ action: 'set-snapshot-ref', 'ref-name': 'main', ...(main as typeof main & SnapshotRef) }],
    })
    const next = await append({ ...target, table }, rowsFrom(3))
    expect(next.table.metadata.refs['main']).toEqual({
      type: 'branch',
      'snapshot-id': currentSnapshot(next.table.metadata)?.['snapshot-id'],
      'min-snapshots-to-keep': 7,
    })
  })

  test('can set properties in the same commit', async () => {
    const target = await createTable(shape)
    const table = await commitAppend(
      target.catalog,
      target.table,
      await prepared(target, rowsFrom(0)),
      context,
      again,
      () => [{ action: 'set-properties', updates: { 'hyp.last': '1' } }],
    )
    expect([table.version, table.metadata.properties]).toEqual([2, { 'hyp.last': '1' }])
  })

  test('of nothing carries the manifests and adds none', async () => {
    const target = await append(await createTable(shape), rowsFrom(0))
    const nothing = await append(target, [])
    expect(nothing.table.metadata.snapshots).toHaveLength(2)
    expect(await readManifestList(nothing.table)).toEqual(await readManifestList(target.table))
    expect(idsOf(await readRows(nothing.table))).toEqual([0, 1, 2])
    for (const { location } of await readManifestList(nothing.table))
      expect(await localFileIO.size(nothing.table.path(location))).toBeGreaterThan(0)
  })
})

describe('the manifest list', () => {
  test('carries the lines of the parent as they are, the new one first, with its exact length', async () => {
    const one = await append(await createTable(shape), rowsFrom(0))
    const two = await append(one, rowsFrom(3))
    const [added, carried] = await readManifestList(two.table)
    expect(carried).toEqual((await readManifestList(one.table))[0])
    expect(added).toMatchObject({
      sequenceNumber: 2,
      minSequenceNumber: 2,
      addedFiles: 1,
      existingFiles: 0,
      deletedFiles: 0,
      addedRows: 3,
      partitions: [],
    })
    expect(added?.addedSnapshotId).toBe(currentSnapshot(two.table.metadata)?.['snapshot-id'])
    expect((await readFile(two.table.path(added?.location ?? ''))).byteLength).toBe(added?.length)
  })

  test('drops manifests in which nothing is live', async () => {
    const target = await append(await createTable(shape), rowsFrom(0))
    const [line] = await readManifestList(target.table)
    const dead = { ...(line as NonNullable<typeof line>), addedFiles: 0, existingFiles: 0, deletedFiles: 4 }
    const staged = stageAppend(
      target.table.metadata,
      await prepared(target, rowsFrom(3)),
      [dead, line as NonNullable<typeof line>],
      context,
    )
    await writeFile(target.table.path(staged.listLocation), staged.listBytes)
    const table = await target.catalog.commit(target.table, staged.commit)
    expect(await readManifestList(table)).toHaveLength(2)
  })

  test('of an early writer, without counts, loses no file when it is carried on', async () => {
    const target = await append(await createTable(shape), rowsFrom(0))
    const [line] = await readManifestList(target.table)
    const v1: AvroSchema = {
      type: 'record',
      name: 'manifest_file',
      fields: [
        { name: 'manifest_path', type: 'string', 'field-id': 500 },
        { name: 'manifest_length', type: 'long', 'field-id': 501 },
        { name: 'partition_spec_id', type: 'int', 'field-id': 502 },
        { name: 'added_snapshot_id', type: ['null', 'long'], 'field-id': 503 },
      ],
    }
    const record = {
      manifest_path: line?.location,
      manifest_length: line?.length,
      partition_spec_id: 0,
      added_snapshot_id: line?.addedSnapshotId,
    }
    await writeFile(
      target.table.path(currentSnapshot(target.table.metadata)?.['manifest-list'] ?? ''),
      encodeAvro(v1, [record], {}, new Uint8Array(16)),
    )
    const three = await append(await append(target, rowsFrom(3)), rowsFrom(6))
    expect(idsOf(await readRows(three.table))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8])
    const carried = (await readManifestList(three.table)).find(found => found.location === line?.location)
    expect(carried).toMatchObject({
      addedFiles: 1,
      existingFiles: 0,
      deletedFiles: 0,
      addedRows: 3,
      existingRows: 0,
      deletedRows: 0,
    })
  })
})

describe('when another writer was first, an append', () => {
  test('is tried again on the new base with the files it has', async () => {
    const target = await createTable(shape)
    const mine = await prepared(target, rowsFrom(0))
    const { catalog, attempts } = overtaken(target, 2, async n =>
      append({ ...target, table: await target.catalog.load() }, rowsFrom(10 * (n + 1), 1)),
    )
    const seen: number[] = []
    const reprobe: Reprobe = async (fresh, stale, current) => {
      seen.push(stale.version, fresh.version)
      return current
    }
    const table = await commitAppend(catalog, target.table, mine, context, reprobe)
    expect(attempts()).toBe(3)
    expect(seen).toEqual([1, 2, 2, 3])
    expect(idsOf(await readRows(table))).toEqual([0, 1, 2, 10, 20])
    expect(await readManifestList(table)).toHaveLength(3)
    // One list for each commit that stands; the lists of the attempts that failed are gone.
    expect((await avroNames(target)).filter(name => name.startsWith('snap-'))).toHaveLength(3)
    expect((await avroNames(target)).filter(name => name.endsWith('-m0.avro'))).toHaveLength(3)
  })

  test('goes on after a change of the schema, and its old files stay readable', async () => {
    const target = await createTable(shape)
    const mine = await prepared(target, rowsFrom(0))
    const { catalog } = overtaken(target, 1, async () =>
      evolve({ ...target, table: await target.catalog.load() }, [...shape.columns, optional('more', 'int')]),
    )
    const table = await commitAppend(catalog, target.table, mine, context, again)
    expect(await readRows(table)).toEqual(rowsFrom(0).map(row => ({ ...row, more: null })))
    expect(currentSnapshot(table.metadata)?.['schema-id']).toBe(1)
  })

  test('adds what is asked for after a look at the new base, or nothing', async () => {
    const target = await createTable(shape)
    const mine = await prepared(target, rowsFrom(0))
    const { catalog } = overtaken(target, 1, async () =>
      append({ ...target, table: await target.catalog.load() }, rowsFrom(0)),
    )
    const table = await commitAppend(catalog, target.table, mine, context, async () => undefined)
    expect(table.version).toBe(2)
    expect(idsOf(await readRows(table))).toEqual([0, 1, 2])
  })

  test('gives up after as many tries as the table says, when they took long enough', async () => {
    let seconds = 0
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => 1000 * seconds++)
    onTestFinished(() => clock.mockRestore())
    const target = await createTable({ ...shape, properties: { 'commit.retry.num-retries': '2' } })
    const mine = await prepared(target, rowsFrom(0))
    const { catalog, attempts } = overtaken(target, 99, async n =>
      append({ ...target, table: await target.catalog.load() }, rowsFrom(10 * (n + 1), 1)),
    )
    await expect(commitAppend(catalog, target.table, mine, context, again)).rejects.toEqual(
      failure('COMMIT_CONFLICT', 'was committed by another writer'),
    )
    expect(attempts()).toBe(3)
    await abandonAppend(target.table, mine)
    const fresh = await target.catalog.load()
    expect(idsOf(await readRows(fresh))).toEqual([10, 20, 30])
    expect(await readdir(join(target.directory, 'data'))).toHaveLength(3)
    expect(await avroNames(target)).toHaveLength(6)
  })

  test('stops where the partition spec is another one: its files have values of the old', async () => {
    const target = await createTable(shape)
    const mine = await prepared(target, rowsFrom(0))
    const spec = {
      'spec-id': 0,
      fields: [{ 'source-id': 1, 'field-id': 1000, name: 'id_bucket', transform: 'bucket[4]' }],
    }
    const { catalog } = overtaken(target, 1, async () =>
      target.catalog.commit(await target.catalog.load(), {
        requirements: [],
        updates: [
          { action: 'add-spec', spec },
          { action: 'set-default-spec', 'spec-id': -1 },
        ],
      }),
    )
    await expect(commitAppend(catalog, target.table, mine, context, again)).rejects.toEqual(
      failure('COMMIT_CONFLICT', 'the partition spec changed while rows were being written'),
    )
  })

  test('goes on where the base it was made for expired meanwhile, and asks what came since', async () => {
    const target = await append(await createTable(shape), rowsFrom(0))
    const mine = await prepared(target, rowsFrom(50))
    const other = await append(target, rowsFrom(10, 1))
    const rule = { nowMs: Date.now() + 60_000, minSnapshots: 1, maxAgeMs: 0, pinned: new Set<bigint>() }
    await expireSnapshots(target.catalog, other.table, rule, context)
    const seen: number[] = []
    const reprobe: Reprobe = async (fresh, stale, current) => {
      seen.push(stale.version, fresh.version)
      return current
    }
    const table = await commitAppend(target.catalog, target.table, mine, context, reprobe)
    expect(seen).toEqual([2, 4])
    expect(idsOf(await readRows(table))).toEqual([0, 1, 2, 10, 50, 51, 52])
  })

  test('stops where a file is missing that the table names as it is now', async () => {
    const target = await append(await createTable(shape), rowsFrom(0))
    const mine = await prepared(target, rowsFrom(50))
    const list = target.table.path(currentSnapshot(target.table.metadata)?.['manifest-list'] ?? '')
    await localFileIO.remove(list)
    await expect(commitAppend(target.catalog, target.table, mine, context, again)).rejects.toEqual(
      failure('FILE_MISSING', list),
    )
  })

  test('stops where the table is another one', async () => {
    const target = await createTable(shape)
    const mine = await prepared(target, rowsFrom(0))
    const other = await createTable(shape)
    const { catalog } = overtaken(target, 1, async () =>
      append({ ...target, table: await target.catalog.load() }, rowsFrom(10)),
    )
    await expect(
      commitAppend({ ...catalog, load: () => other.catalog.load() }, target.table, mine, context, again),
    ).rejects.toEqual(failure('UPDATE_ILLEGAL', 'table UUID does not match'))
  })

  test('and seven others at the same time, each lands exactly once', async () => {
    const target = await createTable({ ...shape, properties: { 'commit.retry.num-retries': '100' } })
    const writer = async (n: number): Promise<void> => {
      for (let round = 0; round < 5; round++) {
        const table = await target.catalog.load()
        await commitAppend(
          target.catalog,
          table,
          await prepared({ ...target, table }, rowsFrom(100 * n + round, 1)),
          context,
          again,
        )
      }
    }
    await Promise.all(Array.from({ length: 8 }, (_, n) => writer(n)))
    const table = await target.catalog.load()
    expect(table.version).toBe(41)
    expect(idsOf(await readRows(table))).toEqual(
      Array.from({ length: 8 }, (_, n) => [0, 1, 2, 3, 4].map(round => 100 * n + round)).flat(),
    )
    expect(new Set(table.metadata.snapshots.map(snapshot => snapshot['snapshot-id'])).size).toBe(40)
    expect(table.metadata.snapshots.map(snapshot => snapshot['sequence-number'])).toEqual(
      Array.from({ length: 40 }, (_, index) => index + 1),
    )
  })
})

describe('when the disk fails, an append', () => {
  const broken = Object.assign(new Error('input/output error'), { code: 'EIO' })

  test('whose state is unknown deletes nothing', async () => {
    const target = await createTable(shape)
    const mine = await prepared(target, rowsFrom(0))
    const lastSync = ioWith({
      syncDirectory: async path =>
        (await localFileIO.list(path)).includes('v2.metadata.json')
          ? Promise.reject(broken)
          : localFileIO.syncDirectory(path),
    })
    const catalog = catalogAt(target.directory, lastSync)
    await expect(commitAppend(catalog, { ...target.table, io: lastSync }, mine, context, again)).rejects.toEqual(
      failure('COMMIT_STATE_UNKNOWN', 'version 2'),
    )
    expect(idsOf(await readRows(await target.catalog.load()))).toEqual([0, 1, 2])
  })

  test('that did not reach the commit leaves the table as it was', async () => {
    const target = await append(await createTable(shape), rowsFrom(0))
    const mine = await prepared(target, rowsFrom(3))
    const before = await contentsOf(target.directory)
    for (const io of [
      ioWith({ create: () => Promise.reject(broken) }),
      ioWith({ link: () => Promise.reject(broken) }),
      ioWith({ create: async path => ({ ...(await localFileIO.create(path)), finish: () => Promise.reject(broken) }) }),
    ]) {
      await expect(
        commitAppend(catalogAt(target.directory, io), { ...target.table, io }, mine, context, again),
      ).rejects.toBe(broken)
      expect(await contentsOf(target.directory)).toEqual(before)
    }
    await abandonAppend(target.table, mine)
    expect(idsOf(await readRows(await target.catalog.load()))).toEqual([0, 1, 2])
    expect(await avroNames(target)).toHaveLength(2)
  })

  test('makes the names of its files durable before the version that names them', async () => {
    const events: string[] = []
    const io = ioWith({
      create: async path => {
        events.push(`create ${path.replace(/^.*\.(\w+)$/, '$1')}`)
        return localFileIO.create(path)
      },
      link: async (from, to) => {
        events.push('link')
        return localFileIO.link(from, to)
      },
      syncDirectory: async path => {
        events.push(`sync ${path.split('/').at(-1)}`)
        return localFileIO.syncDirectory(path)
      },
    })
    const target = await createTable(shape)
    const watched = { ...target, table: { ...target.table, io } }
    const mine = await prepared(watched, rowsFrom(0))
    await commitAppend(catalogAt(target.directory, io), watched.table, mine, context, again)
    expect(events).toEqual([
      'create parquet',
      'sync data',
      'create avro',
      'create avro',
      'sync metadata',
      'create tmp',
      'link',
      'sync metadata',
      'create tmp',
    ])
  })

  test('is not kept from cleaning up by files that are gone already', async () => {
    const target = await createTable(shape)
    const mine = await prepared(target, rowsFrom(0))
    await abandonAppend(target.table, mine)
    await abandonAppend(target.table, mine)
    expect(await readdir(join(target.directory, 'data'))).toEqual([])
    expect(await avroNames(target)).toEqual([])
  })
})

describe('patience', () => {
  async function after(value: string | undefined, ms: number): Promise<number> {
    const clock = vi.spyOn(performance, 'now').mockReturnValue(0)
    const { table } = await createTable({
      ...shape,
      properties: value === undefined ? {} : { 'commit.retry.num-retries': value },
    })
    const mayRetry = patience(table.metadata)
    clock.mockReturnValue(ms)
    const tries = Array.from({ length: 1000 }, (_, attempt) => attempt).findIndex(attempt => !mayRetry(attempt))
    clock.mockRestore()
    return tries
  }

  test.each([
    [undefined, 4],
    ['20', 20],
    ['0', 0],
    ['-3', 0],
    ['many', 4],
    ['', 4],
  ])('with commit.retry.num-retries %o has %i tries after the first, or a second for each', async (value, tries) => {
    expect(await after(value, tries * 1000)).toBe(tries)
    if (tries > 0) expect(await after(value, tries * 1000 - 1)).toBe(-1)
  })
})

test('an error is told by its code', async () => {
  const target = await createTable(shape)
  const error: unknown = await target.catalog
    .create({ requirements: [], updates: [] })
    .catch((thrown: unknown) => thrown)
  expect([
    isCode(error, 'TABLE_EXISTS'),
    isCode(error, 'COMMIT_CONFLICT'),
    isCode(new Error('x'), 'TABLE_EXISTS'),
  ]).toEqual([true, false, false])
})

test('snapshots of another writer with ids beyond 2^53 are parents like others', async () => {
  const target = await append(await createTable(shape), rowsFrom(0))
  const id = 9223372036854775807n
  const { metadata } = target.table
  const foreign = JSON.stringify(metadata)
    .replaceAll(String(metadata['current-snapshot-id']), '"HUGE"')
    .replaceAll('"HUGE"', String(id))
  // Only the ids: the list is still found under its name.
  const list = metadata.snapshots[0]?.['manifest-list'] ?? ''
  const parsed = parseMetadata(new TextEncoder().encode(foreign), 'v2')
  const snapshots = parsed.snapshots.map(snapshot => ({ ...snapshot, 'manifest-list': list }))
  await writeFile(join(target.directory, 'metadata', 'v2.metadata.json'), printMetadata({ ...parsed, snapshots }))
  const table = await target.catalog.load()
  const two = await append({ ...target, table }, rowsFrom(3))
  expect(two.table.metadata.snapshots[1]?.['parent-snapshot-id']).toBe(id)
  expect(idsOf(await readRows(await target.catalog.load()))).toEqual([0, 1, 2, 3, 4, 5])
})
