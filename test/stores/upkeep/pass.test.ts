import { expect, test } from 'vitest'

import { localFileIO } from '../../../src/iceberg/file-io/local.ts'
import { currentSnapshot, snapshotById } from '../../../src/iceberg/metadata.ts'
import { liveFiles } from '../../../src/iceberg/snapshot.ts'
import type { Row, Snapshot } from '../../../src/iceberg/types.ts'
import { appendOnce } from '../../../src/ingest/keys/append-once.ts'
import { rowKey } from '../../../src/ingest/keys/row-key.ts'
import type { Leased } from '../../../src/stores/leases.ts'
import { type UpkeepStep, usualUpkeepLimits } from '../../../src/stores/table/upkeep/due.ts'
import type { UpkeepOptions } from '../../../src/stores/table/upkeep/options.ts'
import { tidyTable } from '../../../src/stores/table/upkeep/pass.ts'
import { hasChanged, type UpkeepReport } from '../../../src/stores/table/upkeep/report.ts'
import { tendTable } from '../../../src/stores/table/upkeep/tend.ts'
import {
  append,
  catalogAt,
  contentsOf,
  context,
  createTable,
  ioWith,
  optional,
  readRows,
  required,
  type TestTable,
} from '../../support/table.ts'

const everything: ReadonlySet<UpkeepStep> = new Set(['compact', 'merge', 'expire', 'sweep'])

/** Nothing is kept for its age or number. */
const strict = { ...usualUpkeepLimits, minSnapshots: 1, maxAgeMs: 0, graceMs: 0 }

function options(more: Partial<UpkeepOptions> = {}): UpkeepOptions {
  return {
    name: 'events',
    leased: async () => new Set(),
    // Later than what is written meanwhile, on clocks that count milliseconds.
    context: { ...context, now: () => Date.now() + 1000, monotonic: () => performance.now() },
    ...more,
  }
}

async function fed(commits: number, properties: Readonly<Record<string, string>> = {}): Promise<TestTable> {
  let table = await createTable({
    columns: [required('id', 'int'), optional('name', 'string')],
    sortBy: ['id'],
    properties,
  })
  for (let n = 0; n < commits; n++) table = await append(table, rowsFrom(n * 4, 4))
  return table
}

function rowsFrom(first: number, count: number): Row[] {
  return Array.from({ length: count }, (_, index) => ({ id: first + index, name: `n${first + index}` }))
}

async function ids(target: TestTable): Promise<number[]> {
  return (await readRows(await target.catalog.load())).map(({ id }) => id as number).toSorted((a, b) => a - b)
}

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index)
}

test('a table is compacted, merged, expired and swept, and has the same rows', async () => {
  const target = await fed(20)
  const report = await tidyTable(target.catalog, everything, options({ limits: strict }))
  expect(report).toMatchObject({ table: 'events', dryRun: false, failures: [] })
  expect(report.compacted).toMatchObject({ partitions: 1, before: { files: 20 }, after: { files: 1 }, rows: 80 })
  expect(report.expired?.snapshots).toBeGreaterThanOrEqual(20)
  expect(report.expired?.files).toBeGreaterThanOrEqual(40)
  const after = await target.catalog.load()
  expect(after.metadata.snapshots).toHaveLength(1)
  expect((await liveFiles(after)).data).toHaveLength(1)
  expect(await ids(target)).toEqual(upTo(80))
  expect(await tidyTable(target.catalog, everything, options({ limits: strict }))).toSatisfy(
    again => !hasChanged(again),
  )
})

test('a dry run says what would be done, and not a byte is other than before', async () => {
  const target = await fed(12)
  const before = await contentsOf(target.directory)
  const planned = await tidyTable(target.catalog, everything, options({ limits: strict, dryRun: true }))
  expect(await contentsOf(target.directory)).toEqual(before)
  expect(planned).toMatchObject({
    dryRun: true,
    compacted: { partitions: 1, before: { files: 12 }, after: null, rows: 48 },
    expired: { snapshots: 11 },
    failures: [],
  })
  const done = await tidyTable(target.catalog, new Set(['compact']), options())
  expect(done.compacted?.before).toEqual(planned.compacted?.before)
})

test('what fails keeps none of the other steps', async () => {
  const target = await fed(8, { 'gc.enabled': 'false' })
  const { compacted, expired, swept, failures } = await tidyTable(
    target.catalog,
    everything,
    options({ limits: strict }),
  )
  expect(compacted?.after?.files).toBe(1)
  expect([expired, swept]).toEqual([null, null])
  expect(failures).toMatchObject([
    { step: 'expire', partition: null, error: { code: 'UPDATE_ILLEGAL' } },
    { step: 'sweep', partition: null, error: { code: 'UPDATE_ILLEGAL' } },
  ])
})

test('what nobody asked for is not tried where the owner forbids that files are removed', async () => {
  const target = await fed(8, { 'gc.enabled': 'false' })
  const { facts, report } = await tendTable(target.catalog, options({ limits: strict }))
  expect(report).toMatchObject({ compacted: { after: { files: 1 } }, expired: null, swept: null, failures: [] })
  expect(facts).toMatchObject({ files: 1, filesInOnePartition: 1, worthRewriting: 0, expirable: 0, removable: false })
})

test('a tag that is over goes by itself also where no snapshot goes with it', async () => {
  const target = await fed(2)
  const table = await target.catalog.load()
  const head = (currentSnapshot(table.metadata) as Snapshot)['snapshot-id']
  const tag = { type: 'tag', 'snapshot-id': head, 'max-ref-age-ms': 500 } as const
  await target.catalog.commit(table, {
    requirements: [],
    updates: [{ action: 'set-snapshot-ref', 'ref-name': 'monday', ...tag }],
  })
  const { facts, report } = await tendTable(target.catalog, { ...options(), sweptMs: Date.now() })
  expect(report).toMatchObject({ expired: { snapshots: 0, refs: ['monday'] }, failures: [] })
  expect(hasChanged(report as UpkeepReport)).toBe(true)
  expect(facts).toMatchObject({ snapshots: 2, expirableRefs: 0 })
  expect(Object.keys((await target.catalog.load()).metadata.refs)).toEqual(['main'])
})

test('a look at a table in which nothing is due does nothing', async () => {
  const target = await fed(2)
  const before = await contentsOf(target.directory)
  const { facts, report } = await tendTable(target.catalog, { ...options(), sweptMs: Date.now() })
  expect(report).toBeNull()
  expect(facts).toMatchObject({ files: 2, manifests: 2, snapshots: 2, worthRewriting: 0, expirable: 0 })
  expect(await contentsOf(target.directory)).toEqual(before)
})

test('a snapshot that somebody reads stays with all its files until it is given back', async () => {
  const target = await fed(6)
  const read = await target.catalog.load()
  const held = currentSnapshot(read.metadata) as Snapshot
  const later = await append({ ...target, table: read }, rowsFrom(24, 4))
  const leases: Leased[] = [new Set([BigInt(held['snapshot-id'])]), 'all']
  for (const leased of leases) {
    await tidyTable(later.catalog, everything, options({ limits: strict, leased: async () => leased }))
    expect(await readRows(read)).toHaveLength(24)
  }
  await tidyTable(later.catalog, everything, options({ limits: strict }))
  expect(snapshotById((await later.catalog.load()).metadata, held['snapshot-id'])).toBeUndefined()
  await expect(readRows(read)).rejects.toMatchObject({ code: 'FILE_MISSING' })
  expect(await ids(later)).toEqual(upTo(28))
})

test('where it cannot be told who reads, nothing expires', async () => {
  const target = await fed(6)
  const leased = (): Promise<Leased> => Promise.reject(new Error('the disk is gone'))
  const { expired, failures } = await tidyTable(
    target.catalog,
    new Set(['expire']),
    options({ limits: strict, leased }),
  )
  expect(expired).toBeNull()
  expect(failures).toMatchObject([{ step: 'expire', error: { message: 'the disk is gone' } }])
  expect((await target.catalog.load()).metadata.snapshots).toHaveLength(6)
})

test('a pass that is stopped says so, whatever was done by then stays, and nothing else is left', async () => {
  const target = await fed(8)
  const stop = new AbortController()
  const stopping = {
    ...options({ limits: strict, signal: stop.signal }),
    leased: async (): Promise<Leased> => {
      stop.abort()
      return new Set()
    },
  }
  await expect(tidyTable(target.catalog, everything, stopping)).rejects.toMatchObject({ code: 'INTERRUPTED' })
  expect((await liveFiles(await target.catalog.load())).data).toHaveLength(1)
  expect(await ids(target)).toEqual(upTo(32))
})

test('beside four writers that send the same rows twice, no row is lost and none is double', async () => {
  const target = await fed(0)
  const key = rowKey(['id'])
  const commits = 12
  const writers = new Set([0, 1, 2, 3])
  const write = async (writer: number): Promise<void> => {
    for (let n = 0; n < commits; n++) {
      // Two writers each have the same rows.
      const first = ((writer >> 1) * commits + n) * 5
      await appendOnce(target.catalog, await target.catalog.load(), rowsFrom(first, 5), key, context)
    }
    writers.delete(writer)
  }
  let passes = 0
  const tidy = async (): Promise<void> => {
    for (; writers.size > 0; passes++) {
      const { failures } = await tidyTable(
        target.catalog,
        everything,
        options({ limits: { ...strict, graceMs: 60_000 } }),
      )
      expect(failures).toEqual([])
    }
  }
  await Promise.all([tidy(), ...[0, 1, 2, 3].map(write)])
  expect(passes).toBeGreaterThan(1)
  expect(await ids(target)).toEqual(upTo(2 * commits * 5))
  await tidyTable(target.catalog, everything, options({ limits: strict }))
  expect(await ids(target)).toEqual(upTo(2 * commits * 5))
})

test('what is committed while the folders are listed stays, though the clock takes it for old', async () => {
  const target = await fed(2)
  let isCommitted = false
  const io = ioWith({
    listFiles: async folder => {
      if (!isCommitted) await append({ ...target, table: await target.catalog.load() }, rowsFrom(8, 4))
      isCommitted = true
      return localFileIO.listFiles(folder)
    },
  })
  const later = {
    ...context,
    now: () => Date.now() + 2 * usualUpkeepLimits.graceMs,
    monotonic: () => performance.now(),
  }
  const catalog = catalogAt(target.directory, io)
  const { swept, failures } = await tidyTable(catalog, new Set(['sweep']), options({ context: later }))
  expect(failures).toEqual([])
  expect(swept).toMatchObject({ files: 0 })
  expect(await ids(target)).toEqual(upTo(12))
})
