import { test } from 'vitest'
import { expectNothingLost } from './racing.ts'

test('four processes that create, append and evolve at once without a lock lose and double nothing', async () => {
  await expectNothingLost({ processes: 4, appends: 10, evolutions: 5, shared: 0 })
})

test('processes that append the same rows at once store every row once', async () => {
  await expectNothingLost({ processes: 3, appends: 6, evolutions: 1, shared: 6 })
})
