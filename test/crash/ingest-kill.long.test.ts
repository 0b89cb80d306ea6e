import { expect, test } from 'vitest'
import { killWhileIngesting } from './ingest-kill.ts'

test.each([true, false])(
  'four producers of 50 000 rows and a kill every 2 s: what is acknowledged is there, once (row key: %s)',
  async keyed => {
    const { kills } = await killWhileIngesting({
      producers: 4,
      rowsEach: 50_000,
      killEveryMs: 2000,
      pauseMs: 80,
      keyed,
    })
    expect(kills).toBeGreaterThan(4)
  },
)
