import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { DaemonStatus } from '../../src/daemon/status.ts'
import type { Update } from '../../src/iceberg/commit.ts'
import type { Long } from '../../src/iceberg/types.ts'
import type { DeletionReport } from '../../src/ingest/deletion/report.ts'
import { meta, placeOf, text as textOf, threadA, threadB, threadC, threadD, user } from '../sources/codex/rollouts.ts'
import { filesWith } from '../support/canary.ts'
import { declareTable } from '../support/declaring.ts'
import { eventually, filesBelow, type Machine, machine, write } from '../support/home.ts'
import { postRows } from '../support/rows.ts'
import { catalogAt } from '../support/table.ts'
import { addLines, line } from '../support/transcripts.ts'

const canary = 'canary-5b1e77'

/** What people and agents say in a session, with the canary wherever something can be said. */
function spoken(session: string): object[] {
  const said = { cwd: `/home/${canary}/src`, gitBranch: `${canary}/fix` }
  const message = (n: number, content: object[]): object => ({
    ...line(session, n, said),
    message: { ...(line(session, n) as { message: object }).message, content },
  })
  return [
    { ...line(session, 0, said), type: 'user', message: { role: 'user', content: `Say ${canary}.` } },
    message(1, [{ type: 'text', text: `I say ${canary} again and again. `.repeat(40) }]),
    message(2, [{ type: 'tool_use', id: 'toolu_1', name: 'Bash', input: { command: `echo ${canary}` } }]),
    {
      ...line(session, 3, said),
      type: 'user',
      message: { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_1', content: canary }] },
    },
    { type: 'ai-title', sessionId: session, aiTitle: `About ${canary}` },
  ]
}

async function count(here: Machine, where = 'true', table = 'ai_gateway_messages'): Promise<number> {
  const [row] = (await here.query(`SELECT count(*) AS n FROM ${table} WHERE ${where}`)) as { n: number }[]
  return Number(row?.n)
}

async function homesWith(here: Machine, text: string): Promise<string[]> {
  const files = filesBelow(here.home, 'files').flatMap(path => {
    try {
      return [[path, readFileSync(path)] as const]
    } catch (error) {
      // A file that is written is renamed in the end.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
      throw error
    }
  })
  return (await filesWith(text, files)).map(path => path.slice(here.home.length + 1))
}

test('after a purge nothing in the home says what a session said: no file, no spool, no reject, in no form', async () => {
  const here = machine()
  declareTable(
    here,
    'notes',
    [
      { name: 'session_id', type: 'string' },
      { name: 'id', type: 'long', required: true },
      { name: 'text', type: 'string' },
    ],
    { identifier: ['id'], contract: { unknownFields: 'discard_row', illTypedValues: 'discard_row' } },
  )
  const others = Array.from({ length: 5 }, (_, n) => line('other', n))
  addLines(here.claude, 'said', spoken('said'))
  addLines(here.claude, 'other', others)
  // A fork has its own copy of what was said before it.
  addLines(
    here.claude,
    'fork',
    spoken('said').map(each => ({ ...each, sessionId: 'fork', forkedFrom: { sessionId: 'said' } })),
  )
  const daemon = await here.daemon('--flush-age', '600')
  await daemon.imported()
  // Lines that come while it runs wait in the spool, and rows that others send beside them.
  addLines(here.claude, 'said', [line('said', 9, { cwd: `/home/${canary}` })])
  await eventually('the line is in the spool', async () => (await count(here, "session_id = 'said'")) > 5)
  const notes = [
    { session_id: 'said', id: 1, text: canary },
    { session_id: 'said', id: 'one', text: canary },
    { session_id: 'other', id: 2, text: 'kept' },
  ]
  await postRows(daemon, 'notes', notes.map(row => JSON.stringify(row)).join('\n'))
  expect((await homesWith(here, canary)).map(path => path.split('/')[0])).toEqual(
    expect.arrayContaining(['spool', 'tables']),
  )
  const kept = { messages: await count(here, "session_id = 'other'"), rows: await count(here, 'true', 'notes') }

  const dry = await here.json<DeletionReport>('table', 'delete', '--session', 'said', '--purge', '--dry-run', '--json')
  expect(await count(here, "session_id = 'said'")).toBeGreaterThan(dry.rows)
  const first = await here.json<DeletionReport>('table', 'delete', '--session', 'said', '--json')
  expect(first).toMatchObject({ session: 'said', remembered: 'session', purged: null })
  expect(first.kept.map(({ place }) => place)).toEqual(['snapshots', 'sessions'])
  expect(first.kept.at(-1)).toMatchObject({ message: expect.stringContaining('session fork') })
  expect(await count(here, "session_id = 'said'")).toBe(0)

  const fork = await here.json<DeletionReport>('table', 'delete', '--session', 'fork', '--purge', '--json')
  expect(fork).toMatchObject({ purged: { refs: [] }, kept: [{ place: 'transcripts', count: 1 }] })
  expect(fork.kept[0]?.message).toMatch(/^The transcript .*fork\.jsonl is the client’s/)
  const noted = await here.json<DeletionReport>('table', 'delete', 'notes', '--session', 'said', '--purge', '--json')
  expect(noted).toMatchObject({ rows: 1, purged: { rejectedRows: 1 }, kept: [] })
  expect(await homesWith(here, canary)).toEqual([])

  // The transcripts have it still; no import and nothing that is said later brings it back.
  await here.hyp('backfill')
  addLines(here.claude, 'said', [line('said', 10, { cwd: `/home/${canary}` })])
  addLines(here.claude, 'other', [line('other', 9)])
  await eventually('the other line is there', async () => (await count(here)) === kept.messages + 1)
  await here.hyp('stop')
  rmSync(join(here.claude, 'projects/-somewhere/fork.jsonl'))
  const again = await here.json<{ deleted: number; rows: number }>('backfill', '--json')
  expect(again.rows).toBe(0)
  expect(again.deleted).toBeGreaterThan(5)
  expect(await homesWith(here, canary)).toEqual([])
  expect(await homesWith(here, 'fork.jsonl')).toEqual([])
  expect([await count(here), await count(here, 'true', 'notes')]).toEqual([kept.messages + 1, kept.rows - 1])
})

test('rows are deleted under the lock where no daemon runs, and what that came to can be read', async () => {
  const here = machine()
  addLines(here.claude, 'a', [line('a', 0), line('a', 1)])
  addLines(here.claude, 'b', [line('b', 0)])
  await here.hyp('backfill')
  const run = async (...args: string[]) => here.hyp('table', 'delete', ...args)
  expect((await run('--session', 'a', '--dry-run')).stdout).toMatch(
    /^dry run {2}nothing was deleted; 2 rows of session a would be/,
  )
  const deleted = await run('--session', 'a')
  expect(deleted.stdout).toMatch(/^deleted {2}2 rows of session a from ai_gateway_messages/)
  expect(deleted.stdout).toContain('it stays away')
  expect(deleted.stdout).toMatch(/1 older snapshot has them on the disk until it expires/)
  expect((await run('--session', 'a')).stdout).toMatch(/^deleted {2}nothing/)
  expect((await run('--where', "session_id = 'b'")).stdout).toMatch(/^deleted {2}1 row /)
  expect((await run('--where', 'message_id IS NULL')).stdout).toMatch(/^deleted {2}nothing/)
  expect(await count(here)).toBe(0)
  expect((await here.hyp('backfill')).stdout).not.toMatch(/new row.*[1-9]/)
  expect(await count(here)).toBe(0)
})

test('what is asked for wrongly is refused, and nothing is deleted', async () => {
  const here = machine()
  addLines(here.claude, 'a', [line('a', 0)])
  declareTable(here, 'orders', [{ name: 'id', type: 'long' }])
  await here.hyp('backfill')
  await here.hyp('apply')
  const refused = async (exit: number, message: RegExp, ...args: string[]): Promise<void> => {
    const { status, stderr } = await here.hyp('table', 'delete', ...args)
    expect({ status, stderr }).toEqual({ status: exit, stderr: expect.stringMatching(message) })
  }
  await refused(64, /Which rows/)
  await refused(64, /--session and --before are too much/, '--session', 'a', '--before', '2026-01-01')
  await refused(64, /neither a day nor an instant/, '--before', 'yesterday')
  await refused(64, /no column session_id[^]*--where/, 'orders', '--session', 'a')
  await refused(64, /no column of a time/, 'orders', '--before', '2026-01-01')
  await refused(1, /syntax error/, '--where', 'true; DROP TABLE x')
  await refused(64, /more in it than one expression/, '--where', 'true) UNION SELECT 1 WHERE (true')
  await refused(64, /nobody/, 'nobody', '--session', 'a')
  await refused(1, /nobody/, '--where', 'nobody = 1')
  expect(await count(here)).toBe(1)
})

test('a configuration that says nothing sensible keeps a daemon from starting, and says where', async () => {
  const here = machine()
  write(join(here.home, 'config.json'), '{"retention": "soon"}')
  const { status, stderr } = await here.hyp('daemon')
  expect({ status, stderr }).toEqual({ status: 78, stderr: expect.stringMatching(/config\.json has "soon"[^]*180d/) })
  const told = await here.hyp('status')
  expect(told.stdout).toMatch(/^FAIL .*config\.json has "soon".* \[CONFIG_INVALID\]\n +hint: .*"180d"/m)
  const { checks } = await here.json<DaemonStatus>('status', '--json')
  expect(checks).toContainEqual({
    name: 'config',
    ok: false,
    message: expect.stringContaining('"soon"') as string,
    hint: expect.stringContaining('"180d"') as string,
  })
  write(join(here.home, 'config.json'), '{"retention": "180d"}')
  expect((await here.hyp('status')).stdout).not.toContain('FAIL')
})

test('rows that come back because another program sets the table back are told of, and deleted again by whoever looks after it', async () => {
  const here = machine()
  addLines(here.claude, 'a', [line('a', 0), line('a', 1)])
  addLines(here.claude, 'b', [line('b', 0)])
  await here.hyp('backfill')
  const catalog = catalogAt(join(here.home, 'tables/ai_gateway_messages'))
  const full = (await catalog.load()).metadata['current-snapshot-id'] as Long
  const setBack = async (): Promise<void> => {
    const updates: Update[] = [{ action: 'set-snapshot-ref', 'ref-name': 'main', type: 'branch', 'snapshot-id': full }]
    await catalog.commit(await catalog.load(), { requirements: [], updates })
  }
  await here.hyp('table', 'delete', '--session', 'a')
  expect((await here.hyp('status')).stdout).not.toContain('set back')
  await setBack()
  expect(await count(here)).toBe(3)
  expect((await here.hyp('status')).stdout).toMatch(
    /records {3}ai_gateway_messages was set back by another program, or its snapshots were expired, and may show rows that were deleted\n.*table expire, which/,
  )
  expect((await here.hyp('table', 'expire')).stdout).toMatch(/2 rows were deleted, as tombstones say/)
  expect(await count(here)).toBe(1)
  expect((await here.hyp('status')).stdout).toMatch(/Z: 2 rows were deleted, as tombstones say/)

  const daemon = await here.daemon()
  await daemon.imported()
  await setBack()
  expect((await here.hyp('status')).stdout).toMatch(/set back by another program.*deleted again within minutes/)
  await here.hyp('table', 'compact')
  expect(daemon.events()).toContainEqual(expect.objectContaining({ msg: 'deleted', rows: 2, by: 'tombstone' }))
  expect(await count(here)).toBe(1)
  expect((await here.hyp('status')).stdout).not.toContain('set back')
})

test('agents of Codex go with their session, and those with a session of their own are named', async () => {
  const here = machine()
  const spawned = { source: { subagent: { thread_spawn: { parent_thread_id: threadA } } } }
  const rollouts = {
    [threadA]: [meta(threadA), user('root')],
    [threadB]: [meta(threadB, { ...spawned, session_id: threadA }), user('agent of the session')],
    [threadC]: [meta(threadC, spawned), user('agent with a session of its own')],
    [threadD]: [meta(threadD), user('somebody else')],
  }
  for (const [thread, lines] of Object.entries(rollouts)) write(join(here.codex, placeOf(thread)), textOf(...lines))
  await here.hyp('backfill')
  expect(await count(here)).toBe(4)
  const report = await here.json<DeletionReport>('table', 'delete', '--session', threadA, '--json')
  expect(report.rows).toBe(2)
  expect(report.kept.filter(({ place }) => place === 'sessions')).toEqual([
    {
      place: 'sessions',
      count: 1,
      message: `1 row of session ${threadC} is of an agent that the deleted session spawned.`,
      hint: expect.stringContaining(`--session ${threadC}`) as string,
    },
  ])
  await here.hyp('backfill')
  expect(await count(here)).toBe(2)
})
