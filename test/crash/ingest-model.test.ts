import { expect, test } from 'vitest'
import { playAll, traceOf } from '../support/ingest-sequence.ts'

/* With HYP_SEED only the sequence of that seed is played; a failure says which it was. */

test('whatever is done with a table and its disk, it has what was acknowledged, once', async () => {
  const { report, tally } = await playAll(1, 300)
  expect(report).toBe('')
  if (process.env['HYP_SEED'] !== undefined) return
  const happened = [...tally].flatMap(([what, times]) => (times >= 5 ? what : []))
  expect(happened.sort()).toEqual([
    'commits',
    'damaged',
    'duplicates',
    'failed',
    'held',
    'in conflict',
    'interrupted',
    'meanwhile others append',
    'meanwhile others evolve',
    'meanwhile twin dies',
    'meanwhile twin flushes',
    'put back',
    'refused',
    'replayed',
    'setAside',
    'stopped',
    'stored',
  ])
})

test('a seed stands for the same operations each time', async () => {
  for (let seed = 1; seed <= 15; seed++) expect(await traceOf(seed)).toEqual(await traceOf(seed))
})
