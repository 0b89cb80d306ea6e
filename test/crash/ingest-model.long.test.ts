import { expect, test } from 'vitest'
import { playAll } from '../support/ingest-sequence.ts'

test.each(Array.from({ length: 4 }, (_, index) => 1001 + index * 500))(
  'whatever is done with a table and its disk, it has what was acknowledged, once: 500 sequences from seed %i on',
  async first => {
    const { report } = await playAll(first, 500)
    expect(report).toBe('')
  },
)
