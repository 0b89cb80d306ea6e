import { expect, test } from 'vitest'
import { playAll } from '../support/ingest-sequence.ts'

test.each([1001, 2001])(
  'whatever is done with a table and its disk, it has what was acknowledged, once: 600 sequences from seed %i on',
  async first => {
    const { report } = await playAll(first, 600)
    expect(report).toBe('')
  },
)
