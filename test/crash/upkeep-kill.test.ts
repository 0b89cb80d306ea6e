import { expect, test } from 'vitest'
import { killWhileTidying } from './upkeep-kill.ts'

test('a daemon that is killed while tables are fed, compacted, expired, backed up and deleted from loses nothing, doubles nothing, brings nothing back', async () => {
  const kills = await killWhileTidying({ rowsEach: 2500, killEveryMs: 1500, pauseMs: 400 })
  expect(kills).toBeGreaterThan(1)
})
