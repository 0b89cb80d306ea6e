import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { localFileIO } from '../../src/iceberg/file-io/local.ts'
import { createDataFile } from '../../src/iceberg/parquet/write.ts'
import type { Cell, Row } from '../../src/iceberg/types.ts'

/** Text of all planes, also such as is no Unicode: half a pair is stored as U+FFFD. */
const unit = fc.oneof(
  fc.constantFrom(
    'a',
    'b',
    '\ud7ff',
    '\ue000',
    '\ufffd',
    '\uffff',
    '\u{10000}',
    '\u{10ffff}',
    '\ud83d',
    '\ude00',
    '\udfff',
  ),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
)
const text = fc.string({ unit, maxLength: 24 })
const bytes = fc.uint8Array({ maxLength: 24, max: 3 }).map(short => short.map(byte => (byte === 3 ? 255 : byte)))

function stored(cell: Cell): Uint8Array {
  return typeof cell === 'string' ? new TextEncoder().encode(cell) : (cell as Uint8Array)
}

test.each<[type: string, cells: fc.Arbitrary<string | Uint8Array>]>([
  ['string', text],
  ['binary', bytes],
])('every %s lies within the bounds of its file, as other engines compare them', async (type, cell) => {
  const folder = await mkdtemp(join(tmpdir(), 'hyp bounds '))
  const schema = { type: 'struct' as const, 'schema-id': 0, fields: [{ id: 1, name: 'c', required: true, type }] }
  try {
    await fc.assert(
      fc.asyncProperty(
        fc.array(cell, { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 1, max: 4 }),
        async (cells, size) => {
          const writer = await createDataFile(localFileIO, join(folder, randomUUID()), schema)
          const rows = cells.map((c): Row => ({ c }))
          for (let start = 0; start < rows.length; start += size)
            await writer.writeRowGroup(rows.slice(start, start + size))
          const { lowerBounds, upperBounds } = await writer.finish()
          const [lower, upper] = [lowerBounds.get(1), upperBounds.get(1)]
          for (const value of cells.map(stored)) {
            expect(Buffer.compare(lower as Uint8Array, value)).toBeLessThanOrEqual(0)
            if (upper !== undefined) expect(Buffer.compare(value, upper)).toBeLessThanOrEqual(0)
          }
          // 16 code points of four bytes.
          expect(lower?.length).toBeLessThanOrEqual(64)
          if (upper === undefined) expect(cells.map(stored).some(value => value.length > 16)).toBe(true)
        },
      ),
      { numRuns: 300 },
    )
  } finally {
    await rm(folder, { recursive: true })
  }
})
