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

test('rows without a time say nothing, in a file of their own or among others, and neither does a table without a row', async () => {
  const { catalog, append } = await newTable()
  const answers = async (): Promise<boolean[]> => {
    const table = await catalog.load()
    return Promise.all(['1970-01-03', '2040-01-01'].map(day => leavesNone(table, name, day)))
  }
  expect(await answers()).toEqual([false, false])
  await append(session('a', 1))
  expect(await answers()).toEqual([false, false])
  await append(session('b', 4))
  expect(await answers()).toEqual([false, true])
})
