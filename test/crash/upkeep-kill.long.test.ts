import { expect, test } from 'vitest'
import { killWhileTidying } from './upkeep-kill.ts'

test('four producers of 20 000 rows, a kill every 3 s, and all that can be done to tables meanwhile: nothing is lost, double or back', async () => {
  const kills = await killWhileTidying({ rowsEach: 20_000, killEveryMs: 3000, pauseMs: 250 })
  expect(kills).toBeGreaterThan(4)
})
