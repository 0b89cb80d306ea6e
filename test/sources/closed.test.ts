import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isClosedObject } from '../../src/sources/closed.ts'
import { readLinesOf, session } from './claude/transcript.ts'
import { meta, readContent as readRollout, text, threadA } from './codex/rollouts.ts'

const isClosed = (line: string): boolean => isClosedObject(Buffer.from(line))

test('every object of JSON is closed, however it is laid out', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue({ stringUnit: 'binary' })), value => {
      expect(isClosed(JSON.stringify(value))).toBe(true)
      expect(isClosed(`${JSON.stringify(value, undefined, '\t')}\r\n `)).toBe(true)
    }),
  )
})

test('no beginning of an object is closed, and none that the next one runs into', () => {
  const line = JSON.stringify({ type: 'progress', data: { text: 'a "b" \\ {', list: [1, -2e3, true, null, {}] } })
  for (let cut = 1; cut < line.length; cut++) {
    expect(isClosed(line.slice(0, cut))).toBe(false)
    expect({ cut, isClosed: isClosed(line.slice(0, cut) + line) }).toEqual({ cut, isClosed: false })
  }
})

test.each([
  '{"a":"\0\0"}',
  '{"a":\0}',
  '{"a":"line\u0001"}',
  '{"a":1}}',
  '{"a":1}{"b":2}',
  '{"a":1]',
  '[1]',
  '"a"',
  '',
  '{"a":x}',
])('what no object has in it is not closed: %j', line => expect(isClosed(line)).toBe(false))

const next = JSON.stringify({ type: 'user', uuid: 'u1', sessionId: session, message: { content: 'lost?' } })

describe('a line that begins like one that gives no row, and is damaged,', () => {
  const progress = JSON.stringify({ type: 'progress', data: { text: 'x'.repeat(40), more: true } })

  test.each([
    ['is torn', progress.slice(0, -9)],
    ['is torn, with the next line behind it', progress.slice(0, -20) + next],
    ['is written over with NULs', `${progress.slice(0, 30)}${'\0'.repeat(12)}${progress.slice(42)}`],
    ['has a line twice', progress + progress],
  ])('is told of where it %s, in a transcript of Claude', async (_what, damaged) => {
    const { skipped, malformed, rows } = await readLinesOf(progress, damaged, next)
    expect(skipped).toEqual({ progress: 1, 'invalid-json': 1 })
    expect(malformed).toEqual([{ path: expect.any(String) as string, line: 2, reason: 'invalid-json' }])
    expect(rows).toHaveLength(1)
  })

  const event =
    '{"timestamp":"2026-03-01T10:00:00Z","type":"event_msg","payload":{"type":"agent_message","message":"hello there"}}'
  const compacted =
    '{"timestamp":"2026-03-01T10:00:00Z","type":"compacted","payload":{"message":"","replacement_history":[]}}'
  const ghost =
    '{"timestamp":"2026-03-01T10:00:00Z","type":"response_item","payload":{"type":"ghost_snapshot","ghost_commit":{}}}'

  test.each([
    ['an event', event, 'client-event'],
    ['a compacted history', compacted, 'compacted'],
    ['a snapshot', ghost, 'ghost-snapshot'],
  ])('is told of in a rollout: %s', async (_what, whole, reason) => {
    const damaged = [whole.slice(0, -3), whole.slice(0, -4) + whole, `${whole.slice(0, -8)}\0\0\0\0${whole.slice(-4)}`]
    const { skipped, malformed } = await readRollout(`${text(meta(threadA))}${[whole, ...damaged, whole].join('\n')}\n`)
    expect(skipped).toEqual({ 'thread-context': 1, [reason]: 2, 'invalid-json': 3 })
    expect(malformed.map(({ line }) => line)).toEqual([3, 4, 5])
  })
})
