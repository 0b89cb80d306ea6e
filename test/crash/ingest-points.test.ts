import { describe, expect, test } from 'vitest'
import type { Seam } from '../support/ingest-disk.ts'
import { everyPoint, extentOf, lookAt, prepare, somePoints } from '../support/ingest-points.ts'
import { type Scenario, scenarios } from '../support/ingest-scenarios.ts'

const both = scenarios.flatMap(scenario => [true, false].map(keyed => [scenario.name, keyed, scenario] as const))

test.each(both)(
  '%s loses nothing, and stores nothing twice, whatever happens at one operation (row key: %s)',
  async (_name, keyed, scenario) => {
    const start = await prepare(scenario, keyed)
    const extent = await extentOf(start, scenario)
    expect([...start.problems, ...extent.problems]).toEqual([])
    const points = somePoints(extent, keyed)
    expect(points.length).toBeGreaterThan(10)
    const { problems, ends, distinct } = await lookAt(start, scenario, points)
    expect(problems).toEqual([])
    expect(ends).toBeGreaterThan(2 * points.length)
    expect(distinct).toBeGreaterThan(ends / 3)
  },
)

describe('these tests find a disk that is not told to make durable', () => {
  const withoutDirectories = (which: RegExp): Seam => {
    return io => ({
      syncDirectory: async path => {
        if (!which.test(path)) await io.syncDirectory(path)
      },
    })
  }
  const withoutFiles = (which: RegExp): Seam => {
    return io => ({
      create: async path => {
        const file = await io.create(path)
        if (!which.test(path)) return file
        return { ...file, sync: async () => undefined, finish: () => file.finish({ durable: false }) }
      },
    })
  }
  const named = (word: string): Scenario => scenarios.find(({ name }) => name.includes(word)) as Scenario

  test.each<readonly [string, Seam, string]>([
    ['segments', withoutFiles(/\.seg$/), 'first rows'],
    ['their names', withoutDirectories(/\/spool\/events$/), 'first rows'],
    ['the name of the spool', withoutDirectories(/\/spool$/), 'first rows'],
    ['files of keys', withoutFiles(/\.keys\.part$/), 'releasing'],
    ['the names of files of keys', withoutDirectories(/\/spool\/events$/), 'releasing'],
    ['data files', withoutFiles(/\.parquet$/), 'several declarations'],
    ['their names', withoutDirectories(/\/data$/), 'several declarations'],
    ['commits', withoutDirectories(/\/metadata$/), 'several declarations'],
    ['damaged bytes that were kept aside', withoutFiles(/\/quarantine\//), 'several declarations'],
    ['what the contract discards', withoutFiles(/\/rejects\//), 'discarding'],
    ['the names of files of rejects', withoutDirectories(/\/rejects$/), 'discarding'],
    ['rows that were set aside', withoutFiles(/\/rejects\//), 'setting rows aside'],
  ])('%s', async (_what, seam, word) => {
    const scenario = named(word)
    const start = await prepare(scenario, false, seam)
    const extent = await extentOf(start, scenario)
    const stops = everyPoint(extent).filter(({ trouble: { kind } }) => kind === 'kill' || kind === 'cut power')
    const { problems } = await lookAt(start, scenario, stops, { enough: 1, cuts: 6 })
    expect(problems).not.toEqual([])
  })
})
