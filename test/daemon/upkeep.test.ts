import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { DaemonEvent } from '../../src/daemon/event.ts'
import { openMetrics } from '../../src/daemon/metrics/metrics.ts'
import type { KeptTable } from '../../src/daemon/tables.ts'
import type { UpkeepTask } from '../../src/daemon/upkeep/upkeep-thread.ts'
import { startUpkeep, type Upkeep, type UpkeepPace } from '../../src/daemon/upkeep.ts'
import { errorDocument, HypError } from '../../src/errors.ts'
import type { Long } from '../../src/iceberg/types.ts'
import type { BackfillSummary } from '../../src/ingest/backfill/backfill-summary.ts'
import { builtinTable } from '../../src/schema/builtin.ts'
import type { Declaration } from '../../src/schema/declaration.ts'
import { ensureHome, type Home, homeAt } from '../../src/stores/home.ts'
import { openCatalog } from '../../src/stores/table/catalog.ts'
import type { UpkeepReport } from '../../src/stores/table/upkeep/report.ts'
import type { Tended } from '../../src/stores/table/upkeep/tend.ts'
import { addNotes, deleteNotes, homeWithNotes, note } from '../ingest/deletion/forgetful-home.ts'
import { temporaryFolder } from '../support/table.ts'

/*
 * The schedule, with a thread that ends its work when it is told to.
 */

const table = 'orders'

const declaration: Declaration = { table, release: 1, columns: [], identifier: [], partitionBy: [], sortBy: [] }
const fine: KeptTable = { declaration, captured: declaration, imported: declaration, failure: undefined }

const facts: Tended['facts'] = {
  files: 3,
  filesInOnePartition: 2,
  worthRewriting: 0,
  manifests: 1,
  snapshots: 7,
  expirable: 0,
  expirableRefs: 0,
  cleared: true,
  writable: true,
  removable: true,
}

const done: UpkeepReport = {
  table,
  dryRun: false,
  startedAt: '2026-11-21T00:00:00.000Z',
  ms: 5,
  deleted: null,
  compacted: { partitions: 1, before: { files: 8, bytes: 80 }, after: { files: 1, bytes: 20 }, rows: 16 },
  manifests: null,
  expired: { snapshots: 2, refs: [], files: 9, bytes: 90 },
  swept: { files: 0, bytes: 0 },
  failures: [],
}

interface Begun {
  readonly task: UpkeepTask
  readonly signal: AbortSignal
  end(tended: Tended): void
  fail(error: unknown): void
}

interface Here {
  readonly home: Home
  readonly upkeep: Upkeep
  readonly begun: Begun[]
  readonly events: DaemonEvent[]
  readonly tables: Map<string, KeptTable>
  readonly until: (count: number) => Promise<Begun>
}

/** Nothing happens by itself unless the pace says so. */
const never = 1e9

async function setUp(pace: Partial<UpkeepPace> = {}): Promise<Here> {
  const home = homeAt(await temporaryFolder())
  await ensureHome(home)
  const begun: Begun[] = []
  const events: DaemonEvent[] = []
  const tables = new Map([[table, fine]])
  const upkeep = startUpkeep({
    home,
    names: () => [...tables.keys()],
    find: name => tables.get(name),
    metrics: await openMetrics(),
    onEvent: event => void events.push(event),
    pace: { firstMs: never, everyMs: never, pauseMs: 1, retryMs: never, ...pace },
    thread: {
      run: (task, signal) =>
        new Promise((resolve, reject) => {
          signal.addEventListener('abort', () =>
            reject(new HypError('INTERRUPTED', 'The maintenance was interrupted.')),
          )
          begun.push({ task, signal, end: resolve, fail: reject })
        }),
      close: async () => undefined,
    },
  })
  onTestFinished(() => upkeep.stop())
  const until = async (count: number): Promise<Begun> => {
    await expect.poll(() => begun.length).toBe(count)
    return begun[count - 1] as Begun
  }
  return { home, upkeep, begun, events, tables, until }
}

function flushed(commits: number, of: string = table): DaemonEvent {
  return { type: 'flushed', table: of, rows: 1, duplicates: 0, deleted: 0, setAside: 0, commits, ms: 1 }
}

async function aWhile(): Promise<void> {
  await new Promise(resolve => setTimeout(resolve, 60))
}

test('a table is looked at some time after the start, whether anything was committed or not', async () => {
  const { until } = await setUp({ firstMs: 5 })
  const { task } = await until(1)
  expect(task).toMatchObject({ name: table, steps: undefined, dryRun: false, sweptMs: undefined })
})

test('a table is looked at after eight commits, and not after seven', async () => {
  const { upkeep, begun, until } = await setUp()
  upkeep.hear(flushed(7))
  await aWhile()
  expect(begun).toEqual([])
  upkeep.hear(flushed(1))
  const first = await until(1)
  upkeep.hear(flushed(8))
  await aWhile()
  expect(begun).toHaveLength(1)
  first.end({ facts, report: null })
  await until(2)
})

test('what was done is told, counted and remembered by the next daemon', async () => {
  const { home, upkeep, events, until } = await setUp({ firstMs: 5 })
  const first = await until(1)
  expect(await upkeep.status(table)).toMatchObject({ running: true, waiting: null, last: null })
  first.end({ facts, report: done })
  await expect
    .poll(() => events)
    .toEqual([
      {
        type: 'maintained',
        table,
        filesBefore: 8,
        filesAfter: 1,
        snapshots: 2,
        removed: 9,
        bytes: 90,
        ms: 5,
      },
    ])
  expect(await upkeep.status(table)).toMatchObject({ running: false, waiting: facts, last: done, failure: null })
  await upkeep.stop()
  const again = startUpkeep({
    home,
    names: () => [],
    find: () => fine,
    metrics: await openMetrics(),
    onEvent: () => undefined,
    thread: { run: () => Promise.reject(new Error('nothing is due')), close: async () => undefined },
  })
  expect(await again.status(table)).toMatchObject({ waiting: null, last: done })
  await again.stop()
})

test('after a deletion nothing is said of files and snapshots until they were counted again', async () => {
  const { upkeep, until } = await setUp({ firstMs: 5 })
  ;(await until(1)).end({ facts, report: null })
  await expect.poll(async () => (await upkeep.status(table)).waiting).toEqual(facts)
  await upkeep.inTurn(table, async () => undefined)
  upkeep.hear({ type: 'deleted', table, rows: 3, by: 'request', files: 1, purged: 9, ms: 1 })
  expect(await upkeep.status(table)).toMatchObject({ waiting: null, lookedAt: null })
  const now = { ...facts, files: 2, snapshots: 1 }
  ;(await until(2)).end({ facts: now, report: null })
  await expect.poll(async () => (await upkeep.status(table)).waiting).toEqual(now)
})

test('a sweep is remembered also where nothing was changed', async () => {
  const { upkeep, until } = await setUp()
  upkeep.hear(flushed(8))
  const swept = { ...done, compacted: null, expired: null }
  ;(await until(1)).end({ facts, report: swept })
  await expect.poll(async () => (await upkeep.status(table)).lookedAt).not.toBeNull()
  expect((await upkeep.status(table)).last).toBeNull()
  upkeep.hear(flushed(8))
  expect((await until(2)).task.sweptMs).toBe(Date.parse(done.startedAt))
})

test.each([
  '[{',
  '7',
  JSON.stringify({ [table]: 7 }),
  JSON.stringify({ [table]: { last: 'yesterday', sweptMs: 'long ago' } }),
  JSON.stringify({ [table]: { last: { ...done, manifests: undefined }, sweptMs: 1 } }),
  JSON.stringify({ [table]: { last: { ...done, compacted: { before: 8, after: 1 } }, sweptMs: 1 } }),
  JSON.stringify({ [table]: { last: { ...done, deleted: { rows: 'many' } }, sweptMs: 1 } }),
  JSON.stringify({ [table]: { last: { ...done, failures: null }, sweptMs: 1 } }),
])('what is remembered and damaged is forgotten: %s', async text => {
  const { home, upkeep } = await setUp()
  await writeFile(join(home.run, 'maintenance.json'), text)
  expect((await upkeep.status(table)).last).toBeNull()
})

test('what was done last is remembered by another daemon as it was', async () => {
  const { home, upkeep } = await setUp()
  await writeFile(join(home.run, 'maintenance.json'), JSON.stringify({ [table]: { last: done, sweptMs: 1 } }))
  expect((await upkeep.status(table)).last).toEqual(done)
})

test('a failure is told, stands in the status, and is tried again with pauses that grow; then it is gone', async () => {
  const { upkeep, events, begun, until } = await setUp({ firstMs: 5, retryMs: 40 })
  const failure = { code: 'DISK_FULL', message: 'no space left', hint: expect.any(String) as string }
  ;(await until(1)).fail(new HypError('DISK_FULL', 'no space left'))
  await expect.poll(() => events).toEqual([{ type: 'maintenance-failed', table, ...failure }])
  expect(await upkeep.status(table)).toMatchObject({ failure })
  upkeep.hear(flushed(100))
  const second = await until(2)
  const failedAt = performance.now()
  second.fail(new HypError('DISK_FULL', 'no space left'))
  const third = await until(3)
  expect(performance.now() - failedAt).toBeGreaterThan(75)
  third.end({ facts, report: null })
  await expect.poll(async () => (await upkeep.status(table)).failure).toBeNull()
  expect(begun).toHaveLength(3)
})

test('a step that failed is a failure, and the others are told as done', async () => {
  const { upkeep, events, until } = await setUp({ firstMs: 5 })
  const error = errorDocument(new HypError('DATA_INVALID', 'a file is damaged'))
  const report = { ...done, failures: [{ step: 'compact' as const, partition: ['7'], error }] }
  ;(await until(1)).end({ facts, report })
  await expect.poll(() => events.map(({ type }) => type)).toEqual(['maintained', 'maintenance-failed'])
  expect(await upkeep.status(table)).toMatchObject({ failure: { code: 'DATA_INVALID' }, last: report })
})

test('what is asked for stops what nobody asked for, which begins again afterwards', async () => {
  const { upkeep, events, until } = await setUp({ firstMs: 5 })
  const first = await until(1)
  const asked = upkeep.run({ table, steps: ['expire', 'sweep'], dryRun: false })
  const second = await until(2)
  expect(first.signal.aborted).toBe(true)
  expect(second.task.steps).toEqual(['expire', 'sweep'])
  expect(events).toEqual([])
  second.end({ facts, report: done })
  expect(await asked).toEqual(done)
  expect((await until(3)).task.steps).toBeUndefined()
})

test('what is asked of one table stops what is done to another, which begins again afterwards', async () => {
  const { upkeep, begun, tables, until } = await setUp()
  tables.set('others', fine)
  upkeep.hear(flushed(8))
  const first = await until(1)
  const asked = upkeep.run({ table: 'others', steps: ['compact'], dryRun: false })
  const second = await until(2)
  expect(first.signal.aborted).toBe(true)
  expect(second.task).toMatchObject({ name: 'others', steps: ['compact'] })
  second.end({ facts, report: done })
  await asked
  await expect.poll(() => begun.slice(2).map(({ task }) => task.name)).toContain(table)
})

test('what is asked for stops what nobody asked for also where it would have begun once more meanwhile', async () => {
  const { upkeep, begun, until } = await setUp({ firstMs: 5 })
  const first = await until(1)
  upkeep.hear(flushed(8))
  await aWhile()
  const asked = upkeep.run({ table, steps: ['compact'], dryRun: false })
  const second = await until(2)
  expect(first.signal.aborted).toBe(true)
  expect(second.task.steps).toEqual(['compact'])
  second.end({ facts, report: done })
  await asked
  expect((await until(3)).task.steps).toBeUndefined()
  expect((await upkeep.status(table)).running).toBe(true)
  await aWhile()
  expect(begun).toHaveLength(3)
})

test('a failure of what was asked for is told to whom asked, and is none of the daemon', async () => {
  const { upkeep, events, until } = await setUp()
  const asked = upkeep.run({ table, steps: ['compact', 'merge'], dryRun: false })
  ;(await until(1)).fail(new HypError('TABLE_NOT_FOUND', 'there is no table'))
  await expect(asked).rejects.toMatchObject({ code: 'TABLE_NOT_FOUND' })
  expect(events).toEqual([])
  expect((await upkeep.status(table)).failure).toBeNull()
})

test('a dry run is not remembered as something that was done', async () => {
  const { upkeep, events, until } = await setUp()
  const asked = upkeep.run({ table, steps: ['compact'], dryRun: true })
  ;(await until(1)).end({ facts, report: { ...done, dryRun: true } })
  await asked
  expect(events).toEqual([])
  expect((await upkeep.status(table)).last).toBeNull()
})

test('nothing is done to a table while other work has its turn', async () => {
  const { upkeep, begun, until } = await setUp()
  let end: () => void = () => undefined
  const turn = upkeep.inTurn(table, () => new Promise<void>(resolve => (end = resolve)))
  upkeep.hear(flushed(8))
  await aWhile()
  expect(begun).toEqual([])
  end()
  await turn
  await until(1)
})

describe('beside an import of histories', () => {
  const summary = { commits: 9 } as BackfillSummary
  const begins: DaemonEvent = {
    type: 'backfill',
    event: { type: 'found', source: 'claude', roots: [], diskFreeBytes: 1 },
  }
  test('their table waits until that ends, and others do not', async () => {
    const { upkeep, begun, tables, until } = await setUp({ firstMs: 60_000 })
    tables.set(builtinTable, { ...fine, declaration: { ...declaration, table: builtinTable } })
    upkeep.hear(begins)
    upkeep.hear(flushed(8, builtinTable))
    upkeep.hear(flushed(8))
    const first = await until(1)
    await aWhile()
    expect(begun.map(({ task }) => task.name)).toEqual([table])
    first.end({ facts, report: null })
    upkeep.hear({ type: 'backfill', event: { type: 'done', summary } })
    expect((await until(2)).task.name).toBe(builtinTable)
  })

  test('their table does not wait for one that goes on for too long', async () => {
    const { upkeep, begun, tables } = await setUp({ firstMs: 100, everyMs: 150 })
    tables.set(builtinTable, { ...fine, declaration: { ...declaration, table: builtinTable } })
    upkeep.hear(flushed(8, builtinTable))
    const going = setInterval(() => upkeep.hear(begins), 5)
    onTestFinished(() => clearInterval(going))
    upkeep.hear(begins)
    await expect.poll(() => begun.map(({ task }) => task.name)).toContain(builtinTable)
  })
})

test('a table that is declared no more when its turn comes is refused by its name', async () => {
  const { upkeep, begun, tables } = await setUp()
  const turn = upkeep.inTurn(table, async () => tables.clear())
  const asked = upkeep.run({ table, steps: ['compact'], dryRun: false })
  await turn
  await expect(asked).rejects.toMatchObject({ code: 'NOT_FOUND', details: { table } })
  expect(begun).toEqual([])
})

test('an unknown table is refused by its name', async () => {
  const { upkeep } = await setUp()
  await expect(upkeep.run({ table: 'others', steps: ['compact'], dryRun: false })).rejects.toMatchObject({
    code: 'NOT_FOUND',
    details: { table: 'others' },
  })
})

test('a table that was declared no more is looked at again once it is declared', async () => {
  const { upkeep, begun, tables, until } = await setUp({ everyMs: 20 })
  tables.clear()
  upkeep.hear(flushed(8))
  await aWhile()
  expect(begun).toEqual([])
  tables.set(table, fine)
  await until(1)
})

test.for([
  ['DECLARATION_INVALID', 0],
  ['SCHEMA_BREAKING', 1],
] as const)('a table with the failure %s is looked after %i times', async ([code, times]) => {
  const { upkeep, begun, tables, until } = await setUp()
  tables.set(table, { ...fine, failure: new HypError(code, 'It is not as it is declared.') })
  upkeep.hear(flushed(8))
  if (times > 0) await until(times)
  await aWhile()
  expect(begun).toHaveLength(times)
})

test('stopping ends what is under way at once, without a word', async () => {
  const { upkeep, events, until } = await setUp({ firstMs: 5 })
  const { signal } = await until(1)
  await upkeep.stop()
  expect(signal.aborted).toBe(true)
  await aWhile()
  expect(events).toEqual([])
})

test('a table that was set back to before a deletion is looked at soon, and what goes again is told', async () => {
  const { home, tables, events, until } = await setUp({ setBackMs: 20 })
  const notes = await homeWithNotes(home.directory)
  await addNotes(notes, note(1, 'a'), note(2, 'b'))
  const catalog = openCatalog(home, { table: 'notes' })
  const full = (await catalog.load()).metadata['current-snapshot-id'] as Long
  await deleteNotes(notes, { kind: 'session', session: 'a' })
  tables.set('notes', { ...fine, declaration: { ...declaration, table: 'notes' } })
  await aWhile()
  expect(events).toEqual([])
  await catalog.commit(await catalog.load(), {
    requirements: [],
    updates: [{ action: 'set-snapshot-ref', 'ref-name': 'main', type: 'branch', 'snapshot-id': full }],
  })
  const first = await until(1)
  expect(first.task).toMatchObject({ name: 'notes', steps: undefined })
  const report = { ...done, table: 'notes', deleted: { rows: 1, files: 1 }, compacted: null, expired: null }
  first.end({ facts, report })
  await expect
    .poll(() => events)
    .toEqual([{ type: 'deleted', table: 'notes', rows: 1, files: 1, by: 'tombstone', purged: 0, ms: 5 }])
})
