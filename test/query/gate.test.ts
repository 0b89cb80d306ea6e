import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { tableFunctions } from '../../src/query/gate.ts'
import type { QuerySession } from '../../src/query/session.ts'
import { errorOf, rowsOf } from './asking.ts'
import { column, realTable, session } from './real-table.ts'

/** A session over a table of two files; `live` is the path of one of them, `directory` that of the table. */
async function notes(): Promise<{ query: QuerySession; live: string; directory: string }> {
  const table = await realTable([column('id', 'int'), column('text', 'string')])
  await table.append([{ id: 1, text: 'one' }])
  await table.append([{ id: 2, text: 'two' }])
  const [first] = await readdir(join(table.directory, 'data'))
  const query = await session({ tables: { notes: table.table() } })
  return { query, live: join(table.directory, 'data', first as string), directory: table.directory }
}

/** Hashes of all files below a directory. */
async function contentsOf(directory: string): Promise<Record<string, string>> {
  const contents: Record<string, string> = {}
  for (const name of await readdir(directory, { recursive: true })) {
    const path = join(directory, name)
    if ((await stat(path)).isFile())
      contents[name] = createHash('sha256')
        .update(await readFile(path))
        .digest('hex')
  }
  return contents
}

test.each([
  ['SELECT 1 AS x;'],
  ['  -- a comment\n SELECT 1 AS x /* and another */ ; '],
  ['WITH one AS (SELECT 1 AS x) SELECT * FROM one'],
  ['FROM (VALUES (1)) AS v(x)'],
  ['SELECT x FROM range(1, 2) AS r(x)'],
  ['SELECT ";" AS x FROM (SELECT 1 AS ";")'],
  ["SELECT length(';') AS x"],
  // The engine's own parse tree has this number as no JSON does.
  [`SELECT 1 AS x WHERE 1e999 > 0 AND '"value":Infinity' <> ''`],
  ["SELECT one AS x FROM (PIVOT (SELECT text FROM notes) ON text IN ('one') USING count(*))"],
  ['(SELECT 1 AS x) UNION (SELECT 1)'],
  ['SELECT DISTINCT 1 AS x FROM (DESCRIBE notes)'],
  ['WITH RECURSIVE up AS (SELECT 1 AS x UNION ALL SELECT x + 1 FROM up WHERE x < 3) SELECT min(x) AS x FROM up'],
])('%s is a SELECT', async sql => {
  expect(await rowsOf((await notes()).query, sql)).toEqual([{ x: 1 }])
})

test('tables and their columns can be asked for', async () => {
  const { query } = await notes()
  expect(await rowsOf(query, 'SHOW TABLES')).toEqual([{ name: 'notes' }])
  expect((await rowsOf(query, 'DESCRIBE notes')).map(row => row['column_name'])).toEqual(['id', 'text'])
  expect((await rowsOf(query, 'SUMMARIZE notes')).map(row => row['max'])).toEqual(['2', 'two'])
})

test.each([
  ['', 'the query is empty'],
  [' ; ; -- nothing', 'the query is empty'],
  ['SELECT 1; SELECT 2', 'there are 2 statements'],
  ["SELECT 1; COPY notes TO '/tmp/x'", 'one of the statements is not a SELECT'],
  ['WITH x AS (SELECT 1) INSERT INTO notes SELECT * FROM x', 'one of the statements is not a SELECT'],
  ['/* SELECT */ INSERT INTO notes VALUES (3)', 'INSERT is not a SELECT'],
  ["UPDATE notes SET text = 'x'", 'UPDATE is not a SELECT'],
  ['DELETE FROM notes', 'DELETE is not a SELECT'],
  ['CREATE TABLE t (i INTEGER)', 'CREATE is not a SELECT'],
  ['CREATE OR REPLACE VIEW notes AS SELECT 1', 'CREATE is not a SELECT'],
  ['DROP VIEW notes', 'DROP is not a SELECT'],
  ["ATTACH '/tmp/x.db'", 'ATTACH is not a SELECT'],
  ['INSTALL httpfs', 'INSTALL is not a SELECT'],
  ['LOAD httpfs', 'LOAD is not a SELECT'],
  ['SET threads = 1', 'SET is not a SELECT'],
  ['RESET lock_configuration', 'RESET is not a SELECT'],
  ['PRAGMA show_tables', 'PRAGMA is not a SELECT'],
  ['CALL pragma_version()', 'CALL is not a SELECT'],
  ['EXPLAIN ANALYZE SELECT 1', 'EXPLAIN is not a SELECT'],
  ['BEGIN', 'BEGIN is not a SELECT'],
  ['CHECKPOINT', 'CHECKPOINT is not a SELECT'],
  ["EXPORT DATABASE '/tmp/x'", 'EXPORT is not a SELECT'],
  ["IMPORT DATABASE '/tmp/x'", 'IMPORT is not a SELECT'],
  ['PREPARE p AS SELECT 1', 'PREPARE is not a SELECT'],
  ['PIVOT notes ON text', 'PIVOT is not a SELECT'],
  ['SELECT $1', 'the query has parameters'],
  ['SELECT 1\u0000; DROP VIEW notes', 'the query holds a NUL character'],
])('%j is refused: %s', async (sql, reason) => {
  const error = await errorOf((await notes()).query.run(sql))
  expect(error).toMatchObject({ code: 'QUERY_REFUSED', message: reason })
})

test.each([
  "SELECT * FROM read_csv('/etc/passwd')",
  "SELECT * FROM READ_TEXT('/etc/passwd')",
  "SELECT * FROM system.main.read_blob('/etc/passwd')",
  "SELECT * FROM read_json('/etc/passwd')",
  "SELECT * FROM read_parquet('/etc/passwd')",
  "SELECT * FROM parquet_metadata('/etc/passwd')",
  "SELECT * FROM sniff_csv('/etc/passwd')",
  "SELECT * FROM read_duckdb('/etc/passwd')",
  "SELECT * FROM glob('/etc/*')",
  "SELECT (SELECT count(*) FROM glob('/*'))",
  "SELECT * FROM notes WHERE EXISTS (FROM glob('/*'))",
  "WITH g AS (FROM glob('/*')) SELECT count(*) FROM g",
  "SELECT * FROM notes, LATERAL (FROM read_text('/etc/passwd'))",
  "SELECT * FROM enable_logging(storage = 'file', storage_path = '/tmp/hyp-should-not-exist')",
  "SELECT * FROM enable_profiling(save_location = '/tmp/hyp-should-not-exist')",
  'SELECT * FROM arrow_scan(1, 2, 3)',
  "SELECT * FROM query('SELECT 1')",
  "SELECT * FROM query_table('notes')",
  'SELECT * FROM force_checkpoint()',
  'SELECT * FROM duckdb_secrets()',
])('%s is refused by the table function it calls', async sql => {
  const { query } = await notes()
  expect(await errorOf(query.run(sql))).toMatchObject({
    code: 'QUERY_REFUSED',
    message: expect.stringMatching(/^the table function [a-z_]+ is not allowed$/),
  })
})

test.each([
  "SELECT * FROM '/etc/passwd'",
  "SELECT * FROM '/etc/passwd.csv'",
  "SELECT * FROM 'https://127.0.0.1:9/x.parquet'",
  "SELECT getenv('HOME')",
  "SELECT nextval('x')",
])('%s fails', async sql => {
  expect(await errorOf((await notes()).query.run(sql))).toMatchObject({ code: 'QUERY_FAILED' })
})

test('a file that lies beside the live ones cannot be read', async () => {
  const { query, live, directory } = await notes()
  const orphan = join(directory, 'data', 'orphan.parquet')
  await writeFile(orphan, await readFile(live))
  expect(await errorOf(query.run(`SELECT * FROM '${orphan}'`))).toMatchObject({ code: 'QUERY_FAILED' })
})

test('whatever is tried, the files of the table stay as they are, and the session goes on', async () => {
  const { query, live, directory } = await notes()
  await mkdir(join(directory, 'empty'))
  const before = await contentsOf(directory)
  for (const sql of [
    `COPY notes TO '${live}' (use_tmp_file false)`,
    `COPY notes TO '${live}'`,
    `COPY notes TO '${join(directory, 'data', 'new.parquet')}'`,
    `EXPORT DATABASE '${join(directory, 'empty')}'`,
    `ATTACH '${join(directory, 'new.db')}'`,
    `SELECT * FROM enable_logging(storage = 'file', storage_path = '${live}')`,
    `SELECT * FROM enable_profiling(save_location = '${live}')`,
    `SELECT write_log('x')`,
    'SET enable_external_access = true',
    'INSERT INTO notes VALUES (3)',
    'DROP VIEW notes',
  ]) {
    await query.run(sql).then(
      result => result.close(),
      () => undefined,
    )
  }
  expect(await contentsOf(directory)).toEqual(before)
  expect(await rowsOf(query, 'SELECT count(*) AS n FROM notes')).toEqual([{ n: 2 }])
})

test('every table function that is allowed exists', async () => {
  const { query } = await notes()
  const rows = await rowsOf(query, 'SELECT DISTINCT function_name AS name FROM duckdb_functions()')
  const known = rows.map(row => row['name'])
  expect([...tableFunctions].filter(name => !known.includes(name))).toEqual([])
})

test('a mistake in the query is shown with its place', async () => {
  const { query } = await notes()
  expect(await errorOf(query.run('SELECT id FORM notes'))).toMatchObject({
    code: 'QUERY_FAILED',
    message: expect.stringMatching(/^Parser Error: [^]*LINE 1: SELECT id FORM notes\n +\^$/),
  })
  expect(await errorOf(query.run('SELECT txet FROM notes'))).toMatchObject({
    code: 'QUERY_FAILED',
    message: expect.stringMatching(/^Binder Error: [^]*"txet"[^]*"text"[^]*LINE 1/),
  })
})
