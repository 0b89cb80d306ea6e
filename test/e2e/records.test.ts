import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { CollectedDocument, MigrationDocument, RecordsDocument } from '../../src/cli/records-document.ts'
import { printJson } from '../../src/iceberg/json.ts'
import { taskV1, taskV2, taskV3 } from '../stores/record-fixtures.ts'
import { digests, type Machine, machine, write } from '../support/home.ts'
import { addLines, line } from '../support/transcripts.ts'

function pathOf(here: Machine, id: string): string {
  return join(here.home, `records/task/${id}.json`)
}

/** A home with a task of every version, one of a later one, and one that is torn. */
function withRecords(): Machine {
  const here = machine()
  for (const task of [taskV1, taskV2, taskV3]) write(pathOf(here, task.id), printJson(task))
  write(pathOf(here, 'newer'), printJson({ ...taskV3, id: 'newer', schema_version: 4 }))
  write(pathOf(here, 'torn'), '{')
  return here
}

const tasks = async (here: Machine): Promise<RecordsDocument['kinds'][number] | undefined> =>
  (await here.json<RecordsDocument>('records', '--json')).kinds.find(({ kind }) => kind === 'task')

test('records are shown with their versions and problems, and none is touched', async () => {
  const here = withRecords()
  const before = digests(here.home)
  expect(await tasks(here)).toMatchObject({
    version: 3,
    records: 3,
    versions: { 1: 1, 2: 1, 3: 1 },
    outdated: 2,
    problems: 2,
  })
  const { status, stdout } = await here.hyp('records')
  expect(status).toBe(0)
  expect(stdout).toMatch(/^task +version 3 +3 records +1 of version 1, 1 of version 2$/m)
  expect(stdout).toContain('newer than supported')
  expect(stdout).toContain('[RECORD_NEWER]')
  expect(stdout).toContain('[RECORD_UNREADABLE]')
  expect(stdout).toContain(`hyp --home ${here.home} records migrate`)
  expect(digests(here.home)).toEqual(before)
})

test('a daemon that starts migrates what is old, tells of what it cannot read, and does its work', async () => {
  const here = withRecords()
  const before = digests(join(here.home, 'records'))
  addLines(here.claude, 'one', [line('one', 0)])
  const daemon = await here.daemon()
  expect(await daemon.imported()).toMatchObject({ rows: 1 })
  const told = daemon.events().filter(({ msg }) => msg.startsWith('record'))
  expect(told).toMatchObject([
    { msg: 'records-migrated', records: 2 },
    { msg: 'record-unusable', kind: 'task', id: 'newer', code: 'RECORD_NEWER' },
    { msg: 'record-unusable', kind: 'task', id: 'torn', code: 'RECORD_UNREADABLE' },
  ])
  expect((await daemon.ask('GET', '/readyz')).status).toBe(200)
  expect(await tasks(here)).toMatchObject({ records: 4, versions: { 3: 4 }, outdated: 0, backups: 2, problems: 2 })
  const after = digests(join(here.home, 'records'))
  for (const name of ['newer', 'torn', taskV3.id]) expect(after[`task/${name}.json`]).toBe(before[`task/${name}.json`])
  for (const [name, version] of [
    [taskV1.id, 1],
    [taskV2.id, 2],
  ] as const)
    expect(after[`task/${name}.json.v${version}.bak`]).toBe(before[`task/${name}.json`])
})

describe('under the lock,', () => {
  test('migrate stores the old ones anew and says what stays', async () => {
    const here = withRecords()
    const { status, stdout } = await here.hyp('records', 'migrate', '--json')
    expect(status).toBe(1)
    const { migrated, problems } = JSON.parse(stdout) as MigrationDocument
    expect(migrated.map(({ from, to }) => [from, to])).toEqual([
      [1, 3],
      [2, 3],
    ])
    expect(problems.map(({ error }) => error.code)).toEqual(['RECORD_NEWER', 'RECORD_UNREADABLE'])
    expect((await here.hyp('tasks', taskV1.id)).stdout).toContain('note')
  })

  test('restore puts back what was, and the other way round', async () => {
    const here = withRecords()
    await here.hyp('records', 'migrate')
    const migrated = digests(join(here.home, 'records'))[`task/${taskV1.id}.json`]
    expect(await here.hyp('records', 'restore', `task/${taskV1.id}`)).toMatchObject({ status: 0 })
    expect(await tasks(here)).toMatchObject({ versions: { 1: 1 }, outdated: 1 })
    const back = await here.hyp('records', 'restore', `task/${taskV1.id}`, '--from', `${taskV1.id}.json.v3.bak`)
    expect(back.stdout).toContain('(version 3)')
    expect(digests(join(here.home, 'records'))[`task/${taskV1.id}.json`]).toBe(migrated)
  })

  test('what cannot be restored says why, and changes nothing', async () => {
    const here = withRecords()
    const before = digests(join(here.home, 'records'))
    const restore = async (...words: readonly string[]): Promise<unknown[]> => {
      const { status, stderr } = await here.hyp('records', 'restore', ...words)
      return [status, /\[(\w+)\]/.exec(stderr)?.[1]]
    }
    expect(await restore('task/torn')).toEqual([64, 'NOT_FOUND'])
    expect(await restore('task/torn', '--from', 'newer.json')).toEqual([4, 'RECORD_NEWER'])
    expect(await restore('task/torn', '--from', `${taskV3.id}.json`)).toEqual([1, 'RECORD_UNREADABLE'])
    expect(await restore('task/../../etc/passwd')).toEqual([1, 'RECORD_UNREADABLE'])
    expect(await restore('nothing/torn')).toEqual([64, 'USAGE'])
    expect(await restore('torn')).toEqual([64, 'USAGE'])
    expect(digests(join(here.home, 'records'))).toEqual(before)
  })

  test('gc says what it would do, and does that', async () => {
    const here = withRecords()
    write(`${pathOf(here, taskV3.id)}.half.tmp`, '{')
    const dry = await here.json<CollectedDocument>('records', 'gc', '--dry-run', '--json')
    expect(dry).toMatchObject({ dryRun: true, removed: [], leftovers: [`${pathOf(here, taskV3.id)}.half.tmp`] })
    const before = digests(here.home)
    const done = await here.json<CollectedDocument>('records', 'gc', '--json')
    expect(done).toEqual({ ...dry, dryRun: false })
    const { [`records/task/${taskV3.id}.json.half.tmp`]: removed, ...rest } = before
    expect(removed).toBeDefined()
    expect(digests(join(here.home, 'records'))).toEqual(
      Object.fromEntries(
        Object.entries(rest).flatMap(([name, digest]) =>
          name.startsWith('records/') ? [[name.slice(8), digest]] : [],
        ),
      ),
    )
  })
})

test('a running daemon keeps the records to itself', async () => {
  const here = withRecords()
  await here.daemon()
  for (const words of [['migrate'], ['gc'], ['restore', `task/${taskV1.id}`]]) {
    const { status, stderr } = await here.hyp('records', ...words)
    expect({ words, status, stderr }).toMatchObject({ words, status: 75, stderr: expect.stringContaining('[LOCKED]') })
    expect(stderr).toContain(`hyp --home ${here.home} stop`)
  }
  expect((await here.hyp('records', 'gc', '--dry-run')).status).toBe(0)
})
