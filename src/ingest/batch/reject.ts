/** A row or a value that the contract of a declaration discarded. */
export interface Reject {
  /** Which row of its body, from 0. */
  readonly index: number
  /** Full name of the column or of the unknown field. */
  readonly column: string
  readonly reason: string
  readonly discarded: 'row' | 'value'
  /** What was discarded, as JSON text: of a row the text that came. */
  readonly content: string
}
