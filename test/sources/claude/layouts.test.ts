import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Row } from '../../../src/iceberg/types.ts'
import { findClaudeHistories } from '../../../src/sources/claude/find.ts'
import {
  assistant,
  claudeOf,
  json,
  readContent,
  readFileWhole,
  session,
  textIn,
  transcript,
  tree,
  user,
} from './transcript.ts'

const task = (id: string): object => ({ type: 'tool_use', id, name: 'Task', input: { prompt: 'look' } })
const answer = (id: string): object => ({ type: 'tool_result', tool_use_id: id, content: 'found it' })
const sidechain = (agentId: string): object => ({ isSidechain: true, agentId })

/** One session with a subagent in each layout that clients have written. */
const project = {
  [`${session}.jsonl`]: transcript(
    user('go', { uuid: 'm1' }),
    assistant([task('toolu_flat')], { uuid: 'm2' }),
    user([answer('toolu_flat')], { uuid: 'm3', toolUseResult: { agentId: '0a1b2c3d', status: 'completed' } }),
    assistant([task('toolu_inline')], { uuid: 'm4' }),
    user('task', { uuid: 'i1', isSidechain: true }),
    assistant('done', { uuid: 'i2', isSidechain: true }),
    user([answer('toolu_inline')], { uuid: 'm5' }),
    assistant('thanks', { uuid: 'm6' }),
  ),
  'agent-0a1b2c3d.jsonl': transcript(
    user('task', { uuid: 'f1', ...sidechain('0a1b2c3d') }),
    assistant('done', { uuid: 'f2', ...sidechain('0a1b2c3d') }),
  ),
  [`${session}/subagents/agent-a5bdbc1.jsonl`]: transcript(user('task', { uuid: 'n1', ...sidechain('a5bdbc1') })),
  [`${session}/subagents/agent-a5bdbc1.meta.json`]: JSON.stringify({ agentType: 'Explore', toolUseId: 'toolu_nested' }),
  [`${session}/subagents/agent-a1234567890abcdef.jsonl`]: transcript(
    user('task', { uuid: 'l1', ...sidechain('a1234567890abcdef') }),
  ),
  [`${session}/subagents/agent-a1234567890abcdef.meta.json`]: JSON.stringify({ agentType: 'Plan' }),
  [`${session}/subagents/workflows/wf_1/agent-aworker-cafe.jsonl`]: transcript(
    user('task', { uuid: 'w1', isSidechain: true }),
  ),
  [`${session}/subagents/workflows/wf_1/journal.jsonl`]: transcript({ type: 'started', key: 'k', agentId: 'x' }),
}

async function rowsOfProject(): Promise<readonly Row[]> {
  const files = Object.entries(project).map(([name, content]) => [`.claude/projects/-p/${name}`, content])
  const home = await tree(Object.fromEntries(files) as Record<string, string>)
  const histories = await findClaudeHistories({ home, env: {} })
  const reads = await Promise.all(histories.flatMap(({ files: found }) => found.map(file => readFileWhole(file.path))))
  expect(reads.flatMap(read => read.unreadable)).toEqual([])
  return reads.flatMap(read => read.rows)
}

test('a subagent belongs to its session in every layout, and has a chain of its own', async () => {
  const rows = await rowsOfProject()
  expect(new Set(rows.map(row => row['session_id']))).toEqual(new Set([session]))
  const byId = [...rows].sort((a, b) => (textIn(a, 'message_id') < textIn(b, 'message_id') ? -1 : 1))
  const told = byId.map(row => [
    row['message_id'],
    row['agent_id'],
    row['is_sidechain'],
    json(row['previous_message_id'])[0] ?? null,
  ])
  expect(told).toEqual([
    ['f1', '0a1b2c3d', true, null],
    ['f2', '0a1b2c3d', true, 'f1'],
    ['i1', null, true, null],
    ['i2', null, true, 'i1'],
    ['l1', 'a1234567890abcdef', true, null],
    ['m1', null, false, null],
    ['m2', null, false, 'm1'],
    ['m3', null, false, 'm2'],
    ['m4', null, false, 'm3'],
    ['m5', null, false, 'm4'],
    ['m6', null, false, 'm5'],
    ['n1', 'a5bdbc1', true, null],
    ['w1', 'aworker-cafe', true, null],
  ])
})

test('who started a subagent is told by its own rows where a note says it, else by the result of the call', async () => {
  const rows = await rowsOfProject()
  const noted = rows.flatMap(row => {
    const call = claudeOf(row)['spawned_by_tool_use_id']
    return call === undefined ? [] : [[row['agent_id'], call]]
  })
  expect(noted).toEqual([['a5bdbc1', 'toolu_nested']])
  const answered = rows.flatMap(row => {
    const result = claudeOf(row)['tool_use_result'] as { readonly agentId?: string } | undefined
    return result?.agentId === undefined ? [] : [[result.agentId, row['tool_result_for']]]
  })
  expect(answered).toEqual([['0a1b2c3d', 'toolu_flat']])
})

test('a note without the call that started the agent gives what it has', async () => {
  const planner = (await rowsOfProject()).find(row => row['agent_id'] === 'a1234567890abcdef')
  expect(claudeOf(planner)).toEqual({ agent_type: 'Plan', agent_meta: { agentType: 'Plan' } })
})

test('a subagent within the file of its session starts when it started, not when the session did', async () => {
  const { rows } = await readContent(
    transcript(
      user('go', { timestamp: '2026-01-01T10:00:00.000Z' }),
      user('task', { timestamp: '2026-01-01T11:00:00.000Z', ...sidechain('a1') }),
      assistant('done', { timestamp: '2026-01-01T11:30:00.000Z', ...sidechain('a1') }),
      assistant('thanks', { timestamp: '2026-01-01T12:00:00.000Z' }),
    ),
  )
  const [ten, eleven] = [Date.UTC(2026, 0, 1, 10), Date.UTC(2026, 0, 1, 11)].map(ms => BigInt(ms) * 1000n)
  expect(rows.map(row => row['conversation_started_at'])).toEqual([ten, eleven, eleven, ten])
})

test('a note that is too long to be one is reported and costs no row', async () => {
  const directory = await tree({
    'subagents/agent-a1.jsonl': transcript(user('go')),
    'subagents/agent-a1.meta.json': JSON.stringify({ agentType: 'x'.repeat(1 << 20) }),
  })
  const { rows, unreadable } = await readFileWhole(join(directory, 'subagents/agent-a1.jsonl'))
  expect(rows).toHaveLength(1)
  expect(unreadable).toEqual([
    { path: join(directory, 'subagents/agent-a1.meta.json'), reason: 'it is larger than 16 KiB' },
  ])
})
