import { describe, expect, test } from 'vitest'
import { backfillOf, backfillTask } from '../../src/daemon/backfill-task.ts'
import { type Imports, newImports } from '../../src/daemon/imports.ts'
import { newTaskDesk } from '../../src/daemon/task-desk.ts'
import { openTasks, type Tasks } from '../../src/daemon/tasks.ts'
import type { BackfillRequest } from '../../src/ingest/backfill/backfill-request.ts'
import type { BackfillEvent, BackfillSummary } from '../../src/ingest/backfill/backfill-summary.ts'
import { noCounts } from '../../src/sources/source.ts'
import { recordPlace } from '../../src/stores/records/place.ts'
import { temporaryFolder } from '../support/table.ts'

const summary: BackfillSummary = {
  source: 'claude',
  files: 3,
  unchanged: 1,
  bytes: 10,
  lines: 5,
  linesWithRows: 4,
  captured: 4,
  rows: 3,
  duplicates: 1,
  deleted: 0,
  skipped: { ...noCounts().skipped, progress: 1 },
  illTyped: {},
  unreadable: [],
  dryRun: false,
  since: null,
  until: null,
  spooled: 0,
  refused: 0,
  malformed: [],
  sources: [],
  commits: 1,
  ms: 7,
}

/** One backfill that was begun and ends when told to. */
interface Begun {
  readonly signal: AbortSignal
  readonly tell: (event: BackfillEvent) => void
  end(): void
  fail(error: Error): void
}

async function setUp(): Promise<{
  tasks: Tasks
  imports: Imports
  begun: Begun[]
  asked: BackfillRequest[]
  until: (count: number) => Promise<void>
}> {
  const tasks = await openTasks(recordPlace({ records: await temporaryFolder() }))
  const begun: Begun[] = []
  const asked: BackfillRequest[] = []
  const imports = newImports({
    tasks,
    start: (request, tell, signal) =>
      new Promise((resolve, reject) => {
        asked.push(request)
        begun.push({ signal, tell, end: () => resolve(summary), fail: reject })
        signal.addEventListener('abort', () => reject(new Error('aborted')))
      }),
  })
  const until = async (count: number): Promise<void> => {
    while (begun.length < count) await new Promise(resolve => setTimeout(resolve, 1))
  }
  return { tasks, imports, begun, asked, until }
}

const ignore = (): void => undefined

describe('an import', () => {
  test('is a task, with the progress and the counts of the backfill', async () => {
    const { tasks, imports, begun, until } = await setUp()
    const { task, work } = imports.run({ source: 'claude' }, ignore)
    await until(1)
    expect(imports.isRunning()).toBe(true)
    const id = await task
    expect(await tasks.find(id)).toMatchObject({ kind: 'backfill', input: { source: 'claude' }, status: 'running' })
    begun[0]?.tell({
      type: 'progress',
      source: 'claude',
      files: { done: 1, total: 2 },
      bytes: { done: 5, total: 10 },
      lines: 2,
      rows: 2,
      ms: 1,
    })
    expect((await tasks.find(id)).progress).toEqual({ done: 1, total: 2, unit: 'files', rows: 2 })
    begun[0]?.end()
    expect(await work).toBe(summary)
    const { status, result } = await tasks.find(id)
    expect({ status, result }).toEqual({
      status: 'completed',
      result: {
        files: 3,
        unchanged: 1,
        unreadable: 0,
        lines: 5,
        skipped: 1,
        rows: 3,
        duplicates: 1,
        deleted: 0,
        spooled: 0,
        refused: 0,
        commits: 1,
        ms: 7,
      },
    })
    expect(imports.isRunning()).toBe(false)
  })

  test('that comes while one runs waits as a task of its own, and all that come then share it', async () => {
    const { tasks, imports, begun, until } = await setUp()
    const first = imports.run({ source: 'claude' }, ignore)
    await until(1)
    const heard: string[] = []
    const second = imports.run({ source: 'claude' }, () => heard.push('second'))
    const third = imports.run({ source: 'claude' }, () => heard.push('third'))
    expect(await second.task).toBe(await third.task)
    expect(await second.task).not.toBe(await first.task)
    expect(await tasks.find(await second.task)).toMatchObject({ status: 'queued' })
    expect(begun).toHaveLength(1)
    begun[0]?.end()
    await first.work
    await until(2)
    begun[1]?.tell({ type: 'done', summary })
    begun[1]?.end()
    expect(await second.work).toBe(summary)
    expect(await third.work).toBe(summary)
    expect(heard).toEqual(['second', 'third'])
    await imports.settled()
    expect((await tasks.list()).tasks.map(({ status }) => status)).toEqual(['completed', 'completed'])
  })

  test('that fails is remembered until one does not', async () => {
    const { tasks, imports, begun, until } = await setUp()
    const first = imports.run({ source: 'claude' }, ignore)
    await until(1)
    begun[0]?.fail(new Error('broken'))
    await expect(first.work).rejects.toMatchObject({ code: 'INTERNAL' })
    expect(imports.failure()?.message).toBe('broken')
    expect(await tasks.find(await first.task)).toMatchObject({ status: 'failed', terminalReason: 'failed' })
    const second = imports.run({ source: 'claude' }, ignore)
    await until(2)
    begun[1]?.end()
    await second.work
    expect(imports.failure()).toBeUndefined()
  })

  test('that is cancelled ends for all who wait for it, and is no failure', async () => {
    const { tasks, imports, begun, until } = await setUp()
    const { task, work } = imports.run({ source: 'claude' }, ignore)
    const outcome = work.catch((error: unknown) => error)
    await until(1)
    expect(await tasks.cancel(await task)).toMatchObject({ status: 'canceled' })
    expect(begun[0]?.signal.aborted).toBe(true)
    expect(await outcome).toMatchObject({ code: 'INTERRUPTED' })
    expect(imports.failure()).toBeUndefined()
    expect(imports.isRunning()).toBe(false)
  })

  test('that is cancelled while it waits never begins, and who comes after waits anew', async () => {
    const { tasks, imports, begun, until } = await setUp()
    const first = imports.run({ source: 'claude' }, ignore)
    await until(1)
    const second = imports.run({ source: 'claude' }, ignore)
    const outcome = second.work.catch((error: unknown) => error)
    await tasks.cancel(await second.task)
    const third = imports.run({ source: 'claude' }, ignore)
    expect(await third.task).not.toBe(await second.task)
    begun[0]?.end()
    await first.work
    expect(await outcome).toMatchObject({ code: 'INTERRUPTED' })
    await until(2)
    begun[1]?.end()
    expect(await third.work).toBe(summary)
    expect(begun).toHaveLength(2)
  })

  test('of something else waits too, and is a task of its own', async () => {
    const { imports, begun, asked, until } = await setUp()
    const first = imports.run({ source: 'claude' }, ignore)
    await until(1)
    const second = imports.run({ source: 'all', dryRun: true }, ignore)
    const third = imports.run({ source: 'claude', since: '2026-01-01' }, ignore)
    expect(await second.task).not.toBe(await third.task)
    begun[0]?.end()
    await first.work
    await until(2)
    await new Promise(resolve => setTimeout(resolve, 20))
    expect(begun).toHaveLength(2)
    begun[1]?.end()
    await until(3)
    begun[2]?.end()
    await third.work
    expect(asked).toEqual([
      { source: 'claude' },
      { source: 'all', dryRun: true },
      { source: 'claude', since: '2026-01-01' },
    ])
    await imports.settled()
    expect(imports.isRunning()).toBe(false)
  })

  test('that only counts says nothing of whether rows are taken', async () => {
    const { imports, begun, until } = await setUp()
    const first = imports.run({ source: 'claude' }, ignore)
    await until(1)
    begun[0]?.fail(new Error('broken'))
    await first.work.catch(ignore)
    const second = imports.run({ source: 'claude', dryRun: true }, ignore)
    await until(2)
    begun[1]?.end()
    await second.work
    expect(imports.failure()?.message).toBe('broken')
  })

  test('is never begun beside another of the same source, however they come', async () => {
    const { imports, begun, until } = await setUp()
    const first = imports.run({ source: 'claude' }, ignore)
    await until(1)
    const second = imports.run({ source: 'claude' }, ignore)
    const third = first.work.then(() => imports.run({ source: 'claude' }, ignore).work)
    begun[0]?.end()
    await until(2)
    await new Promise(resolve => setTimeout(resolve, 20))
    expect(begun).toHaveLength(2)
    begun[1]?.end()
    expect(await Promise.all([second.work, third])).toEqual([summary, summary])
  })

  test('that the process ends can be resumed', async () => {
    const { tasks, imports, until } = await setUp()
    const { task, work } = imports.run({ source: 'claude' }, ignore)
    await until(1)
    tasks.stop()
    await expect(work).rejects.toMatchObject({ code: 'INTERRUPTED' })
    await imports.settled()
    expect(await tasks.find(await task)).toMatchObject({ status: 'failed', terminalReason: 'shutdown' })
  })

  test('whose task cannot be made fails', async () => {
    const refuse = { open: () => Promise.reject(new Error('no place for it')) }
    const imports = newImports({ tasks: refuse, start: () => Promise.resolve(summary) })
    const { task, work } = imports.run({ source: 'claude' }, ignore)
    await expect(work).rejects.toThrow('no place for it')
    await expect(task).rejects.toThrow('no place for it')
    expect(imports.isRunning()).toBe(false)
  })
})

test('a resumed task is begun as a new one, and answered as it begins', async () => {
  const { tasks, imports, begun, until } = await setUp()
  const first = imports.run({ source: 'claude' }, ignore)
  await until(1)
  begun[0]?.fail(new Error('broken'))
  await first.work.catch(ignore)
  const id = await first.task
  const desk = newTaskDesk({
    tasks,
    backfill: async (request, resumedFrom) => imports.run(request, ignore, resumedFrom),
  })
  const again = await desk.resume(id)
  expect(again).toMatchObject({ kind: 'backfill', resumedFrom: id })
  await until(2)
  begun[1]?.end()
  await imports.settled()
  expect(await desk.find(again.id)).toMatchObject({ status: 'completed' })
  await expect(desk.resume(again.id)).rejects.toMatchObject({ code: 'TASK_ENDED' })
  await expect(desk.resume('nothing')).rejects.toMatchObject({ code: 'NOT_FOUND' })
})

test.each([
  { kind: 'backfill', input: { source: 'nobody' } },
  { kind: 'compaction', input: { source: 'claude' } },
  { kind: 'backfill', input: { source: 'claude', only: 'mine' } },
  { kind: 'backfill', input: { source: 'claude', since: 5 } },
  { kind: 'backfill', input: { source: 'claude', directories: { nobody: '/x' } } },
  { kind: 'backfill', input: { source: 'claude', directories: ['/x'] } },
])('work of another version is not begun as something else: %j', request => {
  expect(() => backfillOf(request)).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }))
})

test.each([
  { source: 'all' },
  { source: 'claude', since: '2026-01-01', until: '2026-01-31T09:00:00Z', directories: { claude: '/x' }, dryRun: true },
] as const)('what is resumed is the same work: %j', request => {
  expect(backfillOf(backfillTask(request))).toEqual(request)
})
