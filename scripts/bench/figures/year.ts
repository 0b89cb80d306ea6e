import type { Figure, Reading } from '../figure.ts'
import { runProgram } from '../program.ts'
import type { YearAnswer, YearState, YearTask } from '../programs/year.ts'
import { withFolder } from '../scratch.ts'
import { count, median, ms } from '../timing.ts'

const program = new URL('../programs/year.js', import.meta.url)
const half = 2000
const beside = 200
/** Flushes whose median is one figure. */
const around = 20
/** So that five sessions at a time talk for an hour. */
const hour = 120

export const year: Figure = {
  name: 'year',
  about: 'A table that is fed every half minute, looked after as the daemon does it',
  method: [
    `A clock of its own goes on by 30 s for each flush of 10 rows with 2 KB of text, two of each of 5 sessions, which talk for an`,
    'hour and make room for others; after each eight flushes the table is looked at, and compacted, expired and swept',
    'where that is due. A flush is `flush` as the daemon runs it, from the spool to the durable commit; what maintenance',
    `costs is told besides. A figure is the median of ${around} flushes around it, the first of them after some to warm up.`,
    'Reading is from loading the table to the last value of the last row, with the engine started where one is needed; the',
    `best of three. Last, ${beside} flushes run without a pause while the thread of maintenance does not pause either.`,
  ],
  measure: async () => {
    const { ms: flushes, passes, states, beside: taken, besidePasses } = await feed(hour)
    const always = await feed(0, [half])
    const [first, last] = states as [YearState, YearState]
    const early = aroundOf(flushes, 10)
    const late = aroundOf(flushes, half)
    return [
      cost('the 2 000th flush against the 10th', early, late),
      cost('the 4 000th flush against the 10th', early, aroundOf(flushes, 2 * half)),
      cost('the 2 000th where it is always the same 5 sessions', aroundOf(always.ms, 10), aroundOf(always.ms, half)),
      size('metadata after 2 000 flushes', first),
      {
        what: 'metadata after 4 000 flushes against 2 000',
        value: last.metadataBytes / first.metadataBytes,
        unit: '×',
        atMost: 1.1,
        from: `${megabytes(last.metadataBytes)} against ${megabytes(first.metadataBytes)}`,
      },
      { ...reading('all rows after 2 000 flushes, our own scan', first.scanMs, first), atMost: 1000 },
      { ...reading('all rows after 2 000 flushes, query', first.queryMs, first), atMost: 1000 },
      reading('all rows after 4 000 flushes, our own scan', last.scanMs, last),
      reading('all rows after 4 000 flushes, query', last.queryMs, last),
      {
        what: 'maintenance for each flush',
        value: passes.reduce((sum, took) => sum + took, 0) / flushes.length,
        unit: 'ms',
        from: `${passes.length} times, ${ms(median(passes))} each in the median, ${ms(Math.max(...passes))} at most`,
      },
      {
        what: 'the longest flush beside maintenance without a pause',
        value: Math.max(...taken),
        unit: 'ms',
        from: `the median of ${count(taken.length)} is ${ms(median(taken))}, beside ${besidePasses} times of it`,
      },
    ]
  },
}

function feed(sessionFlushes: number, flushes: readonly number[] = [half, 2 * half]): Promise<YearAnswer> {
  return withFolder(folder => {
    const besideFlushes = flushes.length > 1 ? beside : 0
    return runProgram<YearAnswer>(program, { folder, flushes, sessionFlushes, besideFlushes } satisfies YearTask)
  })
}

/** The median of the flushes around one of them, which counts from 1. */
function aroundOf(flushes: readonly number[], flush: number): number {
  const first = Math.max(0, Math.min(flush - around / 2, flushes.length - around))
  return median(flushes.slice(first, first + around))
}

function cost(what: string, early: number, late: number): Reading {
  return { what, value: late / early, unit: '×', atMost: 1.5, from: `${ms(late)} against ${ms(early)}` }
}

function size(what: string, { metadataBytes }: YearState): Reading {
  return { what, value: metadataBytes / 1e6, unit: 'MB', atMost: 15 }
}

function reading(what: string, took: number, { flushes, facts: { files, filesInOnePartition } }: YearState): Reading {
  const from = `${count(flushes * 10)} rows in ${count(files)} data files, at most ${filesInOnePartition} in a partition`
  return { what, value: took, unit: 'ms', from }
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`
}
