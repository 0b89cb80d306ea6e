import { test } from 'vitest'
import { expectNothingLost } from './racing.ts'

test('eight processes, each with 25 appends and 5 evolutions of its own and no lock, lose and double nothing', async () => {
  await expectNothingLost({ processes: 8, appends: 25, evolutions: 5, shared: 0 })
})

test('eight processes that append the same rows and evolve at once store every row once', async () => {
  await expectNothingLost({ processes: 8, appends: 25, evolutions: 5, shared: 25 })
})
