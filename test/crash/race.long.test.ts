import { test } from 'vitest'
import { race } from './racing.ts'

test('eight processes that append the same rows and evolve at once store every row once', async () => {
  await race({ processes: 8, appends: 25, evolutions: 5, shared: 25 })
})
