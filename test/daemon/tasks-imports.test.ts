import { describe, expect, test } from 'vitest'
import { backfillSource } from '../../src/daemon/backfill-task.ts'
import { type Imports, newImports } from '../../src/daemon/imports.ts'
import { newTaskDesk } from '../../src/daemon/task-desk.ts'
import { openTasks, type Tasks } from '../../src/daemon/tasks.ts'
import type { BackfillEvent, BackfillSummary } from '../../src/ingest/backfill.ts'
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
  skipped: { ...noCounts().skipped, progress: 1 },
  illTyped: {},
  unreadable: [],
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
  until: (count: number) => Promise<void>
}> {
  const tasks = await openTasks(recordPlace({ records: await temporaryFolder() }))
  const begun: Begun[] = []
  const imports = newImports({
    tasks,
    start: (_source, tell, signal) =>
      new Promise((resolve, reject) => {
        begun.push({ signal, tell, end: () => resolve(summary), fail: reject })
        signal.addEventListener('abort', () => reject(new Error('aborted')))
      }),
  })
  const until = async (count: number): Promise<void> => {
    while (begun.length < count) await new Promise(resolve => setTimeout(resolve, 1))
  }
  return { tasks, imports, begun, until }
}

const ignore = (): void => undefined

describe('an import', () => {
  test('is a task, with the progress and the counts of the backfill', async () => {
    const { tasks, imports, begun, until } = await setUp()
    const { task, work } = imports.run('claude', ignore)
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
        commits: 1,
        ms: 7,
      },
    })
    expect(imports.isRunning()).toBe(false)
  })

  test('that comes while one runs waits as a task of its own, and all that come then share it', async () => {
    const { tasks, imports, begun, until } = await setUp()
    const first = imports.run('claude', ignore)
    await until(1)
    const heard: string[] = []
    const second = imports.run('claude', () => heard.push('second'))
    const third = imports.run('claude', () => heard.push('third'))
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
    const first = imports.run('claude', ignore)
    await until(1)
    begun[0]?.fail(new Error('broken'))
    await expect(first.work).rejects.toMatchObject({ code: 'INTERNAL' })
    expect(imports.failure()?.message).toBe('broken')
    expect(await tasks.find(await first.task)).toMatchObject({ status: 'failed', terminalReason: 'failed' })
    const second = imports.run('claude', ignore)
    await until(2)
    begun[1]?.end()
    await second.work
    expect(imports.failure()).toBeUndefined()
  })

  test('that is cancelled ends for all who wait for it, and is no failure', async () => {
    const { tasks, imports, begun, until } = await setUp()
    const { task, work } = imports.run('claude', ignore)
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
    const first = imports.run('claude', ignore)
    await until(1)
    const second = imports.run('claude', ignore)
    const outcome = second.work.catch((error: unknown) => error)
    await tasks.cancel(await second.task)
    const third = imports.run('claude', ignore)
    expect(await third.task).not.toBe(await second.task)
    begun[0]?.end()
    await first.work
    expect(await outcome).toMatchObject({ code: 'INTERRUPTED' })
    await until(2)
    begun[1]?.end()
    expect(await third.work).toBe(summary)
    expect(begun).toHaveLength(2)
  })

  test('is never begun beside another of the same source, however they come', async () => {
    const { imports, begun, until } = await setUp()
    const first = imports.run('claude', ignore)
    await until(1)
    const second = imports.run('claude', ignore)
    const third = first.work.then(() => imports.run('claude', ignore).work)
    begun[0]?.end()
    await until(2)
    await new Promise(resolve => setTimeout(resolve, 20))
    expect(begun).toHaveLength(2)
    begun[1]?.end()
    expect(await Promise.all([second.work, third])).toEqual([summary, summary])
  })

  test('that the process ends can be resumed', async () => {
    const { tasks, imports, until } = await setUp()
    const { task, work } = imports.run('claude', ignore)
    await until(1)
    tasks.stop()
    await expect(work).rejects.toMatchObject({ code: 'INTERRUPTED' })
    await imports.settled()
    expect(await tasks.find(await task)).toMatchObject({ status: 'failed', terminalReason: 'shutdown' })
  })

  test('whose task cannot be made fails', async () => {
    const refuse = { open: () => Promise.reject(new Error('no place for it')) }
    const imports = newImports({ tasks: refuse, start: () => Promise.resolve(summary) })
    const { task, work } = imports.run('claude', ignore)
    await expect(work).rejects.toThrow('no place for it')
    await expect(task).rejects.toThrow('no place for it')
    expect(imports.isRunning()).toBe(false)
  })
})

test('a resumed task is begun as a new one, and answered as it begins', async () => {
  const { tasks, imports, begun, until } = await setUp()
  const first = imports.run('claude', ignore)
  await until(1)
  begun[0]?.fail(new Error('broken'))
  await first.work.catch(ignore)
  const id = await first.task
  const desk = newTaskDesk({
    tasks,
    backfill: async (source, resumedFrom) => imports.run(source, ignore, resumedFrom),
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
])('work of another version is not begun as something else: %j', request => {
  expect(() => backfillSource(request)).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }))
})
