import type { Cell } from '../types.ts'
import type { Run } from './merge.ts'

/** The rows of runs, one behind the other, as columns. */
export function gather(runs: readonly Run[], columnCount: number): Cell[][] {
  const rowCount = runs.reduce((sum, { from, to }) => sum + to - from, 0)
  const columns: Cell[][] = []
  for (let column = 0; column < columnCount; column++) {
    const cells = new Array<Cell>(rowCount)
    let next = 0
    for (const { batch, from, to } of runs) {
      const source = batch.columns[column] as readonly Cell[]
      for (let at = from; at < to; at++) cells[next++] = source[batch.rows[at] as number]
    }
    columns.push(cells)
  }
  return columns
}
