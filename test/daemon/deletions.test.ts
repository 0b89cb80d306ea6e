import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { DeletionOutcome, DeletionTask } from '../../src/daemon/deletion/deletion-task.ts'
import { commandOf, keptRows } from '../../src/daemon/deletion/kept-rows.ts'
import { startDeletions } from '../../src/daemon/deletions.ts'
import type { DaemonEvent } from '../../src/daemon/event.ts'
import type { DeletionRequest } from '../../src/ingest/deletion/request.ts'
import { builtinDeclaration } from '../../src/schema/builtin.ts'
import { ensureHome, homeAt } from '../../src/stores/home.ts'
import { temporaryFolder } from '../support/table.ts'

const outcome: DeletionOutcome = {
  rows: 3,
  files: { removed: 1, rewritten: 2, added: 1 },
  remembered: 'before',
  snapshotId: '7',
  older: 0,
  graves: [],
  copies: [],
  spawned: [],
  purge: null,
}

const declaration = builtinDeclaration(9)
const kept = { declaration, captured: declaration, imported: declaration, failure: undefined }

async function newDeletions(config: string | undefined, deleteRows = async (): Promise<DeletionOutcome> => outcome) {
  const home = homeAt(await temporaryFolder())
  await ensureHome(home)
  if (config !== undefined) await writeFile(join(home.directory, 'config.json'), config)
  const tasks: DeletionTask[] = []
  const order: string[] = []
  const events: DaemonEvent[] = []
  const deletions = startDeletions({
    home,
    tables: { find: name => (name === declaration.table ? kept : undefined) },
    intakes: {
      flushNow: async () => void order.push('flush'),
      purgeRejects: async () => ({ rows: 2, unknown: 0 }),
      status: () => ({ rows: 0, bytes: 0, since: null, held: 0, reason: null, failure: null }),
    },
    upkeep: { inTurn: async (_table, work) => (order.push('turn'), work()) },
    onEvent: event => void events.push(event),
    pace: { firstMs: 5, everyMs: 40 },
    now: () => Date.parse('2026-07-01T12:00:00Z'),
    deleteRows: async task => {
      tasks.push(task)
      order.push('delete')
      return deleteRows()
    },
  })
  onTestFinished(() => deletions.stop())
  return { home, deletions, tasks, order, events }
}

test('without a retention nothing is deleted', async () => {
  const { tasks, deletions } = await newDeletions(undefined)
  await new Promise(resolve => setTimeout(resolve, 100))
  expect({ tasks, checks: deletions.checks() }).toEqual({ tasks: [], checks: [] })
})

test('what is too old goes after the start and again and again, and is told', async () => {
  const { tasks, events, deletions } = await newDeletions('{"retention": "180d"}')
  await expect.poll(() => tasks.length).toBeGreaterThan(1)
  expect(tasks[0]?.request).toEqual({
    unwanted: { kind: 'before', before: '2026-01-02T12:00:00.000000Z' },
    dryRun: false,
    purge: false,
    leaveSome: true,
  })
  expect(events[0]).toMatchObject({ type: 'deleted', rows: 3, by: 'retention', table: 'ai_gateway_messages' })
  expect(deletions.checks()).toMatchObject([
    { name: 'retention', ok: true, message: expect.stringContaining('keeps 180 days; 3 rows from before 2026-01-02') },
  ])
})

test('a retention that was mended is obeyed without a restart, and before that nothing is deleted', async () => {
  const { home, tasks, events, deletions } = await newDeletions('{"retention": "soon"}')
  await expect.poll(() => deletions.checks()).toMatchObject([{ ok: false, hint: expect.stringContaining('180d') }])
  expect(events[0]).toMatchObject({ type: 'retention-failed', code: 'CONFIG_INVALID' })
  expect(tasks).toEqual([])
  await writeFile(join(home.directory, 'config.json'), '{"retention": "30d"}')
  await expect.poll(() => deletions.checks()).toMatchObject([{ ok: true }])
})

test('what waits is flushed before rows are looked for, while nobody else works on the table', async () => {
  const { order, events, deletions } = await newDeletions(undefined)
  const request: DeletionRequest = { unwanted: { kind: 'session', session: 'a' }, dryRun: false, purge: true }
  const report = await deletions.run('ai_gateway_messages', request)
  expect(order).toEqual(['turn', 'flush', 'delete'])
  expect(report).toMatchObject({ session: 'a', before: null, where: null, rows: 3, kept: [] })
  expect(events).toMatchObject([{ type: 'deleted', by: 'request', rows: 3, files: 3 }])
  order.length = 0
  await deletions.run('ai_gateway_messages', { ...request, dryRun: true })
  expect(order).toEqual(['turn', 'delete'])
  await expect(deletions.run('nobody', request)).rejects.toMatchObject({ code: 'NOT_FOUND' })
})

test('everything that may hold such rows is named, with what to do', () => {
  const purge = {
    snapshots: 3,
    refs: ['old'],
    files: 9,
    bytes: 100,
    kept: { read: 1, ruled: 2, deletes: 3 },
    left: [{ path: '/x.parquet', reason: 'EPERM' }],
    outside: ['/elsewhere/y.parquet'],
    unfinished: 1,
  }
  const places = (request: Partial<DeletionRequest>, more: Partial<DeletionOutcome>): string[] =>
    keptRows({
      table: 'orders',
      request: { unwanted: { kind: 'where', where: "a = 'b'" }, dryRun: false, purge: false, ...request },
      outcome: { ...outcome, ...more },
      waiting: { rows: 4, held: 4 },
      rejects: 2,
      quarantine: { files: 1 },
    }).map(({ place, message, hint }) => `${place}: ${message} ${hint ?? ''}`)
  expect(places({ purge: true }, { purge })).toEqual([
    expect.stringMatching(/^readers: 1 older snapshot is being read.*again when that has ended/),
    expect.stringMatching(/^snapshots: 2 older snapshots are kept by the properties/),
    expect.stringMatching(/^files: 3 delete files of other programs are there still/),
    expect.stringMatching(/^files: 1 file could not be removed, the first \/x\.parquet: EPERM/),
    expect.stringMatching(/^files: 1 file outside the table’s folder stays, the first \/elsewhere\/y.parquet/),
    expect.stringMatching(/^files: 1 file in the table’s folder/),
    expect.stringMatching(/^spool: 4 rows wait in the spool, and were not looked at/),
    expect.stringMatching(/^rejects: 2 rejected rows and values .* have nothing to be told by/),
    expect.stringMatching(/^quarantine: 1 file/),
  ])
  const session = { kind: 'session', session: 's' } as const
  expect(places({ unwanted: session, dryRun: true }, {})).toContainEqual(
    expect.stringMatching(/^spool: 4 rows wait in the spool, and were not looked at/),
  )
  expect(places({ unwanted: session }, {})).toContainEqual(
    expect.stringMatching(/^spool: 4 rows wait in the spool; those that were deleted are left out/),
  )
  const unpurged = places({}, { older: 2, copies: [{ session: 'f', rows: 5 }], spawned: [{ session: 'g', rows: 1 }] })
  expect(unpurged[0]).toMatch(/^snapshots: 2 older snapshots have them on the disk until they expire/)
  expect(unpurged[0]).toContain(`hyp table delete orders --where 'a = '\\''b'\\''' --purge`)
  expect(unpurged.at(-1)).toMatch(
    /^sessions: 1 row of session g is of an agent that the deleted session spawned.*--session g/,
  )
  expect(unpurged.at(-2)).toMatch(/^sessions: 5 rows of session f are the same messages.*--session f/)
  expect(commandOf('ai_gateway_messages', { kind: 'before', before: '2026-01-01' })).toBe(
    'hyp table delete --before 2026-01-01',
  )
})
