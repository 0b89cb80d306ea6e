import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { currentSchema } from '../../src/iceberg/ids.ts'
import { walkFields } from '../../src/iceberg/schema-index.ts'
import { liveFiles } from '../../src/iceberg/snapshot.ts'
import type { TableMetadata } from '../../src/iceberg/types.ts'
import { builtinTable } from '../../src/schema/builtin.ts'
import type { UpkeepReport } from '../../src/stores/table/upkeep/report.ts'
import { type DeclaredColumn, declareTable } from '../support/declaring.ts'
import { type Machine, machine, type RunningDaemon } from '../support/home.ts'
import { messageRows, postRows } from '../support/rows.ts'
import { catalogAt, readRows } from '../support/table.ts'

/*
 * What is known to have gone wrong with tables like this one when they were compacted and cleaned up. The number of each
 * is that of the experiment it was found by.
 */

/** Commits of rows that are small enough to be worth compacting: each batch is one. */
async function feed(daemon: RunningDaemon, table: string, batches: readonly string[]): Promise<void> {
  const flushed = (): number => daemon.events().filter(({ msg }) => msg === 'flushed').length
  for (const rows of batches) {
    const before = flushed()
    expect(await postRows(daemon, table, rows)).toMatchObject({ status: 202 })
    await daemon.until('the rows are in the table', () => flushed() > before)
  }
}

/** Compacts, and holds what every reader has to see: the rows of before, and a table that is the same. */
async function compact(here: Machine, table: string, ...words: readonly string[]): Promise<TableMetadata> {
  const catalog = catalogAt(join(here.home, 'tables', table))
  const before = await catalog.load()
  const rows = await readRows(before)
  const report = await here.json<UpkeepReport>('table', 'compact', table, '--json', ...words)
  expect(report).toMatchObject({ failures: [] })
  expect(report.compacted?.before.files).toBeGreaterThan(report.compacted?.after?.files ?? Number.POSITIVE_INFINITY)
  const after = await catalog.load()
  expect(inAnyOrder(await readRows(after))).toEqual(inAnyOrder(rows))
  expect(await here.json('table', 'verify', table, '--json')).toMatchObject({ ok: true, rows: rows.length })
  return after.metadata
}

function inAnyOrder(rows: readonly object[]): string[] {
  const text = (_name: string, cell: unknown): unknown => (typeof cell === 'bigint' ? String(cell) : cell)
  return rows.map(row => JSON.stringify(row, text)).toSorted()
}

/** What has to be the same as long as the table lives. */
function identityOf(metadata: TableMetadata): unknown {
  const names = new Map(walkFields(currentSchema(metadata)).map(({ id, path }) => [id, path]))
  return {
    uuid: metadata['table-uuid'],
    specs: metadata['partition-specs'],
    boundTo: metadata['partition-specs'].flatMap(({ fields }) => fields.map(field => names.get(field['source-id']))),
    order: metadata['sort-orders'],
  }
}

function idsOf(metadata: TableMetadata): Record<string, number> {
  return Object.fromEntries(walkFields(currentSchema(metadata)).map(({ path, id }) => [path, id]))
}

test('e1: a table of release 6 takes the columns of 7 in mid-list, is compacted, evolves to 8 and 9, and is compacted again', async () => {
  const here = machine()
  const filled: Readonly<Record<number, string>> = {
    7: '"git_remote":"r",',
    8: '"runtime_key":"k",',
    9: '"input_tokens":7,',
  }
  let before: TableMetadata | undefined
  for (const release of [6, 7, 8, 9]) {
    const daemon = await here.daemon('--as-release', String(release), '--flush-age', '0')
    const batches = [0, 1, 2, 3].map(n =>
      [`r${release}`, 'all']
        .map(session => messageRows(release, session, release * 100 + n * 2, release * 100 + n * 2 + 2))
        .join('\n')
        .replaceAll('"role"', `${filled[release] ?? ''}"role"`),
    )
    await feed(daemon, builtinTable, batches)
    const metadata = await compact(here, builtinTable, '--as-release', String(release))
    if (before !== undefined) {
      expect(identityOf(metadata)).toEqual(identityOf(before))
      expect(idsOf(metadata)).toMatchObject(idsOf(before))
      expect(metadata['last-column-id']).toBeGreaterThan(before['last-column-id'])
    }
    before = metadata
    expect((await daemon.stop()).status).toBe(0)
  }
  const perSession = `SELECT session_id, count(*)::INT AS n, count(DISTINCT part_id)::INT AS keys, count(git_remote)::INT AS r7,
    count(runtime_key)::INT AS r8, sum(input_tokens)::INT AS r9 FROM ${builtinTable} GROUP BY 1 ORDER BY 1`
  expect(await here.query(perSession)).toEqual([
    { session_id: 'all', n: 32, keys: 32, r7: 8, r8: 8, r9: 56 },
    { session_id: 'r6', n: 8, keys: 8, r7: 0, r8: 0, r9: null },
    { session_id: 'r7', n: 8, keys: 8, r7: 8, r8: 0, r9: null },
    { session_id: 'r8', n: 8, keys: 8, r7: 0, r8: 8, r9: null },
    { session_id: 'r9', n: 8, keys: 8, r7: 0, r8: 0, r9: 56 },
  ])
})

test('e1b, e1c: columns inserted before that of the partition move nothing to another partition, at the first compaction and the second', async () => {
  const here = machine()
  const id: DeclaredColumn = { name: 'id', type: 'long', required: true }
  const day: DeclaredColumn = { name: 'day', type: 'string', required: true }
  // Of the type of the partition's column, so that a wrong one would go through.
  const inserted = ['client_name', 'model', 'region'].map((name): DeclaredColumn => ({ name, type: 'string' }))
  const key = {
    identifier: ['id', 'day'],
    partitionBy: [{ column: 'day', transform: 'identity' }],
    sortBy: ['day', 'id'],
  }
  let before: TableMetadata | undefined
  let n = 0
  for (const count of [0, 1, 2, 3]) {
    declareTable(
      here,
      'events',
      [id, ...inserted.slice(0, count).toReversed(), day, { name: 'text', type: 'string' }],
      key,
    )
    const daemon = await here.daemon('--flush-age', '0')
    const batches = [0, 1, 2, 3].map(() =>
      ['monday', 'tuesday']
        .map(name => ({
          id: n++,
          day: name,
          text: `t${count}`,
          ...Object.fromEntries(inserted.slice(0, count).map(column => [column.name, `${column.name} of ${name}`])),
        }))
        .map(row => JSON.stringify(row))
        .join('\n'),
    )
    await feed(daemon, 'events', batches)
    const metadata = await compact(here, 'events')
    expect((await daemon.stop()).status).toBe(0)
    if (before !== undefined) {
      expect(identityOf(metadata)).toEqual(identityOf(before))
      expect(idsOf(metadata)).toMatchObject(idsOf(before))
    }
    before = metadata
    const table = await catalogAt(join(here.home, 'tables/events')).load()
    const { data } = await liveFiles(table)
    const days = new Set(data.map(({ file }) => file.partition.get(1000)))
    expect(days).toEqual(new Set(['monday', 'tuesday']))
    for (const entry of data)
      for (const row of await readRows(table, { files: [entry] }))
        expect(row['day']).toBe(entry.file.partition.get(1000))
  }
  const perDay =
    'SELECT day, count(*)::INT AS n, count(client_name)::INT AS c, count(model)::INT AS m, count(region)::INT AS r, min(region) AS one FROM events GROUP BY 1 ORDER BY 1'
  expect(await here.query(perDay)).toEqual(
    ['monday', 'tuesday'].map(name => ({ day: name, n: 16, c: 12, m: 8, r: 4, one: `region of ${name}` })),
  )
})

test('e6, e6b: another process compacts and expires over and over what a daemon flushes into: no row is lost, and none double', async () => {
  const here = machine()
  const shared = (table: string): string => join(here.directory, 'shared', table)
  const columns: readonly DeclaredColumn[] = [
    { name: 'id', type: 'long', required: true },
    { name: 'text', type: 'string' },
  ]
  const keyed = { identifier: ['id'], partitionBy: [{ column: 'id', transform: 'bucket[2]' }] }
  declareTable(here, 'events', columns, { ...keyed, location: shared('events') })
  declareTable(here, 'notes', columns, { location: shared('notes') })
  for (const table of ['events', 'notes']) {
    await here.json('apply', table, '--json')
    const catalog = catalogAt(shared(table))
    const updates = { 'history.expire.max-snapshot-age-ms': '0', 'history.expire.min-snapshots-to-keep': '2' }
    await catalog.commit(await catalog.load(), { requirements: [], updates: [{ action: 'set-properties', updates }] })
  }
  // A home of its own over the same tables: no lock and no daemon keeps its commands from working at the same time.
  const twin = join(here.directory, 'twin')
  cpSync(here.home, twin, { recursive: true, filter: path => !path.startsWith(join(here.home, 'run')) })
  const daemon = await here.daemon('--flush-age', '0.05')
  const state = { sent: 0, isOver: false }
  const feeding = (async () => {
    for (; !state.isOver; state.sent += 20) {
      const rows = Array.from({ length: 20 }, (_, index) => JSON.stringify({ id: state.sent + index, text: 'x' })).join(
        '\n',
      )
      for (const table of ['events', 'notes'])
        expect(await postRows(daemon, table, rows, { key: `${table}-${state.sent}` })).toMatchObject({ status: 202 })
      await sleep(10)
    }
  })()
  const before = { events: 0, notes: 0 }
  let expired = 0
  for (let turn = 0; turn < 3 || Math.min(before.events, before.notes) < 24 || expired <= 20; turn++) {
    const commands = (['events', 'notes'] as const).flatMap(table => [
      // One of them through the daemon itself.
      here.json<UpkeepReport>('table', 'compact', table, '--home', turn === 2 ? here.home : twin, '--json'),
      here.json<UpkeepReport>('table', 'expire', table, '--home', twin, '--json'),
    ])
    for (const { table, failures, compacted, expired: gone } of await Promise.all(commands)) {
      expect(failures).toEqual([])
      before[table as keyof typeof before] += compacted?.before.files ?? 0
      expired += gone?.files ?? 0
    }
  }
  state.isOver = true
  await feeding
  expect((await daemon.stop()).status).toBe(0)
  for (const table of ['events', 'notes']) {
    const [row] = await here.query(
      `SELECT count(*)::INT AS n, count(DISTINCT id)::INT AS ids, max(id)::INT AS last FROM ${table}`,
    )
    expect(row).toEqual({ n: state.sent, ids: state.sent, last: state.sent - 1 })
    expect(await here.json('table', 'verify', table, '--json')).toMatchObject({
      ok: true,
      rows: state.sent,
      icebird: 'same',
    })
  }
})
