import { describe, expect, test } from 'vitest'
import { type HypError, toHypError } from '../../src/errors.ts'
import type { FileIO } from '../../src/iceberg/file-io/file-io.ts'
import { orphansOf, type Promised, problemsOf } from '../support/crash-check.ts'
import { lateStory, manyVersions, perform, type Step, wholeStory } from '../support/crash-story.ts'
import { batch, openTable, seededContext } from '../support/crash-table.ts'
import { changingKinds, type Operation, type SystemCode, systemError, watchedFileIO } from '../support/fault-file-io.ts'
import { PowerDisk } from '../support/power-file-io.ts'

const directory = '/home/a table ü'

/** Something to do on a table, while the disk fails. */
interface Scenario {
  readonly name: string
  readonly before: readonly Step[]
  readonly step: Step
  /** What somebody else commits between reading and committing. */
  readonly meanwhile?: Step
}

const [create, appendA, evolveNote] = wholeStory as readonly [Step, Step, Step]
const overlapping: Step = { name: 'append half of a', rows: batch('a').slice(0, 2), own: batch('a').slice(0, 2) }
const restOfA: Step = { ...appendA, own: batch('a').slice(2) }

const scenarios: readonly Scenario[] = [
  { name: 'creating a table', before: [], step: create },
  { name: 'appending', before: [create], step: appendA },
  { name: 'evolving', before: [create, appendA], step: evolveNote },
  { name: 'evolving where an old metadata file is removed', before: manyVersions, step: lateStory[0] as Step },
  { name: 'appending what another writer stores in part', before: [create], step: restOfA, meanwhile: overlapping },
  { name: 'appending what another writer stores', before: [create], step: { ...appendA, own: [] }, meanwhile: appendA },
  { name: 'evolving beside another writer', before: [create], step: evolveNote, meanwhile: appendA },
]

type Fails = (operation: Operation, first: number) => boolean

interface Fault {
  readonly name: string
  readonly code: SystemCode
  /** Whether an operation fails, given the number of the first one that does. */
  readonly fails: Fails
  /** Fails although what was asked for is done. */
  readonly done?: boolean
}

const once: Fails = ({ n }, first) => n === first
const writing: Fails = ({ n, kind }, first) => n >= first && changingKinds.has(kind)

const faults: readonly Fault[] = [
  { name: 'one operation finds no space', code: 'ENOSPC', fails: once },
  { name: 'one operation meets an error of the disk', code: 'EIO', fails: once },
  { name: 'one operation meets an error of the disk after it was done', code: 'EIO', fails: once, done: true },
  { name: 'one operation is not permitted', code: 'EACCES', fails: once },
  {
    name: 'the disk is full from then on',
    code: 'ENOSPC',
    fails: (operation, first) => writing(operation, first) && operation.kind !== 'remove',
  },
  { name: 'the disk is read-only from then on', code: 'EROFS', fails: writing },
  { name: 'nothing in the home can be changed from then on', code: 'EACCES', fails: writing },
]

const codes: Readonly<Record<SystemCode, string | undefined>> = {
  ENOSPC: 'DISK_FULL',
  EROFS: 'HOME_UNUSABLE',
  EACCES: 'HOME_UNUSABLE',
  // Has no code of its own.
  EIO: undefined,
}

interface Outcome {
  readonly disk: PowerDisk
  readonly operations: readonly Operation[]
  readonly failed: readonly Operation[]
  /** Whether the version's name was taken before the first failure, or by the failing operation itself. */
  readonly linked: boolean
  readonly error: HypError | undefined
}

async function tryWith(start: PowerDisk, { step, meanwhile }: Scenario, fault: Fault, first: number): Promise<Outcome> {
  const disk = start.copy()
  const operations: Operation[] = []
  const failed: Operation[] = []
  let linked = false
  let others = meanwhile
  const fail = (operation: Operation): void => {
    if (!fault.fails(operation, first)) return
    failed.push(operation)
    throw systemError(fault.code, operation)
  }
  const io = watchedFileIO(disk.io, {
    before: async operation => {
      operations.push(operation)
      if (others !== undefined && operation.path.includes('/pending-')) {
        const now = others
        others = undefined
        await perform(now, disk.io, directory, seededContext(5))
      }
      if (fault.done !== true) fail(operation)
    },
    after: operation => {
      if (fault.done === true) fail(operation)
    },
  })
  const counted: FileIO = {
    ...io,
    link: async (from, to) => {
      const before = await disk.io.size(to)
      try {
        return await io.link(from, to)
      } finally {
        if (before === undefined && (await disk.io.size(to)) !== undefined) linked = true
      }
    },
  }
  try {
    await perform(step, counted, directory, seededContext(4))
    return { disk, operations, failed, linked, error: undefined }
  } catch (error) {
    return { disk, operations, failed, linked, error: toHypError(error) }
  }
}

async function version(io: FileIO): Promise<number> {
  return openTable(io, directory, seededContext(0))
    .load()
    .then(
      table => table.version,
      () => 0,
    )
}

/** What is wrong after an operation failed, and after the work was done again. */
async function problemsAfter(start: PowerDisk, scenario: Scenario, fault: Fault, outcome: Outcome): Promise<string[]> {
  const { disk, failed, linked, error } = outcome
  const { before, step, meanwhile } = scenario
  const problems: string[] = []
  const promised = (acknowledged: boolean): Promised[] => [
    ...[...before, ...(meanwhile === undefined ? [] : [meanwhile])].map(other => ({ step: other, acknowledged: true })),
    { step, acknowledged },
  ]
  // Where the failure came before the other writer's turn, there is none.
  const othersCame = meanwhile === undefined || (await version(disk.io)) > (await version(start.io))
  if (!othersCame && meanwhile !== undefined) await perform(meanwhile, disk.io, directory, seededContext(5))

  if (error === undefined) problems.push(...(await problemsOf(disk.io, directory, promised(true))))
  else {
    const unknown = error.code === 'COMMIT_STATE_UNKNOWN'
    if (unknown !== linked) problems.push(`${error.code}, and the name ${linked ? 'was' : 'was not'} taken`)
    const expected = codes[fault.code]
    if (!unknown && expected !== undefined && error.code !== expected) problems.push(`${error.code}: ${error.message}`)
    if (!unknown && !error.message.includes(fault.code)) problems.push(`does not say ${fault.code}: ${error.message}`)
    problems.push(...(await problemsOf(disk.io, directory, promised(false))))
    const expectedVersion = (await version(start.io)) + (meanwhile === undefined ? 0 : 1)
    if (!unknown && (await version(disk.io)) !== expectedVersion) problems.push('was committed all the same')
  }
  // What cannot be removed stays, and a file that is there although its creation failed is nobody's.
  const lost = failed.filter(({ kind }) => kind === 'remove' || (kind === 'create' && fault.done === true))
  const excused = new Set(lost.map(({ path }) => path))
  if (error?.code !== 'COMMIT_STATE_UNKNOWN') {
    const orphans = (await orphansOf(disk.io, directory)).filter(path => !excused.has(path))
    problems.push(...orphans.map(path => `left ${path} behind`))
  }

  await perform(step, disk.io, directory, seededContext(6))
  const again = await problemsOf(disk.io, directory, promised(true))
  return [...problems, ...again.map(problem => `after it was done again: ${problem}`)]
}

describe.each(faults.map(fault => [fault.name, fault] as const))('when %s,', (_fault, fault) => {
  test.each(scenarios.map(scenario => [scenario.name, scenario] as const))(
    '%s is done or not, says which, and can be done again',
    async (_scenario, scenario) => {
      const start = new PowerDisk()
      await start.io.makeDirectory('/home')
      for (const step of scenario.before) await perform(step, start.io, directory, seededContext(1))
      const { operations } = await tryWith(start, scenario, fault, Number.POSITIVE_INFINITY)
      expect(operations.length).toBeGreaterThan(5)
      const problems: string[] = []
      let errors = 0
      for (const { n, kind, path } of operations) {
        const outcome = await tryWith(start, scenario, fault, n)
        if (outcome.error !== undefined) errors++
        for (const problem of await problemsAfter(start, scenario, fault, outcome))
          problems.push(`from operation ${n} on (${kind} ${path}): ${problem}`)
      }
      expect(problems).toEqual([])
      expect(errors).toBeGreaterThan(3)
    },
  )
})
