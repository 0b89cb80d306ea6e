/** Why a row was refused. */
export interface RowError {
  /** Which row of the body, from 0. */
  readonly index: number
  /** Full name of the column or of the unknown field, e.g. `origin.host`; null for the row as a whole. */
  readonly column: string | null
  /** Speaks of types, never of values. */
  readonly reason: string
}
