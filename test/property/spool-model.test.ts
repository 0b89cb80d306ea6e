import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { FileIO } from '../../src/iceberg/file-io/file-io.ts'
import type { Position } from '../../src/ingest/spool/position.ts'
import { readFrames } from '../../src/ingest/spool/read.ts'
import type { Spool } from '../../src/ingest/spool/spool.ts'
import {
  batchOf,
  declaration,
  failureOf,
  keyedBatch,
  laterDeclaration,
  open,
  readAll,
} from '../ingest/spool/spooling.ts'
import { seeded } from '../support/crash-table.ts'
import { type SystemCode, systemError, watchedFileIO } from '../support/fault-file-io.ts'
import { PowerDisk } from '../support/power-file-io.ts'

/** Something that is done with a spool, or to its disk. */
type Action =
  | { readonly do: 'append'; readonly batches: readonly Wanted[] }
  | { readonly do: 'again'; readonly which: number }
  | { readonly do: 'flush'; readonly most: number }
  | { readonly do: 'fail'; readonly after: number; readonly times: number; readonly code: SystemCode }
  | { readonly do: 'close' | 'kill' }
  | { readonly do: 'cut power'; readonly seed: number }

interface Wanted {
  readonly rows: number
  readonly keyed: boolean
  readonly later: boolean
}

const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('append' as const),
      batches: fc.array(
        fc.record({
          rows: fc.integer({ min: 1, max: 30 }),
          keyed: fc.boolean(),
          later: fc.boolean(),
        }),
        { minLength: 1, maxLength: 4 },
      ),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('again' as const), which: fc.nat() }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('flush' as const), most: fc.nat({ max: 8 }) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('fail' as const),
      after: fc.nat({ max: 12 }),
      times: fc.integer({ min: 1, max: 8 }),
      code: fc.constantFrom('EIO' as const, 'ENOSPC' as const),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('close' as const, 'kill' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('cut power' as const), seed: fc.nat() }) },
)

/** A disk that fails when it is told to. */
class FailingDisk {
  disk = new PowerDisk()
  #left = 0
  #wait = 0
  #code: SystemCode = 'EIO'

  io(): FileIO {
    return watchedFileIO(this.disk.io, {
      before: operation => {
        if (this.#left === 0) return
        if (this.#wait-- > 0) return
        this.#left--
        throw systemError(this.#code, operation)
      },
    })
  }

  fail(wait: number, times: number, code: SystemCode): void {
    this.#wait = wait
    this.#left = times
    this.#code = code
  }

  heal(): void {
    this.#left = 0
  }
}

interface Totals {
  refused: number
  revived: number
  flushed: number
}

async function run(actions: readonly Action[], totals: Totals): Promise<void> {
  const disk = new FailingDisk()
  await disk.disk.io.makeDirectory('/home')
  /** Batches that wait, those that were refused, and those with a key that were acknowledged. */
  const waiting = new Map<string, number>()
  const refused = new Map<string, number>()
  const keyed = new Set<string>()
  const positions = new Map<string, Position>()
  let count = 0
  let seed = 0
  let spool = await reopened()

  for (const asked of actions) {
    if (asked.do === 'fail') disk.fail(asked.after, asked.times, asked.code)
    else if (asked.do === 'append') await Promise.all(asked.batches.map(append))
    else if (asked.do === 'again') await again(asked.which)
    else if (asked.do === 'flush') await flush(asked.most)
    else {
      if (asked.do === 'close') await spool.close()
      disk.heal()
      disk.disk = asked.do === 'cut power' ? disk.disk.cutPower(seeded(asked.seed)) : disk.disk.copy()
      spool = await reopened()
      await lookAgain()
    }
    expect(spool.state().rows).toBe(sumOf(waiting))
  }
  disk.heal()
  await flush(Number.POSITIVE_INFINITY)
  expect(waiting).toEqual(new Map())
  expect(spool.state()).toMatchObject({ rows: 0, streams: [] })

  async function reopened(): Promise<Spool> {
    return (await open(disk.io(), { seed: ++seed, segmentBytes: 1500, flushed: positions })).spool
  }

  async function append({ rows, keyed: hasKey, later }: Wanted): Promise<void> {
    const name = `b${++count}`
    const batch = hasKey ? keyedBatch(name, rows) : batchOf(name, rows)
    const error = await failureOf(spool.append(batch, later ? laterDeclaration : declaration))
    if (error === undefined) {
      waiting.set(name, rows)
      if (hasKey) keyed.add(name)
      return
    }
    expect(error.code).toMatch(/^DISK_(?:FAILED|FULL)$/)
    refused.set(name, rows)
    totals.refused++
  }

  /** A batch that was acknowledged comes once more. */
  async function again(which: number): Promise<void> {
    const name = [...keyed][which % keyed.size]
    if (name === undefined) return
    disk.heal()
    expect(await spool.append(keyedBatch(name), declaration)).toMatchObject({ digest: `digest of ${name}` })
  }

  /** Takes some of the batches that wait, in order, into a table. */
  async function flush(most: number): Promise<void> {
    const segments = await spool.rotate()
    const taken: string[] = []
    for (const { stream, segment, path, start, end } of segments) {
      const known = positions.get(stream)
      if (known !== undefined && known.segment > segment) continue
      const from = known?.segment === segment ? Math.max(start, known.end) : start
      const file = await disk.disk.io.open(path)
      for await (const found of readFrames(file, { start: from, end })) {
        if (taken.length >= most) break
        // What a power cut left of batches that nobody was told are stored.
        if (found.kind !== 'frame') continue
        taken.push(/"id":"(.*)\/0"/.exec(Buffer.from(found.rows).toString())?.[1] ?? '')
        positions.set(stream, { segment, end: found.end })
      }
      if (taken.length >= most) break
      positions.set(stream, { segment, end })
    }
    for (const name of taken) expect(waiting.delete(name) ? '' : `${name} was not waiting`).toBe('')
    totals.flushed += taken.length
    const error = await failureOf(spool.release(positions))
    expect(error?.code ?? 'DISK_').toMatch(/^DISK_/)
  }

  /** What another process finds: all that waits, and of what was refused whole batches at most. */
  async function lookAgain(): Promise<void> {
    const { batches } = await readAll(disk.disk.io, positions)
    expect(new Set(batches).size).toBe(batches.length)
    for (const name of waiting.keys()) expect(batches.includes(name) ? '' : `${name} is lost`).toBe('')
    for (const name of batches) {
      if (waiting.has(name)) continue
      const rows = refused.get(name)
      expect(rows === undefined ? `${name} comes from nowhere` : '').toBe('')
      waiting.set(name, rows as number)
      totals.revived++
    }
    for (const name of keyed)
      expect(await spool.recall(`key of ${name}`)).toMatchObject({ digest: `digest of ${name}` })
  }
}

function sumOf(rows: ReadonlyMap<string, number>): number {
  return [...rows.values()].reduce((sum, each) => sum + each, 0)
}

test('whatever is done with a spool, and to its disk, it holds what was acknowledged and not flushed, once', async () => {
  const totals: Totals = { refused: 0, revived: 0, flushed: 0 }
  await fc.assert(
    fc.asyncProperty(fc.array(action, { minLength: 1, maxLength: 30 }), actions => run(actions, totals)),
    { numRuns: 3000, seed: 20261124 },
  )
  expect(totals.refused).toBeGreaterThan(200)
  expect(totals.flushed).toBeGreaterThan(500)
})
