import { expect, test } from 'vitest'
import { playAll } from '../support/ingest-sequence.ts'

test.each([1001, 2001])(
  'whatever is done with a table and its disk, it has what was acknowledged, once: 400 sequences from seed %i on',
  async first => {
    const { report } = await playAll(first, 400)
    expect(report).toBe('')
  },
)
