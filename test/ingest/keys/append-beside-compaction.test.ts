import { expect, test } from 'vitest'
import type { Catalog } from '../../../src/iceberg/catalog/catalog.ts'
import { localFileIO } from '../../../src/iceberg/file-io/local.ts'
import { currentSnapshot } from '../../../src/iceberg/metadata.ts'
import { liveFiles } from '../../../src/iceberg/snapshot.ts'
import type { Long, Row } from '../../../src/iceberg/types.ts'
import { appendOnce } from '../../../src/ingest/keys/append-once.ts'
import { rowKey } from '../../../src/ingest/keys/row-key.ts'
import { tidyTable } from '../../../src/stores/table/upkeep/pass.ts'
import { deleteEqual } from '../../support/deletes.ts'
import {
  append,
  catalogAt,
  context,
  createTable,
  ioWith,
  optional,
  readRows,
  required,
  type TestTable,
} from '../../support/table.ts'

const key = rowKey(['id'])

function rowsFrom(first: number, count: number): Row[] {
  return Array.from({ length: count }, (_, index) => ({ id: first + index, name: null }))
}

/** A catalog before whose first commit somebody else does something. */
function overtaken(catalog: Catalog, by: () => Promise<void>): Catalog {
  let isFirst = true
  return {
    ...catalog,
    commit: async (base, change) => {
      if (isFirst) {
        isFirst = false
        await by()
      }
      return catalog.commit(base, change)
    },
  }
}

async function ids(catalog: Catalog): Promise<number[]> {
  return (await readRows(await catalog.load())).map(({ id }) => id as number).toSorted((a, b) => a - b)
}

test('rows that were compacted while others are appended are not looked through once more', async () => {
  let target = await createTable({ columns: [required('id', 'int'), optional('name', 'string')], sortBy: ['id'] })
  for (let n = 0; n < 8; n++) target = await append(target, rowsFrom(n * 10, 10))
  let opened = 0
  let counting = false
  const io = ioWith({
    open: path => {
      if (counting && path.endsWith('.parquet')) opened++
      return localFileIO.open(path)
    },
  })
  const here = catalogAt(target.directory, io)
  const steps = new Set(['compact', 'merge'] as const)
  const compact = async (): Promise<void> => {
    const options = {
      name: 't',
      leased: async () => new Set<bigint>(),
      context: { ...context, monotonic: () => performance.now() },
    }
    const { compacted } = await tidyTable(target.catalog, steps, options)
    expect(compacted?.after?.files).toBe(1)
    counting = true
  }
  // Each lies within the bounds of what is stored, and one is stored.
  const rows = [{ id: 5, name: null }, ...rowsFrom(80, 3)]
  const catalog = overtaken(here, compact)
  const appended = await appendOnce(catalog, await here.load(), rows, key, context)
  expect(appended).toMatchObject({ rows: 3, duplicates: 1 })
  expect(opened).toBe(0)
  expect((await liveFiles(await here.load())).data).toHaveLength(2)
  expect(await ids(here)).toEqual(Array.from({ length: 83 }, (_, id) => id))
})

test('rows that others appended and that were compacted since are found', async () => {
  let target = await createTable({ columns: [required('id', 'int'), optional('name', 'string')], sortBy: ['id'] })
  for (let n = 0; n < 3; n++) target = await append(target, rowsFrom(n * 10, 10))
  const overtake = async (): Promise<void> => {
    await append({ ...target, table: await target.catalog.load() }, rowsFrom(30, 10))
    const { compacted } = await tidyTable(target.catalog, new Set(['compact']), {
      name: 't',
      leased: async () => new Set<bigint>(),
      context: { ...context, monotonic: () => performance.now() },
    })
    expect(compacted?.after?.files).toBe(1)
  }
  const catalog = overtaken(target.catalog, overtake)
  const appended = await appendOnce(catalog, await target.catalog.load(), rowsFrom(35, 10), key, context)
  expect(appended).toMatchObject({ rows: 5, duplicates: 5 })
  expect(await ids(target.catalog)).toEqual(Array.from({ length: 45 }, (_, id) => id))
})

/** Points `main` to another snapshot, as other programs roll back or publish a branch. */
async function pointMainTo(catalog: Catalog, snapshotId: Long): Promise<void> {
  await catalog.commit(await catalog.load(), {
    requirements: [],
    updates: [{ action: 'set-snapshot-ref', 'ref-name': 'main', type: 'branch', 'snapshot-id': snapshotId }],
  })
}

async function headOf(catalog: Catalog): Promise<Long> {
  return currentSnapshot((await catalog.load()).metadata)?.['snapshot-id'] as Long
}

async function withRows(): Promise<TestTable> {
  const empty = await createTable({ columns: [required('id', 'int'), optional('name', 'string')], sortBy: ['id'] })
  return append(empty, rowsFrom(0, 10))
}

test('rows that another program publishes from elsewhere right before the commit are found', async () => {
  const target = await withRows()
  const { catalog } = target
  const before = await headOf(catalog)
  await append(target, rowsFrom(10, 10))
  const published = await headOf(catalog)
  await pointMainTo(catalog, before)
  const publishing = overtaken(catalog, () => pointMainTo(catalog, published))
  const appended = await appendOnce(publishing, await catalog.load(), rowsFrom(15, 10), key, context)
  expect(appended).toMatchObject({ rows: 5, duplicates: 5 })
  expect(await ids(catalog)).toEqual(Array.from({ length: 25 }, (_, id) => id))
})

test('rows that are back right before the commit because another program rolls back are found', async () => {
  const target = await withRows()
  const { catalog } = target
  const before = await headOf(catalog)
  const idField = (await catalog.load()).metadata.schemas[0]?.fields[0]?.id as number
  await deleteEqual(target, [idField], [{ id: 5 }])
  const rollingBack = overtaken(catalog, () => pointMainTo(catalog, before))
  const appended = await appendOnce(rollingBack, await catalog.load(), rowsFrom(5, 10), key, context)
  expect(await ids(catalog)).toEqual(Array.from({ length: 15 }, (_, id) => id))
  expect(appended).toMatchObject({ rows: 5, duplicates: 5 })
})
