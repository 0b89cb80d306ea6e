import { describe, expect, test } from 'vitest'
import type { FileIO, OutputFile } from '../../src/iceberg/file-io/file-io.ts'
import { openTable, seeded, seededContext } from '../support/crash-table.ts'
import {
  expireAll,
  fedTable,
  mergeAll,
  rewriteHalf,
  strays,
  sweepAll,
  type Upkeep,
  upkeepProblems,
} from '../support/crash-upkeep.ts'
import { PowerDisk } from '../support/power-file-io.ts'

const directory = '/home/a table ü'

const works: readonly (readonly [string, readonly Upkeep[]])[] = [
  ['files are replaced', [rewriteHalf]],
  ['manifests are merged', [mergeAll]],
  ['snapshots expire', [expireAll]],
  ['all of it is done', [rewriteHalf, mergeAll, expireAll, sweepAll]],
]

async function prepared(): Promise<PowerDisk> {
  const disk = new PowerDisk()
  await disk.io.makeDirectory('/home')
  await fedTable(disk.io, directory, seededContext(1))
  return disk
}

interface Moment {
  readonly n: number
  readonly call: string
  readonly disk: PowerDisk
}

async function perform(disk: PowerDisk, work: readonly Upkeep[], seed: number, io: FileIO = disk.io): Promise<void> {
  const context = seededContext(seed)
  const catalog = openTable(io, directory, context)
  for (const one of work) await one(catalog, await catalog.load(), context)
}

type Mutation = (io: FileIO) => Partial<FileIO>

/** Does the work on a copy of the disk and keeps every moment of it, the end included. */
async function record(start: PowerDisk, work: readonly Upkeep[], mutation: Mutation = () => ({})): Promise<Moment[]> {
  const disk = start.copy()
  const moments: Moment[] = []
  const keep = (call: string): void => {
    moments.push({ n: moments.length + 1, call, disk: disk.copy() })
  }
  disk.onChange = keep
  await perform(disk, work, 2, { ...disk.io, ...mutation(disk.io) })
  keep('the end')
  return moments
}

/** What is wrong with a disk, and then with the same disk after the work was done again. */
async function problems(disk: PowerDisk, work: readonly Upkeep[], isWhole = true): Promise<string[]> {
  const now = await upkeepProblems(disk.io, directory)
  if (now.length > 0 || !isWhole) return now
  await perform(disk, [...work, sweepAll], 3)
  return [
    ...(await upkeepProblems(disk.io, directory)),
    ...(await strays(disk.io, directory)).map(path => `left ${path} behind`),
  ].map(problem => `after it was done again and swept: ${problem}`)
}

describe.each(works)('while %s,', (_name, work) => {
  test('a kill at any call costs no row and no file that is needed', async () => {
    const moments = await record(await prepared(), work)
    expect(moments.length).toBeGreaterThan(15)
    const found: string[] = []
    for (const { n, call, disk } of moments)
      for (const problem of await problems(disk.copy(), work)) found.push(`before call ${n} (${call}): ${problem}`)
    expect(found).toEqual([])
  })

  test('a power cut at any call costs nothing either', async () => {
    const found: string[] = []
    for (const { n, call, disk } of await record(await prepared(), work)) {
      for (let cut = 0; cut < 4; cut++) {
        const seed = n * 1000 + cut
        for (const problem of await problems(disk.cutPower(seeded(seed)), work))
          found.push(`cut before call ${n} (${call}), seed ${seed}: ${problem}`)
      }
    }
    expect(found).toEqual([])
  })
})

/** A disk whose files are not synced where their name matches. */
function withoutSyncOfFiles(which: RegExp): Mutation {
  return io => ({
    create: async (path): Promise<OutputFile> => {
      const file = await io.create(path)
      return which.test(path) ? { ...file, finish: () => file.finish({ durable: false }) } : file
    },
  })
}

describe('these tests find a disk that is not told to sync', () => {
  test.each<readonly [string, Mutation]>([
    ['data files', withoutSyncOfFiles(/\.parquet$/)],
    ['manifests', withoutSyncOfFiles(/-m\d+\.avro$/)],
    ['manifest lists', withoutSyncOfFiles(/\/snap-/)],
    [
      'the directory of metadata',
      io => ({ syncDirectory: path => (path.endsWith('/metadata') ? Promise.resolve() : io.syncDirectory(path)) }),
    ],
  ])('%s', async (_what, mutation) => {
    const work = [rewriteHalf, mergeAll, expireAll]
    const found: string[] = []
    for (const { n, disk } of await record(await prepared(), work, mutation)) {
      for (let cut = 0; cut < 6 && found.length === 0; cut++)
        found.push(...(await problems(disk.cutPower(seeded(n * 1000 + cut)), work, false)))
    }
    expect(found).not.toEqual([])
  })
})
