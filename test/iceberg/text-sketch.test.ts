import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { sketchOf } from '../../src/iceberg/text-sketch.ts'

const text = (n: number): string => createHash('sha256').update(String(n)).digest('hex').slice(0, 38)

test.each([1, 10, 1000, 100_000])('of %d texts lets every one of them through, and of others few', count => {
  const texts = Array.from({ length: count }, (_, n) => text(n))
  const sketch = sketchOf(texts)
  let missed = 0
  for (const each of texts) if (!sketch.mayHold(Buffer.from(each))) missed++
  expect(missed).toBe(0)
  let passed = 0
  for (let n = 0; n < 10_000; n++) if (sketch.mayHold(Buffer.from(text(1e6 + n)))) passed++
  expect(passed).toBeLessThan(1000)
})

test('of texts that differ in little, and in any script', () => {
  const texts = ['', 'a', 'ü', '😀', 'a\ud800', ...Array.from({ length: 500 }, (_, n) => `part ${n}#0`)]
  const sketch = sketchOf(texts)
  for (const each of texts) expect(sketch.mayHold(Buffer.from(each))).toBe(true)
  let passed = 0
  for (let n = 500; n < 5500; n++) if (sketch.mayHold(Buffer.from(`part ${n}#0`))) passed++
  expect(passed).toBeLessThan(500)
})
