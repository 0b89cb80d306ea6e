import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { projectRecord } from '../../../src/sources/codex/project.ts'
import { recordOf } from '../../../src/sources/codex/record.ts'
import { newTrack } from '../../../src/sources/codex/track.ts'
import { mistakes } from '../claude/mistakes.ts'
import { assistant, call, item, output, readLinesOf, threadA, tokenCount, tokens, turn, user } from './rollouts.ts'

test('every row fits the declared columns, and none that is required is missing', async () => {
  const { rows } = await readLinesOf(
    user('before any turn'),
    ...turn('t1'),
    assistant('hi', { status: 'completed', phase: 'commentary' }),
    item('reasoning', { summary: [], encrypted_content: 'g' }),
    call('1'),
    output('1', [{ type: 'input_image', image_url: 'x' }]),
    item('compaction', { encrypted_content: 'g' }),
    item('mystery'),
    tokenCount(tokens(1), tokens(1)),
  )
  expect(rows).toHaveLength(8)
  expect(rows.flatMap(mistakes)).toEqual([])
})

const words = fc.constantFrom(
  'message',
  'reasoning',
  'function_call',
  'function_call_output',
  'tool_search_output',
  'compaction',
  'ghost_snapshot',
  'token_count',
  'task_started',
  'user',
  'input_text',
  '{"output":"x","metadata":{"exit_code":1}}',
  '2026-01-01T00:00:00Z',
)
const anything = fc.oneof(words, fc.jsonValue())
const element = fc.record(
  { type: anything, text: anything, encrypted_content: anything, image_url: anything },
  { requiredKeys: [] },
)
const payloads = fc.record(
  {
    ...Object.fromEntries(
      [
        'id',
        'session_id',
        'parent_thread_id',
        'forked_from_id',
        'source',
        'thread_source',
        'git',
        'history_base',
        'subagent_history_start_ordinal',
        'timestamp',
        'cwd',
        'turn_id',
        'model',
        'approval_policy',
        'sandbox_policy',
        'role',
        'call_id',
        'name',
        'arguments',
        'input',
        'action',
        'output',
        'status',
        'phase',
        'summary',
        'encrypted_content',
        'metadata',
      ].map(name => [name, anything]),
    ),
    type: anything,
    content: fc.oneof(anything, fc.array(fc.oneof(element, anything))),
    info: fc.oneof(anything, fc.record({ total_token_usage: anything, last_token_usage: anything })),
  },
  { requiredKeys: [] },
)
const records = fc.oneof(
  fc.record(
    {
      type: fc.oneof(
        { weight: 5, arbitrary: fc.constantFrom('response_item', 'event_msg', 'session_meta', 'turn_context') },
        anything,
      ),
      timestamp: anything,
      payload: fc.oneof({ weight: 5, arbitrary: payloads }, anything),
      metadata: anything,
    },
    { requiredKeys: [] },
  ),
  payloads,
)

test('a file whose clock was wrong tells no time', () => {
  const times = [Number.NaN, 9e15, 253_402_300_800_000, -9e15].map(
    mtimeMs => newTrack('/s/a.jsonl', { mtimeMs }).fileTime,
  )
  expect(times).toEqual([0n, 0n, 0n, 0n])
})

test('no line whatever throws or gives a row that does not fit', () => {
  const track = newTrack(`/s/rollout-2026-03-01T11-00-00-${threadA}.jsonl`, { mtimeMs: 0 })
  fc.assert(
    fc.property(records, fc.boolean(), (record, isBare) => {
      const outcome = projectRecord(recordOf(record, isBare), record, undefined, track)
      const rows = typeof outcome === 'string' ? [] : outcome.map(captured => captured.row)
      expect(rows.flatMap(mistakes)).toEqual([])
    }),
    { numRuns: 3000 },
  )
})
