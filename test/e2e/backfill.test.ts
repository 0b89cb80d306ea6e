import { appendFileSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import type { BackfillSummary } from '../../src/ingest/backfill/backfill-summary.ts'
import type { DeletionReport } from '../../src/ingest/deletion/report.ts'
import type { UpkeepReport } from '../../src/stores/table/upkeep/report.ts'
import { digests, type Machine, machine } from '../support/home.ts'
import { catalogAt } from '../support/table.ts'
import { addHistory, addLines, line } from '../support/transcripts.ts'

const byClient = 'SELECT client_name, count(*) AS n FROM ai_gateway_messages GROUP BY 1 ORDER BY 1'

/** A thread of Codex with a question and an answer. */
function addThread(codex: string, id: string): string {
  const at = (second: number): string => new Date(Date.UTC(2026, 1, 1, 0, 0, second)).toISOString()
  const message = (role: string, type: string, text: string): object => ({
    type: 'message',
    role,
    content: [{ type, text }],
  })
  const lines = [
    {
      timestamp: at(0),
      type: 'session_meta',
      payload: { id, timestamp: at(0), cwd: '/somewhere', cli_version: '0.50.0' },
    },
    { timestamp: at(1), type: 'turn_context', payload: { turn_id: 't1', cwd: '/somewhere', model: 'gpt-example' } },
    { timestamp: at(2), type: 'response_item', payload: message('user', 'input_text', 'What is it?') },
    { timestamp: at(3), type: 'response_item', payload: message('assistant', 'output_text', 'It is this.') },
  ]
  const path = join(codex, `sessions/2026/02/01/rollout-2026-02-01T00-00-00-${id}.jsonl`)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, lines.map(each => `${JSON.stringify(each)}\n`).join(''))
  return path
}

const thread = '01000000-0000-7000-8000-000000000001'

type Document = Omit<BackfillSummary, 'ms'> & { readonly elapsed_ms: number }

function backfill(here: Machine, ...words: string[]): Promise<Document> {
  return here.json('backfill', ...words, '--json')
}

function expectToAddUp(sums: Document): void {
  const skipped = Object.values(sums.skipped).reduce((sum, number) => sum + number, 0)
  expect(sums.linesWithRows + skipped).toBe(sums.lines)
  expect(sums.rows + sums.duplicates + sums.spooled + sums.refused).toBe(sums.captured)
  for (const member of ['files', 'unchanged', 'bytes', 'lines', 'linesWithRows', 'captured'] as const)
    expect(sums.sources.reduce((sum, each) => sum + each[member], 0)).toBe(sums[member])
}

test('without a word about whose, the histories of all clients are loaded, as one task', async () => {
  const here = machine()
  addLines(here.claude, 'one', [line('one', 0), line('one', 1)])
  addThread(here.codex, thread)
  const sums = await backfill(here)
  expectToAddUp(sums)
  expect(sums).toMatchObject({
    source: 'all',
    dryRun: false,
    since: null,
    until: null,
    files: 2,
    rows: 4,
    duplicates: 0,
  })
  expect(sums.sources.map(({ source, files, captured }) => [source, files, captured])).toEqual([
    ['claude', 1, 2],
    ['codex', 1, 2],
  ])
  expect(await here.query(byClient)).toEqual([
    { client_name: 'claude', n: 2 },
    { client_name: 'codex', n: 2 },
  ])
  const { tasks } = await here.json<{ tasks: { input: object; result: object }[] }>('tasks', '--json')
  expect(tasks).toMatchObject([{ input: { source: 'all' }, result: { files: 2, rows: 4 } }])
})

test.each([
  ['claude', ['claude']],
  ['codex', ['codex']],
])('with the word %s only that history is', async (source, clients) => {
  const here = machine()
  addLines(here.claude, 'one', [line('one', 0)])
  addThread(here.codex, thread)
  expect(await backfill(here, source)).toMatchObject({ source, sources: [{ source }] })
  expect((await here.query(byClient)).map(row => row['client_name'])).toEqual(clients)
})

test('the progress of a task ends with all files, also where two threads share them', async () => {
  const here = machine()
  const text = 'x'.repeat(4 << 20)
  for (let file = 0; file < 24; file++)
    addLines(here.claude, `s${file}`, [line(`s${file}`, 0, { message: { role: 'user', content: text } })])
  expect(await backfill(here)).toMatchObject({ files: 24, rows: 24 })
  const { tasks } = await here.json<{ tasks: { progress: object }[] }>('tasks', '--json')
  expect(tasks[0]?.progress).toMatchObject({ done: 24, total: 24 })
})

test('a person is told of every line: what it came to, what was left out and why, and where the damaged ones stand', async () => {
  const here = machine()
  const good = [line('one', 0), line('one', 0), { type: 'progress', sessionId: 'one' }]
  const path = addLines(here.claude, 'one', [...good, '{"type": "user"', '', '[1]'])
  appendFileSync(path, '{"type": "assistant", "torn')
  const { status, stderr } = await here.hyp('backfill', 'claude')
  expect(status).toBe(0)
  expect(stderr).toMatch(/^import +1 new row from 6 lines of 1 file in .*; 1 row stored already or repeated$/m)
  expect(stderr).toMatch(/^skipped +4 lines:$/m)
  for (const sentence of [
    / 1 {2}progress +The line shows the progress of work whose outcome has a line of its own\.$/m,
    / 1 {2}invalid-json +The line is not JSON\.$/m,
    / 1 {2}not-an-object +The line is JSON, but not an object\.$/m,
    / 1 {2}torn-tail +The last line of the file is unfinished; it is read again when the file has grown\.$/m,
  ])
    expect(stderr).toMatch(sentence)
  expect(stderr).toContain(`damaged  ${path}:4: The line is not JSON.\n`)
  expect(stderr).toContain(`damaged  ${path}:6: The line is JSON, but not an object.\n`)
})

test('of very many damaged lines the first hundred are told to a program, a few to a person, and all are counted', async () => {
  const here = machine()
  for (let file = 0; file < 7; file++)
    addLines(
      here.claude,
      `s${file}`,
      Array.from({ length: 40 }, () => 'no JSON'),
    )
  const sums = await backfill(here)
  expectToAddUp(sums)
  expect(sums.skipped['invalid-json']).toBe(280)
  expect(sums.malformed).toHaveLength(100)
  expect(sums.malformed[0]).toEqual({
    path: join(here.claude, 'projects/-somewhere/s0.jsonl'),
    line: 1,
    reason: 'invalid-json',
  })
  rmSync(here.home, { recursive: true })
  const { stderr } = await here.hyp('backfill')
  expect(stderr.match(/^damaged /gm)).toHaveLength(20)
  expect(stderr).toMatch(/^ +and 260 more$/m)
})

test('a dry run without a daemon counts what would be new and makes nothing, not even the home', async () => {
  const here = machine()
  addLines(here.claude, 'one', [line('one', 0), line('one', 1), line('one', 1)])
  const sums = await backfill(here, '--dry-run')
  expectToAddUp(sums)
  expect(sums).toMatchObject({ dryRun: true, files: 1, rows: 2, duplicates: 1, commits: 0 })
  expect(existsSync(here.home)).toBe(false)
  expect((await here.hyp('backfill')).status).toBe(0)
  addLines(here.claude, 'one', [line('one', 2)])
  const before = digests(here.home)
  expect(await backfill(here, '--dry-run')).toMatchObject({ rows: 1, duplicates: 3 })
  expect((await here.hyp('backfill', '--dry-run')).stderr).toMatch(
    /^dry run +nothing was written; 1 row would be new, from 4 lines of 1 file in .*; 3 rows stored already or repeated$/m,
  )
  expect(digests(here.home)).toEqual(before)
})

test('a dry run through a daemon says the same, and the table stays as it is', async () => {
  const here = machine()
  addLines(here.claude, 'one', [line('one', 0)])
  const daemon = await here.daemon()
  await daemon.imported()
  const before = digests(here.table)
  const elsewhere = join(here.directory, 'elsewhere')
  addLines(elsewhere, 'one', [line('one', 0)])
  addLines(elsewhere, 'two', [line('two', 0), line('two', 1)])
  expect(await backfill(here, '--dry-run', '--claude-dir', elsewhere)).toMatchObject({
    dryRun: true,
    files: 2,
    rows: 2,
    duplicates: 1,
  })
  expect(digests(here.table)).toEqual(before)
})

test('only messages of a time, days as whole ones of UTC; what is outside is counted and can be loaded later', async () => {
  const here = machine()
  const at = (n: number, timestamp: string): object => line('one', n, { timestamp })
  addLines(here.claude, 'one', [
    at(0, '2026-01-01T23:59:59.999Z'),
    at(1, '2026-01-02T00:00:00.000Z'),
    at(2, '2026-01-03T23:59:59.999Z'),
    at(3, '2026-01-04T00:00:00.000Z'),
  ])
  const sums = await backfill(here, '--since', '2026-01-02', '--until', '2026-01-03')
  expectToAddUp(sums)
  expect(sums).toMatchObject({ since: '2026-01-02', until: '2026-01-03', rows: 2 })
  expect(sums.skipped['out-of-range']).toBe(2)
  expect(await backfill(here, '--since', '2026-01-03T12:00:00Z')).toMatchObject({ rows: 1, duplicates: 1 })
  expect(await backfill(here)).toMatchObject({ unchanged: 0, rows: 1, duplicates: 3 })
  expect(await backfill(here)).toMatchObject({ unchanged: 1 })
})

test.each([
  ['a time that is none', ['--since', 'yesterday'], 'since "yesterday" is neither a day nor an instant.'],
  ['an end before the beginning', ['--since', '2026-02-01', '--until', '2026-01-01'], 'is before since'],
  ['a directory that is not there', ['--claude-dir', '/nowhere/at/all'], '--claude-dir names /nowhere/at/all'],
])('%s is a mistake of the command line, and nothing is made', async (_what, words, message) => {
  const here = machine()
  const { status, stderr } = await here.hyp('backfill', ...words)
  expect(status).toBe(64)
  expect(stderr).toContain(message)
  expect(existsSync(here.home)).toBe(false)
})

test('a directory that is named takes the place of the usual one, also through a daemon and when it is done again', async () => {
  const here = machine()
  const daemon = await here.daemon()
  await daemon.imported()
  const elsewhere = join(here.directory, 'elsewhere')
  addLines(join(elsewhere, 'claude'), 'one', [line('one', 0)])
  addThread(join(elsewhere, 'codex'), thread)
  const words = ['--claude-dir', 'elsewhere/claude', '--codex-dir', join(elsewhere, 'codex')]
  expect(await backfill(here, ...words)).toMatchObject({ files: 2, rows: 3 })
  expect(await backfill(here, ...words)).toMatchObject({ files: 2, unchanged: 2 })
  const { tasks } = await here.json<{ tasks: { input: object }[] }>('tasks', '--json')
  expect(tasks[0]?.input).toEqual({
    source: 'all',
    directories: { claude: join(elsewhere, 'claude'), codex: join(elsewhere, 'codex') },
  })
})

test('a second run adds no row and writes no snapshot', async () => {
  const here = machine()
  addLines(here.claude, 'one', [line('one', 0)])
  addThread(here.codex, thread)
  await backfill(here)
  const before = digests(here.table)
  expect(await backfill(here)).toMatchObject({ files: 2, unchanged: 2, rows: 0, commits: 0 })
  expect(digests(here.table)).toEqual(before)
})

test('what is appended while a history is imported is there after the next run, and nothing twice', async () => {
  const here = machine()
  addHistory(here.claude, 20_000)
  const running = here.start('backfill')
  await running.until('it found the history', () => running.stderr().includes('history '))
  let added = 0
  while (added < 50) {
    addLines(here.claude, `session-${added % 20}`, [line(`session-${added % 20}`, 1000 + added)])
    added++
    await new Promise(resolve => setTimeout(resolve, 5))
  }
  expect((await running.ended).status).toBe(0)
  expect((await here.hyp('backfill')).status).toBe(0)
  const keys = 'SELECT count(*) AS n, count(DISTINCT session_id || part_id) AS keys FROM ai_gateway_messages'
  expect(await here.query(keys)).toEqual([{ n: 20_050, keys: 20_050 }])
})

test('files that vanish while a history is imported cost no other file', async () => {
  const here = machine()
  addHistory(here.claude, 20_000)
  const running = here.start('backfill', '--json')
  await running.until('it found the history', () => running.stderr().includes('history '))
  rmSync(join(here.claude, 'projects/-somewhere/session-9.jsonl'))
  const { status, stdout } = await running.ended
  expect(status).toBe(0)
  const sums = JSON.parse(stdout) as Document
  expectToAddUp(sums)
  expect(sums.files).toBe(20)
  // The one that is gone was read before, or is told of.
  expect(sums.rows + 1000 * sums.unreadable.length).toBe(20_000)
})

test.each(['through a daemon', 'without one'])(
  'a history that was read is not read again when all older snapshots expire or are purged, %s',
  async way => {
    const here = machine()
    addLines(here.claude, 'one', [line('one', 0), line('one', 1)])
    addLines(here.claude, 'two', [line('two', 0)])
    await backfill(here, 'claude')
    for (const id of [thread, thread.replace(/1$/, '2')]) {
      addThread(here.codex, id)
      await backfill(here, 'codex')
    }
    const catalog = catalogAt(here.table)
    const updates = { 'history.expire.max-snapshot-age-ms': '0', 'history.expire.min-snapshots-to-keep': '1' }
    await catalog.commit(await catalog.load(), { requirements: [], updates: [{ action: 'set-properties', updates }] })
    const unchanged = { files: 4, unchanged: 4, lines: 0, captured: 0, rows: 0, deleted: 0, commits: 0 }

    if (way === 'through a daemon') await here.daemon()
    expect(await here.json<UpkeepReport>('table', 'expire', '--json')).toMatchObject({ expired: { snapshots: 2 } })
    expect(await backfill(here)).toMatchObject(unchanged)
    expect((await here.hyp('backfill')).stderr).toMatch(/nothing new in .*: 4 files unchanged since the last time/)
    const deleting = ['table', 'delete', '--session', 'one', '--purge', '--json']
    expect(await here.json<DeletionReport>(...deleting)).toMatchObject({ rows: 2, purged: { snapshots: 2 } })
    expect(await backfill(here)).toMatchObject(unchanged)
    expect(await here.query(byClient)).toEqual([
      { client_name: 'claude', n: 1 },
      { client_name: 'codex', n: 4 },
    ])
  },
)
