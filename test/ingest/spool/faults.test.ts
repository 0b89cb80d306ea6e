import { describe, expect, test } from 'vitest'
import {
  changingKinds,
  type Operation,
  type SystemCode,
  systemError,
  watchedFileIO,
} from '../../support/fault-file-io.ts'
import { PowerDisk } from '../../support/power-file-io.ts'
import { batchOf, declaration, laterDeclaration, open, readAll } from './spooling.ts'
import { append, everyBatch, flush, keyed, newStory, play, type Story } from './story.ts'

interface Fault {
  readonly name: string
  readonly code: SystemCode
  /** Whether an operation fails, given the number of the first one that does. */
  readonly fails: (n: number, first: number) => boolean
  /** Fails although what was asked for is done. */
  readonly done?: boolean
  /** Fails when half of what was to be written is. */
  readonly half?: boolean
}

const once = (n: number, first: number): boolean => n === first
/** A failed batch is tried once more, so it takes some to fail for good. */
const aWhile = (n: number, first: number): boolean => n >= first && n < first + 12

const faults: readonly Fault[] = [
  { name: 'one operation meets an error of the disk', code: 'EIO', fails: once },
  { name: 'one operation meets an error of the disk after it was done', code: 'EIO', fails: once, done: true },
  { name: 'one operation meets an error of the disk half way', code: 'EIO', fails: once, half: true },
  { name: 'one operation finds no space', code: 'ENOSPC', fails: once },
  { name: 'operations meet errors of the disk for a while', code: 'EIO', fails: aWhile },
  {
    name: 'operations meet errors of the disk for a while after they were done',
    code: 'EIO',
    fails: aWhile,
    done: true,
  },
  { name: 'there is no space for a while', code: 'ENOSPC', fails: aWhile },
]

const codes: Readonly<Partial<Record<SystemCode, string>>> = { EIO: 'DISK_FAILED', ENOSPC: 'DISK_FULL' }

interface Outcome {
  readonly story: Story
  readonly disk: PowerDisk
  readonly operations: readonly Operation[]
  readonly failed: readonly Operation[]
}

/** Plays the story on a disk that fails, and then what comes after on one that does not. */
async function playWith(start: PowerDisk, fault: Fault, first: number): Promise<Outcome> {
  const disk = start.copy()
  const operations: Operation[] = []
  const failed: Operation[] = []
  let healed = false
  const fail = (operation: Operation): void => {
    if (healed || !fault.fails(operation.n, first)) return
    failed.push(operation)
    throw systemError(fault.code, operation)
  }
  const isBefore = fault.done !== true && fault.half !== true
  const io = watchedFileIO(disk.io, {
    before: operation => {
      operations.push(operation)
      if (isBefore || (fault.half === true && operation.kind !== 'write')) fail(operation)
    },
    ...(fault.half === true ? { halfWay: fail } : {}),
    after: operation => {
      if (fault.done === true) fail(operation)
    },
  })
  const story = newStory()
  await play(io, disk.io, story)
  healed = true
  return { story, disk, operations, failed }
}

/** What is wrong in the process that saw the failure, and in one that comes after it. */
async function problemsAfter(fault: Fault, { story, disk, failed }: Outcome): Promise<string[]> {
  const problems: string[] = []
  const { acknowledged, flushed, positions } = story
  for (const { code, message } of story.errors)
    if (code !== codes[fault.code] || !message.includes(fault.code)) problems.push(`${code}: ${message}`)
  const isOfBatches = failed.every(({ kind, path }) => changingKinds.has(kind) && !path.includes('.keys'))
  if (fault.fails === once && isOfBatches && acknowledged.size < everyBatch.length)
    problems.push(`was not made good: ${story.errors[0]?.message}`)
  const errors = story.errors.length

  // The same process goes on, where it could begin, and takes the next batch under either declaration.
  const spool = story.spool ?? (await open(disk.io, { seed: 9, flushed: positions })).spool
  for (const [name, under] of [
    ['x', declaration],
    ['y', laterDeclaration],
  ] as const)
    await append(story, spool, batchOf(name), under)
  const waiting = [...acknowledged].filter(name => !flushed.has(name)).toSorted()
  const found = (await readAll(disk.io, positions)).batches.toSorted()
  if (found.join() !== waiting.join()) problems.push(`${waiting.join()} wait and are there as ${found.join()}`)

  // Another process comes after it, or it flushes itself.
  const next = await open(disk.copy().io, { seed: 10, flushed: positions })
  const rows = { same: spool.state().rows, next: next.spool.state().rows }
  if (rows.same !== rows.next) problems.push(`counts ${rows.same} rows, and the next process ${rows.next}`)
  for (const each of [spool, next.spool]) {
    for (const name of keyed) {
      const digest = (await each.recall(`key of ${name}`))?.digest
      if ((digest !== undefined) !== acknowledged.has(name)) problems.push(`for the key of ${name} has ${digest}`)
    }
  }
  await flush(disk.io, story, spool)
  problems.push(...story.wrong, ...story.errors.slice(errors).map(({ message }) => `afterwards: ${message}`))
  const left = [...disk.contents('/home').keys()].filter(path => !path.endsWith('.keys'))
  if (left.length > 0) problems.push(`left after a flush: ${left.join()}`)
  return problems
}

describe.each(faults.map(fault => [fault.name, fault] as const))('when %s,', (_name, fault) => {
  test('what is acknowledged is there once, what is not is not, and the next batch is taken', async () => {
    const start = new PowerDisk()
    await start.io.makeDirectory('/home')
    const { operations } = await playWith(start, fault, Number.POSITIVE_INFINITY)
    expect(operations.length).toBeGreaterThan(50)
    const problems: string[] = []
    let refused = 0
    for (const { n, kind, path } of operations) {
      const outcome = await playWith(start, fault, n)
      refused += everyBatch.length - outcome.story.acknowledged.size
      for (const problem of await problemsAfter(fault, outcome))
        problems.push(`from operation ${n} on (${kind} ${path}): ${problem}`)
    }
    expect(problems).toEqual([])
    if (fault.fails === aWhile) expect(refused).toBeGreaterThan(20)
  })
})

test('a failure is made good in another segment, told of, and nothing of the failed one is read that was not acknowledged', async () => {
  const disk = new PowerDisk()
  await disk.io.makeDirectory('/home')
  let broken = false
  const io = watchedFileIO(disk.io, {
    before: operation => {
      if (broken && operation.kind === 'sync') {
        broken = false
        throw systemError('EIO', operation)
      }
    },
  })
  const { spool, failures } = await open(io)
  await spool.append(batchOf('a'), declaration)
  broken = true
  await spool.append(batchOf('b'), declaration)
  await spool.append(batchOf('c'), declaration)
  expect(failures.map(({ code }) => code)).toEqual(['DISK_FAILED'])
  const segments = await spool.rotate()
  expect(segments.map(({ segment }) => segment)).toEqual([1, 2])
  // The bytes of b are in the first one, whole; they count in the second alone.
  const [first] = segments
  expect(await disk.io.size(first?.path as string)).toBeGreaterThan(first?.end as number)
  expect((await readAll(disk.io)).batches).toEqual(['a', 'b', 'c'])
  expect(spool.state().rows).toBe(6)
})

test('a full disk that stays full leaves no files behind, however often it is tried', async () => {
  const disk = new PowerDisk()
  await disk.io.makeDirectory('/home')
  const full = watchedFileIO(disk.io, {
    before: operation => {
      if (operation.kind === 'write') throw systemError('ENOSPC', operation)
    },
  })
  const { spool } = await open(full)
  for (let attempt = 0; attempt < 5; attempt++)
    await expect(spool.append(batchOf('a'), declaration)).rejects.toMatchObject({ code: 'DISK_FULL' })
  expect([...disk.contents('/home').keys()]).toEqual([])
  expect(spool.state()).toMatchObject({ rows: 0, bytes: 0, streams: [] })
})
