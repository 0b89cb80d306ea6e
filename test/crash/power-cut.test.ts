import { describe, expect, test } from 'vitest'
import type { FileIO, OutputFile } from '../../src/iceberg/file-io/file-io.ts'
import { type Promised, problemsOf } from '../support/crash-check.ts'
import { lateStory, manyVersions, perform, type Step, wholeStory } from '../support/crash-story.ts'
import { seeded, seededContext } from '../support/crash-table.ts'
import { PowerDisk } from '../support/power-file-io.ts'

const directory = '/home/a table ü'

/** The disk just before one call, and what had been acknowledged by then. */
interface Moment {
  readonly n: number
  readonly call: string
  readonly disk: PowerDisk
  readonly acknowledged: number
}

/** A disk with `/home` and whatever the steps make. */
async function prepared(steps: readonly Step[]): Promise<PowerDisk> {
  const disk = new PowerDisk()
  await disk.io.makeDirectory('/home')
  for (const step of steps) await perform(step, disk.io, directory, seededContext(1))
  return disk
}

type Mutation = (io: FileIO) => Partial<FileIO>

/** Does the steps on a copy of the disk and keeps every moment of it, the end included. */
async function record(start: PowerDisk, steps: readonly Step[], mutation: Mutation = () => ({})): Promise<Moment[]> {
  const disk = start.copy()
  const moments: Moment[] = []
  let acknowledged = 0
  const keep = (call: string): void => {
    moments.push({ n: moments.length + 1, call, disk: disk.copy(), acknowledged })
  }
  disk.onChange = keep
  const io = { ...disk.io, ...mutation(disk.io) }
  const context = seededContext(2)
  for (const step of steps) {
    await perform(step, io, directory, context)
    acknowledged++
  }
  keep('the end')
  return moments
}

function promises(before: readonly Step[], steps: readonly Step[], acknowledged: number): Promised[] {
  return [
    ...before.map(step => ({ step, acknowledged: true })),
    ...steps.map((step, index) => ({ step, acknowledged: index < acknowledged })),
  ]
}

/** What is wrong with a disk, and then with the same disk after the work was done again. */
async function problems(
  disk: PowerDisk,
  before: readonly Step[],
  steps: readonly Step[],
  acknowledged: number,
): Promise<string[]> {
  const now = await problemsOf(disk.io, directory, promises(before, steps, acknowledged))
  if (now.length > 0) return now
  await performAgain(disk, before, steps, acknowledged, 3)
  const after = await problemsOf(disk.io, directory, promises(before, steps, steps.length))
  return after.map(problem => `after the work was done again: ${problem}`)
}

/** Every append once more, and everything that nobody was told is done. */
async function performAgain(
  disk: PowerDisk,
  before: readonly Step[],
  steps: readonly Step[],
  acknowledged: number,
  seed: number,
): Promise<void> {
  const context = seededContext(seed)
  const again = [...before, ...steps.slice(0, acknowledged)].filter(step => step.rows !== undefined)
  for (const step of [...again, ...steps.slice(acknowledged)]) await perform(step, disk.io, directory, context)
}

/** Cuts the power at every moment, several times. */
async function problemsAtEveryCut(
  moments: readonly Moment[],
  before: readonly Step[],
  steps: readonly Step[],
  cuts: number,
  enough = Number.POSITIVE_INFINITY,
): Promise<string[]> {
  const found: string[] = []
  for (const { n, call, disk, acknowledged } of moments) {
    for (let cut = 0; cut < cuts; cut++) {
      const seed = n * 1000 + cut
      for (const problem of await problems(disk.cutPower(seeded(seed)), before, steps, acknowledged))
        found.push(`cut before call ${n} (${call}), seed ${seed}: ${problem}`)
      if (found.length >= enough) return found
    }
  }
  return found
}

/** A disk whose files are not synced where their name matches. */
function withoutSyncOfFiles(which: RegExp): Mutation {
  return io => ({
    create: async (path): Promise<OutputFile> => {
      const file = await io.create(path)
      return which.test(path) ? { ...file, finish: () => file.finish({ durable: false }) } : file
    },
  })
}

/** A disk whose directories are not synced where their name matches. */
function withoutSyncOfDirectories(which: RegExp): Mutation {
  return io => ({
    syncDirectory: async path => {
      if (!which.test(path)) await io.syncDirectory(path)
    },
  })
}

/** A disk whose directory of metadata is synced only after a version got its name, not before. */
const withoutSyncBeforeLink: Mutation = io => {
  let linked = false
  return {
    link: async (from, to) => {
      linked = true
      return io.link(from, to)
    },
    syncDirectory: async path => {
      if (path.endsWith('/metadata') && !linked) return
      linked = false
      await io.syncDirectory(path)
    },
  }
}

describe('a power cut', () => {
  test('at any call costs nothing that was acknowledged, and leaves no half of what was not', async () => {
    const moments = await record(await prepared([]), wholeStory)
    expect(moments.length).toBeGreaterThan(100)
    expect(await problemsAtEveryCut(moments, [], wholeStory, 5)).toEqual([])
  })

  test('while an old metadata file is removed costs nothing either', async () => {
    const moments = await record(await prepared(manyVersions), lateStory)
    expect(moments.filter(({ call }) => /remove .*\/v\d+\.metadata\.json$/.test(call))).toHaveLength(1)
    expect(await problemsAtEveryCut(moments, manyVersions, lateStory, 4)).toEqual([])
  })

  test('after a process was killed, and another one was told that all is there, costs nothing', async () => {
    const found: string[] = []
    for (const { n, call, disk, acknowledged } of await record(await prepared([]), wholeStory)) {
      const killed = disk.copy()
      const again = wholeStory.slice(acknowledged, acknowledged + 1)
      for (const step of again) await perform(step, killed.io, directory, seededContext(n + 10))
      for (let cut = 0; cut < 4; cut++) {
        const seed = n * 1000 + cut
        const lost = await problems(killed.cutPower(seeded(seed)), [], wholeStory, acknowledged + again.length)
        for (const problem of lost) found.push(`killed before call ${n} (${call}), seed ${seed}: ${problem}`)
      }
    }
    expect(found).toEqual([])
  })
})

describe('these tests find a disk that is not told to sync', () => {
  test.each<readonly [string, Mutation]>([
    ['any directory', withoutSyncOfDirectories(/./)],
    ['the directory of data files', withoutSyncOfDirectories(/\/data$/)],
    ['the directory of metadata', withoutSyncOfDirectories(/\/metadata$/)],
    ['the names of manifests before the version that needs them', withoutSyncBeforeLink],
    ['data files', withoutSyncOfFiles(/\.parquet$/)],
    ['manifests', withoutSyncOfFiles(/-m0\.avro$/)],
    ['manifest lists', withoutSyncOfFiles(/\/snap-/)],
    ['metadata files', withoutSyncOfFiles(/\.tmp$/)],
  ])('%s', async (_what, mutation) => {
    const moments = await record(await prepared([]), wholeStory, mutation)
    expect(await problemsAtEveryCut(moments, [], wholeStory, 6, 1)).not.toEqual([])
  })
})
