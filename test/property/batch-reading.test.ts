import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readHybrid } from '../../src/iceberg/parquet/hybrid.ts'

/** Numbers as a writer may put them: runs, and groups of eight. */
function written(parts: readonly (readonly number[])[], width: number): { bytes: Uint8Array; numbers: number[] } {
  const bytes: number[] = []
  const numbers: number[] = []
  for (const part of parts) {
    const [first = 0] = part
    if (part.every(number => number === first)) {
      bytes.push(part.length << 1)
      for (let shift = 0; shift < width; shift += 8) bytes.push(Math.floor(first / 2 ** shift) % 256)
      numbers.push(...part)
      continue
    }
    const whole = [...part, ...new Array<number>((8 - (part.length % 8)) % 8).fill(0)]
    bytes.push(((whole.length / 8) << 1) | 1)
    const bits = whole.flatMap(number => Array.from({ length: width }, (_, bit) => Math.floor(number / 2 ** bit) % 2))
    for (let at = 0; at < bits.length; at += 8)
      bytes.push(bits.slice(at, at + 8).reduce((byte, bit, index) => byte + bit * 2 ** index, 0))
    numbers.push(...whole)
  }
  return { bytes: Uint8Array.from(bytes), numbers }
}

test('small numbers come back from runs and groups of any width', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 32 }).chain(width =>
        fc.record({
          width: fc.constant(width),
          parts: fc.array(fc.array(fc.nat(Math.min(2 ** width - 1, 2 ** 31 - 1)), { minLength: 1, maxLength: 40 }), {
            minLength: 1,
            maxLength: 5,
          }),
        }),
      ),
      fc.nat(7),
      ({ width, parts }, padding) => {
        const { bytes, numbers } = written(parts, width)
        const count = numbers.length
        const shifted = Uint8Array.from([...new Array<number>(padding).fill(255), ...bytes])
        expect(Array.from(readHybrid(shifted, padding, width, count))).toEqual(numbers)
        // One byte less is noticed, where all numbers are asked for.
        expect(() => readHybrid(shifted.subarray(0, -1), padding, width, count)).toThrow(RangeError)
      },
    ),
    { numRuns: 500 },
  )
})
