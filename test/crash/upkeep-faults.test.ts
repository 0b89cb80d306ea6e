import { describe, expect, test } from 'vitest'
import { isCode } from '../../src/iceberg/errors.ts'
import { append, batch, openTable, seededContext } from '../support/crash-table.ts'
import {
  expireAll,
  fedRows,
  fedTable,
  look,
  mergeAll,
  rewriteHalf,
  strays,
  sweepAll,
  type Upkeep,
  upkeepProblems,
} from '../support/crash-upkeep.ts'
import { changingKinds, type Operation, type SystemCode, systemError, watchedFileIO } from '../support/fault-file-io.ts'
import { PowerDisk } from '../support/power-file-io.ts'

const directory = '/home/a table ü'

const works: readonly (readonly [string, Upkeep])[] = [
  ['replacing files', rewriteHalf],
  ['merging manifests', mergeAll],
  ['expiring snapshots', expireAll],
]

interface Fault {
  readonly name: string
  readonly code: SystemCode
  readonly fails: (operation: Operation, first: number) => boolean
  /** Fails although what was asked for is done. */
  readonly done?: boolean
}

const once: Fault['fails'] = ({ n }, first) => n === first
const writing: Fault['fails'] = ({ n, kind }, first) => n >= first && changingKinds.has(kind)

const faults: readonly Fault[] = [
  { name: 'one operation meets an error of the disk', code: 'EIO', fails: once },
  { name: 'one operation meets an error of the disk after it was done', code: 'EIO', fails: once, done: true },
  {
    name: 'the disk is full from then on',
    code: 'ENOSPC',
    fails: (operation, first) => writing(operation, first) && operation.kind !== 'remove',
  },
  { name: 'the disk is read-only from then on', code: 'EROFS', fails: writing },
]

async function prepared(): Promise<PowerDisk> {
  const disk = new PowerDisk()
  await disk.io.makeDirectory('/home')
  await fedTable(disk.io, directory, seededContext(1))
  return disk
}

interface Outcome {
  readonly disk: PowerDisk
  readonly operations: readonly Operation[]
  readonly failed: readonly Operation[]
  readonly error: unknown
}

/** Does the work on a copy of the disk; somebody else may append when its commit is about to be made. */
async function tryWith(
  start: PowerDisk,
  work: Upkeep,
  fault: Fault,
  first: number,
  isBeside: boolean,
): Promise<Outcome> {
  const disk = start.copy()
  const operations: Operation[] = []
  const failed: Operation[] = []
  let others = isBeside
  const fail = (operation: Operation): void => {
    if (!fault.fails(operation, first)) return
    failed.push(operation)
    throw systemError(fault.code, operation)
  }
  const io = watchedFileIO(disk.io, {
    before: async operation => {
      operations.push(operation)
      if (others && operation.path.includes('/pending-')) {
        others = false
        await append(openTable(disk.io, directory, seededContext(5)), batch('e'), seededContext(6))
      }
      if (fault.done !== true) fail(operation)
    },
    after: operation => {
      if (fault.done === true) fail(operation)
    },
  })
  const context = seededContext(2)
  const catalog = openTable(io, directory, context)
  try {
    await work(catalog, await catalog.load(), context)
    return { disk, operations, failed, error: undefined }
  } catch (error) {
    return { disk, operations, failed, error }
  }
}

async function problemsAfter(work: Upkeep, isBeside: boolean, outcome: Outcome): Promise<string[]> {
  const { disk, failed, error } = outcome
  const rows = isBeside ? [...fedRows, ...batch('e')] : fedRows
  const context = seededContext(7)
  // Where the failure came before the other writer's turn, there is none.
  if (isBeside) await append(openTable(disk.io, directory, context), batch('e'), context)
  const problems = await upkeepProblems(disk.io, directory, rows)
  // What could not be removed stays; what may have been committed, and what was committed and not yet cleaned up, is a sweep's.
  const excused = failed.some(({ kind }) => kind === 'remove') || isCode(error, 'COMMIT_STATE_UNKNOWN')
  const lost = new Set(failed.filter(({ kind }) => kind === 'create').map(({ path }) => path))
  const expired = work === expireAll
  if (!excused && !expired)
    problems.push(
      ...(await strays(disk.io, directory)).filter(path => !lost.has(path)).map(path => `left ${path} behind`),
    )

  const catalog = openTable(disk.io, directory, context)
  await work(catalog, await catalog.load(), context)
  await sweepAll(catalog, await catalog.load(), context)
  const again = [
    ...(await upkeepProblems(disk.io, directory, rows)),
    ...(await strays(disk.io, directory)).map(path => `left ${path} behind`),
  ]
  return [...problems, ...again.map(problem => `after it was done again and swept: ${problem}`)]
}

describe.each(faults.map(fault => [fault.name, fault] as const))('when %s,', (_fault, fault) => {
  test.each(
    works.flatMap(([name, work]) => [
      [name, work, false] as const,
      [`${name} beside another writer`, work, true] as const,
    ]),
  )('%s costs no row and no file that is needed, and can be done again', async (_name, work, isBeside) => {
    const start = await prepared()
    const { operations } = await tryWith(start, work, fault, Number.POSITIVE_INFINITY, isBeside)
    expect(operations.length).toBeGreaterThan(10)
    const problems: string[] = []
    let errors = 0
    for (const { n, kind, path } of operations) {
      const outcome = await tryWith(start, work, fault, n, isBeside)
      if (outcome.error !== undefined) errors++
      for (const problem of await problemsAfter(work, isBeside, outcome))
        problems.push(`from operation ${n} on (${kind} ${path}): ${problem}`)
    }
    expect(problems).toEqual([])
    expect(errors).toBeGreaterThan(3)
  })
})

test('a sweep during which the disk fails removes nothing that is needed, and can be done again', async () => {
  const start = await prepared()
  const expired = await tryWith(
    start,
    expireAll,
    { name: '', code: 'EIO', fails: ({ kind, path }) => kind === 'remove' && !path.endsWith('.tmp') },
    1,
    false,
  )
  expect((await strays(expired.disk.io, directory)).length).toBeGreaterThan(8)
  for (const fault of faults) {
    const { operations } = await tryWith(expired.disk, sweepAll, fault, Number.POSITIVE_INFINITY, false)
    expect(operations.length).toBeGreaterThan(10)
    const problems: string[] = []
    for (const { n } of operations)
      problems.push(
        ...(await problemsAfter(sweepAll, false, await tryWith(expired.disk, sweepAll, fault, n, false))).filter(
          problem => !problem.startsWith('left'),
        ),
      )
    expect(problems).toEqual([])
  }
})

test('these tests find a file that is removed too early', async () => {
  const start = await prepared()
  const early: Upkeep = async (catalog, table, context) => {
    const { files } = (await expireAll({ ...catalog }, table, context)) as { files: readonly { path: string }[] }
    expect(files.length).toBeGreaterThan(8)
  }
  const disk = start.copy()
  const context = seededContext(2)
  const table = await look(disk.io, directory)
  const catalog = {
    ...openTable(disk.io, directory, context),
    commit: async () => ({ ...table, metadata: { ...table.metadata, snapshots: table.metadata.snapshots.slice(-1) } }),
  }
  await early(catalog, table, context)
  expect(await upkeepProblems(disk.io, directory)).not.toEqual([])
})
