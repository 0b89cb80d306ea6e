import { expect, test } from 'vitest'
import type { Row } from '../../../src/iceberg/types.ts'
import {
  assistant,
  claudeOf,
  json,
  line,
  readContent,
  readLinesOf,
  session,
  textIn,
  transcript,
  user,
} from './transcript.ts'

const keyOf = (row: Row): string => JSON.stringify([row['session_id'], row['part_id']])

/** What a table keeps: of rows with one key the first. */
function stored(rows: readonly Row[]): readonly Row[] {
  const byKey = new Map<string, Row>()
  for (const row of rows) if (!byKey.has(keyOf(row))) byKey.set(keyOf(row), row)
  return [...byKey.values()]
}

const usage = { input_tokens: 3, output_tokens: 50 }
const history = [
  user('one', { uuid: 'm1' }),
  assistant('two', { uuid: 'm2', parentUuid: 'm1' }, { id: 'msg_two', usage }),
]

test('a resumed file that begins with lines of the session before keeps both sessions apart', async () => {
  const earlier = history.map(record => ({ ...record, sessionId: 'before' }))
  const old = await readContent(transcript(...earlier), 'before.jsonl')
  const { rows } = await readContent(transcript(...earlier, user('three', { uuid: 'm3', parentUuid: 'm2' })))
  expect(rows.map(row => [row['session_id'], row['message_id'], row['message_index']])).toEqual([
    ['before', 'm1', 0],
    ['before', 'm2', 1],
    [session, 'm3', 0],
  ])
  expect(rows[2]).toMatchObject({ previous_message_id: '[]', parent_uuid: 'm2' })
  expect(stored([...old.rows, ...rows])).toHaveLength(3)
})

test('a fork by the background launcher keeps its copy of the history, and bills nothing twice', async () => {
  const fork = history.map(record => ({ ...record, sessionId: 'fork', sessionKind: 'bg' }))
  const first = await readContent(transcript(...history))
  const second = await readContent(
    transcript(...fork, user('on', { sessionId: 'fork', sessionKind: 'bg' })),
    'fork.jsonl',
  )
  expect(stored([...first.rows, ...second.rows])).toHaveLength(5)
  expect(second.rows.slice(0, 2).map(row => row['message_id'])).toEqual(['m1', 'm2'])
  expect(second.rows.every(row => claudeOf(row)['session_kind'] === 'bg')).toBe(true)
  const billed = [...first.rows, ...second.rows].filter(row => row['output_tokens'] !== null)
  expect(billed).toHaveLength(2)
  const responses = billed.map(row => `${textIn(row, 'provider_uuid')} ${textIn(row, 'request_id')}`)
  expect(new Set(responses).size).toBe(1)
})

test('where a fork came from is kept when the client says it', async () => {
  const { rows } = await readLinesOf(user('on', { forkedFrom: { sessionId: 'before', messageUuid: 'm2' } }))
  expect(claudeOf(rows[0])['forked_from']).toEqual({ sessionId: 'before', messageUuid: 'm2' })
})

test('a compaction goes on in the same chain, and messages it keeps are stored as they were first', async () => {
  const { rows } = await readLinesOf(
    ...history,
    line('system', {
      uuid: 'b1',
      subtype: 'compact_boundary',
      content: 'Conversation compacted',
      logicalParentUuid: 'm2',
      compactMetadata: { trigger: 'auto', preTokens: 155_025 },
    }),
    user('This session is being continued …', {
      uuid: 's1',
      parentUuid: 'b1',
      isCompactSummary: true,
      isVisibleInTranscriptOnly: true,
    }),
    { ...history[1], parentUuid: 's1' },
    user('on', { uuid: 'm3', parentUuid: 'm2' }),
  )
  const kept = stored(rows)
  expect(kept.map(row => [row['message_id'], row['parent_uuid'], json(row['previous_message_id'])[0] ?? null])).toEqual(
    [
      ['m1', null, null],
      ['m2', 'm1', 'm1'],
      ['b1', null, 'm2'],
      ['s1', 'b1', 'b1'],
      ['m3', 'm2', 'm2'],
    ],
  )
  expect(kept[2]).toMatchObject({
    provider_subtype: 'compact_boundary',
    logical_parent_uuid: 'm2',
    compact_metadata: '{"trigger":"auto","preTokens":155025}',
  })
  expect(kept[3]).toMatchObject({ role: 'user', is_compact_summary: true })
  expect(claudeOf(kept[3])['is_visible_in_transcript_only']).toBe(true)
  const order = kept.map(row => row['message_index'] as number)
  expect(order).toEqual([...order].sort((a, b) => a - b))
})

test('of two lines with one uuid and other content the first counts', async () => {
  const { rows } = await readLinesOf(
    user('first', { uuid: 'm1' }),
    user([{ type: 'text', text: 'second' }], { uuid: 'm1', cwd: '/else' }),
    user('third', { uuid: 'm2' }),
  )
  expect(rows).toHaveLength(3)
  expect(stored(rows).map(row => row['content_text'])).toEqual(['first', 'third'])
})

test('equal lines without uuid stay separate messages, also when a tool writes the file anew in its own spelling', async () => {
  const bare = {
    type: 'user',
    sessionId: session,
    timestamp: '2026-01-01T00:00:00.000Z',
    message: { content: 'again' },
  }
  const { rows } = await readLinesOf(bare, bare, bare)
  expect(stored(rows)).toHaveLength(3)
  const spelled = `{"message": {"content": "aga\\u0069n"}, "timestamp": "2026-01-01T00:00:00.000Z", "type": "user", "sessionId": "${session}"}\n`
  const anew = await readContent(spelled.repeat(3))
  expect(anew.rows.map(keyOf)).toEqual(rows.map(keyOf))
})

test('thousands of equal and other lines without uuid all have ids of their own', async () => {
  const lines = Array.from({ length: 5000 }, (_, i) => ({
    type: 'user',
    sessionId: session,
    message: { content: `text ${i % 1250}` },
  }))
  expect(stored((await readLinesOf(...lines)).rows)).toHaveLength(5000)
})
