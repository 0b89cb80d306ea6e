import { expect, test } from 'vitest'
import { killWhileIngesting } from './ingest-kill.ts'

test.each([true, false])(
  'a daemon that is killed while rows arrive keeps what it acknowledged, once (row key: %s)',
  async keyed => {
    const { kills } = await killWhileIngesting({ producers: 2, rowsEach: 6000, killEveryMs: 500, pauseMs: 60, keyed })
    expect(kills).toBeGreaterThan(1)
  },
)
