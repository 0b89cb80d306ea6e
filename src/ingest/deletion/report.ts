import type { TablePurge } from './purge-table.ts'
import type { TableDeletion } from './table-deletion.ts'

/** What a deletion came to, or would come to. It is what `hyp table delete --json` prints. */
export interface DeletionReport {
  readonly formatVersion: 1
  readonly table: string
  /** Nothing was done. */
  readonly dryRun: boolean
  /** What was asked for; two of them are null. */
  readonly session: string | null
  readonly before: string | null
  readonly where: string | null
  readonly rows: number
  readonly files: TableDeletion['files']
  /** The snapshot without the rows, decimal; null where the table has none. */
  readonly snapshotId: string | null
  /** By what the rows are kept from coming back; null where nothing does. */
  readonly remembered: 'session' | 'before' | 'keys' | null
  /** What went besides; null where it was not asked for. */
  readonly purged: Purged | null
  /** Where such rows are still, or may be. */
  readonly kept: readonly KeptRows[]
  readonly ms: number
}

export interface Purged extends Pick<TablePurge, 'snapshots' | 'refs' | 'files' | 'bytes'> {
  readonly rejectedRows: number
}

/** A place where rows are or may be that were deleted. */
export interface KeptRows {
  readonly place: KeptPlace
  /** Of what the message counts. */
  readonly count: number
  /** One sentence. */
  readonly message: string
  /** One sentence, where there is something to do. */
  readonly hint: string | null
}

export type KeptPlace =
  | 'snapshots'
  | 'readers'
  | 'files'
  | 'backups'
  | 'transcripts'
  | 'spool'
  | 'rejects'
  | 'quarantine'
  | 'sessions'
