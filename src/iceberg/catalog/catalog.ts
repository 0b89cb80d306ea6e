import type { Commit } from '../commit.ts'
import type { FileIO } from '../file-io/file-io.ts'
import type { TableMetadata } from '../types.ts'

/** A table as it was when it was loaded. */
export interface Table {
  readonly metadata: TableMetadata
  /** Where the metadata was read from, as a location that other engines understand. */
  readonly metadataLocation: string
  /** Counts metadata files: 1 for a new table, one more for every commit. */
  readonly version: number
  /** Everything the table names is read and written through this. */
  readonly io: FileIO
  /** A location of the table as a path of `io`; follows a table that was moved. */
  readonly path: (location: string) => string
}

/** What a commit needs to know; the rest is the catalog's business. */
export interface Catalog {
  /** @throws IcebergError TABLE_NOT_FOUND, METADATA_INVALID, FORMAT_UNSUPPORTED */
  load(): Promise<Table>
  /** Creates the table by applying the commit's updates to nothing. @throws IcebergError TABLE_EXISTS */
  create(commit: Commit): Promise<Table>
  /**
   * Applies a commit to the table as `base` saw it. A commit that changes
   * nothing writes nothing and gives `base` back.
   * @throws IcebergError COMMIT_CONFLICT when another commit was first or a requirement fails (nothing was
   *   changed), COMMIT_STATE_UNKNOWN when it cannot be told whether it landed
   */
  commit(base: Table, commit: Commit): Promise<Table>
}

/**
 * To be called before somebody is told that a table has something already:
 * whoever committed it may have died before its name was durable.
 */
export async function makeDurable(table: Table): Promise<void> {
  await table.io.syncDirectory(table.path(`${table.metadata.location}/metadata`))
}
