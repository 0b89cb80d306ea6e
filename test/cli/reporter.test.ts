import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { reporter } from '../../src/cli/reporter.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

const clear = '\r\u001b[2K'

/** A reporter and what it wrote. */
function reporting(isTerminal: boolean, columns = 100): { lines: ReturnType<typeof reporter>; written: string[] } {
  const written: string[] = []
  return { lines: reporter({ columns }, isTerminal, text => void written.push(text)), written }
}

test('on a terminal a progress line is replaced by the next, and by what comes after it', () => {
  const { lines, written } = reporting(true)
  lines.show({ lines: ['start'] })
  lines.show({ lines: [], progress: '10 %' })
  lines.show({ lines: [], progress: '20 %' })
  lines.show({ lines: ['done'] })
  expect(written.join('')).toBe(`start\n${clear}10 %${clear}20 %${clear}done\n`)
})

test('a progress line is cut to the terminal, so that it never takes two lines', () => {
  const { lines, written } = reporting(true, 10)
  lines.show({ lines: [], progress: '0123456789abcdef' })
  expect(written).toEqual([`${clear}012345678`])
})

test('a progress line that stands is taken away at the end, once', () => {
  const { lines, written } = reporting(true)
  lines.show({ lines: [], progress: '10 %' })
  lines.end()
  lines.end()
  expect(written).toEqual([`${clear}10 %`, clear])
})

test('elsewhere than on a terminal progress is a line of its own, at most every five seconds', () => {
  const { lines, written } = reporting(false)
  vi.advanceTimersByTime(10_000)
  for (const percent of [1, 2, 3, 4, 5, 6, 7]) {
    lines.show({ lines: [], progress: `${percent} %` })
    vi.advanceTimersByTime(2_000)
  }
  lines.end()
  expect(written).toEqual(['1 %\n', '4 %\n', '7 %\n'])
})
