import { appendFileSync, mkdirSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import {
  archivedPlaceOf,
  meta,
  placeOf,
  text as rollout,
  threadA,
  threadB,
  turn,
  user,
} from '../sources/codex/rollouts.ts'
import { dataPath, testWithData } from '../support/data.ts'
import { eventually, filesBelow, type Machine, machine, type RunningDaemon, write } from '../support/home.ts'
import { addLines, line } from '../support/transcripts.ts'
import { zstdCompressed } from '../support/zstd.ts'

/** A line is to be queryable so soon. */
const soonMs = 5_000

const ids = 'SELECT message_id, count(*) AS n FROM ai_gateway_messages GROUP BY 1 ORDER BY 1'

/** Every message id in the order of names, one for each row. */
async function stored(here: Machine): Promise<string[]> {
  const rows = (await here.query(ids)) as { message_id: string; n: number }[]
  return rows.flatMap(({ message_id: id, n }) => Array.from({ length: n }, () => id))
}

/** Waits until exactly these are queryable: the deadline is before all is looked at once more. */
async function expectStored(here: Machine, wanted: readonly string[]): Promise<void> {
  const all = [...wanted].sort()
  let found: string[] = []
  await eventually(`${all.join(' ')} are queryable`, async () => {
    found = await stored(here)
    return JSON.stringify(found) === JSON.stringify(all)
  }).catch((error: unknown) => {
    throw new Error(`${String(error)}; found ${found.join(' ')}`)
  })
}

async function watched(here: Machine): Promise<RunningDaemon> {
  const daemon = await here.daemon()
  await daemon.imported()
  return daemon
}

interface Status {
  readonly watching: {
    readonly files: number
    readonly directories: number
    readonly rows: number
    readonly capturedAt: string | null
    readonly limit: string | null
    readonly waiting: object | null
    readonly failure: object | null
  } | null
  readonly checks: readonly { readonly name: string; readonly ok: boolean; readonly message: string }[]
}

function texts(session: string, ...numbers: readonly number[]): string {
  return numbers.map(n => `${JSON.stringify(line(session, n))}\n`).join('')
}

test('a line is queryable within five seconds after it was written, and the status says that it was captured', async () => {
  const here = machine()
  addLines(here.claude, 'one', [line('one', 0)])
  const daemon = await watched(here)
  expect(await stored(here)).toEqual(['one-0'])
  const written = Date.now()
  addLines(here.claude, 'one', [line('one', 1)])
  await expectStored(here, ['one-0', 'one-1'])
  const { watching, checks } = await here.json<Status>('status', '--json')
  expect(watching).toMatchObject({ files: 1, directories: 2, limit: null, waiting: null, failure: null })
  // From then on it is queryable, however long a query takes on this machine.
  expect(watching?.capturedAt).toMatch(/^\d{4}-.*Z$/)
  expect(Date.parse(watching?.capturedAt as string) - written).toBeLessThan(soonMs)
  expect(checks.find(({ name }) => name === 'watch')).toMatchObject({
    ok: true,
    message: expect.stringMatching(/^1 file in 2 directories, last line captured /),
  })
  expect((await daemon.stop()).status).toBe(0)
  expect(await stored(here)).toEqual(['one-0', 'one-1'])
  expect(await here.json('table', 'verify', '--json')).toMatchObject({ ok: true, rows: 2 })
})

test('a torn line is captured when its rest is written', async () => {
  const here = machine()
  const path = addLines(here.claude, 'one', [line('one', 0)])
  await watched(here)
  const text = texts('one', 1)
  appendFileSync(path, text.slice(0, 70))
  addLines(here.claude, 'two', [line('two', 0)])
  await expectStored(here, ['one-0', 'two-0'])
  appendFileSync(path, text.slice(70))
  await expectStored(here, ['one-0', 'one-1', 'two-0'])
})

test('a file that is moved, cut off, written over or replaced gives each of its lines once', async () => {
  const here = machine()
  const path = addLines(here.claude, 'one', [line('one', 0)])
  await watched(here)
  appendFileSync(path, texts('one', 1))
  await expectStored(here, ['one-0', 'one-1'])
  const moved = join(here.claude, 'projects', '-archive', 'one.jsonl')
  mkdirSync(dirname(moved), { recursive: true })
  renameSync(path, moved)
  appendFileSync(moved, texts('one', 2))
  await expectStored(here, ['one-0', 'one-1', 'one-2'])
  truncateSync(moved)
  appendFileSync(moved, texts('one', 2, 3))
  await expectStored(here, ['one-0', 'one-1', 'one-2', 'one-3'])
  writeFileSync(moved, texts('one', 1, 4, 3))
  await expectStored(here, ['one-0', 'one-1', 'one-2', 'one-3', 'one-4'])
  writeFileSync(`${moved}.new`, texts('one', 5))
  renameSync(`${moved}.new`, moved)
  await expectStored(here, ['one-0', 'one-1', 'one-2', 'one-3', 'one-4', 'one-5'])
})

test('a session in a new directory is captured, also where there was no history when the daemon was started', async () => {
  const here = machine()
  await watched(here)
  addLines(here.claude, 'one', [line('one', 0)])
  await expectStored(here, ['one-0'])
  const path = join(here.claude, 'projects', '-elsewhere', 'one', 'subagents', 'agent-a1.jsonl')
  write(path, texts('sub', 0))
  await expectStored(here, ['one-0', 'sub-0'])
})

test('a column that is declared while the daemon runs is filled from the next captured line on', async () => {
  const here = machine()
  addLines(here.claude, 'one', [line('one', 0)])
  await watched(here)
  addLines(here.claude, 'one', [line('one', 1)])
  await expectStored(here, ['one-0', 'one-1'])
  here.declare(
    JSON.stringify({ columns: [{ name: 'stop_reason', type: 'string', from: '/message/stop_reason', doc: 'Why.' }] }),
  )
  expect(await here.hyp('apply')).toMatchObject({ status: 0, stderr: '' })
  addLines(here.claude, 'one', [line('one', 2)])
  await expectStored(here, ['one-0', 'one-1', 'one-2'])
  expect(await here.query('SELECT message_id, stop_reason FROM ai_gateway_messages ORDER BY 1')).toEqual([
    { message_id: 'one-0', stop_reason: null },
    { message_id: 'one-1', stop_reason: null },
    { message_id: 'one-2', stop_reason: 'end_turn' },
  ])
})

test('what is captured while the table refuses waits in the spool, and is in the table when it does not', async () => {
  const here = machine()
  addLines(here.claude, 'one', [line('one', 0)])
  const first = await watched(here)
  await first.stop()
  const own = { columns: [{ name: 'note', type: 'string', from: '/note', doc: 'A note.' }] }
  here.declare(JSON.stringify(own))
  const second = await watched(here)
  here.declare(JSON.stringify({ columns: [{ ...own.columns[0], type: 'int' }] }))
  await here.hyp('apply')
  await second.stop()
  await watched(here)
  addLines(here.claude, 'two', [line('two', 0)])
  await eventually('the row waits', async () => {
    const { tables } = await here.json<{ tables: { spool: { held: number } }[] }>('status', '--json')
    return tables[0]?.spool.held === 1
  })
  here.declare(JSON.stringify(own))
  expect((await here.hyp('apply')).status).toBe(0)
  await expectStored(here, ['one-0', 'two-0'])
})

test('every line is stored once, though the daemon is killed again and again while they are written', async () => {
  const here = machine()
  const sessions = ['a', 'b', 'c']
  const wanted: string[] = []
  let n = 0
  const writeSome = async (times: number): Promise<void> => {
    for (let time = 0; time < times; time++, n++) {
      for (const session of sessions) {
        const text = texts(session, n)
        const path = addLines(here.claude, session, [])
        // In two writes: many readings end within a line.
        appendFileSync(path, text.slice(0, 50))
        await new Promise(resolve => setTimeout(resolve, 2))
        appendFileSync(path, text.slice(50))
        wanted.push(`${session}-${n}`)
      }
    }
  }
  await writeSome(5)
  for (let round = 0; round < 3; round++) {
    const daemon = await here.daemon('--flush-age', '0.2')
    await writeSome(60 + round * 40)
    daemon.kill('SIGKILL')
    await daemon.ended
    await writeSome(5)
  }
  const daemon = await here.daemon()
  await writeSome(20)
  await expectStored(here, wanted)
  await daemon.stop()
  expect(await stored(here)).toEqual([...wanted].sort())
  expect(await here.json('table', 'verify', '--json')).toMatchObject({ ok: true, rows: wanted.length })
})

test('a daemon that watches stops soon, while lines are written', async () => {
  const here = machine()
  addLines(here.claude, 'one', [line('one', 0)])
  const daemon = await watched(here)
  const timer = setInterval(() => addLines(here.claude, 'one', [line('one', Math.random())]), 5)
  await new Promise(resolve => setTimeout(resolve, 500))
  const start = performance.now()
  const { status } = await daemon.stop()
  clearInterval(timer)
  expect(status).toBe(0)
  expect(performance.now() - start).toBeLessThan(5_000)
})

test('a thread of Codex is captured, and stays what it is when it is archived and compressed', async () => {
  const said = `SELECT content_text FROM ai_gateway_messages WHERE role = 'user' ORDER BY message_index`
  const here = machine()
  const path = join(here.codex, placeOf(threadA))
  write(path, rollout(meta(threadA), ...turn('t1'), user('one')))
  await watched(here)
  expect(await here.query(said)).toEqual([{ content_text: 'one' }])
  appendFileSync(path, rollout(user('two')))
  await eventually('the line is queryable', async () => (await here.query(said)).length === 2)
  const archived = join(here.codex, archivedPlaceOf(threadA))
  mkdirSync(dirname(archived), { recursive: true })
  renameSync(path, archived)
  appendFileSync(archived, rollout(user('three')))
  await eventually('the line is queryable', async () => (await here.query(said)).length === 3)
  writeFileSync(`${archived}.zst`, await zstdCompressed(readFileSync(archived)))
  rmSync(archived)
  addLines(here.claude, 'later', [line('later', 0)])
  await eventually('what was written later is queryable', async () => (await stored(here)).includes('later-0'))
  expect(await here.query(said)).toEqual([{ content_text: 'one' }, { content_text: 'two' }, { content_text: 'three' }])
  const other = join(here.codex, placeOf(threadB, 'jsonl.zst'))
  write(other, await zstdCompressed(rollout(meta(threadB), ...turn('t9'), user('four'))))
  await eventually('the thread is queryable', async () => (await here.query(said)).length === 4)
})

/** All that rows say. Two sessions of the data have copies that say other things under the same ids: the first is kept. */
const allRows = `SELECT * EXCLUDE (gateway_id) FROM ai_gateway_messages
  WHERE session_id NOT LIKE '11111111-%' AND session_id NOT LIKE '44444444-%'`

const countRows = 'SELECT count(*) AS n FROM ai_gateway_messages'

testWithData(
  'histories that are written piece by piece while they are watched give the rows that an import gives',
  async () => {
    const here = machine()
    await watched(here)
    const found = filesBelow(dataPath('agent-home'), 'files').map(path => {
      const [, client, rest = ''] = /agent-home\/\.(claude|codex)\/(.*)$/.exec(path) ?? []
      return { bytes: readFileSync(path), to: join(client === 'claude' ? here.claude : here.codex, rest) }
    })
    const files = found.toSorted((a, b) => Number(b.to.endsWith('.meta.json')) - Number(a.to.endsWith('.meta.json')))
    const pieces = 4
    for (let piece = 0; piece < pieces; piece++) {
      for (const { bytes, to } of files) {
        // What a client says of a subagent it writes at once, before the subagent begins.
        const isWhole = to.endsWith('.meta.json')
        const [from, end] = isWhole
          ? [piece === 0 ? 0 : bytes.length, bytes.length]
          : [piece, piece + 1].map(n => Math.floor((bytes.length * n) / pieces))
        mkdirSync(dirname(to), { recursive: true })
        appendFileSync(to, bytes.subarray(from, end))
      }
      await new Promise(resolve => setTimeout(resolve, 500))
    }
    const other = machine({ env: { CLAUDE_CONFIG_DIR: here.claude, CODEX_HOME: here.codex } })
    expect((await other.hyp('backfill')).status).toBe(0)
    const [wanted] = await other.query(countRows)
    expect(wanted?.['n']).toBeGreaterThan(5_000)
    await eventually('all is captured', async () => (await here.query(countRows))[0]?.['n'] === wanted?.['n'])
    const rowsIn = async (each: Machine): Promise<string[]> =>
      (await each.query(allRows)).map(row => JSON.stringify(row)).sort()
    expect(await rowsIn(here)).toEqual(await rowsIn(other))
  },
)
