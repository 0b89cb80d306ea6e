import { describe, expect, test } from 'vitest'
import { addEntry, longestTimeline, type TimelineEntry } from '../../src/stores/records/task-timeline.ts'

function entry(n: number, kind = 'note', summary = `entry ${n}`): TimelineEntry {
  return { at: new Date(Date.UTC(2026, 0, 1) + n * 1000).toISOString(), kind, summary }
}

function timelineOf(entries: readonly TimelineEntry[]): readonly TimelineEntry[] {
  return entries.reduce<readonly TimelineEntry[]>(addEntry, [])
}

const notes = (count: number): TimelineEntry[] => Array.from({ length: count }, (_, n) => entry(n))

describe('a timeline', () => {
  test('has every entry while there are few', () => {
    expect(timelineOf(notes(longestTimeline))).toEqual(notes(longestTimeline))
  })

  test.each([1, 2, 100, 10_000])(
    'of %i too many keeps the first eight and the newest, and says what is missing',
    more => {
      const all = notes(longestTimeline + more)
      const timeline = timelineOf(all)
      expect(timeline).toHaveLength(longestTimeline)
      expect(timeline.slice(0, 8)).toEqual(all.slice(0, 8))
      // The marker stands in the place of one, and of those that are too many.
      const omitted = more + 1
      expect(timeline[8]).toMatchObject({ kind: 'omitted', omitted, at: all[8 + omitted - 1]?.at })
      expect(timeline.slice(9)).toEqual(all.slice(8 + omitted))
    },
  )

  test('has one entry for progress that follows progress, the newest', () => {
    const timeline = timelineOf([
      entry(0, 'started'),
      entry(1, 'progress'),
      entry(2, 'progress'),
      entry(3, 'progress'),
      entry(4, 'note'),
      entry(5, 'progress'),
    ])
    expect(timeline).toEqual([entry(0, 'started'), entry(3, 'progress'), entry(4, 'note'), entry(5, 'progress')])
  })

  test('is not changed by what is added', () => {
    const before = Object.freeze(notes(longestTimeline).map(each => Object.freeze(each)))
    addEntry(before, entry(999))
    expect(before).toEqual(notes(longestTimeline))
  })

  test.each([
    ['x'.repeat(240), 240],
    ['x'.repeat(241), 240],
    ['😀'.repeat(200), 239],
    [`x${'😀'.repeat(200)}`, 240],
  ])('has summaries of at most 240 characters, none cut in two: %#', (summary, length) => {
    const [added] = addEntry([], entry(0, 'note', summary))
    expect(added?.summary).toHaveLength(length)
    expect(added?.summary).not.toMatch(/\p{Cs}/u)
    expect(added?.summary.endsWith('…')).toBe(summary.length > 240)
  })
})
