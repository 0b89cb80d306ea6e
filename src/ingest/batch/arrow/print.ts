import type { RowFlaw } from '../raw-row.ts'

/** Prints one value of a column as JSON text. @throws RowFault, RangeError for a place that is not in the column */
export type Print = (index: number) => string

/** A value that cannot stand in JSON: its row is refused. */
export class RowFault extends Error {
  readonly flaw: RowFlaw

  constructor(flaw: RowFlaw) {
    super(flaw.reason)
    this.flaw = flaw
  }
}

/** Numbers of the stream that contradict each other. */
export function outside(): never {
  throw new RangeError('outside of a column')
}
