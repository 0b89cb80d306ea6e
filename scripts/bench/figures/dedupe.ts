import type { Figure, Reading } from '../figure.ts'
import { fiveMillionRows } from '../five-million.ts'
import { runProgram } from '../program.ts'
import type { DedupeAnswer, DedupeTask } from '../programs/dedupe.ts'
import { count, median } from '../timing.ts'

const program = new URL('../programs/dedupe.js', import.meta.url)
const rounds = 5

export const dedupe: Figure = {
  name: 'dedupe',
  about: 'Looking 100 000 row keys up in a table of 5 000 000 rows',
  method: [
    'The table has every column of release 9, 5 000 sessions of 1 000 rows, 16 buckets, and was filled by `appendOnce` in 100',
    'commits. The keys are 200 each of 500 sessions all over the table, half of them stored: what a flush or an import meets.',
    'Timed is what a flush does: load the table, key the rows, and look for the keys in what is stored.',
    'The other line is the worst there can be: each key of another session, so that no part of the table can be left out;',
    'an import that size never meets it. Each in a process of its own, in a thread with the limits of those that flush and',
    'import; medians of 5 rounds. Memory is the peak of the process less what it had with the keys and',
    'without a search.',
  ],
  measure: async () => {
    const directory = await fiveMillionRows()
    const usual = await runProgram<DedupeAnswer>(program, { directory, ofSession: 200, rounds } satisfies DedupeTask)
    const worst = await runProgram<DedupeAnswer>(program, { directory, ofSession: 1, rounds } satisfies DedupeTask)
    return [
      { ...time('keys of 500 sessions', usual), atMost: 1000 },
      { ...memory(usual), atMost: 200 },
      time('each key of another session', worst),
      memory(worst),
    ]
  },
}

function time(what: string, { ms, found }: DedupeAnswer): Reading {
  return { what, value: median(ms), unit: 'ms', from: `${count(found)} of 100 000 were stored` }
}

/** What the search adds to a process that has the keys. */
function memory({ peakMegabytes, beforeMegabytes }: DedupeAnswer): Reading {
  return {
    what: 'memory for that',
    value: peakMegabytes - beforeMegabytes,
    unit: 'MB',
    from: `${count(peakMegabytes)} MB at the peak, ${count(beforeMegabytes)} before`,
  }
}
