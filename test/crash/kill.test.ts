import { expect, test } from 'vitest'
import { killAtEveryOperation, killAtRandomInstants } from './killing.ts'

test('a process killed between or within any two changes of the disk leaves a table that opens, and the work can be done again', async () => {
  const { kills, problems } = await killAtEveryOperation('whole', 'visible')
  expect(problems).toEqual([])
  expect(kills).toBeGreaterThan(40)
})

test('a process killed while it removes an old metadata file leaves a table that opens', async () => {
  const { kills, problems } = await killAtEveryOperation('late', 'visible')
  expect(problems).toEqual([])
  expect(kills).toBeGreaterThan(5)
})

test('a process killed from outside at 20 random instants loses nothing that it said is stored', async () => {
  const { committed, problems } = await killAtRandomInstants(20, 1)
  expect(problems).toEqual([])
  expect(committed).toBeGreaterThan(10)
})
