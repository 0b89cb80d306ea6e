import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { TaskDetails, TaskDocument, TaskSummary, TasksDocument } from '../../src/daemon/task-document.ts'
import { digests, eventually, type Machine, machine, type RunningDaemon } from '../support/home.ts'
import { addHistory, addLines, line } from '../support/transcripts.ts'

const countRows = 'SELECT count(*) AS n, count(DISTINCT part_id || session_id) AS keys FROM ai_gateway_messages'

/** Enough that there is time to do something while it runs. */
const many = 30_000

async function tasksOf(here: Machine): Promise<readonly TaskSummary[]> {
  return (await here.json<TasksDocument>('tasks', '--json')).tasks
}

async function taskOf(here: Machine, id: string, ...words: readonly string[]): Promise<TaskDetails> {
  return (await here.json<TaskDocument>('tasks', id, ...words, '--json')).task
}

/** The id of the one task that runs by now. */
async function running(daemon: RunningDaemon): Promise<string> {
  let id: string | undefined
  await eventually('an import runs', async () => {
    const { tasks } = JSON.parse((await daemon.ask('GET', '/v1/tasks')).text) as TasksDocument
    id = tasks.find(({ status }) => status === 'running')?.id
    return id !== undefined
  })
  return id as string
}

const kinds = ({ timeline }: TaskDetails): string[] => timeline.map(({ kind }) => kind)

test('every import is a task, told the same by the daemon, by a command beside it and after it', async () => {
  const here = machine()
  addLines(here.claude, 'one', [line('one', 0), line('one', 1)])
  expect(await tasksOf(here)).toEqual([])
  const daemon = await here.daemon()
  await daemon.imported()
  const [task] = await tasksOf(here)
  expect(task).toMatchObject({
    kind: 'backfill',
    input: { source: 'all' },
    status: 'completed',
    progress: { done: 1, total: 1, unit: 'files', rows: 2 },
    result: { files: 1, unchanged: 0, rows: 2, duplicates: 0 },
    terminalReason: 'completed',
    resumedFrom: null,
  })
  const id = (task as TaskSummary).id
  const details = await taskOf(here, id)
  expect(kinds(details)).toEqual(['created', 'started', 'progress', 'completed'])
  expect(JSON.parse((await daemon.ask('GET', `/v1/tasks/${id}`)).text)).toEqual({ formatVersion: 1, task: details })
  const { stdout } = await here.hyp('tasks')
  expect(stdout).toMatch(new RegExp(`^${id} +backfill +completed +1 of 1 files, 2 rows +\\S+Z +\\S+ m?s$`, 'm'))
  expect((await here.hyp('tasks', id)).stdout).toMatch(/^status {4}completed$/m)
  await daemon.stop()
  expect(await tasksOf(here)).toEqual([task])
  expect(await taskOf(here, id)).toEqual(details)
  expect((await here.hyp('backfill')).status).toBe(0)
  expect((await tasksOf(here)).map(({ result }) => result)).toMatchObject([
    { files: 1, unchanged: 1, rows: 0 },
    { files: 1, unchanged: 0, rows: 2 },
  ])
})

test('an import that is cancelled stops, and is done again when it is resumed', async () => {
  const here = machine()
  addHistory(here.claude, many)
  const daemon = await here.daemon()
  const id = await running(daemon)
  expect(await taskOf(here, id, '--cancel')).toMatchObject({ id, status: 'canceled', terminalReason: 'canceled' })
  await eventually('nothing is imported', async () => {
    return !(JSON.parse((await daemon.ask('GET', '/v1/status')).text) as { importing: boolean }).importing
  })
  // It was asked for: that is no failure of the daemon.
  expect((await daemon.ask('GET', '/readyz')).status).toBe(200)
  const { status, stderr } = await here.hyp('tasks', id, '--cancel')
  expect({ status, stderr }).toMatchObject({ status: 1, stderr: expect.stringContaining('[TASK_ENDED]') })
  expect((await here.hyp('tasks', id)).stdout).toContain(`hyp --home ${here.home} tasks ${id} --resume`)
  const again = await taskOf(here, id, '--resume')
  expect(again).toMatchObject({ kind: 'backfill', resumedFrom: id })
  expect(again.id).not.toBe(id)
  await daemon.imported()
  expect(await here.query(countRows)).toEqual([{ n: many, keys: many }])
  expect(await taskOf(here, again.id)).toMatchObject({ status: 'completed' })
  expect((await here.hyp('tasks', again.id, '--resume')).stderr).toContain('[TASK_ENDED]')
})

describe('an import that ends with its process', () => {
  test.each([
    ['SIGTERM', 'shutdown'],
    ['SIGKILL', 'recovered'],
  ] as const)('by %s is marked as %s; the next start makes one of its own', async (signal, terminalReason) => {
    const here = machine()
    addHistory(here.claude, many)
    const first = await here.daemon()
    const id = await running(first)
    first.kill(signal)
    await first.ended
    const second = await here.daemon()
    await second.imported()
    expect(await taskOf(here, id)).toMatchObject({
      status: 'failed',
      terminalReason,
      error: { code: 'INTERRUPTED', hint: expect.stringContaining(`hyp tasks ${id} --resume`) },
    })
    const [newest, ...others] = await tasksOf(here)
    expect(newest).toMatchObject({ status: 'completed', resumedFrom: null })
    expect(others.map(task => task.id)).toEqual([id])
    expect(await here.query(countRows)).toEqual([{ n: many, keys: many }])
  })

  test('in a command is resumed by a command, under the lock', async () => {
    const here = machine()
    addHistory(here.claude, many)
    const backfill = here.start('backfill')
    await eventually('it runs', async () => (await tasksOf(here))[0]?.status === 'running')
    backfill.kill('SIGINT')
    expect((await backfill.ended).status).toBe(130)
    const [task] = await tasksOf(here)
    expect(task).toMatchObject({ status: 'failed', terminalReason: 'shutdown' })
    const id = (task as TaskSummary).id
    expect(await taskOf(here, id, '--resume')).toMatchObject({ status: 'completed', resumedFrom: id })
    expect(await here.query(countRows)).toEqual([{ n: many, keys: many }])
  })

  test('that was killed without a word is seen to by who cancels it', async () => {
    const here = machine()
    addHistory(here.claude, many)
    const backfill = here.start('backfill')
    await eventually('it runs', async () => (await tasksOf(here))[0]?.status === 'running')
    // It is not to end while it is looked at.
    backfill.kill('SIGSTOP')
    const id = ((await tasksOf(here))[0] as TaskSummary).id
    const { status, stderr } = await here.hyp('tasks', id, '--cancel')
    expect({ status, stderr }).toMatchObject({ status: 75, stderr: expect.stringContaining(`process ${backfill.pid}`) })
    backfill.kill('SIGKILL')
    await backfill.ended
    expect(await taskOf(here, id)).toMatchObject({ status: 'running' })
    expect(await taskOf(here, id, '--cancel')).toMatchObject({ status: 'failed', terminalReason: 'recovered' })
  })
})

test('reading tasks writes nothing', async () => {
  const here = machine()
  addLines(here.claude, 'one', [line('one', 0)])
  await here.hyp('backfill')
  const before = digests(here.home)
  const id = ((await tasksOf(here))[0] as TaskSummary).id
  await here.hyp('tasks', id)
  await here.hyp('records')
  await here.hyp('records', 'gc', '--dry-run')
  expect(digests(here.home)).toEqual(before)
  const elsewhere = machine()
  expect((await elsewhere.hyp('tasks')).stdout).toBe('There are no tasks yet.\n')
  expect(existsSync(elsewhere.home)).toBe(false)
})

test('tasks that cannot be read are not said not to be there', async () => {
  const here = machine()
  mkdirSync(join(here.home, 'records'), { recursive: true })
  writeFileSync(join(here.home, 'records/task'), '')
  const { stdout } = await here.hyp('tasks')
  expect(stdout).toMatch(/^! ENOTDIR: /)
})

test('what is no task is answered as such, by path and by word', async () => {
  const here = machine()
  const daemon = await here.daemon()
  await daemon.imported()
  for (const [method, path] of [
    ['GET', '/v1/tasks/nothing'],
    ['POST', '/v1/tasks/nothing/cancel'],
    ['POST', '/v1/tasks/nothing/resume'],
    ['GET', '/v1/tasks/%2e%2e%2fsource_cursor'],
    ['GET', '/v1/tasks/a.b'],
  ] as const) {
    const { status, text } = await daemon.ask(method, path, { body: method === 'POST' ? '{}' : '' })
    expect({ path, status, text }).toMatchObject({ path, status: 404, text: expect.stringContaining('NOT_FOUND') })
  }
  const id = ((await tasksOf(here))[0] as TaskSummary).id
  expect((await daemon.ask('POST', `/v1/tasks/${id}/cancel`, { body: '{}' })).status).toBe(409)
  expect((await daemon.ask('POST', `/v1/tasks/${id}/resume`, { body: '{}' })).status).toBe(409)
  for (const words of [['nothing'], ['../task'], ['nothing', '--cancel'], ['a.b', '--resume']])
    expect(await here.hyp('tasks', ...words)).toMatchObject({ status: 64, stdout: '' })
  expect(await here.hyp('tasks', '--cancel')).toMatchObject({ status: 64 })
  expect(await here.hyp('tasks', id, '--cancel', '--resume')).toMatchObject({ status: 64 })
})

test('an import that fails before anything is read is a task that failed', async () => {
  const here = machine()
  addLines(here.claude, 'one', [line('one', 0)])
  await here.hyp('apply')
  writeFileSync(join(here.home, 'spool'), 'no directory')
  expect((await here.hyp('backfill')).stderr).toContain('[HOME_UNUSABLE]')
  expect(await tasksOf(here)).toMatchObject([
    { status: 'failed', terminalReason: 'failed', error: { code: 'HOME_UNUSABLE' } },
  ])
})

test('a resumed import of a table that refuses its declaration keeps the rows in its spool', async () => {
  const here = machine()
  const column = (type: string): string => JSON.stringify({ columns: [{ name: 'c1', type, from: '/c1' }] })
  here.declare(column('string'))
  addHistory(here.claude, many)
  const first = await here.daemon()
  const id = await running(first)
  await first.stop()
  here.declare(column('int'))
  const second = await here.daemon()
  const files = digests(here.table)
  expect((await here.hyp('tasks', id, '--resume')).status).toBe(0)
  await second.imported(1)
  expect(digests(here.table)).toEqual(files)
  expect(await here.query('SELECT count(*) AS n FROM ai_gateway_messages')).toEqual([{ n: many }])
  await second.stop()
})

test('no record of a task holds what was said', async () => {
  const here = machine()
  const message = { id: 'm', role: 'assistant', content: [{ type: 'text', text: 'a very private word' }] }
  addLines(here.claude, 'one', [line('one', 0, { message }), '{"broken": "another private word'])
  await here.hyp('backfill')
  const records = join(here.home, 'records')
  const names = readdirSync(records, { recursive: true, withFileTypes: true }).filter(entry => entry.isFile())
  expect(names).toHaveLength(2)
  for (const { parentPath, name } of names)
    expect(readFileSync(join(parentPath, name), 'utf8')).not.toContain('private')
})
