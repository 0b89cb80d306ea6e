import { seeded } from './crash-table.ts'
import { type Action, type Deed, printAction } from './ingest-actions.ts'
import type { Trouble } from './ingest-disk.ts'
import type { ProcessOptions } from './ingest-process.ts'
import type { RequestPlan } from './ingest-requests.ts'
import { steadily } from './ingest-steady.ts'
import type { Change, TableKind } from './ingest-versions.ts'
import { IngestWorld } from './ingest-world.ts'

/* Things that happen one after the other, all of them drawn from one seed. */

interface Sequence {
  readonly seed: number
  readonly kind: TableKind
  readonly options: ProcessOptions
  readonly actions: readonly Action[]
}

const changes: readonly Change[] = ['add', 'add', 'add', 'rename', 'rename key', 'promote', 'promote key']
/** A seed stands for another sequence where this is another number. */
const actionsEach = 30
const hour = 60 * 60 * 1000

type Draw = (limit: number) => number

/** So often each deed is done; those of the second list may meet trouble. */
const quiet: readonly (readonly [number, (draw: Draw) => Deed])[] = [
  [3, draw => ({ do: 'others append', seed: draw(1e6) })],
  [1, draw => ({ do: 'others evolve', change: changeOf(draw), chance: draw(1000) / 1000 })],
  [2, draw => ({ do: 'twin flushes', seed: draw(1e6) })],
  [1, () => ({ do: 'twin dies' })],
  [1, () => ({ do: 'put older file' })],
  [2, () => ({ do: 'copy spool' })],
  [2, draw => ({ do: 'put copy back', kill: draw(2) === 0 })],
  [2, () => ({ do: 'kill' })],
  [2, draw => ({ do: 'cut power', seed: draw(1e6) })],
  [2, draw => ({ do: 'wait', ms: [1, 1000, -1000, -2 * hour, 3 * hour, 30 * hour][draw(6)] as number })],
  [2, draw => ({ do: 'damage', file: draw(1000) / 1000, at: draw(100_000) / 100_000, bit: draw(8) })],
  [1, draw => ({ do: 'spool a faulty row', seed: draw(1e6) })],
  [2, () => ({ do: 'repair' })],
]
const own: readonly (readonly [number, (draw: Draw) => Deed])[] = [
  [
    16,
    draw => ({ do: 'ingest', requests: Array.from({ length: 1 + (draw(3) === 0 ? draw(4) : 0) }, () => planOf(draw)) }),
  ],
  [2, draw => ({ do: 'ingest twice', request: planOf(draw) })],
  [4, draw => ({ do: 'again', which: draw(1000), changed: draw(5) === 0 })],
  [4, draw => ({ do: 'again', which: -1 - draw(2), changed: draw(8) === 0 })],
  [9, () => ({ do: 'flush' })],
  [2, draw => ({ do: 'flush part', most: draw(4) })],
  [2, () => ({ do: 'flush interrupted' })],
  [4, draw => ({ do: 'declare next', change: changeOf(draw), chance: draw(1000) / 1000 })],
  [2, () => ({ do: 'declare older' })],
  [3, () => ({ do: 'restart' })],
]
/** Operations that a deed takes, roughly. */
const lengths: Readonly<Partial<Record<Deed['do'], number>>> = {
  flush: 100,
  'declare next': 25,
  'flush interrupted': 60,
}

function changeOf(draw: Draw): Change {
  return changes[draw(changes.length)] as Change
}

function planOf(draw: Draw): RequestPlan {
  return {
    rows: draw(8) === 0 ? 50 - draw(20) : draw(9),
    seed: draw(1e6),
    named: draw(2) === 0,
    partial: draw(3) === 0,
    flawed: draw(3) === 0 ? 1 + draw(6) : 0,
    colliding: draw(2) === 0,
  }
}

function troubleOf(deed: Deed, draw: Draw): Trouble {
  const length = lengths[deed.do] ?? 15
  // Beginnings are where a process is begun, and deeds are short of what they are thought to take.
  const at = 1 + Math.floor((draw(1000) / 1000) ** 1.5 * length)
  switch (draw(8)) {
    case 0:
    case 1:
      return { kind: 'kill', at: 1 + Math.floor(at / 2) }
    case 2:
    case 3:
      return { kind: 'cut power', at: 1 + Math.floor(at / 2), seed: draw(1e6) }
    case 4:
      return {
        kind: 'meanwhile',
        at,
        what: (['others append', 'others evolve', 'twin flushes', 'twin dies'] as const)[draw(4)] as 'twin flushes',
      }
    default:
      return {
        kind: 'fail',
        at,
        when: (['before', 'half way', 'after'] as const)[draw(3)] as 'before',
        times: [1, 1, 2, 6, 1e6][draw(5)] as number,
        code: draw(2) === 0 ? 'EIO' : 'ENOSPC',
      }
  }
}

/** What a seed stands for. */
function sequenceOf(seed: number, length: number): Sequence {
  const random = seeded(seed)
  const draw: Draw = limit => Math.floor(random() * limit)
  const kind: TableKind = {
    keyed: draw(2) === 0,
    contract: draw(2) === 0 ? undefined : { unknownFields: 'discard_value', illTypedValues: 'discard_row' },
  }
  const options = {
    limits: { rows: [12, 50, 50_000][draw(3)] as number, bytes: 1e6 },
    segmentBytes: [2500, 6000, 1e6][draw(3)] as number,
  }
  const deeds = [...quiet.map(each => [...each, false] as const), ...own.map(each => [...each, true] as const)]
  const sum = deeds.reduce((total, [weight]) => total + weight, 0)
  const actions = Array.from({ length }, (): Action => {
    let left = draw(sum)
    const [, make, isOwn] = deeds.find(([weight]) => (left -= weight) < 0) as (typeof deeds)[number]
    const deed = make(draw)
    return isOwn && draw(3) === 0 ? { deed, trouble: troubleOf(deed, draw) } : { deed }
  })
  return { seed, kind, options, actions }
}

interface Played {
  /** Sentences. */
  readonly problems: readonly string[]
  readonly world: IngestWorld
}

/** Does all of it, up to the first problem, then flushes what is left. */
function play({ kind, options, actions }: Sequence): Promise<Played> {
  return steadily(async () => {
    const world = await IngestWorld.make(kind, options)
    const { problems } = world
    for (const action of actions) {
      await world.perform(action)
      if (problems.length > 0) return { problems, world }
    }
    await world.finish()
    return { problems, world }
  })
}

/** The same problem with as few actions as dropping one after the other gets to. */
async function shrunk(sequence: Sequence): Promise<Sequence> {
  let least = sequence
  for (let again = true; again; ) {
    again = false
    for (let index = least.actions.length - 1; index >= 0; index--) {
      const actions = least.actions.toSpliced(index, 1)
      const plain = least.actions.with(index, { deed: (least.actions[index] as Action).deed })
      for (const fewer of [actions, plain]) {
        if (fewer === plain && least.actions[index]?.trouble === undefined) continue
        const { problems } = await play({ ...least, actions: fewer })
        if (problems.length === 0) continue
        least = { ...least, actions: fewer }
        again = true
        break
      }
    }
  }
  return least
}

/** What somebody has to know to find a mistake: the command, what was done, and what is wrong. */
async function report(sequence: Sequence): Promise<string> {
  const least = await shrunk(sequence)
  const { problems } = await play(least)
  const { seed, kind, options, actions } = least
  return [
    `seed ${seed}: HYP_SEED=${seed} npx vitest run --project crash test/crash/ingest-model.test.ts`,
    `${JSON.stringify({ ...kind, ...options })}, of ${sequence.actions.length} actions these are enough:`,
    ...actions.map((action, index) => `  ${index + 1} ${printAction(action)}`),
    ...problems.map(problem => `- ${problem}`),
  ].join('\n')
}

/** What was done to the disk when the sequence of a seed was played: it is the same each time. */
export async function traceOf(seed: number): Promise<readonly string[]> {
  const { world } = await play(sequenceOf(seed, actionsEach))
  return world.trace
}

/**
 * Plays the sequences of so many seeds, or of the one that HYP_SEED names, up to the first with a problem.
 * @returns what is wrong, ready to be read, and how often what happened
 */
export async function playAll(first: number, count: number): Promise<{ report: string; tally: Map<string, number> }> {
  const named = process.env['HYP_SEED']
  const seeds = named === undefined ? Array.from({ length: count }, (_, index) => first + index) : [Number(named)]
  const tally = new Map<string, number>()
  for (const seed of seeds) {
    const sequence = sequenceOf(seed, actionsEach)
    const { problems, world } = await play(sequence)
    for (const [what, times] of world.tally) tally.set(what, (tally.get(what) ?? 0) + times)
    if (problems.length > 0) return { report: await report(sequence), tally }
  }
  return { report: '', tally }
}
