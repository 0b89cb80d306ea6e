import { expect, test } from 'vitest'
import { killAtEveryOperation, killAtRandomInstants } from './killing.ts'

test('a process killed before or within any operation leaves a table that opens, and the work can be done again', async () => {
  const { kills, problems } = await killAtEveryOperation('whole', 'changing')
  expect(problems).toEqual([])
  expect(kills).toBeGreaterThan(100)
})

test('a process killed while it removes an old metadata file leaves a table that opens', async () => {
  const { kills, problems } = await killAtEveryOperation('late', 'changing')
  expect(problems).toEqual([])
  expect(kills).toBeGreaterThan(10)
})

test('a process killed from outside at 20 random instants loses nothing that it said is stored', async () => {
  const { committed, problems } = await killAtRandomInstants(20, 1)
  expect(problems).toEqual([])
  expect(committed).toBeGreaterThan(20)
})
