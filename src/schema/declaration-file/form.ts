import type { Document } from './document.ts'

/** A file that is being read, and what its columns may say. */
export interface Form {
  readonly document: Document
  /**
   * True for a file that declares its table whole. One that extends the
   * built-in table adds columns to rows that are stored, in a table of format
   * version 2, from captured records.
   */
  readonly isWhole: boolean
}
