import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { SpoolReport } from '../../src/ingest/spool-report.ts'
import { type DeclaredColumn, declareTable } from '../support/declaring.ts'
import { eventually, filesBelow, type Machine, machine, type RunningDaemon } from '../support/home.ts'
import { messageRows, postRows } from '../support/rows.ts'

/*
 * What is known to have gone wrong with tables like this one between the arrival of a row and its commit. The number of
 * each is that of the experiment it was found by.
 */

const builtin = 'ai_gateway_messages'

async function counts(here: Machine, table = builtin, key = 'part_id'): Promise<{ n: number; keys: number }> {
  const [row] = await here.query(`SELECT count(*)::INT AS n, count(DISTINCT ${key})::INT AS keys FROM ${table}`)
  return row as unknown as { n: number; keys: number }
}

async function spoolOf(here: Machine, table = builtin): Promise<SpoolReport> {
  const { tables } = await here.json<{ tables: SpoolReport[] }>('spool', '--json')
  return tables.find(report => report.table === table) as SpoolReport
}

async function flushed(here: Machine, table = builtin): Promise<void> {
  await eventually('the spool is empty', async () => (await spoolOf(here, table)).rows === 0)
}

async function acknowledge(daemon: RunningDaemon, table: string, rows: string): Promise<void> {
  expect(await postRows(daemon, table, rows)).toMatchObject({ status: 202 })
}

async function kill(daemon: RunningDaemon): Promise<void> {
  daemon.kill('SIGKILL')
  await daemon.ended
}

test('e2, e10: rows that were spooled before the table evolved are flushed after it, and block nobody', async () => {
  const here = machine()
  const before = await here.daemon('--as-release', '6')
  await acknowledge(before, builtin, messageRows(6, 'old', 0, 20))
  await kill(before)
  // Somebody else evolves the table while the rows wait.
  expect((await here.hyp('apply')).status).toBe(0)
  expect(await counts(here)).toEqual({ n: 20, keys: 20 })
  const after = await here.daemon('--flush-age', '1')
  await acknowledge(after, builtin, messageRows(9, 'new', 0, 20).replaceAll('"role"', '"git_remote":"r","role"'))
  expect(await counts(here)).toEqual({ n: 40, keys: 40 })
  await flushed(here)
  await after.stop()
  expect(
    await here.query(`SELECT session_id, count(git_remote)::INT AS filled FROM ${builtin} GROUP BY 1 ORDER BY 1`),
  ).toEqual([
    { session_id: 'new', filled: 20 },
    { session_id: 'old', filled: 0 },
  ])
})

test('the reverse: rows captured under a newer release wait for it, and are not cut to size', async () => {
  const here = machine()
  expect((await here.hyp('apply', '--as-release', '8')).status).toBe(0)
  const eight = join(here.directory, 'eight')
  cpSync(here.table, eight, { recursive: true })
  const newer = await here.daemon()
  await acknowledge(newer, builtin, messageRows(9, 's', 0, 5).replaceAll('"role"', '"input_tokens":7,"role"'))
  await kill(newer)
  // The table as it was before the newer release ran, as a restored copy of it is.
  rmSync(here.table, { recursive: true })
  cpSync(eight, here.table, { recursive: true })
  const older = await here.daemon('--as-release', '8')
  expect((await spoolOf(here)).held).toMatchObject([{ rows: 5, release: 9 }])
  await acknowledge(older, builtin, messageRows(8, 't', 0, 5))
  await older.stop()
  // The older rows went in beside them.
  expect(await here.json('table', 'show', '--json')).toMatchObject({ rows: 5 })
  const again = await here.daemon()
  await flushed(here)
  await again.stop()
  expect(await here.query(`SELECT count(*)::INT AS n, sum(input_tokens)::INT AS tokens FROM ${builtin}`)).toEqual([
    { n: 10, tokens: 35 },
  ])
})

test('rows wait through a rename and the new use of the old name, and keep their column', async () => {
  const here = machine()
  const id = { name: 'id', type: 'long' }
  const origin = (...fields: object[]): DeclaredColumn => ({ name: 'origin', type: { type: 'struct', fields } })
  const declare = (...columns: DeclaredColumn[]): void => declareTable(here, 'people', columns)
  declare(id, { name: 'email', type: 'string' }, origin({ name: 'host', type: 'string' }))
  const first = await here.daemon('--flush-age', '3600')
  await acknowledge(first, 'people', '{"id":1,"email":"spooled","origin":{"host":"h"}}')
  await kill(first)
  const mail = { name: 'mail', type: 'string' }
  declare(id, { ...mail, renamedFrom: 'email' }, origin({ name: 'machine', type: 'string', renamedFrom: 'host' }))
  expect((await here.hyp('apply')).status).toBe(0)
  const host = { name: 'host', type: 'string' }
  declare(id, mail, { name: 'email', type: 'string' }, origin({ name: 'machine', type: 'string' }, host))
  expect((await here.hyp('apply')).status).toBe(0)
  const expected = [{ id: 1, mail: 'spooled', email: null, machine: 'h', host: null }]
  const query = 'SELECT id::INT AS id, mail, email, origin.machine, origin.host FROM people'
  expect(await here.query(query)).toEqual(expected)
  const again = await here.daemon()
  await flushed(here, 'people')
  await again.stop()
  expect(await here.query(query)).toEqual(expected)
})

test('rows of a table that was declared no more are flushed when it is declared again', async () => {
  const here = machine()
  const columns = [{ name: 'text', type: 'string' }]
  declareTable(here, 'notes', columns)
  const first = await here.daemon('--flush-age', '3600')
  await acknowledge(first, 'notes', '{"text":"kept"}')
  await kill(first)
  rmSync(join(here.home, 'schema/notes.json'))
  const daemon = await here.daemon()
  expect((await spoolOf(here, 'notes')).held).toMatchObject([
    { rows: 1, reason: expect.stringContaining('not declared') },
  ])
  declareTable(here, 'notes', columns)
  expect((await here.hyp('apply')).status).toBe(0)
  await flushed(here, 'notes')
  await daemon.stop()
  expect(await counts(here, 'notes', 'text')).toEqual({ n: 1, keys: 1 })
})

test('what others left in a spool keeps no row from anybody', async () => {
  const here = machine()
  declareTable(here, 'notes', [{ name: 'text', type: 'string' }])
  const daemon = await here.daemon('--flush-age', '3600')
  await acknowledge(daemon, 'notes', '{"text":"one"}')
  writeFileSync(join(here.home, 'spool/.DS_Store'), 'x')
  mkdirSync(join(here.home, 'spool/notes/01890a5d-ac96-774b-bcce-b302099a8057.000001.seg'))
  expect(await spoolOf(here, 'notes')).toMatchObject({ rows: 1, held: [] })
  await acknowledge(daemon, 'notes', '{"text":"two"}')
  expect(await counts(here, 'notes', 'text')).toEqual({ n: 2, keys: 2 })
  await daemon.stop()
  rmSync(join(here.home, 'run'), { recursive: true })
  expect(await counts(here, 'notes', 'text')).toEqual({ n: 2, keys: 2 })
})

test('rows for a table that another release is declared for can be seen', async () => {
  const here = machine()
  const daemon = await here.daemon('--as-release', '5', '--flush-age', '3600')
  await acknowledge(daemon, builtin, messageRows(5, 'c', 0, 4))
  await kill(daemon)
  expect(await counts(here)).toEqual({ n: 4, keys: 4 })
})

test('e3: a crash between the commit and the removal of what was flushed doubles nothing, with a row key or without', async () => {
  const here = machine()
  declareTable(here, 'notes', [{ name: 'text', type: 'string' }])
  const daemon = await here.daemon('--flush-age', '3600')
  await acknowledge(daemon, builtin, messageRows(9, 's', 0, 12))
  await acknowledge(daemon, 'notes', '{"text":"a"}\n{"text":"a"}')
  const spool = join(here.home, 'spool')
  const copy = join(here.directory, 'copy')
  cpSync(spool, copy, { recursive: true })
  expect((await daemon.stop()).status).toBe(0)
  expect(filesBelow(spool, 'files')).toEqual([])
  // As if the process had died after its commit.
  cpSync(copy, spool, { recursive: true })
  expect(await counts(here)).toEqual({ n: 12, keys: 12 })
  const again = await here.daemon()
  await flushed(here)
  await again.stop()
  expect(await counts(here)).toEqual({ n: 12, keys: 12 })
  expect(await counts(here, 'notes', 'text')).toEqual({ n: 2, keys: 1 })
})

test('a spool that was copied, emptied, put back and filled again loses nothing and doubles nothing', async () => {
  const here = machine()
  declareTable(here, 'notes', [{ name: 'text', type: 'string' }])
  const spool = join(here.home, 'spool')
  const copy = join(here.directory, 'copy')
  const say = async (daemon: RunningDaemon, text: string): Promise<void> =>
    acknowledge(daemon, 'notes', JSON.stringify({ text }))
  const first = await here.daemon('--flush-age', '3600')
  await say(first, 'one')
  await kill(first)
  cpSync(spool, copy, { recursive: true })
  const second = await here.daemon('--flush-age', '3600')
  await say(second, 'two')
  await say(second, 'three')
  await second.stop()
  expect(await counts(here, 'notes', 'text')).toEqual({ n: 3, keys: 3 })
  rmSync(spool, { recursive: true })
  cpSync(copy, spool, { recursive: true })
  const third = await here.daemon('--flush-age', '3600')
  await say(third, 'four')
  expect(await counts(here, 'notes', 'text')).toEqual({ n: 4, keys: 4 })
  await third.stop()
  expect(await counts(here, 'notes', 'text')).toEqual({ n: 4, keys: 4 })
  // What the table knows of a spool grows by a name for each run that wrote.
  const { properties } = JSON.parse(readFileSync(newestMetadata(here, 'notes'), 'utf8')) as {
    properties: Record<string, string>
  }
  expect(Object.keys(properties).filter(name => name.startsWith('hyp.spool.'))).toHaveLength(3)
})

function newestMetadata(here: Machine, table: string): string {
  const versions = filesBelow(join(here.home, 'tables', table, 'metadata'), 'files')
    .flatMap(path => /v(\d+)\.metadata\.json$/.exec(path)?.[1] ?? [])
    .map(Number)
  return join(here.home, 'tables', table, `metadata/v${Math.max(...versions)}.metadata.json`)
}

test('e4: a declaration that moves the partition key stops no query, and its rows wait', async () => {
  const here = machine()
  const five = await here.daemon('--as-release', '5')
  await acknowledge(five, builtin, messageRows(5, 'c', 0, 10))
  await five.stop()
  const six = await here.daemon('--as-release', '6')
  expect(JSON.parse((await postRows(six, builtin, messageRows(6, 's', 0, 10))).text)).toMatchObject({
    rows: 10,
    held: true,
  })
  expect(await counts(here)).toEqual({ n: 10, keys: 10 })
  expect((await spoolOf(here)).held).toMatchObject([
    { rows: 10, release: 6, reason: expect.stringContaining('session_id') },
  ])
  expect((await six.ask('GET', '/readyz')).status).toBe(503)
  await six.stop()
  // As the release it is of, the table takes rows again; those of the later release go on waiting.
  const again = await here.daemon('--as-release', '5')
  await acknowledge(again, builtin, messageRows(5, 'd', 0, 10))
  await again.stop()
  expect(await here.json('table', 'show', '--json')).toMatchObject({ rows: 20 })
  expect((await spoolOf(here)).held).toMatchObject([{ rows: 10, release: 6 }])
})

test('e4b: rows of an older key, still spooled when the table is of the new one, are mapped and not dropped', async () => {
  const here = machine()
  const five = await here.daemon('--as-release', '5', '--flush-age', '3600')
  await acknowledge(five, builtin, messageRows(5, 'c', 0, 6))
  await kill(five)
  rmSync(here.table, { recursive: true })
  const nine = await here.daemon()
  await flushed(here)
  await nine.stop()
  expect(
    await here.query(`SELECT session_id, conversation_id, count(*)::INT AS n FROM ${builtin} GROUP BY ALL`),
  ).toEqual([{ session_id: 'c', conversation_id: null, n: 6 }])
})

test('e5, e9: rows that come by the spool and by an import at the same time are all there', async () => {
  const here = machine()
  const daemon = await here.daemon('--flush-age', '0.2')
  const posts = Array.from({ length: 20 }, (_, index) =>
    acknowledge(daemon, builtin, messageRows(9, `p${index}`, 0, 10)),
  )
  const files = Array.from({ length: 5 }, (_, index) => {
    const file = join(here.directory, `rows-${index}.ndjson`)
    writeFileSync(file, messageRows(9, `f${index}`, 0, 40))
    return here.hyp('ingest', builtin, file)
  })
  await Promise.all(posts)
  for (const { status, stderr } of await Promise.all(files))
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  await daemon.stop()
  expect(await counts(here)).toEqual({ n: 400, keys: 400 })
})

test('e7: two processes never flush one spool, and two copies of a home may share a table', async () => {
  const here = machine()
  const shared = join(here.directory, 'shared/notes')
  declareTable(here, 'notes', [{ name: 'text', type: 'string' }], { location: shared })
  const daemon = await here.daemon('--flush-age', '3600')
  await acknowledge(daemon, 'notes', '{"text":"one"}')
  expect((await here.hyp('daemon')).status).toBe(75)
  await kill(daemon)
  const twinHome = join(here.directory, 'twin')
  cpSync(here.home, twinHome, { recursive: true, filter: path => !path.endsWith('.sock') && !path.endsWith('/lock') })
  rmSync(join(twinHome, 'run'), { recursive: true, force: true })
  const both = await Promise.all([
    here.shell(`echo '{"text":"two"}' | hyp ingest notes -`),
    here.shell(`echo '{"text":"three"}' | hyp --home ${twinHome} ingest notes -`),
  ])
  for (const { status, stderr } of both) expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  expect(existsSync(join(here.home, 'tables/notes'))).toBe(false)
  expect(await counts(here, 'notes', 'text')).toEqual({ n: 3, keys: 3 })
})
