import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { projectLine } from '../../../src/sources/claude/project.ts'
import { newTrack } from '../../../src/sources/claude/track.ts'
import { mistakes } from './mistakes.ts'
import { assistant, line, readLinesOf, session, user } from './transcript.ts'

test('every row fits the declared columns, and none that is required is missing', async () => {
  const { rows } = await readLinesOf(
    user('hi'),
    assistant([{ type: 'tool_use', id: 't', name: 'Bash', input: [1] }], {}, { usage: { input_tokens: 1 } }),
    line('system', { subtype: 'compact_boundary', compactMetadata: { trigger: 'auto' } }),
    line('attachment', { attachment: { type: 'file' } }),
    { type: 'ai-title', aiTitle: 'T', sessionId: session },
    { type: 'new', sessionId: session },
  )
  expect(rows).toHaveLength(6)
  expect(rows.flatMap(mistakes)).toEqual([])
})

const anything = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom(
    'user',
    'assistant',
    'system',
    'attachment',
    'queued_command',
    'text',
    'tool_result',
    session,
    '2026-01-01T00:00:00Z',
  ),
)
const block = fc.record(
  {
    type: anything,
    text: anything,
    thinking: anything,
    content: anything,
    input: anything,
    caller: anything,
    id: anything,
    source: anything,
  },
  { requiredKeys: [] },
)
const members = fc.record(
  {
    ...Object.fromEntries(
      [
        'uuid',
        'parentUuid',
        'agentId',
        'timestamp',
        'isSidechain',
        'cwd',
        'error',
        'content',
        'subtype',
        'toolUseResult',
        'compactMetadata',
        'isApiErrorMessage',
        'customTitle',
      ].map(name => [name, anything]),
    ),
    type: fc.oneof(fc.constantFrom('user', 'assistant', 'system', 'attachment', 'custom-title'), anything),
    sessionId: fc.oneof(fc.constant(session), anything),
    message: fc.oneof(
      fc.record({ content: fc.oneof(anything, fc.array(block)), usage: anything, id: anything }),
      anything,
    ),
    attachment: fc.oneof(block, anything),
  },
  { requiredKeys: [] },
)

test('of the times of a file one that has no day does not count', () => {
  const times = { birthtimeMs: 9e15, mtimeMs: 1000 }
  expect(newTrack('/p/s.jsonl', times).fileTime).toBe(1_000_000n)
  expect(newTrack('/p/s.jsonl', { birthtimeMs: 0, mtimeMs: 9e15 }).fileTime).toBe(0n)
})

test('no line whatever throws or gives a row that does not fit', () => {
  const track = newTrack('/p/s.jsonl', { birthtimeMs: 0, mtimeMs: 0 })
  fc.assert(
    fc.property(members, record => {
      const outcome = projectLine(record, track)
      const rows = typeof outcome === 'string' ? [] : outcome.map(captured => captured.row)
      expect(rows.flatMap(mistakes)).toEqual([])
    }),
    { numRuns: 2000 },
  )
})
