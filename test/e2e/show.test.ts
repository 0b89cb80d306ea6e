import { readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import {
  meta,
  placeOf,
  text as rollout,
  threadA,
  threadB,
  threadC,
  threadD,
  turn,
  user,
  zstdCompressed,
} from '../sources/codex/rollouts.ts'
import { declareTable } from '../support/declaring.ts'
import { filesBelow, type Machine, machine, write } from '../support/home.ts'
import { addLines, line } from '../support/transcripts.ts'

/** A prompt of a person. */
function prompt(session: string, n: number, text: string): object {
  return line(session, n, { type: 'user', requestId: undefined, message: { role: 'user', content: text } })
}

async function loaded(): Promise<Machine> {
  const here = machine()
  addLines(here.claude, 'aaaa-1', [
    prompt('aaaa-1', 0, 'Fix the \u001b[31mtests\u001b[0m.'),
    line('aaaa-1', 1),
    line('aaaa-1', 2),
  ])
  addLines(here.claude, 'aaaa-2', [prompt('aaaa-2', 0, 'Another.')])
  addLines(here.claude, 'bbbb', [prompt('bbbb', 0, 'A third.'), line('bbbb', 1)])
  expect((await here.hyp('backfill', 'claude')).status).toBe(0)
  return here
}

test('a session is shown by the beginning of its id, without orders to the terminal', async () => {
  const here = await loaded()
  const { status, stdout, stderr } = await here.hyp('show', 'aaaa-1')
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  expect(stdout).toMatch(/^session {3}aaaa-1\n/)
  expect(stdout).toContain('\nwhat      1 prompt, 3 messages, 0 tool calls, 6 tokens, cost unknown\n')
  expect(stdout).toContain('\n2026-01-01\n00:00:00  > Fix the tests.\n00:00:01  Answer 1.\n00:00:02  Answer 2.\n')
  expect(stdout).not.toContain('\u001b')
  expect((await here.hyp('show', 'b')).stdout).toMatch(/^session {3}bbbb\n/)
})

test('an id that fits several sessions, or none, is refused with a way on', async () => {
  const here = await loaded()
  const several = await here.hyp('show', 'aaaa')
  expect(several).toMatchObject({ status: 64, stdout: '' })
  expect(several.stderr).toMatch(
    /^error: 2 sessions have ids that begin with "aaaa": aaaa-[12], aaaa-[12]\. \[USAGE\]\n/,
  )
  const none = await here.hyp('show', 'zzz')
  expect(none.status).toBe(64)
  const way = /`(hyp [^`]+)`/.exec(none.stderr)?.[1] ?? ''
  expect((await here.shell(way)).stdout).toContain('aaaa-1')
})

test('as JSON a session is one document with all its messages', async () => {
  const here = await loaded()
  const document = await here.json<{ session: object; messages: { id: string; parts: { text: string }[] }[] }>(
    'show',
    'bbbb',
    '--json',
  )
  expect(document.session).toMatchObject({
    id: 'bbbb',
    prompts: 1,
    messages: 2,
    totalTokens: 3,
    cost: null,
    unpricedMessages: 1,
  })
  expect(document.messages.map(({ id, parts }) => [id, parts[0]?.text])).toEqual([
    ['bbbb-0', 'A third.'],
    ['bbbb-1', 'Answer 1.'],
  ])
})

test('the price file tells the cost, and one with mistakes is refused with all of them, by what needs it alone', async () => {
  const here = await loaded()
  const prices = join(here.home, 'prices.json')
  write(prices, '{"models": [{"model": "claude-example-*", "input": 1000000, "output": 0}]}')
  expect((await here.hyp('show', 'bbbb')).stdout).toContain(', 3 tokens, $1.00\n')
  expect(await here.query("SELECT cost, unpriced_messages FROM sessions WHERE session_id = 'aaaa-1'")).toEqual([
    { cost: 2, unpriced_messages: 0 },
  ])
  write(prices, '{"models": [{"model": 1, "input": -1, "output": 0}]}')
  for (const words of [
    ['show', 'bbbb'],
    ['query', 'SELECT sum(cost) FROM usage'],
  ]) {
    const { status, stderr } = await here.hyp(...words)
    expect(status).toBe(78)
    expect(stderr).toContain(`${prices}:1:23  /models/0/model  `)
    expect(stderr).toContain(`${prices}:1:35  /models/0/input  `)
  }
  expect(await here.query('SELECT count(*) AS rows FROM ai_gateway_messages')).toEqual([{ rows: 6 }])
})

test('a table that cannot be read keeps nobody from the others, and a home without a table says so', async () => {
  const here = machine()
  expect(await here.hyp('show', 'x')).toMatchObject({ status: 1, stderr: expect.stringContaining('TABLE_NOT_FOUND') })
  declareTable(here, 'messages', [{ name: 'id', type: 'int' }])
  addLines(here.claude, 'one', [prompt('one', 0, 'Hello.')])
  await here.hyp('apply')
  await here.hyp('backfill', 'claude')
  expect(await here.query('SELECT * FROM messages')).toEqual([])
  expect((await here.hyp('show', 'one')).stdout).toContain('> Hello.')
})

interface Kept {
  readonly sessions: number | null
  readonly clients: Readonly<Record<string, number>>
  readonly unknown: number | null
  readonly reasons: readonly { readonly client: string | null; readonly path: string | null; readonly reason: string }[]
}

async function kept(here: Machine): Promise<Kept> {
  return (await here.json<{ kept: Kept }>('status', '--json')).kept
}

const none = { sessions: 0, clients: {}, unknown: 0, reasons: [] }

function transcript(here: Machine, name: string): string {
  return join(here.claude, 'projects/-somewhere', `${name}.jsonl`)
}

test('status counts the sessions whose transcripts are gone, wherever those that are there stand', async () => {
  const here = await loaded()
  expect(await kept(here)).toEqual(none)
  expect((await here.hyp('status')).stdout).not.toContain('kept ')
  // Under another name it is there all the same.
  renameSync(transcript(here, 'bbbb'), transcript(here, 'other'))
  expect(await kept(here)).toEqual(none)
  rmSync(transcript(here, 'aaaa-1'))
  expect(await kept(here)).toEqual({ ...none, sessions: 1, clients: { claude: 1 } })
  expect((await here.hyp('status')).stdout).toContain(
    '\nkept      for you: 1 session whose transcripts are gone (1 of claude)\n',
  )
  rmSync(transcript(here, 'other'))
  rmSync(transcript(here, 'aaaa-2'))
  expect(await kept(here)).toEqual({ ...none, sessions: 3, clients: { claude: 3 } })
})

test('a session is there that another one’s file ends with, or one of more files than have a session’s name', async () => {
  const here = await loaded()
  // Old clients wrote subagents beside the sessions, each into a file of its own.
  for (let index = 0; index < 600; index++)
    addLines(here.claude, `agent-${(0x1000000 + index).toString(16)}`, [prompt('bbbb', index + 10, 'A task.')])
  addLines(here.claude, 'renamed', [prompt('cccc', 0, 'Under another name.')])
  addLines(here.claude, 'dddd', [prompt('dddd', 0, 'A long one. '.repeat(20_000)), prompt('eeee', 0, 'Another one.')])
  expect((await here.hyp('backfill', 'claude')).status).toBe(0)
  expect(await kept(here)).toEqual(none)
})

test('a thread of Codex is there where a file is of it, whatever that is called, and not where one only repeats it', async () => {
  const here = machine()
  const parent = [meta(threadA), ...turn('a1'), user('begin')]
  write(join(here.codex, placeOf(threadA)), rollout(...parent))
  write(join(here.codex, placeOf(threadB)), rollout(meta(threadB, { forked_from_id: threadA }), ...parent, user('on')))
  const long = meta(threadC, { base_instructions: { text: 'x'.repeat(100_000) } })
  const [c = '', d = ''] = [long, meta(threadD)].map(first => rollout(first, user('hello'), user('y'.repeat(100_000))))
  write(join(here.codex, 'sessions/long.jsonl'), c)
  write(join(here.codex, 'archived_sessions/other.jsonl.zst'), await zstdCompressed(d))
  expect((await here.hyp('backfill', 'codex')).status).toBe(0)
  expect(await kept(here)).toEqual(none)
  rmSync(join(here.codex, placeOf(threadA)))
  expect(await kept(here)).toEqual({ ...none, sessions: 1, clients: { codex: 1 } })
})

test('status claims nothing of transcripts whose place cannot be looked at, and says which', async () => {
  const here = await loaded()
  const away = join(here.directory, 'away')
  renameSync(here.claude, away)
  const root = join(here.claude, 'projects')
  expect(await kept(here)).toEqual({
    ...none,
    unknown: 3,
    reasons: [{ client: 'claude', path: root, reason: 'it is not there' }],
  })
  expect((await here.hyp('status')).stdout).toContain(
    `\nkept      not known of 3 sessions whether the transcripts are gone:\n          claude: ${root}: it is not there\n`,
  )
  renameSync(away, here.claude)
  expect(await kept(here)).toEqual(none)
  expect(await kept(machine())).toEqual(none)
})

test('what cannot be read among the transcripts is named, and the others count', async () => {
  const here = await loaded()
  addLines(here.claude, 'deep/cccc', [prompt('cccc', 0, 'In a folder.')])
  expect((await here.hyp('backfill', 'claude')).status).toBe(0)
  rmSync(transcript(here, 'aaaa-1'))
  const deep = join(here.claude, 'projects/-somewhere/deep')
  rmSync(deep, { recursive: true })
  // A link that leads to itself can be read by nobody.
  symlinkSync(deep, deep)
  expect(await kept(here)).toEqual({
    sessions: 1,
    clients: { claude: 1 },
    unknown: 1,
    reasons: [{ client: 'claude', path: deep, reason: 'its symbolic links go in a circle' }],
  })
  const { stdout } = await here.hyp('status')
  expect(stdout).toContain('\nkept      for you: 1 session whose transcripts are gone (1 of claude)\n')
  expect(stdout).toContain(`          claude: ${deep}: its symbolic links go in a circle\n`)
})

test('a cursor that cannot be read keeps nothing from being counted that others tell of', async () => {
  const here = await loaded()
  rmSync(transcript(here, 'bbbb'))
  const [cursor = ''] = filesBelow(join(here.home, 'records/source_cursor'), 'files')
  write(cursor, 'no JSON')
  const { sessions, unknown, reasons } = await kept(here)
  expect({ sessions, unknown }).toEqual({ sessions: 0, unknown: 1 })
  expect(reasons).toEqual([{ client: 'claude', path: cursor, reason: expect.stringContaining('source_cursor') }])
})

test('sessions of data files are counted once they were read, also beside one that cannot be', async () => {
  const here = await loaded()
  addLines(here.claude, 'dddd', [prompt('dddd', 0, 'A fourth.')])
  expect((await here.hyp('backfill', 'claude')).status).toBe(0)
  const [first = '', ...others] = filesBelow(join(here.table, 'data'), 'files').filter(path =>
    path.endsWith('.parquet'),
  )
  for (const name of ['aaaa-1', 'aaaa-2', 'bbbb', 'dddd']) rmSync(transcript(here, name))
  const bytes = readFileSync(first)
  write(first, 'no Parquet')
  const damaged = await kept(here)
  expect([1, 2, 3]).toContain(damaged.sessions)
  expect(damaged).toMatchObject({ unknown: null, reasons: [{ client: null, path: first }] })
  expect((await here.hyp('status')).stdout).toContain(`\n          the table: ${first}: `)
  writeFileSync(first, bytes)
  expect(await kept(here)).toMatchObject({ sessions: 4, unknown: 0, reasons: [] })
  // What was found in a file is not looked for again: it does not change.
  for (const path of [first, ...others]) rmSync(path)
  expect(await kept(here)).toMatchObject({ sessions: 4, unknown: 0 })
  write(join(here.home, 'run/sessions.json'), '{"files": {')
  const lost = await kept(here)
  expect(lost).toMatchObject({ sessions: 0, unknown: null })
  expect(new Set(lost.reasons.map(({ path }) => path))).toEqual(new Set([first, ...others]))
})
