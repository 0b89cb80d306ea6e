import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { DaemonStatus } from '../../src/daemon/status.ts'
import type { UpkeepReport } from '../../src/stores/table/upkeep/report.ts'
import { type DeclaredColumn, declareTable } from '../support/declaring.ts'
import { type DaemonLine, eventually, filesBelow, type Machine, machine, type RunningDaemon } from '../support/home.ts'
import { postRows } from '../support/rows.ts'
import { catalogAt } from '../support/table.ts'

/*
 * A table that stays small while it is fed: by the daemon itself and by hand.
 */

const columns: readonly DeclaredColumn[] = [
  { name: 'id', type: 'long', required: true },
  { name: 'name', type: 'string' },
]

function machineWithEvents(): Machine {
  const here = machine()
  declareTable(here, 'events', columns, { identifier: ['id'], partitionBy: [{ column: 'id', transform: 'bucket[2]' }] })
  return here
}

function placeOf(here: Machine): string {
  return join(here.home, 'tables/events')
}

function filesOf(here: Machine): string[] {
  return filesBelow(placeOf(here)).toSorted()
}

/** Some rows, each three of which are a commit of their own where rows do not wait for others. */
async function feed(daemon: RunningDaemon, from: number, commits: number): Promise<void> {
  const flushed = (): number => daemon.events().filter(({ msg }) => msg === 'flushed').length
  for (let n = from; n < from + commits; n++) {
    const before = flushed()
    const rows = [0, 1, 2].map(row => JSON.stringify({ id: n * 3 + row, name: `n${n}` })).join('\n')
    expect((await postRows(daemon, 'events', rows)).status).toBe(202)
    await daemon.until('the rows are in the table', () => flushed() > before)
  }
}

async function setProperties(here: Machine, updates: Readonly<Record<string, string>>): Promise<void> {
  const catalog = catalogAt(placeOf(here))
  await catalog.commit(await catalog.load(), { requirements: [], updates: [{ action: 'set-properties', updates }] })
}

/** Keeps no snapshot for its age, and few for their number. */
const forgetful = { 'history.expire.max-snapshot-age-ms': '0', 'history.expire.min-snapshots-to-keep': '3' }

async function filesPerPartition(here: Machine): Promise<number> {
  const { files } = await here.json<{ files: { partition: unknown[] }[] }>('table', 'files', 'events', '--json')
  const counts = new Map<string, number>()
  for (const { partition } of files) counts.set(String(partition), (counts.get(String(partition)) ?? 0) + 1)
  return Math.max(...counts.values())
}

async function snapshotsOf(here: Machine): Promise<number> {
  return (await here.json<{ snapshots: unknown[] }>('table', 'snapshots', 'events', '--json')).snapshots.length
}

async function maintenanceOf(here: Machine): Promise<DaemonStatus['tables'][number]['maintenance']> {
  const { tables } = await here.json<DaemonStatus>('status', '--json')
  const found = tables.find(({ name }) => name === 'events')
  if (found === undefined) throw new Error('events is not in the status')
  return found.maintenance
}

test('a daemon that is fed without a pause compacts and expires by itself, and says so', async () => {
  const here = machineWithEvents()
  await here.json('apply', '--json')
  await setProperties(here, forgetful)
  const daemon = await here.daemon('--flush-age', '0')
  const maintained = (): readonly DaemonLine[] => daemon.events().filter(({ msg }) => msg === 'maintained')
  let commits = 0
  for (; maintained().length < 2; commits += 10) await feed(daemon, commits, 10)
  await eventually('what waits is little', async () => {
    const { waiting } = await maintenanceOf(here)
    // What came while it was last done stays until there are eight commits more.
    return waiting !== null && waiting.worthRewriting < 20 && waiting.snapshots < 20
  })
  expect(await filesPerPartition(here)).toBeLessThan(20)
  expect(await here.query('SELECT count(*) AS n, count(DISTINCT id) AS ids FROM events')).toEqual([
    { n: commits * 3, ids: commits * 3 },
  ])
  // It is told when it is remembered: a little later than the status says how much waits.
  await daemon.until('it is told', () =>
    [
      maintained().some(({ filesBefore, filesAfter }) => Number(filesBefore) > Number(filesAfter)),
      maintained().some(({ snapshots, removed }) => Number(snapshots) > 0 && Number(removed) > 0),
    ].every(Boolean),
  )
  expect(daemon.events().filter(({ msg }) => msg === 'maintenance-failed')).toEqual([])
  const { text } = await daemon.ask('GET', '/metrics')
  expect(text).toMatch(/hyp_maintenance_duration_seconds_count\{table="events"\} [1-9]/)
  expect(text).toMatch(/hyp_table_data_files\{table="events"\} \d/)
  const { stdout } = await here.hyp('status')
  expect(stdout).toMatch(/\d+ data files?, at most \d+ in a partition; \d+ snapshots/)
  expect(stdout).toMatch(/Z: .*(became|expired)/)
  expect((await daemon.stop()).status).toBe(0)
  expect((await maintenanceOf(here)).last).not.toBeNull()
})

test.each(['through a daemon', 'without one'])(
  'a table is compacted and expired by hand %s, and a dry run changes nothing',
  async way => {
    const here = machineWithEvents()
    await here.json('apply', '--json')
    await setProperties(here, forgetful)
    const feeding = await here.daemon('--flush-age', '0')
    // So few that nothing is done by itself.
    await feed(feeding, 0, 6)
    if (way === 'without one') await feeding.stop()
    const before = filesOf(here)
    const planned = await here.json<UpkeepReport>('table', 'compact', 'events', '--dry-run', '--json')
    expect(planned).toMatchObject({ dryRun: true, table: 'events', compacted: { after: null }, failures: [] })
    const expiring = await here.json<UpkeepReport>('table', 'expire', 'events', '--dry-run', '--json')
    expect(expiring.expired?.snapshots).toBe(3)
    expect(filesOf(here)).toEqual(before)
    const compacted = await here.json<UpkeepReport>('table', 'compact', 'events', '--json')
    expect(compacted.compacted?.before).toEqual(planned.compacted?.before)
    expect(compacted.compacted?.after?.files).toBe(2)
    expect(await here.hyp('table', 'expire', 'events')).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(
        /^events: \d+ snapshots? expired; \d+ files? with [\d.]+ .?B were removed in .*\n$/,
      ) as string,
    })
    expect(await snapshotsOf(here)).toBe(3)
    expect(filesOf(here).filter(path => path.includes('/snap-'))).toHaveLength(3)
    expect(await here.query('SELECT count(*) AS n, count(DISTINCT id) AS ids, sum(id) AS sum FROM events')).toEqual([
      { n: 18, ids: 18, sum: 153 },
    ])
    expect(await here.hyp('table', 'compact', 'events')).toMatchObject({
      status: 0,
      stdout: 'events: there is nothing to do\n',
    })
  },
)

test('what a query reads stays while everything expires, and goes when it has ended', async () => {
  const here = machineWithEvents()
  await here.json('apply', '--json')
  await setProperties(here, forgetful)
  const daemon = await here.daemon('--flush-age', '0')
  await feed(daemon, 0, 5)
  const read = (await here.json<{ files: { path: string }[] }>('table', 'files', 'events', '--json')).files
  const there = (): number => read.filter(({ path }) => existsSync(path)).length
  // It ends when it is told to.
  const query = here.start('query', 'SELECT max(a.n + b.n) FROM range(10000000) a(n), range(10000000) b(n), events')
  const leases = (): string[] => readdirSync(join(here.home, 'run')).filter(name => name.startsWith('lease-'))
  await eventually('the query says what it reads', () => leases().some(name => holdsOne(here, name)))
  await here.json('table', 'compact', 'events', '--json')
  await feed(daemon, 5, 3)
  const { expired } = await here.json<UpkeepReport>('table', 'expire', 'events', '--json')
  expect(expired?.snapshots).toBeGreaterThan(0)
  expect(there()).toBe(read.length)
  query.kill('SIGINT')
  await query.ended
  expect(leases()).toEqual([])
  await here.json('table', 'expire', 'events', '--json')
  expect(there()).toBe(0)
  expect((await daemon.ask('POST', '/v1/tables/events/expire', { body: { dryRun: 'yes' } })).status).toBe(400)
  expect((await daemon.ask('POST', '/v1/tables/nothing/compact')).status).toBe(404)
  await daemon.stop()
})

function holdsOne(here: Machine, name: string): boolean {
  const path = join(here.home, 'run', name)
  return existsSync(path) && readFileSync(path, 'utf8').startsWith('{"')
}

test('a partition that cannot be compacted keeps no other, and is told with the file that is in the way', async () => {
  const here = machineWithEvents()
  const daemon = await here.daemon('--flush-age', '0')
  await feed(daemon, 0, 6)
  await daemon.stop()
  const { files } = await here.json<{ files: { path: string; partition: unknown[] }[] }>(
    'table',
    'files',
    'events',
    '--json',
  )
  const [damaged] = files
  writeFileSync(damaged?.path as string, 'no Parquet file')
  const { status, stdout, stderr } = await here.hyp('table', 'compact', 'events', '--json')
  expect(status).not.toBe(0)
  expect(JSON.parse(stdout)).toMatchObject({
    compacted: { partitions: 1, after: { files: 1 } },
    failures: [{ step: 'compact', partition: damaged?.partition.map(String), error: { code: 'DATA_INVALID' } }],
  })
  expect(stderr).toContain(damaged?.path)
})

test('why nothing of a table may be removed is said once, though two steps fail for it', async () => {
  const here = machineWithEvents()
  expect((await here.hyp('apply')).status).toBe(0)
  await setProperties(here, { 'gc.enabled': 'false' })
  const { status, stderr } = await here.hyp('table', 'expire', 'events')
  expect(status).toBe(1)
  expect(stderr.match(/gc\.enabled is false/g)).toHaveLength(1)
})
