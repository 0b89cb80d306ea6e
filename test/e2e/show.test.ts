import { mkdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { declareTable } from '../support/declaring.ts'
import { type Machine, machine, write } from '../support/home.ts'
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

test('status counts the sessions whose transcripts are gone, wherever those that are there stand', async () => {
  const here = await loaded()
  const kept = async (): Promise<unknown> => (await here.json<{ kept: unknown }>('status', '--json')).kept
  const transcript = (name: string): string => join(here.claude, 'projects/-somewhere', `${name}.jsonl`)
  expect(await kept()).toEqual({ sessions: 0, clients: {} })
  expect((await here.hyp('status')).stdout).not.toContain('kept ')
  // Under another name it is there all the same.
  renameSync(transcript('bbbb'), transcript('other'))
  expect(await kept()).toEqual({ sessions: 0, clients: {} })
  rmSync(transcript('aaaa-1'))
  expect(await kept()).toEqual({ sessions: 1, clients: { claude: 1 } })
  expect((await here.hyp('status')).stdout).toContain(
    '\nkept      for you: 1 session whose transcripts are gone (1 of claude)\n',
  )
  rmSync(transcript('other'))
  rmSync(transcript('aaaa-2'))
  expect(await kept()).toEqual({ sessions: 3, clients: { claude: 3 } })
})

test('status claims nothing of transcripts whose place cannot be looked at', async () => {
  const here = await loaded()
  const kept = async (): Promise<unknown> => (await here.json<{ kept: unknown }>('status', '--json')).kept
  const away = join(here.directory, 'away')
  renameSync(here.claude, away)
  expect(await kept()).toBeNull()
  renameSync(away, here.claude)
  expect(await kept()).toEqual({ sessions: 0, clients: {} })
  mkdirSync(join(here.directory, 'empty'))
  expect(await machine().json<{ kept: unknown }>('status', '--json')).toMatchObject({ kept: null })
})
