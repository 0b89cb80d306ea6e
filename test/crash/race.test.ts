import { test } from 'vitest'
import { race } from './racing.ts'

test('eight processes, each with 25 appends and 5 evolutions of its own and no lock, lose and double nothing', async () => {
  await race({ processes: 8, appends: 25, evolutions: 5, shared: 0 })
})

test('processes that append the same rows at once store every row once', async () => {
  await race({ processes: 3, appends: 6, evolutions: 1, shared: 6 })
})
