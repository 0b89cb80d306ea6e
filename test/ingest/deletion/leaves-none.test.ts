import { expect, test } from 'vitest'
import { leavesNone } from '../../../src/ingest/deletion/leaves-none.ts'
import { newTable, session } from './deleting.ts'

const name = 'ai_gateway_messages'

/** Of 1970-01-01 to 03, without the last row, which has no time. */
const timed = (of: string) => session(of, 4).slice(0, 3)

test('a time behind every row leaves none, and one among them or before them does', async () => {
  const { catalog, append } = await newTable()
  await append([...timed('a'), ...timed('b')])
  const table = await catalog.load()
  const answers = ['1970-01-01', '1970-01-03', '1970-01-04', '2040-01-01'].map(day => leavesNone(table, name, day))
  expect(await Promise.all(answers)).toEqual([false, false, true, true])
})

test('a row without a time stays, and so does a table without a row', async () => {
  const { catalog, append } = await newTable()
  expect(await leavesNone(await catalog.load(), name, '2040-01-01')).toBe(false)
  await append(session('a'))
  expect(await leavesNone(await catalog.load(), name, '2040-01-01')).toBe(false)
})
