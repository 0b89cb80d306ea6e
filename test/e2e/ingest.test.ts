import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { tableFromArrays, tableToIPC } from 'apache-arrow'
import { expect, onTestFinished, test } from 'vitest'
import type { DaemonStatus } from '../../src/daemon/status.ts'
import type { IntakeAnswer } from '../../src/ingest/intake.ts'
import type { SpoolReport } from '../../src/ingest/spool-report.ts'
import { type DeclaredColumn, declareTable } from '../support/declaring.ts'
import { eventually, filesBelow, type Machine, machine } from '../support/home.ts'
import { postRows } from '../support/rows.ts'

const columns: readonly DeclaredColumn[] = [
  { name: 'id', type: 'long', required: true },
  { name: 'name', type: 'string' },
  { name: 'seen', type: 'timestamptz' },
]

/** A machine with a table `events` whose rows are told apart by `id`, and `notes`, whose rows are not told apart. */
function machineWithTables(): Machine {
  const here = machine()
  declareTable(here, 'events', columns, { identifier: ['id'], partitionBy: [{ column: 'id', transform: 'bucket[4]' }] })
  declareTable(here, 'notes', [{ name: 'text', type: 'string' }])
  return here
}

function lines(from: number, to: number, more: object = {}): string {
  return Array.from({ length: to - from }, (_, index) => JSON.stringify({ id: from + index, ...more })).join('\n')
}

async function stored(here: Machine, table = 'events'): Promise<{ n: number; ids: number }> {
  const column = table === 'events' ? 'id' : 'text'
  const [row] = await here.query(`SELECT count(*) AS n, count(DISTINCT ${column}) AS ids FROM ${table}`)
  return { n: Number(row?.['n']), ids: Number(row?.['ids']) }
}

async function spoolOf(here: Machine, table: string): Promise<SpoolReport> {
  const { tables } = await here.json<{ tables: SpoolReport[] }>('spool', '--json')
  return tables.find(report => report.table === table) as SpoolReport
}

test('large bodies, whose rows are checked in a thread of their own, are answered as small ones are', async () => {
  const here = machineWithTables()
  const daemon = await here.daemon()
  const name = 'n'.repeat(200)
  const json = 'application/json'
  const arrow = 'application/vnd.apache.arrow.stream'
  const wrong = await postRows(daemon, 'events', `${lines(0, 2000, { name })}\n{"id":"x"}`)
  expect(wrong.status).toBe(422)
  expect(JSON.parse(wrong.text)).toMatchObject({
    error: { code: 'ROWS_REFUSED', details: { refused: 1, errors: [{ index: 2000, column: 'id' }] } },
  })
  const torn = await postRows(daemon, 'events', `[${lines(0, 2000, { name }).replaceAll('\n', ',')}`, { type: json })
  expect(JSON.parse(torn.text)).toMatchObject({ error: { code: 'BODY_INVALID' } })
  const ids = BigInt64Array.from({ length: 20_000 }, (_, index) => BigInt(3000 + index))
  const sent = await Promise.all([
    postRows(daemon, 'events', lines(0, 2000, { name })),
    postRows(daemon, 'notes', JSON.stringify([{ text: name.repeat(1000) }]), { type: json }),
    postRows(daemon, 'events', tableToIPC(tableFromArrays({ id: ids }), 'stream'), { type: arrow }),
  ])
  expect(sent.map(({ status }) => status)).toEqual([202, 202, 202])
  expect(await stored(here)).toEqual({ n: 22_000, ids: 22_000 })
  expect(await stored(here, 'notes')).toEqual({ n: 1, ids: 1 })
})

test('rows as NDJSON, as a JSON array and as an Arrow stream are acknowledged, queryable at once, and kept', async () => {
  const here = machineWithTables()
  const daemon = await here.daemon('--flush-age', '3600')
  const answer = await postRows(daemon, 'events', lines(0, 3))
  expect(answer.status).toBe(202)
  expect(JSON.parse(answer.text)).toEqual({
    formatVersion: 1,
    table: 'events',
    rows: 3,
    held: false,
    discarded: { rows: 0, values: 0 },
    refused: 0,
    errors: [],
  } satisfies IntakeAnswer)
  const array = JSON.stringify(
    [
      { id: 3, name: 'drei' },
      { id: 4, seen: '2026-01-02T03:04:05Z' },
    ],
    null,
    2,
  )
  expect((await postRows(daemon, 'events', array, { type: 'application/json' })).status).toBe(202)
  const arrow = tableToIPC(tableFromArrays({ id: BigInt64Array.from([5n, 6n]), name: ['fünf', null] }), 'stream')
  expect((await postRows(daemon, 'events', arrow, { type: 'application/vnd.apache.arrow.stream' })).status).toBe(202)
  expect(await stored(here)).toEqual({ n: 7, ids: 7 })
  expect(await spoolOf(here, 'events')).toMatchObject({ rows: 7, held: [] })
  expect((await daemon.stop()).status).toBe(0)
  expect(await here.json('table', 'show', 'events', '--json')).toMatchObject({ rows: 7 })
  expect(await here.query('SELECT id, name, seen FROM events WHERE id >= 3 ORDER BY id')).toEqual([
    { id: 3, name: 'drei', seen: null },
    { id: 4, name: null, seen: '2026-01-02T03:04:05.000000Z' },
    { id: 5, name: 'fünf', seen: null },
    { id: 6, name: null, seen: null },
  ])
  expect(filesBelow(join(here.home, 'spool'), 'files')).toEqual([])
})

test('a daemon killed right after an acknowledgement lost nothing, and a restart doubles nothing', async () => {
  const here = machineWithTables()
  const first = await here.daemon()
  expect((await postRows(first, 'events', lines(0, 500))).status).toBe(202)
  expect((await postRows(first, 'notes', '{"text":"once"}', { key: 'k1' })).status).toBe(202)
  first.kill('SIGKILL')
  await first.ended
  expect(await stored(here)).toEqual({ n: 500, ids: 500 })
  const second = await here.daemon()
  await eventually('the rows are in the table', async () => (await spoolOf(here, 'events')).rows === 0)
  expect(await stored(here)).toEqual({ n: 500, ids: 500 })
  expect(await stored(here, 'notes')).toEqual({ n: 1, ids: 1 })
  // The same request once more, as a client does that was never answered.
  const again = await postRows(second, 'notes', '{"text":"once"}', { key: 'k1' })
  expect(again).toMatchObject({ status: 202, headers: { 'idempotency-replayed': 'true' } })
  expect(JSON.parse(again.text)).toMatchObject({ rows: 1 })
  const other = await postRows(second, 'notes', '{"text":"twice"}', { key: 'k1' })
  expect(other.status).toBe(422)
  expect(other.text).toContain('IDEMPOTENCY_CONFLICT')
  await second.stop()
  expect(await stored(here, 'notes')).toEqual({ n: 1, ids: 1 })
})

test('rows that do not fit are named with column and reason; without partial nothing of their batch is stored', async () => {
  const here = machineWithTables()
  const daemon = await here.daemon()
  const body = '{"id":1}\n{"id":"x"}\nno json\n{"id":2,"nmae":"n"}\n{"name":"without"}\n'
  const refused = await postRows(daemon, 'events', body)
  expect(refused.status).toBe(422)
  const { error } = JSON.parse(refused.text) as { error: { code: string; details: Record<string, unknown> } }
  expect(error).toMatchObject({ code: 'ROWS_REFUSED', details: { rows: 5, refused: 4 } })
  expect(error.details['errors']).toMatchObject([
    { index: 1, column: 'id' },
    { index: 2, column: null },
    { index: 3, column: 'nmae' },
    { index: 4, column: 'id' },
  ])
  expect(await stored(here)).toEqual({ n: 0, ids: 0 })
  const partial = await postRows(daemon, 'events', body, { partial: true })
  expect(partial.status).toBe(202)
  expect(JSON.parse(partial.text)).toMatchObject({ rows: 1, refused: 4, errors: error.details['errors'] })
  expect(await stored(here)).toEqual({ n: 1, ids: 1 })
})

test('what a contract discards is counted and kept with its reason', async () => {
  const here = machine()
  declareTable(here, 'events', columns, { contract: { unknownFields: 'discard_value', illTypedValues: 'discard_row' } })
  const daemon = await here.daemon('--flush-age', '3600')
  const answer = await postRows(daemon, 'events', '{"id":1,"secret":"s"}\n{"id":2,"seen":"no time"}\n{"id":3}\n')
  expect(JSON.parse(answer.text)).toMatchObject({ rows: 2, discarded: { rows: 1, values: 1 }, refused: 0 })
  expect(await spoolOf(here, 'events')).toMatchObject({ rows: 2, rejected: { rows: 1, values: 1 } })
  const [file = ''] = filesBelow(join(here.home, 'spool/events/rejects'), 'files')
  const rejects = readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line) as Record<string, unknown>)
  expect(rejects).toMatchObject([
    { index: 0, column: 'secret', discarded: 'value' },
    { index: 1, column: 'seen', discarded: 'row' },
  ])
  expect(JSON.parse(String(rejects[1]?.['content']))).toEqual({ id: 2, seen: 'no time' })
})

test('hyp ingest stores a file through the daemon, and under the lock where none runs', async () => {
  const here = machineWithTables()
  const file = join(here.directory, 'rows.ndjson')
  writeFileSync(file, lines(0, 100))
  expect(await here.hyp('ingest', 'events', file)).toMatchObject({ status: 0, stdout: '100 rows stored in events\n' })
  expect(await here.json('table', 'show', 'events', '--json')).toMatchObject({ rows: 100 })
  const daemon = await here.daemon()
  const piped = `hyp query --format ndjson 'SELECT id + 100 AS id FROM events' | hyp ingest events - --json`
  expect(JSON.parse((await here.shell(piped)).stdout)).toMatchObject({ table: 'events', rows: 100 })
  expect(await stored(here)).toEqual({ n: 200, ids: 200 })
  writeFileSync(file, '[{"id": 1}, {"id": "no"}]')
  const refused = await here.hyp('ingest', 'events', file)
  expect(refused.status).toBe(1)
  expect(refused.stderr).toContain('row 2, id: ')
  expect(refused.stderr).toContain('[ROWS_REFUSED]')
  expect(await here.hyp('ingest', 'events', file, '--partial')).toMatchObject({
    status: 0,
    stdout: '1 row stored in events\n1 row refused\n',
  })
  expect((await here.hyp('ingest', 'nobody', file)).status).toBe(64)
  expect((await here.hyp('ingest', 'events', join(here.directory, 'none'))).status).toBe(64)
  await daemon.stop()
  expect(await stored(here)).toEqual({ n: 200, ids: 200 })
})

test('an ingest that is interrupted says how to go on, and the same key at both doors is one request', async () => {
  const here = machineWithTables()
  const daemon = await here.daemon()
  const one = join(here.directory, 'one.ndjson')
  writeFileSync(one, '{"text":"one"}\n')
  expect((await postRows(daemon, 'notes', readFileSync(one), { key: 'k' })).status).toBe(202)
  expect((await here.hyp('ingest', 'notes', one, '--idempotency-key', 'k')).stdout).toContain('not again')
  const running = spawn(process.execPath, [here.program, 'ingest', 'notes', '-'], { env: here.env })
  onTestFinished(() => void running.kill('SIGKILL'))
  let stderr = ''
  running.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  // More than is taken at once, and no end.
  running.stdin.write('{"text":"two"}\n'.repeat(2_500_000))
  await eventually('a part was taken', async () => (await stored(here, 'notes')).n > 1)
  running.kill('SIGINT')
  expect(await once(running, 'close')).toEqual([130, null])
  expect(stderr).toMatch(/The first \d+ rows of the input were taken\./)
  expect(stderr).toMatch(/hint: `hyp .*ingest notes - --idempotency-key \S+` goes on from there/)
})

test('rows for a table whose declaration is refused are held, shown with the reason, and flushed when it is mended', async () => {
  const here = machineWithTables()
  const before = await here.daemon()
  expect((await postRows(before, 'events', lines(0, 10))).status).toBe(202)
  expect((await before.stop()).status).toBe(0)
  const good = readFileSync(join(here.home, 'schema/events.json'))
  declareTable(here, 'events', [...columns, { name: 'must', type: 'string', required: true }], {
    identifier: ['id'],
    partitionBy: [{ column: 'id', transform: 'bucket[4]' }],
  })
  const daemon = await here.daemon()
  const answer = await postRows(daemon, 'events', lines(10, 20, { must: 'x' }))
  expect(JSON.parse(answer.text)).toMatchObject({ rows: 10, held: true })
  const report = await spoolOf(here, 'events')
  expect(report.held).toMatchObject([{ rows: 10, reason: expect.stringContaining('must') }])
  const { tables } = await here.json<DaemonStatus>('status', '--json')
  expect(tables.find(({ name }) => name === 'events')?.spool).toMatchObject({ rows: 10, held: 10 })
  expect((await here.hyp('query', 'SELECT count(*) FROM events')).status).toBe(0)
  writeFileSync(join(here.home, 'schema/events.json'), good)
  expect((await here.hyp('apply')).status).toBe(0)
  // The rows have a column that the table has not: they wait for a declaration that brings it.
  expect((await spoolOf(here, 'events')).held).toMatchObject([{ rows: 10, reason: expect.stringContaining('must') }])
  declareTable(here, 'events', [...columns, { name: 'must', type: 'string' }], {
    identifier: ['id'],
    partitionBy: [{ column: 'id', transform: 'bucket[4]' }],
  })
  expect((await here.hyp('apply')).status).toBe(0)
  await eventually('the rows are in the table', async () => (await spoolOf(here, 'events')).rows === 0)
  expect(await here.query('SELECT count(*)::INT AS n, count(must)::INT AS filled FROM events')).toEqual([
    { n: 20, filled: 10 },
  ])
})

test('a spool that is full says when to come again, and loses nothing', async () => {
  const here = machineWithTables()
  onTestFinished(async () => void (await here.hyp('stop')))
  const daemon = await here.daemon('--spool-limit', '1', '--flush-age', '3600')
  const big = (id: number): string => JSON.stringify({ id, name: 'x'.repeat(600_000) })
  expect((await postRows(daemon, 'events', big(1))).status).toBe(202)
  expect((await postRows(daemon, 'events', big(2))).status).toBe(202)
  const full = await postRows(daemon, 'events', big(3))
  expect(full.status).toBe(429)
  expect(Number(full.headers['retry-after'])).toBeGreaterThan(0)
  expect(full.text).toContain('SPOOL_FULL')
  expect(await stored(here)).toEqual({ n: 2, ids: 2 })
})
