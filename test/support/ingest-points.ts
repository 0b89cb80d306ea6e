import { orphansOf } from './crash-check.ts'
import { seeded } from './crash-table.ts'
import { directories } from './ingest-check.ts'
import type { Meanwhile, Seam, Trouble } from './ingest-disk.ts'
import type { Scenario } from './ingest-scenarios.ts'
import { steadily } from './ingest-steady.ts'
import { IngestWorld, type WorldOptions } from './ingest-world.ts'

/*
 * Every point of some work, and what is wrong when trouble comes there. The
 * same happens each time, or the operations of one run would not be those of
 * the next.
 */

const usual: WorldOptions = { limits: { rows: 50_000, bytes: 32 * 1024 * 1024 }, segmentBytes: 32 * 1024 * 1024 }

/** What comes before the work; no process runs. */
export async function prepare(
  { before, options, contract }: Scenario,
  keyed: boolean,
  seam: Seam = () => ({}),
): Promise<IngestWorld> {
  return steadily(async () => {
    const world = await IngestWorld.make({ keyed, contract }, { ...usual, ...options, seam })
    for (const action of before) await world.perform(action)
    await world.rest()
    return world
  })
}

/** What the work is with nothing in its way: its operations, and its changes of the disk. */
export interface Extent {
  readonly operations: readonly string[]
  readonly changes: readonly string[]
  /** Sentences. */
  readonly problems: readonly string[]
}

export async function extentOf(start: IngestWorld, { work }: Scenario): Promise<Extent> {
  return steadily(async () => {
    const world = start.fork()
    for (const deed of work) await world.perform({ deed })
    const operations = [...world.trace]
    const changes = [...world.disk.changed]
    await world.finish()
    return { operations, changes, problems: world.problems }
  })
}

/** Trouble, and the name of the operation or change at which it comes. */
export interface Point {
  readonly trouble: Trouble
  readonly where: string
}

/** Trouble of every kind at every operation and every change of the disk. */
export function everyPoint({ operations, changes }: Extent): Point[] {
  return [
    ...operations.flatMap((where, index) => atOperation(where, index + 1)),
    ...changes.flatMap((where, index) => [
      ...[0, 1].map(cut => ({ where, trouble: powerCut(index + 1, cut) })),
      { where, trouble: { kind: 'kill' as const, at: index + 1 } },
    ]),
  ]
}

/** One half of it all is for tables with a row key, the other for those without. */
export function halfOf(points: readonly Point[], keyed: boolean): Point[] {
  return points.filter((_, index) => index % 2 === (keyed ? 0 : 1))
}

/** Every fourth operation and change, each with one trouble; of a table with a row key others than of one without. */
export function somePoints({ operations, changes }: Extent, keyed: boolean): Point[] {
  const numbers = (texts: readonly string[]): number[] =>
    texts.map((_, index) => index + 1).filter(n => n % 4 === (keyed ? 0 : 2))
  return [
    ...numbers(operations).flatMap(n => {
      const points = atOperation(operations[n - 1] as string, n)
      return points[Math.floor(n / 4) % points.length] ?? []
    }),
    ...numbers(changes).map(n => ({
      where: changes[n - 1] as string,
      trouble: Math.floor(n / 4) % 2 === 0 ? ({ kind: 'kill', at: n } as const) : powerCut(n, 0),
    })),
  ]
}

function powerCut(at: number, cut: number): Trouble {
  return { kind: 'cut power', at, seed: at * 10 + cut }
}

function atOperation(where: string, at: number): Point[] {
  const isWrite = where.startsWith('write ')
  const fitting = failures.filter(({ when }) => when !== 'half way' || isWrite)
  return [
    ...fitting.map(failure => ({ where, trouble: { kind: 'fail' as const, at, ...failure } })),
    ...others.map(what => ({ where, trouble: { kind: 'meanwhile' as const, at, what } })),
  ]
}

const failures = [
  { when: 'before', code: 'EIO', times: 1 },
  { when: 'after', code: 'EIO', times: 1 },
  { when: 'before', code: 'ENOSPC', times: 1 },
  { when: 'half way', code: 'ENOSPC', times: 1 },
  { when: 'half way', code: 'EIO', times: 1 },
  // A failed batch is tried once more, so it takes some to fail for good.
  { when: 'after', code: 'EIO', times: 5 },
  { when: 'before', code: 'ENOSPC', times: Number.MAX_SAFE_INTEGER },
] as const
const others: readonly Meanwhile[] = ['others append', 'others evolve', 'twin flushes', 'twin dies']

export interface LookOptions {
  /** Stops at so many problems. */
  readonly enough?: number
  /** So many times the power goes after all that was done, each time with other chance. */
  readonly cuts?: number
}

/** What was found by looking at points. */
export interface Found {
  /** Sentences that say where. */
  readonly problems: readonly string[]
  /** Worlds that come to their end: that of each point, and those in which the power goes besides. */
  readonly ends: number
  /** Those that none before was like, which alone are brought there. */
  readonly distinct: number
}

/** What was found wrong with worlds, by what they were: one that is like another comes to the same end. */
interface Ends {
  count: number
  readonly afterCut: Map<string, readonly string[]>
  readonly finished: Map<string, readonly string[]>
}

interface Look {
  /** So many times the power goes after all that was done. */
  readonly cuts: number
  readonly ends: Ends
}

/** Looks at points one after the other. */
export async function lookAt(
  start: IngestWorld,
  scenario: Scenario,
  points: readonly Point[],
  { enough = Number.POSITIVE_INFINITY, cuts = 1 }: LookOptions = {},
): Promise<Found> {
  return steadily(async () => {
    const ends: Ends = { count: 0, afterCut: new Map(), finished: new Map() }
    const problems: string[] = []
    for (const { trouble, where } of points) {
      for (const problem of await problemsWith(start, scenario, trouble, { cuts, ends }))
        problems.push(`${JSON.stringify(trouble)} (${where}): ${problem}`)
      if (problems.length >= enough) break
    }
    return { problems, ends: ends.count, distinct: ends.finished.size }
  })
}

/** The work with trouble, and what is wrong then and after what comes next. */
async function problemsWith(start: IngestWorld, { work }: Scenario, trouble: Trouble, look: Look): Promise<string[]> {
  const world = start.fork()
  const { disk } = world
  world.expect(trouble)
  for (const deed of work) {
    await world.perform({ deed })
    // The process is no more.
    if (world.disk !== disk) break
  }
  const isEnd = world.disk !== disk
  const problems = [...world.problems]
  world.problems.length = 0
  if (!isEnd) {
    world.expect(undefined)
    // Another process that died may have left something.
    const isAlone = work.every(({ do: what }) => what !== 'twin dies')
    if (trouble.kind === 'fail' && isAlone) problems.push(...(await orphanProblems(world)))
    // What others left may be taken for durable.
    if (trouble.kind === 'meanwhile') problems.push(...(await afterCuts(world, trouble.at, look)))
  } else {
    // Whoever comes after a process that died says nothing that the next power cut could take back.
    problems.push(...(await afterCuts(world, trouble.at, { ...look, cuts: look.cuts + 1 })))
    // What a process left that nobody was told of is passed by the flush before it is sent again, or after that.
    if (trouble.at % 4 < 2) await world.perform({ deed: { do: 'flush' } })
  }
  await again(world)
  // What is acknowledged is safe where it waits, and in the table: at the next point, where not at this one.
  const isEven = trouble.at % 2 === 0
  if (isEven) problems.push(...(await afterCuts(world, trouble.at + 1, look)))
  await world.perform({ deed: { do: 'flush' } })
  if (!isEven) problems.push(...(await afterCuts(world, trouble.at + 1, look)))
  look.ends.count++
  await toEnd(world, look.ends)
  return [...problems, ...world.problems]
}

/** Everything that nobody was told of is done again, by the same process where there is one. */
async function again(world: IngestWorld): Promise<void> {
  const { attempts, requests } = world.ledger
  const open = new Set(attempts.flatMap(({ acknowledged, request }) => (acknowledged ? [] : request)))
  const sent = requests.filter(({ rows }) => rows.length > 0)
  for (const number of open) {
    const which = sent.findIndex(request => request.number === number)
    if (which >= 0) await world.perform({ deed: { do: 'again', which, changed: false } })
  }
}

async function afterCuts(world: IngestWorld, seed: number, { cuts, ends }: Look): Promise<string[]> {
  const problems: string[] = []
  for (let cut = 0; cut < cuts; cut++) {
    const cutSeed = seed * 100 + cut
    ends.count++
    const next = world.fork(world.disk.disk.cutPower(seeded(cutSeed)))
    await once(next, ends.afterCut, async () => {
      await next.begin(next.disk.disk)
      await toEnd(next, ends)
    })
    problems.push(...next.problems.map(problem => `and the power went then (seed ${cutSeed}): ${problem}`))
  }
  return problems
}

async function toEnd(world: IngestWorld, ends: Ends): Promise<void> {
  world.expect(undefined)
  await world.rest()
  await once(world, ends.finished, () => world.finish())
}

/** Does the work where it was not done with a world like this one before: then the same is wrong with both. */
async function once(
  world: IngestWorld,
  found: Map<string, readonly string[]>,
  work: () => Promise<void>,
): Promise<void> {
  const state = world.state()
  const known = found.get(state)
  if (known !== undefined) {
    world.problems.push(...known)
    return
  }
  const before = world.problems.length
  await work()
  found.set(state, world.problems.slice(before))
}

/** Only what could not be removed may be left of an append that was given up. */
async function orphanProblems({ disk }: IngestWorld): Promise<string[]> {
  const excused = disk.failed.filter(({ kind, when }) => kind === 'remove' || (kind === 'create' && when === 'after'))
  const isUnknown = disk.failed.some(({ path }) => path.endsWith('/metadata') || path.includes('/metadata/v'))
  if (isUnknown) return []
  const paths = new Set(excused.map(({ path }) => path))
  const orphans = await orphansOf(disk.disk.io, directories.table)
  return orphans.filter(path => !paths.has(path)).map(path => `left ${path} behind`)
}
