import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { HypError } from '../../src/errors.ts'
import { openQuerySession } from '../../src/query/session.ts'
import { errorOf, rowsOf } from './asking.ts'
import { columnsOf } from './message-rows.ts'
import { column, realTable, session } from './real-table.ts'

test('a query that fails in the middle of its rows says so, and why', async () => {
  const query = await session({ tables: {} })
  let seen = 0
  const reading = async (sql: string): Promise<void> => {
    for await (const batch of (await query.run(sql)).batches) seen += batch.rowCount
  }
  const late = (value: string): string =>
    `SELECT CASE WHEN i = 900000 THEN ${value} ELSE i END AS x, i AS x FROM range(1000000) AS r(i)`
  expect(await errorOf(reading(`${late("error('too late')")};`))).toMatchObject({
    code: 'QUERY_FAILED',
    message: 'Invalid Input Error: too late',
  })
  expect(seen).toBeGreaterThan(0)
  expect(await errorOf(reading(`${late("('a secret' || i)::INTEGER")} -- a comment`))).toMatchObject({
    code: 'QUERY_FAILED',
    message: expect.stringMatching(/^Conversion Error: Could not convert string … to INT/),
  })
  expect(await errorOf(reading(`${late("error('unheard')")}; -- a comment`))).toMatchObject({
    code: 'QUERY_FAILED',
    message: 'the query failed after some rows, and the engine gives no reason',
  })
})

test.each([
  ['text::INTEGER', 'Conversion Error: Could not convert string … to INT32'],
  ["strptime(text, '%Y')", 'Invalid Input Error: Could not parse string …'],
  ["text->'$.a'", 'Invalid Input Error: Malformed JSON at byte 0 of input: unexpected character.  Input: …'],
  ['text::DATE', 'Conversion Error: invalid date field format: …'],
  ['number::TINYINT', 'Conversion Error: Type INT32 with value … cannot be cast'],
  ['number::BIGINT * 9223372036854775807', 'Out of Range Error: Overflow in multiplication of INT64 (…)'],
])('the error of %s does not show the value: %s', async (expression, message) => {
  const notes = await realTable([column('text', 'string'), column('number', 'int')])
  await notes.append([{ text: `a "secret" it's {`, number: 98_765 }])
  const query = await session({ tables: { notes: notes.table() } })
  const error = (await errorOf(rowsOf(query, `SELECT ${expression} FROM notes`))) as Error
  expect(error).toMatchObject({ code: 'QUERY_FAILED', message: expect.stringContaining(message) })
  expect(`${error.message}${error.stack}`).not.toMatch(/secret|98765/)
  expect(error.cause).toBeUndefined()
})

const sorting = 'SELECT md5(i::VARCHAR) AS text FROM range(3000000) AS r(i) ORDER BY text LIMIT 1 OFFSET 2999999'

test('a query that needs more memory than it may have fails, and writes nothing', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'hyp-query-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  const before = await readdir('.')
  const query = await session({ tables: {}, memoryLimit: '50MB', threads: 1 })
  expect(await errorOf(rowsOf(query, sorting))).toMatchObject({
    code: 'QUERY_FAILED',
    message: expect.stringMatching(/^Out of Memory Error: [^\n]+$/),
    hint: expect.stringContaining('more memory'),
  })
  expect(await readdir('.')).toEqual(before)
})

test('with a place to spill it goes on there, in a private directory that is gone afterwards', async () => {
  const directory = await mkdtemp(join(tmpdir(), "hyp query it's "))
  onTestFinished(() => rm(directory, { recursive: true }))
  const query = await openQuerySession({ tables: {}, memoryLimit: '50MB', threads: 1, spillDirectory: directory })
  expect(await readdir(directory)).toHaveLength(1)
  expect(await rowsOf(query, sorting)).toHaveLength(1)
  await query.close()
  expect(await readdir(directory)).toEqual([])
})

test('a setting that the engine does not take is a mistake of the configuration', async () => {
  expect(await errorOf(openQuerySession({ tables: {}, memoryLimit: 'plenty' }))).toMatchObject({
    code: 'CONFIG_INVALID',
  })
})

test('a session that cannot be opened leaves nothing behind', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'hyp-query-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  const notes = await realTable([column('id', 'int')])
  await notes.append([{ id: 1 }])
  await rm(join(notes.directory, 'data'), { recursive: true })
  const spillDirectory = join(directory, 'spill')
  await mkdir(spillDirectory)
  const tables = { notes: notes.table() }
  expect(await errorOf(openQuerySession({ tables, spillDirectory }))).toMatchObject({ code: 'FILE_MISSING' })
  expect(await readdir(spillDirectory)).toEqual([])
  const nowhere = join(directory, 'nowhere')
  expect(await errorOf(openQuerySession({ tables: {}, spillDirectory: nowhere }))).toBeInstanceOf(Error)
})

test.each([
  ['SELECT costs FROM usage', ['DESCRIBE usage']],
  ['SELECT u.content_text FROM Usage AS u', ['DESCRIBE usage']],
  ['WITH own AS (SELECT session_id FROM messages) SELECT x FROM own', ['DESCRIBE messages']],
  ['SELECT 1 FROM sessions JOIN usage USING (nothing)', ['DESCRIBE sessions', 'DESCRIBE usage']],
  ['SELECT sesion_id FROM ai_gateway_messages', ['DESCRIBE ai_gateway_messages']],
  ['SELECT txt FROM notes', ['DESCRIBE "notes"']],
  ['SELECT x FROM (VALUES (1)) AS v(y)', ['SHOW TABLES']],
  ['SELECT x FROM usages', ['SHOW TABLES']],
])('after %s the hint names queries that list the columns there are', async (sql, wanted) => {
  const messages = await realTable(columnsOf(9))
  const notes = await realTable([column('text', 'string')])
  const query = await session({ tables: { ai_gateway_messages: messages.table(), notes: notes.table() } })
  const error = await errorOf(query.run(sql))
  expect(error).toMatchObject({ code: 'QUERY_FAILED' })
  const named = Array.from((error as HypError).hint.matchAll(/`hyp query '([^']+)'`/g), match => match[1] as string)
  expect(named).toEqual(wanted)
  for (const one of named) expect((await rowsOf(query, one)).length).toBeGreaterThan(0)
})
