import { execFileSync } from 'node:child_process'
import { utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Row } from '../../../src/iceberg/types.ts'
import {
  assistant,
  claudeOf,
  json,
  readContent,
  readFileWhole,
  readLinesOf,
  session,
  textIn,
  transcript,
  tree,
  user,
  without,
} from './transcript.ts'

const keys = (rows: readonly Row[]): unknown[] =>
  rows.map(row => `${textIn(row, 'session_id')} ${textIn(row, 'part_id')}`)
const previous = (rows: readonly Row[]): unknown[] => rows.map(row => json(row['previous_message_id'])[0] ?? null)

test('the session is the line’s, whatever the file is called', async () => {
  const content = transcript(user('old', { sessionId: 'before-resume' }), user('new'))
  const { rows } = await readContent(content, 'other-name.jsonl')
  expect(rows.map(row => row['session_id'])).toEqual(['before-resume', session])
  expect(rows.every(row => row['conversation_id'] === null && row['parent_thread_id'] === null)).toBe(true)
})

test('a fork keeps its own copy of the history it was forked from', async () => {
  const original = [user('one'), assistant('two')]
  const fork = original.map(record => ({ ...record, sessionId: 'fork' }))
  const { rows } = await readLinesOf(...original, ...fork)
  expect(new Set(keys(rows)).size).toBe(4)
  expect(new Set(rows.map(row => row['part_id'])).size).toBe(2)
})

test('a message without uuid gets an id of its own, the same on every reading and in every copy of the file', async () => {
  const bare = without(user('again'), 'uuid')
  const content = transcript(bare, user('between'), bare, { ...bare, sessionId: 'another' })
  const directory = await tree({ 'a.jsonl': content, 'copy/b.jsonl': content })
  const first = await readFileWhole(join(directory, 'a.jsonl'))
  expect(new Set(keys(first.rows)).size).toBe(4)
  expect(new Set(first.rows.map(row => row['message_id'])).size).toBe(4)
  expect(keys((await readFileWhole(join(directory, 'a.jsonl'))).rows)).toEqual(keys(first.rows))
  expect(keys((await readFileWhole(join(directory, 'copy/b.jsonl'))).rows)).toEqual(keys(first.rows))
})

test('equal lines without uuid of two agents are two messages', async () => {
  const bare = transcript(without(user('go'), 'uuid'))
  const one = await readContent(bare, 'subagents/agent-one.jsonl')
  const two = await readContent(bare, 'subagents/agent-two.jsonl')
  expect(one.rows[0]?.['message_id']).not.toBe(two.rows[0]?.['message_id'])
})

test('the agent is the line’s, else the one its file is named after', async () => {
  const agentIn = async (name: string, fields: object = {}): Promise<unknown> =>
    (await readContent(transcript(user('go', fields)), name)).rows[0]?.['agent_id']
  expect(await agentIn('agent-0a1b2c3d.jsonl')).toBe('0a1b2c3d')
  expect(await agentIn('s1/subagents/agent-aworker-cafe.jsonl')).toBe('aworker-cafe')
  expect(await agentIn('s1/subagents/workflows/wf_1/agent-a1b2c3d.jsonl')).toBe('a1b2c3d')
  expect(await agentIn('s1/subagents/agent-a1b2c3d.jsonl', { agentId: 'said' })).toBe('said')
  expect(await agentIn('agent-acompact-a94287.jsonl')).toBe('acompact-a94287')
  expect(await agentIn('agent-aworker-cafe.jsonl', { isSidechain: true })).toBe('aworker-cafe')
  expect(await agentIn('agent-session.jsonl', { isSidechain: false })).toBeNull()
  expect(await agentIn('agent-session.jsonl')).toBeNull()
  expect(await agentIn('subagents/.claude/projects/-p/agent-session.jsonl')).toBeNull()
  expect(await agentIn('s1.jsonl')).toBeNull()
})

test('messages are numbered and chained within their session and agent', async () => {
  const main = user('go', { uuid: 'm1' })
  const { rows } = await readLinesOf(
    main,
    user('task', { uuid: 'a1', agentId: 'a', isSidechain: true }),
    assistant('done', { uuid: 'a2', agentId: 'a', isSidechain: true }),
    assistant(
      [
        { type: 'text', text: 'x' },
        { type: 'text', text: 'y' },
      ],
      { uuid: 'm2' },
    ),
    user('elsewhere', { uuid: 'o1', sessionId: 'other' }),
    user('thanks', { uuid: 'm3' }),
  )
  expect(rows.map(row => [row['message_id'], row['message_index'], json(row['previous_message_id'])])).toEqual([
    ['m1', 0, []],
    ['a1', 0, []],
    ['a2', 1, ['a1']],
    ['m2', 1, ['m1']],
    ['m2', 1, ['m1']],
    ['o1', 0, []],
    ['m3', 2, ['m2']],
  ])
})

test('a subagent written into the session’s file without an id is a chain of its own', async () => {
  const { rows } = await readLinesOf(
    user('go', { uuid: 'm1' }),
    user('task', { uuid: 's1', isSidechain: true }),
    assistant('done', { uuid: 's2', isSidechain: true }),
    assistant('thanks', { uuid: 'm2' }),
  )
  expect(rows.map(row => [row['agent_id'], row['is_sidechain'], row['message_index']])).toEqual([
    [null, false, 0],
    [null, true, 1],
    [null, true, 2],
    [null, false, 3],
  ])
  expect(previous(rows)).toEqual([null, null, 's1', 'm1'])
})

test('compactions and suggestions are side calls, outside the main chain', async () => {
  const { rows } = await readLinesOf(
    user('go', { uuid: 'm1' }),
    user('sum up', { uuid: 'c1', agentId: 'acompact-a1b2c3' }),
    user('suggest', { uuid: 'p1', agentId: 'aprompt_suggestion-a1b2c3' }),
    user('more', { uuid: 'm2' }),
  )
  expect(rows.map(row => [row['is_sidechain'], claudeOf(row)['aux_kind']])).toEqual([
    [false, undefined],
    [true, 'compaction'],
    [true, 'prompt_suggestion'],
    [false, undefined],
  ])
  expect(previous(rows)).toEqual([null, null, null, 'm1'])
})

test('a copy of a line in the same file does not become its own predecessor', async () => {
  const { rows } = await readLinesOf(user('go', { uuid: 'm1' }), user('go', { uuid: 'm1' }), user('on', { uuid: 'm2' }))
  expect(previous(rows)).toEqual([null, null, 'm1'])
})

test('a line without time takes the last one before it, or the file’s, and says so', async () => {
  const path = join(
    await tree({
      'a.jsonl': transcript(
        user('first', { timestamp: 7 }),
        user('second', { timestamp: '2026-01-02T03:04:05.678Z' }),
        user('third', { timestamp: 'soon' }),
        user('fourth', { timestamp: '2026-01-03T00:00:00.000Z' }),
      ),
    }),
    'a.jsonl',
  )
  await utimes(path, 1, Date.UTC(2026, 5, 1) / 1000)
  const { rows } = await readFileWhole(path)
  expect(rows.map(row => [row['date'], claudeOf(row)['created_at_from'], claudeOf(row)['timestamp']])).toEqual([
    ['2026-06-01', 'file', 7],
    ['2026-01-02', undefined, undefined],
    ['2026-01-02', 'previous-line', 'soon'],
    ['2026-01-03', undefined, undefined],
  ])
  expect(rows[1]?.['message_created_at']).toBe(1_767_323_045_678_000n)
  const started = rows.map(row => row['conversation_started_at'])
  expect(started).toEqual([rows[0]?.['message_created_at'], ...Array<unknown>(3).fill(rows[1]?.['message_created_at'])])
})

test('what the client notes about a subagent goes to its rows', async () => {
  const sidecar = { agentType: 'Explore', toolUseId: 'toolu_9', description: 'Look around' }
  const directory = await tree({
    'subagents/agent-a1.jsonl': transcript(user('go', { agentId: 'a1' }), assistant('ok', { agentId: 'a1' })),
    'subagents/agent-a1.meta.json': JSON.stringify(sidecar),
  })
  const { rows, unreadable } = await readFileWhole(join(directory, 'subagents/agent-a1.jsonl'))
  const told = { agent_type: 'Explore', spawned_by_tool_use_id: 'toolu_9', agent_meta: sidecar }
  expect(rows.map(claudeOf)).toEqual([told, told])
  expect(unreadable).toEqual([])
})

test('a pipe in the place of a note about a subagent is reported, and not waited for', async () => {
  const directory = await tree({ 'subagents/agent-a1.jsonl': transcript(user('go')) })
  const path = join(directory, 'subagents/agent-a1.meta.json')
  execFileSync('mkfifo', [path])
  const { rows, unreadable } = await readFileWhole(join(directory, 'subagents/agent-a1.jsonl'))
  expect(rows).toHaveLength(1)
  expect(unreadable).toEqual([{ path, reason: 'it is not a file' }])
})

test.each([
  ['not json', 'it is not JSON'],
  ['[1]', 'it is not a JSON object'],
])('a note about a subagent that cannot be used is reported and costs no row: %s', async (content, reason) => {
  const directory = await tree({
    'subagents/agent-a1.jsonl': transcript(user('go')),
    'subagents/agent-a1.meta.json': content,
  })
  const { rows, unreadable } = await readFileWhole(join(directory, 'subagents/agent-a1.jsonl'))
  expect(rows).toHaveLength(1)
  expect(unreadable).toEqual([{ path: join(directory, 'subagents/agent-a1.meta.json'), reason }])
})
