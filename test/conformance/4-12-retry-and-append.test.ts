import { randomUUID } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { commitAppend, type PreparedAppend, prepareAppend } from '../../src/iceberg/append.ts'
import type { Catalog, Table } from '../../src/iceberg/catalog/catalog.ts'
import { tableLocation } from '../../src/iceberg/catalog/file-catalog.ts'
import { writeDataFiles } from '../../src/iceberg/data-files.ts'
import { IcebergError } from '../../src/iceberg/errors.ts'
import { localFileIO } from '../../src/iceberg/file-io/local.ts'
import { entryStatus } from '../../src/iceberg/manifest/data-file.ts'
import { decodeManifestList, encodeManifestList } from '../../src/iceberg/manifest/manifest-list.ts'
import { patience } from '../../src/iceberg/retry.ts'
import { readManifestList, readManifests } from '../../src/iceberg/snapshot.ts'
import { applyTable } from '../../src/stores/table/store.ts'
import { column, committed, declare } from '../schema/declaring.ts'
import { openTable, systemClock } from '../support/crash-table.ts'
import {
  append,
  context,
  createTable,
  failure,
  readRows,
  required,
  type TestTable,
  temporaryFolder,
} from '../support/table.ts'
import { baseTable } from './base-schema.ts'
import { expectIllegal } from './editing.ts'

const conflict = new IcebergError('COMMIT_CONFLICT', 'as if another writer was first')
const retries = (value: string): Readonly<Record<string, string>> => ({ 'commit.retry.num-retries': value })

let target: TestTable

beforeEach(async () => {
  target = await createTable({
    columns: [required('id', 'long')],
    partitionBy: ['bucket[2](id)'],
    properties: retries('0'),
  })
})

async function prepared(table: Table = target.table): Promise<PreparedAppend> {
  const files = await writeDataFiles(table, [{ id: 1n }], { uniqueName: randomUUID, rowGroupRows: 10 })
  return prepareAppend(table, files, context)
}

/** A catalog whose commits come to nothing, and how many there were. */
function failing(error: unknown, lands = false): { readonly catalog: Catalog; tries: number } {
  const state = {
    tries: 0,
    catalog: {
      ...target.catalog,
      commit: async (base, commit) => {
        state.tries++
        if (lands) await target.catalog.commit(base, commit)
        throw error
      },
    } as Catalog,
  }
  return state
}

const names = async (): Promise<string[]> => readdir(join(target.directory, 'metadata'))
const again = async (_fresh: Table, _stale: Table, same: PreparedAppend): Promise<PreparedAppend> => same

describe('a commit that met a conflict', () => {
  test.each(['0', '-1'])('#173 is tried once where the table allows %s more tries', async value => {
    target = await createTable({ columns: [required('id', 'long')], properties: retries(value) })
    const state = failing(conflict)
    await expect(commitAppend(state.catalog, target.table, await prepared(), context, again)).rejects.toBe(conflict)
    expect(state.tries).toBe(1)
  })

  test('#173 is tried as often as the table says and for as long as that takes, and then given up', async () => {
    target = await createTable({ columns: [required('id', 'long')], properties: retries('1') })
    const state = failing(conflict)
    const start = performance.now()
    await expect(commitAppend(state.catalog, target.table, await prepared(), context, again)).rejects.toBe(conflict)
    expect(state.tries).toBeGreaterThan(1)
    expect(performance.now() - start).toBeLessThan(5000)
  })

  test.each([
    ['garbage', 'many', [true, true, true, true]],
    ['nothing', undefined, [true, true, true, true]],
    ['a negative number', '-7', [false, false]],
  ])('#173 counts with the default where the property is %s', (_what, value, allowed) => {
    const metadata = value === undefined ? baseTable : { ...baseTable, properties: retries(value) }
    const mayRetry = patience(metadata)
    expect(allowed.map((_, attempt) => mayRetry(attempt))).toEqual(allowed)
  })

  test.each([
    ['a fault of the disk', Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' })],
    ['an illegal update', new IcebergError('UPDATE_ILLEGAL', 'no')],
    ['an unknown state', new IcebergError('COMMIT_STATE_UNKNOWN', 'may be')],
  ])('#174 is not what %s is: that is not tried again', async (_what, error) => {
    target = await createTable({ columns: [required('id', 'long')], properties: retries('4') })
    const state = failing(error)
    await expect(commitAppend(state.catalog, target.table, await prepared(), context, again)).rejects.toBe(error)
    expect(state.tries).toBe(1)
  })

  test('#174 may have landed: rows are looked for before they are added again', async () => {
    target = await createTable({ columns: [required('id', 'long')], properties: retries('4') })
    const state = failing(conflict, true)
    const table = await commitAppend(state.catalog, target.table, await prepared(), context, async fresh =>
      fresh.metadata.snapshots.length > 0 ? undefined : Promise.reject(new Error('it did not land')),
    )
    expect(state.tries).toBe(1)
    expect(await readRows(table)).toEqual([{ id: 1n }])
  })

  test('#174 may have landed: a schema is found to be there', async () => {
    const directory = await temporaryFolder()
    const inner = openTable(localFileIO, directory, systemClock)
    const apply = (catalog: Catalog, ...columns: string[]): ReturnType<typeof applyTable> =>
      applyTable({
        catalog,
        declaration: declare(columns.map(name => column(name, 'int'))),
        location: tableLocation(directory),
        context: systemClock,
      })
    await apply(inner, 'a')
    let tries = 0
    const echoing: Catalog = {
      ...inner,
      commit: async (base, commit) => {
        tries++
        await inner.commit(base, commit)
        throw conflict
      },
    }
    const receipt = await apply(echoing, 'a', 'b')
    expect([tries, receipt.action, receipt.table.version]).toEqual([1, 'none', 2])
  })

  test('#176 leaves no list of a failed try behind, and one manifest for all tries', async () => {
    target = await createTable({ columns: [required('id', 'long')], properties: retries('4') })
    let left = 3
    const stubborn: Catalog = {
      ...target.catalog,
      commit: async (base, commit) => {
        if (left-- > 0) throw conflict
        return target.catalog.commit(base, commit)
      },
    }
    await commitAppend(stubborn, target.table, await prepared(), context, again)
    expect((await names()).filter(name => name.startsWith('snap-'))).toHaveLength(1)
    expect((await names()).filter(name => name.endsWith('-m0.avro'))).toHaveLength(1)
  })
})

test('#175 a commit of which nobody knows whether it landed keeps its files, and the table can be read', async () => {
  for (const lands of [false, true]) {
    const unknown = failing(new IcebergError('COMMIT_STATE_UNKNOWN', 'may be'), lands)
    const base = await target.catalog.load()
    const before = await names()
    const ready = await prepared(base)
    await expect(commitAppend(unknown.catalog, base, ready, context, again)).rejects.toEqual(
      failure('COMMIT_STATE_UNKNOWN', 'may be'),
    )
    const kept = (await names()).filter(name => !before.includes(name) && name.endsWith('.avro'))
    expect(kept).toHaveLength(2)
    for (const file of ready.files) expect(await localFileIO.size(base.path(file.location))).toBe(file.fileSize)
    expect(await readRows(await target.catalog.load())).toHaveLength(lands ? 1 : 0)
  }
})

describe('manifest lists', () => {
  test('#177 carry manifests over as they are: whoever added them, and when', async () => {
    const one = await append(target, [{ id: 1n }, { id: 2n }])
    const two = await append(one, [{ id: 3n }])
    const [newest, carried] = await readManifestList(two.table)
    const [before] = await readManifestList(one.table)
    expect(carried).toEqual(before)
    expect([newest?.sequenceNumber, carried?.sequenceNumber]).toEqual(
      [2n, 1n].map(n => expect.toSatisfy((v: unknown) => BigInt(v as number) === n)),
    )
    expect(BigInt(newest?.addedSnapshotId as number)).toBe(BigInt(two.table.metadata['current-snapshot-id'] as number))
    expect(newest?.partitions).toHaveLength(1)
    expect([newest?.addedRows, carried?.addedRows].map(Number)).toEqual([1, 2])
  })

  test('#177 give entries their snapshot and sequence number, and keep those that are written down', async () => {
    const one = await append(target, [{ id: 1n }])
    const manifests = await readManifestList(one.table)
    const entries = await readManifests(one.table, manifests)
    expect(entries.map(({ status }) => status)).toEqual([entryStatus.added])
    expect(BigInt(entries[0]?.sequenceNumber as number)).toBe(1n)
    expect(BigInt(entries[0]?.snapshotId as number)).toBe(BigInt(one.table.metadata['current-snapshot-id'] as number))
    const later = manifests.map(manifest => ({ ...manifest, sequenceNumber: 7n, minSequenceNumber: 7n }))
    expect(BigInt((await readManifests(one.table, later))[0]?.sequenceNumber as number)).toBe(7n)
  })

  test('#177 come back from their bytes as they were', async () => {
    const [manifest] = await readManifestList((await append(target, [{ id: 1n }])).table)
    const lists = [manifest, { ...manifest, specId: 3, sequenceNumber: 2n ** 62n, keyMetadata: Uint8Array.of(1, 2) }]
    const bytes = encodeManifestList(
      lists as Parameters<typeof encodeManifestList>[0],
      { snapshotId: 1, parentSnapshotId: undefined, sequenceNumber: 2 },
      new Uint8Array(16),
    )
    expect(decodeManifestList(bytes, 'list.avro')).toEqual(lists)
  })
})

test('#180 a snapshot that a ref needs is not expired, and statistics go with one that is', () => {
  const snapshot = (id: number, sequence: number): Parameters<typeof committed>[1] => ({
    action: 'add-snapshot',
    snapshot: { 'snapshot-id': id, 'sequence-number': sequence, 'timestamp-ms': 1_700_000_000_000 },
  })
  const toMain = { action: 'set-snapshot-ref', 'ref-name': 'main', type: 'branch', 'snapshot-id': 2 } as const
  const table = committed(baseTable, snapshot(1, 1), snapshot(2, 2), toMain, {
    action: 'set-statistics',
    statistics: { 'snapshot-id': 1 },
  })
  expectIllegal(
    () => committed(table, { action: 'remove-snapshots', 'snapshot-ids': [2] }),
    'cannot expire 2. Still referenced by refs: main',
  )
  const after = committed(table, { action: 'remove-snapshots', 'snapshot-ids': [1] })
  expect([after.snapshots.length, after.statistics.length]).toEqual([1, 0])
})
