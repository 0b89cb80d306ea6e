import type { Cell } from './types.ts'

/** One text for one primitive value, the same for equal values of a column: for keys, partitions and reports. */
export function cellText(cell: Cell): string {
  if (cell === null || cell === undefined) return 'null'
  if (cell instanceof Uint8Array) return Buffer.from(cell).toString('hex')
  return typeof cell === 'object' ? JSON.stringify(cell) : String(cell)
}
