import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { openTasks, type TaskControl, type Tasks } from '../../src/daemon/tasks.ts'
import { HypError } from '../../src/errors.ts'
import type { FileIO } from '../../src/iceberg/file-io/file-io.ts'
import { localFileIO } from '../../src/iceberg/file-io/local.ts'
import { printJson } from '../../src/iceberg/json.ts'
import type { RawRecord } from '../../src/stores/records/kind.ts'
import { type Task, taskKind } from '../../src/stores/records/kinds/task.ts'
import { openRecords, type RecordStore } from '../../src/stores/records/store.ts'
import { taskV1, taskV3 } from '../stores/record-fixtures.ts'
import { temporaryFolder } from '../support/table.ts'

/** Tasks in a folder of their own, at a time that only moves when told to. */
interface Desk {
  readonly store: RecordStore<Task>
  /** Opens the tasks as a process that starts now. */
  open(io?: FileIO): Promise<Tasks>
  pass(ms: number): void
  /** Writes the record of a task as another process left it. */
  put(id: string, members: RawRecord): Promise<void>
  onDisk(id: string): Promise<Task | undefined>
  text(id: string): Promise<string>
}

const start = Date.UTC(2026, 5, 1)
const day = 86_400_000

async function newDesk(): Promise<Desk> {
  let time = start
  let made = 0
  const directory = join(await temporaryFolder(), 'records')
  const options = {
    io: localFileIO,
    directory,
    uniqueName: () => `unique-${++made}`,
    now: () => time,
    randomBytes: (length: number) => new Uint8Array(length).fill(++made),
  }
  const store = openRecords(taskKind, options)
  return {
    store,
    open: (io = localFileIO) => openTasks({ ...options, io }),
    pass: ms => (time += ms),
    put: (id, members) => store.put(id, Buffer.from(printJson({ ...taskV3, ...members, id }))),
    onDisk: async id => (await store.load(id))?.value,
    text: id => readFile(store.pathOf(id), 'utf8'),
  }
}

const request = { kind: 'backfill', input: { source: 'claude' } }

/** Work that is ended by hand. */
interface Work {
  readonly run: (control: TaskControl) => Promise<number>
  readonly control: Promise<TaskControl>
  succeed(result: number): void
  fail(error: Error): void
}

function newWork(): Work {
  let begin: (control: TaskControl) => void = () => undefined
  let succeed: (result: number) => void = () => undefined
  let fail: (error: Error) => void = () => undefined
  const control = new Promise<TaskControl>(resolve => (begin = resolve))
  const result = new Promise<number>((resolve, reject) => {
    succeed = resolve
    fail = reject
  })
  return {
    run: async handed => {
      begin(handed)
      handed.signal.addEventListener('abort', () => fail(new Error('aborted')))
      return result
    },
    control,
    succeed: value => succeed(value),
    fail: error => fail(error),
  }
}

/** Waits until something holds; the test's own time limit ends that. */
async function eventually(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise(resolve => setTimeout(resolve, 1))
}

const counts = (rows: number): RawRecord => ({ rows })
const kinds = (task: Task | undefined): string[] => task?.timeline.map(({ kind }) => kind) ?? []

/** A task that runs, its work, and what came of it. */
async function running(tasks: Tasks): Promise<{ id: string; work: Work; outcome: Promise<unknown> }> {
  const work = newWork()
  const open = await tasks.open(request)
  const outcome = open.run(work.run, counts).catch((error: unknown) => error)
  await work.control
  return { id: open.id, work, outcome }
}

describe('a task', () => {
  test('is queued, runs and completes, and its record says when', async () => {
    const desk = await newDesk()
    const tasks = await desk.open()
    const open = await tasks.open(request)
    expect(await desk.onDisk(open.id)).toMatchObject({ status: 'queued', startedAt: null, lifecycleSeq: 1, ...request })
    desk.pass(1000)
    const work = newWork()
    const outcome = open.run(work.run, counts)
    await work.control
    expect(await desk.onDisk(open.id)).toMatchObject({ status: 'running', lifecycleSeq: 2, terminalReason: null })
    desk.pass(2000)
    work.succeed(12)
    expect(await outcome).toBe(12)
    expect(await desk.onDisk(open.id)).toMatchObject({
      status: 'completed',
      createdAt: '2026-06-01T00:00:00.000Z',
      startedAt: '2026-06-01T00:00:01.000Z',
      endedAt: '2026-06-01T00:00:03.000Z',
      result: { rows: 12 },
      error: null,
      terminalReason: 'completed',
      lifecycleSeq: 3,
      resumedFrom: null,
    })
    expect(kinds(await desk.onDisk(open.id))).toEqual(['created', 'started', 'completed'])
  })

  test('that fails says why, and throws what its work threw', async () => {
    const desk = await newDesk()
    const tasks = await desk.open()
    const { id, work, outcome } = await running(tasks)
    const error = new HypError('DISK_FULL', 'There is no space.', { hint: 'Free some.' })
    work.fail(error)
    expect(await outcome).toBe(error)
    expect(await desk.onDisk(id)).toMatchObject({
      status: 'failed',
      terminalReason: 'failed',
      error: { code: 'DISK_FULL', message: 'There is no space.', hint: 'Free some.' },
      result: null,
    })
  })

  test('that fails by a mistake of ours does not keep what the mistake quotes', async () => {
    const desk = await newDesk()
    const tasks = await desk.open()
    const { id, work, outcome } = await running(tasks)
    work.fail(new SyntaxError('Unexpected token in "my secret"'))
    await outcome
    expect(await desk.text(id)).not.toContain('secret')
    expect((await desk.onDisk(id))?.error?.code).toBe('INTERNAL')
  })

  test('shows its progress at once and stores it at most once a second', async () => {
    const desk = await newDesk()
    const stored: (number | null)[] = []
    const rename: FileIO['rename'] = async (from, to) => {
      const { progress } = JSON.parse(await readFile(from, 'utf8')) as { progress: { done: number } | null }
      stored.push(progress?.done ?? null)
      return localFileIO.rename(from, to)
    }
    const tasks = await desk.open({ ...localFileIO, rename })
    const { id, work, outcome } = await running(tasks)
    const { progress } = await work.control
    for (let done = 1; done <= 20; done++) {
      desk.pass(250)
      progress({ done, total: 21, unit: 'files', rows: done * 10 })
      expect((await tasks.find(id)).progress).toMatchObject({ done })
      await eventually(() => stored.length === 2 + Math.floor(done / 4))
    }
    progress({ done: 21, total: 21, unit: 'files', rows: 210 })
    work.succeed(210)
    await outcome
    progress({ done: 99, total: 21, unit: 'files', rows: 0 })
    // When it was made, when it began, once a second, and when it ended.
    expect(stored).toEqual([null, null, 4, 8, 12, 16, 20, 21])
    expect(await desk.onDisk(id)).toMatchObject({ progress: { done: 21, rows: 210 }, lifecycleSeq: 3 })
    expect(kinds(await desk.onDisk(id))).toEqual(['created', 'started', 'progress', 'completed'])
  })

  test('goes on while its progress cannot be stored, and says so when its end cannot', async () => {
    const desk = await newDesk()
    let isFull = false
    const full = (): Promise<never> => Promise.reject(Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' }))
    const io: FileIO = { ...localFileIO, create: path => (isFull ? full() : localFileIO.create(path)) }
    const tasks = await desk.open(io)
    const first = await running(tasks)
    isFull = true
    desk.pass(2000)
    ;(await first.work.control).progress({ done: 1, total: 2, unit: 'files', rows: 1 })
    isFull = false
    first.work.succeed(2)
    expect(await first.outcome).toBe(2)
    const second = await running(tasks)
    isFull = true
    second.work.succeed(2)
    expect(await second.outcome).toMatchObject({ code: 'ENOSPC' })
    expect(await tasks.find(second.id)).toMatchObject({ status: 'completed' })
    isFull = false
    const failing = await running(tasks)
    isFull = true
    failing.work.fail(new Error('the disk is full'))
    await failing.outcome
    expect((await tasks.list()).tasks).not.toContainEqual(expect.objectContaining({ status: 'running' }))
    expect(await tasks.resumable(failing.id)).toMatchObject({ resumedFrom: failing.id })
    isFull = false
    await desk.open()
    expect(await desk.onDisk(second.id)).toMatchObject({ status: 'failed', terminalReason: 'recovered' })
  })

  test('that cannot be noted is not begun', async () => {
    const desk = await newDesk()
    const io = { ...localFileIO, rename: () => Promise.reject(new Error('read-only')) }
    const tasks = await desk.open(io)
    await expect(tasks.open(request)).rejects.toThrow('read-only')
  })
})

describe('cancelling', () => {
  test('a task that runs aborts its work, and is over when it is answered', async () => {
    const desk = await newDesk()
    const tasks = await desk.open()
    const { id, outcome } = await running(tasks)
    const other = await running(tasks)
    expect(await tasks.cancel(id)).toMatchObject({ id, status: 'canceled', terminalReason: 'canceled', error: null })
    expect(await outcome).toMatchObject({ code: 'INTERRUPTED' })
    expect(await desk.onDisk(id)).toMatchObject({ status: 'canceled' })
    expect(await desk.onDisk(other.id)).toMatchObject({ status: 'running' })
    expect((await other.work.control).signal.aborted).toBe(false)
  })

  test('a task that waits keeps it from ever beginning', async () => {
    const desk = await newDesk()
    const tasks = await desk.open()
    const open = await tasks.open(request)
    expect(await tasks.cancel(open.id)).toMatchObject({ status: 'canceled', startedAt: null })
    expect(open.isCanceled()).toBe(true)
    const run = open.run(() => Promise.reject(new Error('was begun')), counts)
    await expect(run).rejects.toMatchObject({ code: 'INTERRUPTED' })
    expect(await desk.onDisk(open.id)).toMatchObject({ status: 'canceled' })
  })

  test('twice at once is once', async () => {
    const desk = await newDesk()
    const tasks = await desk.open()
    const { id } = await running(tasks)
    const [one, two] = await Promise.all([tasks.cancel(id), tasks.cancel(id)])
    expect(one).toEqual(two)
    expect(kinds(one)).toEqual(['created', 'started', 'canceled'])
  })

  test('work that does not mind and comes to its end is completed', async () => {
    const desk = await newDesk()
    const tasks = await desk.open()
    const open = await tasks.open(request)
    let begin = (): void => undefined
    const begun = new Promise<void>(resolve => (begin = resolve))
    const outcome = open.run(async ({ signal }) => {
      begin()
      await new Promise(resolve => signal.addEventListener('abort', resolve))
      return 7
    }, counts)
    await begun
    expect(await tasks.cancel(open.id)).toMatchObject({ status: 'completed', result: { rows: 7 } })
    expect(await outcome).toBe(7)
  })

  test('a task that has ended, or is none, is refused', async () => {
    const desk = await newDesk()
    const tasks = await desk.open()
    const { id, work, outcome } = await running(tasks)
    work.succeed(1)
    await outcome
    await expect(tasks.cancel(id)).rejects.toMatchObject({ code: 'TASK_ENDED', details: { id, status: 'completed' } })
    await expect(tasks.cancel('no-such-task')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(tasks.cancel('../task')).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })
})

test('a process that stops ends what runs and what waits, resumable', async () => {
  const desk = await newDesk()
  const tasks = await desk.open()
  const { id, outcome } = await running(tasks)
  const waiting = await tasks.open(request)
  tasks.stop()
  expect(await outcome).toMatchObject({ code: 'INTERRUPTED' })
  await expect(waiting.run(() => Promise.reject(new Error('was begun')), counts)).rejects.toMatchObject({
    code: 'INTERRUPTED',
  })
  for (const each of [id, waiting.id]) {
    expect(await desk.onDisk(each)).toMatchObject({
      status: 'failed',
      terminalReason: 'shutdown',
      error: { code: 'INTERRUPTED', hint: expect.stringContaining(`hyp tasks ${each} --resume`) as string },
    })
    expect(await tasks.resumable(each)).toEqual({ ...request, resumedFrom: each })
  }
})

describe('resuming', () => {
  test.each([
    ['failed', true],
    ['canceled', true],
    ['completed', false],
  ])('a task that is %s: %s', async (status, may) => {
    const desk = await newDesk()
    await desk.put('the-one', { status })
    const tasks = await desk.open()
    const asked = tasks.resumable('the-one')
    if (may) expect(await asked).toMatchObject({ kind: 'backfill', resumedFrom: 'the-one' })
    else await expect(asked).rejects.toMatchObject({ code: 'TASK_ENDED' })
  })

  test('a task that runs is refused', async () => {
    const desk = await newDesk()
    const tasks = await desk.open()
    const { id } = await running(tasks)
    await expect(tasks.resumable(id)).rejects.toMatchObject({ code: 'TASK_ENDED' })
  })

  test('makes another task that names the first', async () => {
    const desk = await newDesk()
    await desk.put('the-one', {})
    const tasks = await desk.open()
    const { id } = await tasks.open(await tasks.resumable('the-one'))
    expect(id).not.toBe('the-one')
    expect(await desk.onDisk(id)).toMatchObject({ status: 'queued', resumedFrom: 'the-one', ...request })
    expect((await desk.onDisk('the-one'))?.status).toBe('failed')
  })
})

describe('a process that starts', () => {
  test('marks what another one left running or waiting as failed, and writes nothing else', async () => {
    const desk = await newDesk()
    const bare = { started_at: null, ended_at: null, terminal_reason: null, error: null }
    await desk.put('ended', {})
    await desk.put('left', { ...bare, status: 'running', lifecycle_seq: 2, started_at: '2026-05-01T00:00:00.000Z' })
    await desk.put('waiting', { ...bare, status: 'queued', lifecycle_seq: 1 })
    await desk.put('newer', { status: 'running', schema_version: 99 })
    const before = { ended: await desk.text('ended'), newer: await desk.text('newer') }
    await desk.open()
    expect(await desk.onDisk('left')).toMatchObject({
      status: 'failed',
      terminalReason: 'recovered',
      endedAt: new Date(start).toISOString(),
      lifecycleSeq: 3,
      error: { code: 'INTERRUPTED' },
    })
    expect(kinds(await desk.onDisk('left')).at(-1)).toBe('recovered')
    expect(await desk.onDisk('waiting')).toMatchObject({
      status: 'failed',
      terminalReason: 'recovered',
      startedAt: null,
    })
    expect({ ended: await desk.text('ended'), newer: await desk.text('newer') }).toEqual(before)
    const again = await desk.text('left')
    await desk.open()
    expect(await desk.text('left')).toBe(again)
    expect(JSON.parse(again)).toMatchObject({ mine: 'kept' })
  })

  test('goes on where a disk takes no note of what was left, and knows it all the same', async () => {
    const desk = await newDesk()
    await desk.put('left', { status: 'running', ended_at: null, terminal_reason: null })
    const before = await desk.text('left')
    const full = Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' })
    const tasks = await desk.open({ ...localFileIO, create: () => Promise.reject(full) })
    expect(tasks.unmarked).toMatchObject([{ kind: 'task', id: 'left', error: { code: 'DISK_FULL' } }])
    expect(await tasks.find('left')).toMatchObject({ status: 'failed', terminalReason: 'recovered' })
    expect((await tasks.list()).tasks).toMatchObject([{ id: 'left', status: 'failed' }])
    await expect(tasks.cancel('left')).rejects.toMatchObject({ code: 'TASK_ENDED' })
    expect(await desk.text('left')).toBe(before)
  })

  test('keeps a task of an older version, with a backup where it has to be changed', async () => {
    const desk = await newDesk()
    const old = { ...taskV1, id: 'old', status: 'running', ended_at: null }
    await desk.store.put('old', Buffer.from(printJson(old)))
    await desk.store.put('done', Buffer.from(printJson({ ...taskV1, id: 'done' })))
    await desk.open()
    expect(await desk.onDisk('old')).toMatchObject({ status: 'failed', terminalReason: 'recovered', lifecycleSeq: 3 })
    expect((await desk.store.list()).backups.map(({ id, version }) => [id, version])).toEqual([['old', 1]])
  })

  test('removes what ended long ago, but never one of the newest hundred', async () => {
    const desk = await newDesk()
    const put = (name: string, count: number, age: number): Promise<unknown> =>
      Promise.all(
        Array.from({ length: count }, (_, n) =>
          desk.put(`${name}-${n}`, { ended_at: new Date(start - age - n * 1000).toISOString() }),
        ),
      )
    await put('young', 90, day)
    await put('old', 20, 40 * day)
    await desk.open()
    const left = (await desk.store.list()).items.map(({ id }) => id)
    expect(left.filter(id => id.startsWith('young'))).toHaveLength(90)
    expect(left.filter(id => id.startsWith('old')).toSorted((x, y) => x.localeCompare(y))).toEqual(
      Array.from({ length: 10 }, (_, n) => `old-${n}`),
    )
    await put('young', 150, day)
    await desk.open()
    expect((await desk.store.list()).items).toHaveLength(150)
  })
})

test('the list has the newest first, what runs as it is now, and says what cannot be read', async () => {
  const desk = await newDesk()
  await desk.put('first', { created_at: '2026-01-01T00:00:00.000Z' })
  await desk.put('newer', { schema_version: 4 })
  const tasks = await desk.open()
  const { id, work } = await running(tasks)
  ;(await work.control).progress({ done: 1, total: 2, unit: 'files', rows: 3 })
  const { tasks: listed, problems } = await tasks.list()
  expect(listed.map(task => [task.id, task.status])).toEqual([
    [id, 'running'],
    ['first', 'failed'],
  ])
  expect(listed[0]?.progress).toMatchObject({ done: 1 })
  expect(problems).toMatchObject([{ kind: 'task', id: 'newer', error: { code: 'RECORD_NEWER' } }])
})
