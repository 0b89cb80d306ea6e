import { expect, test } from 'vitest'
import { cellText } from '../../src/iceberg/cell-text.ts'
import type { Cell } from '../../src/iceberg/types.ts'

test.each<[cell: Cell, text: string]>([
  [null, 'null'],
  [undefined, 'null'],
  [true, 'true'],
  [0, '0'],
  [-5n, '-5'],
  ['text', 'text'],
  ['', ''],
  [Uint8Array.of(0, 255), '00ff'],
  [Buffer.from([0, 255]), '00ff'],
  [[1, null], '[1,null]'],
  [{ a: 'x' }, '{"a":"x"}'],
])('%o is %s', (cell, text) => {
  expect(cellText(cell)).toBe(text)
})
