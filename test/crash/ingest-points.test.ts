import { describe, expect, test } from 'vitest'
import type { Seam } from '../support/ingest-disk.ts'
import { everyPoint, extentOf, prepare, problemsAt, somePoints } from '../support/ingest-points.ts'
import { type Scenario, scenarios } from '../support/ingest-scenarios.ts'

const both = scenarios.flatMap(scenario => [true, false].map(keyed => [scenario.name, keyed, scenario] as const))

test.each(both)(
  '%s loses nothing, and stores nothing twice, whatever happens at one operation (row key: %s)',
  async (_name, keyed, scenario) => {
    const start = await prepare(scenario, keyed)
    const extent = await extentOf(start, scenario)
    expect([...start.problems, ...extent.problems]).toEqual([])
    const points = somePoints(extent, keyed)
    expect(points.length).toBeGreaterThan(15)
    expect(await problemsAt(start, scenario, points)).toEqual([])
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
  const [taking, , flushing, , , releasing, , discarding, settingAside] = scenarios

  test.each<readonly [string, Seam, Scenario | undefined]>([
    ['segments', withoutFiles(/\.seg$/), taking],
    ['their names', withoutDirectories(/\/spool\/events$/), taking],
    ['the name of the spool', withoutDirectories(/\/spool$/), taking],
    ['files of keys', withoutFiles(/\.keys\.part$/), releasing],
    ['the names of files of keys', withoutDirectories(/\/spool\/events$/), releasing],
    ['data files', withoutFiles(/\.parquet$/), flushing],
    ['their names', withoutDirectories(/\/data$/), flushing],
    ['commits', withoutDirectories(/\/metadata$/), flushing],
    ['damaged bytes that were kept aside', withoutFiles(/\/quarantine\//), flushing],
    ['what the contract discards', withoutFiles(/\/rejects\//), discarding],
    ['the names of files of rejects', withoutDirectories(/\/rejects$/), discarding],
    ['rows that were set aside', withoutFiles(/\/rejects\//), settingAside],
  ])('%s', async (_what, seam, scenario) => {
    const start = await prepare(scenario as Scenario, false, seam)
    const extent = await extentOf(start, scenario as Scenario)
    const stops = everyPoint(extent).filter(({ trouble: { kind } }) => kind === 'kill' || kind === 'cut power')
    expect(await problemsAt(start, scenario as Scenario, stops, { enough: 1, cuts: 6 })).not.toEqual([])
  })
})
