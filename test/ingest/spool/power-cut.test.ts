import { expect, test } from 'vitest'
import type { FileIO } from '../../../src/iceberg/file-io/file-io.ts'
import type { Position } from '../../../src/ingest/spool/position.ts'
import { seeded } from '../../support/crash-table.ts'
import { PowerDisk } from '../../support/power-file-io.ts'
import { batchOf, declaration, open, readAll } from './spooling.ts'
import { everyBatch, keyed, newStory, play, type Story } from './story.ts'

/** The disk just before one call, and what was promised then. */
interface Moment {
  readonly call: string
  readonly disk: PowerDisk
  readonly acknowledged: readonly string[]
  readonly flushed: ReadonlySet<string>
  readonly positions: ReadonlyMap<string, Position>
}

async function record(
  seam: (io: FileIO) => Partial<FileIO> = () => ({}),
): Promise<{ moments: Moment[]; story: Story }> {
  const disk = new PowerDisk()
  await disk.io.makeDirectory('/home')
  const story = newStory()
  const moments: Moment[] = []
  const keep = (call: string): void => {
    moments.push({
      call,
      disk: disk.copy(),
      acknowledged: [...story.acknowledged],
      flushed: new Set(story.flushed),
      positions: new Map(story.positions),
    })
  }
  disk.onChange = keep
  await play({ ...disk.io, ...seam(disk.io) }, disk.io, story)
  await story.spool?.close()
  keep('the end')
  return { moments, story }
}

/** What is wrong with a spool that the next process finds, and when the power goes in that one. */
async function problemsOf(
  { acknowledged, flushed, positions }: Moment,
  disk: PowerDisk,
  seed: number,
): Promise<string[]> {
  const problems: string[] = []
  const { io } = disk
  const { batches, problems: streams } = await readAll(io, positions)
  problems.push(...streams)
  for (const name of everyBatch) {
    const times = batches.filter(each => each === name).length
    if (times > 1) problems.push(`${name} is there ${times} times`)
    if (times > 0 && flushed.has(name)) problems.push(`${name} is in the table and comes again`)
    if (times === 0 && acknowledged.includes(name) && !flushed.has(name)) problems.push(`${name} is lost`)
  }
  for (const batch of batches) if (!everyBatch.includes(batch)) problems.push(`this is no batch: ${batch}`)

  const { spool, failures } = await open(io, { flushed: positions, seed: 8 })
  problems.push(...failures.map(({ message }) => message))
  const rows = batches.reduce((sum, name) => sum + (rowsOf[name] ?? 0), 0)
  if (spool.state().rows !== rows) problems.push(`counts ${spool.state().rows} rows, and there are ${rows}`)
  for (const name of keyed) {
    const { digest } = (await spool.recall(`key of ${name}`)) ?? {}
    if (acknowledged.includes(name) && digest !== `digest of ${name}`) problems.push(`forgot the key of ${name}`)
    // What was answered under a key has rows: in the spool or in the table.
    if (digest !== undefined && !batches.includes(name) && !flushed.has(name))
      problems.push(`knows the key of ${name} and not its rows`)
  }
  // What it found it counts as stored from now on, whether it was acknowledged before or not.
  await spool.append(batchOf('next'), declaration)
  const after = (await readAll(disk.cutPower(seeded(seed)).io, positions)).batches
  if (after.join() !== [...batches, 'next'].join()) problems.push(`and after the next cut has ${after.join()}`)
  return problems
}

const rowsOf: Readonly<Record<string, number>> = { a: 2, b: 3, c: 2, d: 1, e: 120, f: 2, g: 2, h: 2 }

async function problemsAtEveryCut(moments: readonly Moment[], cuts: number): Promise<string[]> {
  const problems: string[] = []
  for (const [index, moment] of moments.entries()) {
    for (let cut = 0; cut < cuts; cut++) {
      const seed = index * 1000 + cut
      for (const problem of await problemsOf(moment, moment.disk.cutPower(seeded(seed)), seed))
        problems.push(`cut before call ${index + 1} (${moment.call}), seed ${seed}: ${problem}`)
      for (const problem of await problemsOf(moment, moment.disk.copy(), seed))
        problems.push(`killed before call ${index + 1} (${moment.call}), seed ${seed}: ${problem}`)
    }
  }

  return problems
}

test('whenever the power goes, every acknowledged batch is there once, whole, and its key is known', async () => {
  const { moments, story } = await record()
  expect(story).toMatchObject({ errors: [], wrong: [] })
  expect([...story.acknowledged]).toEqual(everyBatch)
  expect(story.flushed.size).toBe(everyBatch.length - 1)
  expect(moments.length).toBeGreaterThan(40)
  expect(await problemsAtEveryCut(moments, 20)).toEqual([])
})

test.each([
  [
    'bytes',
    (io: FileIO): Partial<FileIO> => ({
      create: async path => ({ ...(await io.create(path)), sync: async () => undefined }),
    }),
  ],
  [
    'keys',
    (io: FileIO): Partial<FileIO> => ({
      create: async path => {
        const file = await io.create(path)
        return path.includes('.keys') ? { ...file, finish: () => file.finish({ durable: false }) } : file
      },
    }),
  ],
  ['names', (): Partial<FileIO> => ({ syncDirectory: async () => undefined })],
])('this test finds a spool that does not make its %s durable', async (_what, seam) => {
  const { moments } = await record(seam)
  expect(await problemsAtEveryCut(moments, 20)).not.toEqual([])
})
