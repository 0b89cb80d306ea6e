import { expect, test } from 'vitest'
import type { Row } from '../../../src/iceberg/types.ts'
import { assistant, claudeOf, json, readContent, readLinesOf, session, transcript, user } from './transcript.ts'

const one = user('go', { uuid: 'm1', timestamp: '2026-01-01T10:00:00.000Z' })
const two = assistant('done', { uuid: 'm2', timestamp: '2026-01-01T10:01:00.000Z' })
const three = user('more', { uuid: 'm3', timestamp: '2026-01-01T10:02:00.000Z' })

/** A subagent of an old client, in the file of its session. */
const inline = ['i1', 'i2'].map(uuid =>
  user('task', { uuid, isSidechain: true, timestamp: '2026-01-01T10:01:30.000Z' }),
)

const suggestion = { isSidechain: true, agentId: 'aprompt_suggestion-3cf366' }
const compaction = { isSidechain: true, agentId: 'acompact-0a1b2c' }

/** The lines of the n-th request of each kind that the client makes for itself, as they lie in a transcript. */
const kinds: readonly (readonly [string, string, (n: number) => readonly object[]])[] = [
  ['title', 'ai-title', n => [{ type: 'ai-title', aiTitle: `Widgets ${n}`, sessionId: session }]],
  ['title', 'custom-title', n => [{ type: 'custom-title', customTitle: `Mine ${n}`, sessionId: session }]],
  [
    'prompt_suggestion',
    'prompt suggestion',
    n => [
      user('suggest', { uuid: `p${n}`, ...suggestion }),
      assistant('run the tests', { uuid: `q${n}`, ...suggestion }),
    ],
  ],
  [
    'compaction',
    'compaction',
    n => [user('sum up', { uuid: `c${n}`, ...compaction }), assistant('<summary>', { uuid: `d${n}`, ...compaction })],
  ],
]

const isAux = (row: Row): boolean => claudeOf(row)['aux_kind'] !== undefined

test.each(kinds)(
  'a %s keeps its session, is marked and leaves the conversation as it is: %s',
  async (kind, _, lines) => {
    const [first = {}, second = {}] = inline
    const plain = await readLinesOf(one, first, two, second, three)
    expect(json(plain.rows[3]?.['previous_message_id'])).toEqual(['i1'])
    const { rows } = await readLinesOf(one, first, ...lines(1), two, ...lines(2), second, three)
    expect(rows.filter(row => !isAux(row))).toEqual(plain.rows)
    const calls = rows.filter(isAux)
    expect(calls.length).toBeGreaterThan(0)
    for (const row of calls) {
      expect(row).toMatchObject({ session_id: session, conversation_id: null, is_sidechain: true })
      expect(claudeOf(row)['aux_kind']).toBe(kind)
    }
    expect(calls[0]).toMatchObject({ message_index: 0, previous_message_id: '[]' })
  },
)

test('a side call in a file of its own is marked, whatever its lines say', async () => {
  const lines = transcript(user('sum up', { uuid: 'c1' }), assistant('<summary>', { uuid: 'c2' }))
  for (const name of [`agent-acompact-0a1b2c.jsonl`, `workflows/wf_1/agent-acompact-0a1b2c.jsonl`]) {
    const { rows } = await readContent(lines, `${session}/subagents/${name}`)
    expect(rows.map(row => [row['agent_id'], row['is_sidechain'], claudeOf(row)['aux_kind']])).toEqual([
      ['acompact-0a1b2c', true, 'compaction'],
      ['acompact-0a1b2c', true, 'compaction'],
    ])
    expect(json(rows[1]?.['previous_message_id'])).toEqual(['c1'])
  }
})

test('the tokens of a side call stay with its session', async () => {
  const usage = { input_tokens: 7, output_tokens: 70 }
  const { rows } = await readLinesOf(one, assistant('<summary>', compaction, { id: 'msg_side', usage }), two)
  expect(rows.find(isAux)).toMatchObject({ session_id: session, provider_uuid: 'msg_side', output_tokens: 70n })
})

test('an agent that a person named is none', async () => {
  const { rows } = await readLinesOf(one, user('task', { isSidechain: true, agentId: 'acompactor-cafe' }))
  expect(rows.some(isAux)).toBe(false)
})

test('the title of a session elsewhere, which does not say of which, is counted and gives no row', async () => {
  const read = await readLinesOf({ type: 'summary', summary: 'Widgets', leafUuid: 'm9' }, one)
  expect(read.rows).toHaveLength(1)
  expect(read.skipped).toEqual({ summary: 1 })
})
