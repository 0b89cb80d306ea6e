import { cellText } from '../cell-text.ts'
import type { Cell } from '../types.ts'

/**
 * One text for several primitive values, the same exactly for values that are
 * equal one by one: null is equal to null and NaN to NaN, and −0 is not 0 (spec
 * "Scan Planning", which goes by the bits).
 */
export function identityOf(cells: readonly Cell[]): string {
  let identity = ''
  for (const cell of cells) {
    if (cell === null || cell === undefined) {
      identity += '-'
      continue
    }
    const text = Object.is(cell, -0) ? '-0' : cellText(cell)
    identity += `${text.length}:${text}`
  }
  return identity
}
