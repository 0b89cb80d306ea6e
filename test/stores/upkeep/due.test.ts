import { expect, test } from 'vitest'
import { dueSteps, type UpkeepFacts, usualUpkeepLimits } from '../../../src/stores/table/upkeep/due.ts'

const nowMs = Date.UTC(2026, 10, 21)
const day = 24 * 3_600_000
const swept = { nowMs, sweptMs: nowMs - 1 }

const nothing: UpkeepFacts = {
  files: 100,
  filesInOnePartition: 9,
  worthRewriting: 0,
  manifests: 16,
  snapshots: 107,
  expirable: 7,
  expirableRefs: 0,
  cleared: true,
  writable: true,
  removable: true,
}

function due(facts: Partial<UpkeepFacts>, when = swept): string[] {
  return [...dueSteps({ ...nothing, ...facts }, when)]
}

test('nothing is due where too little waits for a commit of its own', () => {
  expect(due({})).toEqual([])
})

test('rows that were deleted are looked for where they may be there, and before anything is written again', () => {
  expect(due({ cleared: false, worthRewriting: 4 })).toEqual(['delete', 'compact'])
})

test('files are due as soon as there is something worth rewriting', () => {
  expect(due({ worthRewriting: 4 })).toEqual(['compact'])
})

test('manifests are due when there are more than sixteen', () => {
  expect(due({ manifests: 17 })).toEqual(['merge'])
})

test('snapshots are due when eight of them can go', () => {
  expect(due({ expirable: 8 })).toEqual(['expire'])
})

test('a tag or branch that is over is due however few snapshots go with it', () => {
  expect(due({ expirable: 0, expirableRefs: 1 })).toEqual(['expire'])
})

test('files that nothing needs are looked for once a day, and where they never were', () => {
  expect(due({}, { nowMs, sweptMs: nowMs - day + 1 })).toEqual([])
  expect(due({}, { nowMs, sweptMs: nowMs - day })).toEqual(['sweep'])
  expect([...dueSteps(nothing, { nowMs, sweptMs: undefined })]).toEqual(['sweep'])
})

test('a clock that was put back by a year keeps nothing from being looked for', () => {
  expect(due({}, { nowMs, sweptMs: nowMs + 365 * day })).toEqual(['sweep'])
})

test('of a table whose files may be those of others none is removed, and its files are compacted all the same', () => {
  const facts = { removable: false, worthRewriting: 4, manifests: 17, expirable: 99 }
  expect(due(facts, { nowMs, sweptMs: 0 })).toEqual(['compact', 'merge'])
})

test('a table that is only read is left alone', () => {
  expect(
    due({ writable: false, cleared: false, worthRewriting: 9, manifests: 99, expirable: 99 }, { nowMs, sweptMs: 0 }),
  ).toEqual([])
})

test('a hundred snapshots stay, and those of the last hour', () => {
  expect(usualUpkeepLimits).toMatchObject({ minSnapshots: 100, maxAgeMs: 3_600_000, graceMs: 3 * day })
})
