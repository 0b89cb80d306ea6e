import type { Row } from '../../iceberg/types.ts'
import type { Unreadable } from '../../sources/source.ts'

/** Rows in the order in which they were read, and which files they are of. */
export interface RowBatch {
  readonly rows: Row[]
  /** Where the rows of each file begin, rising. */
  readonly files: { readonly path: string; readonly firstRow: number }[]
}

/** What became of rows. */
export interface Taken {
  /** Rows that are new in the table. */
  readonly rows: number
  /** Rows whose key was stored already or stood twice in the histories. */
  readonly duplicates: number
  /** Rows that were deleted before, and do not come back. */
  readonly deleted: number
  /** Rows that are durable, and wait until the table takes rows again. */
  readonly spooled: number
  /** Rows that cannot be stored as they are. */
  readonly refused: number
  readonly commits: number
}

export const noneTaken: Taken = { rows: 0, duplicates: 0, deleted: 0, spooled: 0, refused: 0, commits: 0 }

/** Where the rows of histories go. */
export interface RowSink {
  /**
   * Takes a batch. When it resolves, all rows are durable but for the refused ones.
   * @returns with the files that refused rows are of, and why
   * @throws HypError and IcebergError: nothing is known of the batch, and it can be handed over again
   */
  take(batch: RowBatch): Promise<Taken & { readonly faults: readonly Unreadable[] }>
}

/** The file that a row is of. */
function fileOf({ files }: RowBatch, row: number): string {
  return files.findLast(({ firstRow }) => firstRow <= row)?.path ?? ''
}

/** The files that have rows in a part of a batch. */
export function filesIn({ files }: RowBatch, firstRow: number, endRow: number): RowBatch['files'] {
  return files.filter(
    (file, index) => file.firstRow < endRow && (files[index + 1]?.firstRow ?? Number.POSITIVE_INFINITY) > firstRow,
  )
}

/** One word for each file that rows are refused of: how many, and why the first of them. */
export function faultsOf(batch: RowBatch, refused: Iterable<readonly [row: number, reason: string]>): Unreadable[] {
  const byFile = new Map<string, { rows: number; readonly reason: string }>()
  for (const [row, reason] of refused) {
    const path = fileOf(batch, row)
    const known = byFile.get(path)
    if (known === undefined) byFile.set(path, { rows: 1, reason })
    else known.rows++
  }
  return Array.from(byFile, ([path, { rows, reason }]) => ({
    path,
    reason: rows === 1 ? `a row cannot be stored: ${reason}` : `${rows} rows cannot be stored: ${reason}`,
  }))
}
