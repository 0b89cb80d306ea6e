import { expect, test } from 'vitest'
import { resultRows } from '../../src/query/format/rows.ts'
import type { QueryResult } from '../../src/query/result.ts'
import { openQuerySession, type QuerySession } from '../../src/query/session.ts'
import type { QueryLimits } from '../../src/query/watch.ts'
import { errorOf, rowsOf } from './asking.ts'
import { session } from './real-table.ts'

const endless = 'SELECT count(*) FROM range(10000000000) AS a, range(1000000) AS b'
const endlessRows = 'SELECT a.range AS x FROM range(10000000000) AS a, range(1000000) AS b'

async function read(query: QuerySession, sql: string, limits: QueryLimits): Promise<number> {
  return drain(await query.run(sql, limits))
}

async function drain(result: QueryResult): Promise<number> {
  let count = 0
  for await (const batch of result.batches) count += batch.rowCount
  return count
}

test.each([
  ['while it computes', endless],
  ['while it hands out rows', endlessRows],
])('a runaway query is stopped %s when the time is over', async (_, sql) => {
  const query = await session({ tables: {} })
  const start = performance.now()
  expect(await errorOf(read(query, sql, { timeoutMs: 200 }))).toMatchObject({
    code: 'INTERRUPTED',
    message: 'the query was stopped after 200 ms',
  })
  expect(performance.now() - start).toBeGreaterThan(150)
})

test.each([
  ['while it computes', endless],
  ['while it hands out rows', endlessRows],
])('a runaway query is stopped %s by a signal, and the session goes on', async (_, sql) => {
  const query = await session({ tables: {} })
  const controller = new AbortController()
  setTimeout(() => controller.abort(), 100)
  const { signal } = controller
  expect(await errorOf(read(query, sql, { signal }))).toMatchObject({ code: 'INTERRUPTED' })
  expect(await rowsOf(query, 'SELECT 1 AS x')).toEqual([{ x: 1 }])
})

test('a signal that was given before does not let the query begin', async () => {
  const query = await session({ tables: {} })
  expect(await errorOf(query.run('SELECT 1', { signal: AbortSignal.abort() }))).toMatchObject({ code: 'INTERRUPTED' })
})

test('a query that is stopped does not stop the one beside it', async () => {
  const query = await session({ tables: {} })
  const beside = rowsOf(query, 'SELECT count(*) AS n FROM range(300000000)')
  expect(await errorOf(read(query, endless, { timeoutMs: 20 }))).toMatchObject({ code: 'INTERRUPTED' })
  expect(await beside).toEqual([{ n: 300_000_000 }])
})

test('a limit that is not reached changes nothing', async () => {
  const query = await session({ tables: {} })
  expect(await read(query, 'FROM range(5000)', { timeoutMs: 60_000, signal: new AbortController().signal })).toBe(5000)
})

test('who stops reading stops the query', async () => {
  const query = await session({ tables: {} })
  for await (const row of resultRows(await query.run(endlessRows))) {
    expect(row['x']).toBe(0)
    break
  }
  const unread = await query.run(endlessRows)
  unread.close()
  expect(await errorOf(drain(unread))).toMatchObject({ code: 'INTERRUPTED' })
})

test('a session that is closed stops what runs in it, and takes nothing more', async () => {
  const query = await openQuerySession({ tables: {} })
  const running = errorOf(read(query, endless, {}))
  const result = await query.run(endlessRows)
  await query.close()
  expect(await running).toMatchObject({ code: 'INTERRUPTED', message: 'the query session was closed' })
  expect(await errorOf(drain(result))).toMatchObject({ code: 'INTERRUPTED' })
  expect(await errorOf(query.run('SELECT 1'))).toMatchObject({ code: 'INTERRUPTED' })
  await query.close()
})
