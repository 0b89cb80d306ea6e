import { describe, expect, test } from 'vitest'
import { toHypError } from '../../../src/errors.ts'
import type { FileIO } from '../../../src/iceberg/file-io/file-io.ts'
import type { FlushResult } from '../../../src/ingest/flush/flush.ts'
import type { Declaration } from '../../../src/schema/declaration.ts'
import { append, batch, key, seeded, seededContext } from '../../support/crash-table.ts'
import {
  changingKinds,
  type Operation,
  type SystemCode,
  systemError,
  watchedFileIO,
} from '../../support/fault-file-io.ts'
import type { PowerDisk } from '../../support/power-file-io.ts'
import {
  catalogOn,
  declaration,
  directory,
  keyless,
  newDisk,
  quarantineDirectory,
  rejectsDirectory,
  rejectsOn,
  rowsIn,
  spoolDirectory,
  startProcess,
} from './flushing.ts'

/*
 * A spool with everything in it that a flush deals with: two streams of which
 * the first is damaged in the middle, a row that cannot be written, and rows
 * that are stored already. It is flushed in several commits while the disk
 * fails, the process dies, or the power goes, at every single operation.
 */

const limits = { rows: 6, bytes: 1e9 }
const wrong = '{"session_id":"s","part_id":"p","count":"no number","text":"t"}'

/** What the table holds before: rows that come again where there is a key, others where there is none. */
const stored = batch('b').slice(0, 2)

async function prepared(applied: Declaration): Promise<PowerDisk> {
  const disk = await newDisk(applied)
  if (applied === declaration) await append(catalogOn(disk.io), stored, seededContext(5))
  const first = await startProcess(disk.io, 1, { applied })
  for (const name of ['a', 'damaged', 'b']) await first.take(batch(name))
  await first.takeText([JSON.stringify(batch('c')[0]), wrong])
  await first.spool.close()
  const [[path, bytes] = ['', new Uint8Array()]] = disk.contents(spoolDirectory)
  const changed = Buffer.from(bytes)
  changed[changed.indexOf('"damaged-0"') + 1] = 0x21
  await disk.io.remove(path)
  const file = await disk.io.create(path)
  await file.write(changed)
  await file.finish()
  await disk.io.syncDirectory(spoolDirectory)
  const second = await startProcess(disk.io, 2, { applied, segmentBytes: 600 })
  for (const name of ['d', 'e']) await second.take(batch(name))
  await second.spool.close()
  return disk
}

const expected = [...batch('a'), ...batch('b'), batch('c')[0] ?? {}, ...batch('d'), ...batch('e')]
  .map(row => key.of(row))
  .sort()

/** One process flushes and lets go of what is flushed. */
async function work(io: FileIO, applied: Declaration, seed: number): Promise<FlushResult> {
  const process = await startProcess(io, seed, { applied })
  try {
    return await process.drain({ limits })
  } finally {
    await process.spool.close().catch(() => undefined)
  }
}

/** What is wrong after the next process did its work on a sound disk. */
async function problemsAfter(disk: PowerDisk, applied: Declaration, seed: number): Promise<string[]> {
  const problems: string[] = []
  try {
    const { held } = await work(disk.io, applied, seed)
    problems.push(...held.map(({ reason }) => reason))
    const found = (await rowsIn(disk.io)).map(row => key.of(row)).sort()
    for (const text of new Set([...found, ...expected])) {
      const times = found.filter(each => each === text).length
      if (times !== 1 || !expected.includes(text)) problems.push(`${text} is there ${times} times`)
    }
    const rejects = rejectsOn(disk).map(({ content }) => content)
    if (rejects.length !== 1 || rejects[0] !== wrong) problems.push(`there are ${rejects.length} rejects`)
    const kept = [...disk.contents('/home')].filter(([path]) => path.startsWith(`${quarantineDirectory}/`))
    if (kept.length !== 1 || kept[0]?.[0].endsWith('.bin') !== true) problems.push(`${kept.length} files in quarantine`)
    const left = [...disk.contents(spoolDirectory).keys()].filter(path => path.endsWith('.seg'))
    if (left.length > 0) problems.push(`${left.length} segments are left`)
  } catch (error) {
    problems.push(`the next flush failed: ${(error as Error).message}`)
  }
  return problems
}

interface Look {
  /** What is wrong after the next process did its work; the same where the names and bytes are those of a disk before. */
  readonly problemsAfter: (disk: PowerDisk, seed: number) => Promise<readonly string[]>
  /** How many disks there were that none before was like. */
  readonly distinct: () => number
}

function lookAt(applied: Declaration): Look {
  const known = new Map<string, readonly string[]>()
  return {
    problemsAfter: async (disk, seed) => {
      const state = disk.state('/')
      const problems = known.get(state) ?? (await problemsAfter(disk, applied, seed))
      known.set(state, problems)
      return problems
    },
    distinct: () => known.size,
  }
}

const tables = [
  ['with a row key', declaration],
  ['without a row key', keyless],
] as const

describe.each(tables)('of a table %s', (_kind, applied) => {
  test('everything goes well where nothing fails', async () => {
    const disk = await prepared(applied)
    const result = await work(disk.io, applied, 3)
    const duplicates = applied === declaration ? stored.length : 0
    expect(result).toMatchObject({
      rows: expected.length - duplicates,
      duplicates,
      setAside: 1,
      held: [],
      damaged: { ranges: 1 },
    })
    expect(result.commits).toBeGreaterThan(3)
    expect(await problemsAfter(disk, applied, 4)).toEqual([])
  })

  test('a process that dies at any moment leaves what the next one finishes', async () => {
    const disk = await prepared(applied)
    const moments: { readonly call: string; readonly disk: PowerDisk }[] = []
    disk.onChange = call => void moments.push({ call, disk: disk.copy() })
    await work(disk.io, applied, 3)
    expect(moments.length).toBeGreaterThan(100)
    const look = lookAt(applied)
    const problems: string[] = []
    for (const [n, moment] of moments.entries())
      for (const problem of await look.problemsAfter(moment.disk, 100 + n))
        problems.push(`killed at ${n} (${moment.call}): ${problem}`)
    expect(problems).toEqual([])
    expect(look.distinct()).toBeGreaterThan(100)
  })

  test('a power cut at any moment leaves what the next process finishes', async () => {
    const disk = await prepared(applied)
    const moments: { readonly call: string; readonly disk: PowerDisk }[] = []
    disk.onChange = call => void moments.push({ call, disk: disk.copy() })
    await work(disk.io, applied, 3)
    moments.push({ call: 'the end', disk: disk.copy() })
    const look = lookAt(applied)
    const problems: string[] = []
    for (const [n, moment] of moments.entries()) {
      for (const seed of [1, 2, 3]) {
        const after = moment.disk.cutPower(seeded(1000 * n + seed))
        for (const problem of await look.problemsAfter(after, 100 + n))
          problems.push(`cut at ${n} (${moment.call}), seed ${seed}: ${problem}`)
      }
    }
    expect(problems).toEqual([])
    expect(look.distinct()).toBeGreaterThan(250)
  }, 240_000)

  test('a power cut after the next process has finished what a killed one began loses nothing', async () => {
    const disk = await prepared(applied)
    const moments: { readonly call: string; readonly disk: PowerDisk }[] = []
    disk.onChange = call => {
      // What it had not made durable is what matters here: commits.
      if (call.includes(`${directory}/metadata`)) moments.push({ call, disk: disk.copy() })
    }
    await work(disk.io, applied, 3)
    const look = lookAt(applied)
    const problems: string[] = []
    for (const [n, moment] of moments.entries()) {
      await work(moment.disk.io, applied, 100 + n)
      // Of most moments the second process makes durable what the first had not, with commits of its own.
      for (let seed = 0; seed < (n < moments.length - 5 ? 1 : 12); seed++) {
        const after = moment.disk.cutPower(seeded(1000 * n + seed))
        for (const problem of await look.problemsAfter(after, 1000 + n))
          problems.push(`killed at ${n} (${moment.call}), then cut, seed ${seed}: ${problem}`)
      }
    }
    expect(problems).toEqual([])
    expect(look.distinct()).toBeGreaterThan(100)
  })

  test.each<[string, SystemCode, (operation: Operation, first: number) => boolean, boolean]>([
    ['one operation finds no space', 'ENOSPC', ({ n }, first) => n === first, false],
    ['one operation meets an error of the disk', 'EIO', ({ n }, first) => n === first, false],
    ['one operation meets an error after it was done', 'EIO', ({ n }, first) => n === first, true],
    [
      'there is no space from then on',
      'ENOSPC',
      ({ n, kind }, first) => n >= first && changingKinds.has(kind) && kind !== 'remove',
      false,
    ],
  ])(
    'when %s, the next flush makes it good',
    async (_fault, code, fails, done) => {
      const start = await prepared(applied)
      const look = lookAt(applied)
      const problems: string[] = []
      let failures = 0
      for (let first = 1; ; first++) {
        const disk = start.copy()
        let failed: Operation | undefined
        const fail = (operation: Operation): void => {
          if (!fails(operation, first)) return
          failed ??= operation
          throw systemError(code, operation)
        }
        const io = watchedFileIO(disk.io, done ? { after: fail } : { before: fail })
        try {
          await work(io, applied, 3)
        } catch (error) {
          failures++
          const known = toHypError(error).code
          if (known === 'INTERNAL')
            problems.push(`${failed?.kind} ${failed?.path}: ${known} ${(error as Error).message}`)
        }
        if (failed === undefined) break
        const at = `failed at ${first} (${failed.kind} ${failed.path})`
        for (const problem of await look.problemsAfter(disk, 4)) problems.push(`${at}: ${problem}`)
      }
      expect(problems).toEqual([])
      expect(failures).toBeGreaterThan(60)
      // Most operations that fail leave what another one left: above all those that only read.
      expect(look.distinct()).toBeGreaterThan(10)
    },
    240_000,
  )
})

test('these tests find a flush that lets go of segments before its commit is durable', async () => {
  const disk = await prepared(keyless)
  const careless: FileIO = {
    ...disk.io,
    syncDirectory: async path => {
      if (!path.startsWith(directory)) await disk.io.syncDirectory(path)
    },
  }
  await work(careless, keyless, 3)
  const problems: string[] = []
  for (const seed of [1, 2, 3, 4, 5])
    problems.push(...(await problemsAfter(disk.copy().cutPower(seeded(seed)), keyless, 4)))
  expect(problems).not.toEqual([])
})

test('these tests find a flush that passes rows before they are set aside', async () => {
  const disk = await prepared(keyless)
  const careless: FileIO = {
    ...disk.io,
    create: async path => {
      const file = await disk.io.create(path)
      return path.startsWith(rejectsDirectory) ? { ...file, write: async () => undefined } : file
    },
  }
  await work(careless, keyless, 3)
  expect(await problemsAfter(disk, keyless, 4)).not.toEqual([])
})
