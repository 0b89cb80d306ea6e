import { describe, expect, test } from 'vitest'
import type { FileIO } from '../../src/iceberg/file-io/file-io.ts'
import { printJson } from '../../src/iceberg/json.ts'
import type { RawRecord } from '../../src/stores/records/kind.ts'
import { taskKind } from '../../src/stores/records/kinds/task.ts'
import { restoreRecord } from '../../src/stores/records/restore.ts'
import { upgradeRecord } from '../../src/stores/records/upgrade.ts'
import { seeded } from '../support/crash-table.ts'
import { changingKinds, type Operation, type SystemCode, systemError, watchedFileIO } from '../support/fault-file-io.ts'
import { PowerDisk } from '../support/power-file-io.ts'
import { taskV1, taskV2, taskV3 } from './record-fixtures.ts'
import { type Recording, recording } from './recording.ts'

const id = 'the-one'
const home = '/home/a user ü'
const file = `${home}/records/task/${id}.json`

/** Something done to a record while the disk fails. */
interface Scenario {
  readonly name: string
  /** The record before; none where it is created. */
  readonly before: RawRecord | undefined
  /** Bytes of other files before, by what follows the record's name. */
  readonly beside?: Readonly<Record<string, string>>
  readonly act: (records: Recording) => Promise<unknown>
  /** What the record is afterwards, as one of its members. */
  readonly status: string
  /** A copy of what was there has to be by the time that it is not. */
  readonly backedUp: boolean
}

const own = (raw: RawRecord): RawRecord => ({ ...raw, id })

async function setStatus({ tasks }: Recording): Promise<void> {
  const stored = await tasks.load(id)
  if (stored === undefined) throw new Error('it is gone')
  await tasks.update(stored, { ...stored.value, status: 'canceled' })
}

async function migrate({ tasks }: Recording): Promise<void> {
  const stored = await tasks.load(id)
  if (stored === undefined) throw new Error('it is gone')
  await tasks.migrate(stored)
}

const scenarios: readonly Scenario[] = [
  { name: 'migrating', before: own(taskV1), act: migrate, status: 'completed', backedUp: true },
  {
    name: 'migrating beside the backup of another one',
    before: own(taskV1),
    beside: { '.v1.bak': 'other bytes' },
    act: migrate,
    status: 'completed',
    backedUp: true,
  },
  { name: 'changing an older one', before: own(taskV2), act: setStatus, status: 'canceled', backedUp: true },
  { name: 'changing one', before: own(taskV3), act: setStatus, status: 'canceled', backedUp: false },
  {
    name: 'creating one',
    before: undefined,
    act: async ({ tasks }) => {
      if ((await tasks.load(id)) === undefined) await tasks.create(id, upgradeRecord(taskKind, own(taskV3)).value)
    },
    status: 'failed',
    backedUp: false,
  },
  {
    name: 'restoring one',
    before: own(taskV3),
    beside: { '.v1.bak': printJson(own({ ...taskV1, status: 'queued' })) },
    act: records => restoreRecord(records.tasks, id, { ...records, from: `${file}.v1.bak` }),
    status: 'queued',
    backedUp: true,
  },
]

async function prepared({ before, beside = {} }: Scenario): Promise<PowerDisk> {
  const disk = new PowerDisk()
  const records = recording(disk.io, home)
  await disk.io.makeDirectory(home)
  if (before !== undefined) await records.put(`${id}.json`, before)
  for (const [name, text] of Object.entries(beside)) await records.put(`${id}.json${name}`, text)
  return disk
}

/** What is wrong with the record, whatever happened to the disk. */
async function problemsOf(disk: PowerDisk, scenario: Scenario, done: boolean): Promise<string[]> {
  const { before, status, backedUp, beside = {} } = scenario
  const problems: string[] = []
  const records = recording(disk.io, home)
  const found = await records.tasks.load(id).catch((error: unknown) => String(error))
  if (typeof found === 'string') return [`does not load: ${found}`]
  const bytes = found === undefined ? undefined : Buffer.from(found.bytes).toString('utf8')
  const isOld = before === undefined ? bytes === undefined : bytes === printJson(before)
  if (!isOld && found?.value.status !== status) problems.push('is neither the old one nor the new one')
  if (done && isOld) problems.push('is the old one although the new one was stored')
  const copies = [...disk.contents(home)].filter(([path]) => path.endsWith('.bak'))
  const texts = copies.map(([, copy]) => Buffer.from(copy).toString('utf8'))
  if (!isOld && backedUp && !texts.includes(printJson(before))) problems.push('has no backup')
  for (const text of Object.values(beside)) if (!texts.includes(text)) problems.push('lost another backup')
  const whole = new Set([...Object.values(beside), ...(before === undefined ? [] : [printJson(before)])])
  if (texts.some(text => !whole.has(text))) problems.push('has a backup of nothing')
  const list = await records.tasks.list()
  if (list.problems.length > 0) problems.push('is a problem of the list')
  return problems
}

async function afterAgain(disk: PowerDisk, scenario: Scenario): Promise<string[]> {
  await scenario.act(recording(disk.io, home))
  return (await problemsOf(disk, scenario, true)).map(problem => `done again: ${problem}`)
}

interface Fault {
  readonly name: string
  readonly code: SystemCode
  readonly fails: (operation: Operation, first: number) => boolean
  readonly done?: boolean
}

const faults: readonly Fault[] = [
  { name: 'one operation fails', code: 'EIO', fails: ({ n }, first) => n === first },
  { name: 'one operation fails after it was done', code: 'EIO', fails: ({ n }, first) => n === first, done: true },
  {
    name: 'the disk is full from then on',
    code: 'ENOSPC',
    fails: ({ n, kind }, first) => n >= first && changingKinds.has(kind) && kind !== 'remove',
  },
  {
    name: 'the disk is read-only from then on',
    code: 'EROFS',
    fails: ({ n, kind }, first) => n >= first && changingKinds.has(kind),
  },
]

describe.each(scenarios.map(scenario => [scenario.name, scenario] as const))('%s', (_name, scenario) => {
  test.each(faults.map(fault => [fault.name, fault] as const))(
    'leaves the old record or the new one, and says which, when %s',
    async (_fault, fault) => {
      const start = await prepared(scenario)
      const attempt = async (
        first: number,
      ): Promise<{ disk: PowerDisk; operations: Operation[]; error: string | undefined }> => {
        const disk = start.copy()
        const operations: Operation[] = []
        const fail = (operation: Operation): void => {
          if (fault.fails(operation, first)) throw systemError(fault.code, operation)
        }
        const io: FileIO = watchedFileIO(disk.io, {
          before: operation => {
            operations.push(operation)
            if (fault.done !== true) fail(operation)
          },
          after: operation => {
            if (fault.done === true) fail(operation)
          },
        })
        const error = await scenario.act(recording(io, home)).then(
          () => undefined,
          (thrown: unknown) => (thrown as Error).message,
        )
        return { disk, operations, error }
      }
      const { operations, error } = await attempt(Number.POSITIVE_INFINITY)
      expect(error).toBeUndefined()
      const problems: string[] = []
      let errors = 0
      for (const operation of operations) {
        const failed = await attempt(operation.n)
        if (failed.error !== undefined) errors++
        const found = await problemsOf(failed.disk, scenario, failed.error === undefined)
        found.push(...(await afterAgain(failed.disk, scenario)))
        if (failed.error?.includes(fault.code) === false) found.push(failed.error)
        problems.push(...found.map(problem => `${operation.n} ${operation.kind} ${operation.path}: ${problem}`))
      }
      expect(problems).toEqual([])
      expect(errors).toBeGreaterThan(4)
    },
  )

  test('leaves the old record or the new one when the process is killed or the power fails at any moment', async () => {
    const disk = await prepared(scenario)
    const moments: { call: string; disk: PowerDisk; done: boolean }[] = []
    disk.onChange = call => moments.push({ call, disk: disk.copy(), done: false })
    await scenario.act(recording(disk.io, home))
    moments.push({ call: 'the end', disk: disk.copy(), done: true })
    expect(moments.length).toBeGreaterThan(5)
    const problems: string[] = []
    for (const [n, moment] of moments.entries()) {
      const survivors = [
        moment.disk,
        ...Array.from({ length: 40 }, (_, seed) => moment.disk.cutPower(seeded(n * 40 + seed))),
      ]
      for (const [which, survivor] of survivors.entries()) {
        const found = [
          ...(await problemsOf(survivor, scenario, moment.done)),
          ...(await afterAgain(survivor, scenario)),
        ]
        problems.push(
          ...found.map(problem => `${which === 0 ? 'killed' : `power ${which}`} at ${moment.call}: ${problem}`),
        )
      }
    }
    expect([...new Set(problems)]).toEqual([])
  })
})

test('a backup that cannot be made keeps the record from being migrated', async () => {
  for (const kind of ['link', 'syncDirectory'] as const) {
    const disk = await prepared(scenarios[0] as Scenario)
    const io: FileIO = { ...disk.io, [kind]: () => Promise.reject(new Error('no backup')) }
    await expect(migrate(recording(io, home))).rejects.toThrow('no backup')
    expect(Buffer.from(await disk.io.read(file)).toString('utf8')).toBe(printJson(own(taskV1)))
  }
})
