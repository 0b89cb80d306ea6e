import { expect, test } from 'vitest'
import { everyPoint, extentOf, halfOf, lookAt, prepare } from '../support/ingest-points.ts'
import { scenarios } from '../support/ingest-scenarios.ts'

test.each(scenarios.flatMap(scenario => [true, false].map(keyed => [scenario.name, keyed, scenario] as const)))(
  '%s loses nothing, and stores nothing twice, whatever happens at any operation (row key: %s)',
  async (_name, keyed, scenario) => {
    const start = await prepare(scenario, keyed)
    const extent = await extentOf(start, scenario)
    expect([...start.problems, ...extent.problems]).toEqual([])
    const points = halfOf(everyPoint(extent), keyed)
    expect(points.length).toBeGreaterThan(150)
    const { problems, ends, distinct } = await lookAt(start, scenario, points)
    expect(problems).toEqual([])
    // Of the ends that points come to, more than a third are unlike all before.
    expect(ends).toBeGreaterThan(2 * points.length)
    expect(distinct).toBeGreaterThan(ends / 3)
  },
)
