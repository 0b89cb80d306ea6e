import { expect, test } from 'vitest'
import type { Table } from '../../src/iceberg/catalog/catalog.ts'
import type { FileIO } from '../../src/iceberg/file-io/file-io.ts'
import { orphansOf, problemsOf } from '../support/crash-check.ts'
import { perform, type Step, wholeStory } from '../support/crash-story.ts'
import { append, apply, batch, declare, openTable, seededContext } from '../support/crash-table.ts'
import { watchedFileIO } from '../support/fault-file-io.ts'
import { PowerDisk } from '../support/power-file-io.ts'
import { failure } from '../support/table.ts'

/*
 * Old metadata files are removed, and a name that is free again must never
 * look like the next version to a writer that slept meanwhile.
 */

const directory = '/home/a table ü'
const create = wholeStory[0] as Step
const slow: Step = { name: 'append slow', rows: batch('slow'), own: batch('slow') }

async function newDisk(): Promise<PowerDisk> {
  const disk = new PowerDisk()
  await disk.io.makeDirectory('/home')
  return disk
}

/** As many evolutions of other writers. */
function evolutions(count: number): Step[] {
  return Array.from({ length: count }, (_, index) => ({
    name: `evolve ${index}`,
    declaration: declare([{ name: `column_${index}`, type: 'int' }]),
    columns: [`column_${index}`],
  }))
}

async function performAll(steps: readonly Step[], io: FileIO): Promise<void> {
  const context = seededContext(7)
  for (const step of steps) await perform(step, io, directory, context)
}

/** A disk seen by a writer that sleeps once, right before or after a version gets its name, while others work. */
function sleepy(io: FileIO, when: 'before' | 'after', others: readonly Step[]): FileIO {
  let slept = false
  const sleep = async (operation: { readonly kind: string }): Promise<void> => {
    if (operation.kind !== 'link' || slept) return
    slept = true
    await performAll(others, io)
  }
  return watchedFileIO(io, { [when]: sleep })
}

async function loaded(io: FileIO): Promise<Table> {
  return openTable(io, directory, seededContext(0)).load()
}

const acknowledged = (steps: readonly Step[]): { step: Step; acknowledged: boolean }[] =>
  steps.map(step => ({ step, acknowledged: true }))

test('a writer that sleeps after its commit through 30 others is still told that it was committed', async () => {
  const { io } = await newDisk()
  await performAll([create], io)
  const others = evolutions(30)
  expect(await perform(slow, sleepy(io, 'after', others), directory, seededContext(8))).toBe(true)
  expect(await problemsOf(io, directory, acknowledged([create, slow, ...others]))).toEqual([])
})

test('a writer that sleeps before its commit through 30 others is not told that an old name is its commit', async () => {
  const { io } = await newDisk()
  await performAll([create], io)
  const others = evolutions(30)
  const base = await loaded(io)
  const catalog = openTable(sleepy(io, 'before', others), directory, seededContext(8))
  const change = { requirements: [], updates: [{ action: 'set-properties', updates: { by: 'sleeper' } }] } as const
  await expect(catalog.commit(base, change)).rejects.toEqual(failure('COMMIT_CONFLICT', 'version 2 of'))
  expect(await perform(slow, sleepy(io, 'before', evolutions(60).slice(30)), directory, seededContext(9))).toBe(true)
  expect(await problemsOf(io, directory, acknowledged([create, ...evolutions(60), slow]))).toEqual([])
})

test('a creator that sleeps while others create the table and commit 30 times uses theirs', async () => {
  const { io } = await newDisk()
  const others = [create, ...evolutions(30)]
  const sleeper = sleepy(io, 'before', others)
  const context = seededContext(8)
  const receipt = await apply(openTable(sleeper, directory, context), directory, declare(), context)
  expect(receipt.action).toBe('none')
  const table = await loaded(io)
  expect(receipt.table.metadata['table-uuid']).toBe(table.metadata['table-uuid'])
  expect(table.version).toBe(31)
  expect(await problemsOf(io, directory, acknowledged(others))).toEqual([])
})

test('a writer that sleeps through so many commits that it was given up is told that it cannot know', async () => {
  for (const when of ['before', 'after'] as const) {
    const { io } = await newDisk()
    await performAll([create], io)
    const others = evolutions(130)
    const context = seededContext(8)
    const catalog = openTable(sleepy(io, when, others), directory, context)
    await expect(append(catalog, batch('slow'), context)).rejects.toEqual(
      failure('COMMIT_STATE_UNKNOWN', 'may or may not be there'),
    )
    expect(
      await problemsOf(io, directory, [...acknowledged([create, ...others]), { step: slow, acknowledged: false }]),
    ).toEqual([])
    await perform(slow, io, directory, context)
    expect(await problemsOf(io, directory, acknowledged([create, ...others, slow]))).toEqual([])
  }
})

test('a writer that died within a commit keeps old versions for 100 commits, not for ever', async () => {
  const { io } = await newDisk()
  await performAll([create], io)
  await new Promise<void>((resolve, reject) => {
    const dying = watchedFileIO(io, {
      before: ({ kind }) => {
        if (kind !== 'link') return undefined
        resolve()
        return new Promise(() => undefined)
      },
    })
    perform(slow, dying, directory, seededContext(8)).then(() => reject(new Error('it did not die')), reject)
  })
  const versions = async (): Promise<number> =>
    (await io.list(`${directory}/metadata`)).filter(name => /^v\d+\.metadata\.json$/.test(name)).length
  const others = evolutions(130)
  await performAll(others.slice(0, 90), io)
  expect(await versions()).toBe(91)
  await performAll(others, io)
  expect(await versions()).toBe(21)
  expect(await problemsOf(io, directory, acknowledged([create, ...others]))).toEqual([])
})

test('old metadata files go when they fall out of the log, also those that could not be removed before', async () => {
  const { io } = await newDisk()
  const steps = [create, ...evolutions(40)]
  let refused = 0
  const stubborn = watchedFileIO(io, {
    before: ({ kind, path }) => {
      if (kind !== 'remove' || !path.endsWith('/v3.metadata.json') || refused >= 5) return
      refused++
      throw new Error('busy')
    },
  })
  await performAll(steps.slice(0, 27), stubborn)
  expect(await orphansOf(io, directory)).toEqual([3, 4, 5, 6].map(n => `${directory}/metadata/v${n}.metadata.json`))
  await performAll(steps.slice(27), stubborn)
  expect(refused).toBe(5)
  expect(await orphansOf(io, directory)).toEqual([])
})

test('a clock that goes back by a day is not followed', async () => {
  const { io } = await newDisk()
  const day = 86_400_000
  const noon = 1_700_000_000_000
  const metadata: Table['metadata'][] = []
  const clock = [noon, noon + 1000, noon + 1000 - day, noon + 2000 - day, noon + 500]
  for (const [index, step] of wholeStory.entries()) {
    await perform(
      step,
      io,
      directory,
      seededContext(index, () => clock[index] as number),
    )
    metadata.push((await loaded(io)).metadata)
  }
  expect(metadata.map(one => one['last-updated-ms'] - noon)).toEqual([0, 1000, 1000, 1000, 1000])
  const last = metadata.at(-1) as Table['metadata']
  expect(last.snapshots.map(snapshot => snapshot['timestamp-ms'] - noon)).toEqual([1000, 1000])
  expect(last['snapshot-log'].map(entry => entry['timestamp-ms'] - noon)).toEqual([1000, 1000])
  expect(last['metadata-log'].map(entry => entry['timestamp-ms'] - noon)).toEqual([0, 1000, 1000, 1000])
  expect(await problemsOf(io, directory, acknowledged(wholeStory))).toEqual([])
})
