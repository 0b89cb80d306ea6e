import { expect, test } from 'vitest'
import { killAtEveryOperation, killAtRandomInstants } from './killing.ts'

test('a process killed before any operation that nobody else sees, reads included, leaves a table that opens', async () => {
  const { kills, problems } = await killAtEveryOperation('whole', 'unseen')
  expect(problems).toEqual([])
  expect(kills).toBeGreaterThan(60)
})

test('a process killed from outside at 200 random instants loses nothing that it said is stored', async () => {
  const { committed, problems } = await killAtRandomInstants(200, 2)
  expect(problems).toEqual([])
  expect(committed).toBeGreaterThan(100)
})
