import type { BackfillEvent } from '../ingest/backfill/backfill-summary.ts'

/** What happens in a daemon, as data. Never the contents of a message. */
export type DaemonEvent =
  | { readonly type: 'home'; readonly directory: string; readonly version: string }
  | {
      readonly type: 'created'
      readonly table: string
      readonly release: number
      readonly columns: number
      readonly ms: number
    }
  | {
      readonly type: 'evolved'
      readonly table: string
      readonly from: SchemaPoint
      readonly to: SchemaPoint
      /** The table was brought back to its own declaration, not to a later one. */
      readonly repaired: boolean
      readonly changes: readonly string[]
      readonly ms: number
    }
  | {
      readonly type: 'unchanged'
      readonly table: string
      readonly release: number | null
      readonly schemaId: number
      readonly rows: number
    }
  | { readonly type: 'waiting'; readonly pid: number }
  | {
      readonly type: 'refused'
      readonly table: string
      readonly planId: string
      readonly declared: number
      readonly found: number | null
      readonly breaking: readonly { readonly code: string; readonly path: string }[]
    }
  | {
      readonly type: 'table-failed'
      readonly table: string
      readonly code: string
      readonly message: string
      readonly hint: string
    }
  | {
      readonly type: 'adopted'
      readonly table: string
      readonly directory: string
      readonly schemaId: number
      readonly accepted: readonly { readonly code: string; readonly path: string }[]
      readonly ms: number
    }
  | { readonly type: 'token-replaced'; readonly file: string; readonly reason: 'readable to others' | 'damaged' }
  | { readonly type: 'ready'; readonly socket: string; readonly port: number; readonly ms: number }
  | { readonly type: 'backfill'; readonly event: BackfillEvent }
  | { readonly type: 'backfill-failed'; readonly code: string; readonly message: string; readonly hint: string }
  | {
      readonly type: 'flushed'
      readonly table: string
      readonly rows: number
      readonly duplicates: number
      /** Rows that were deleted before, and do not come back. */
      readonly deleted: number
      /** Rows that could not be written, and are among the rejects. */
      readonly setAside: number
      readonly commits: number
      readonly ms: number
    }
  | {
      readonly type: 'flush-failed'
      readonly table: string
      readonly code: string
      readonly message: string
      readonly hint: string
    }
  | {
      readonly type: 'maintained'
      readonly table: string
      /** Data files that were written again, and how many they are now. */
      readonly filesBefore: number
      readonly filesAfter: number
      /** Snapshots that expired. */
      readonly snapshots: number
      /** Files that went, and their bytes. */
      readonly removed: number
      readonly bytes: number
      readonly ms: number
    }
  | {
      readonly type: 'maintenance-failed'
      readonly table: string
      readonly code: string
      readonly message: string
      readonly hint: string
    }
  | {
      readonly type: 'deleted'
      readonly table: string
      readonly rows: number
      /** Who asked for it; `tombstone`: nobody now, they had been deleted before. */
      readonly by: 'request' | 'retention' | 'tombstone'
      /** Data files that went or were written again. */
      readonly files: number
      /** Files that went besides. */
      readonly purged: number
      readonly ms: number
    }
  | { readonly type: 'retention-failed'; readonly code: string; readonly message: string; readonly hint: string }
  | {
      readonly type: 'backed-up'
      readonly directory: string
      readonly files: number
      readonly bytes: number
      /** Bytes of them that take no room. */
      readonly linkedBytes: number
      readonly ms: number
    }
  | {
      readonly type: 'backup-failed'
      readonly directory: string
      readonly code: string
      readonly message: string
      readonly hint: string
    }
  | {
      /** A table says that it lies elsewhere: it was moved or copied. */
      readonly type: 'moved'
      readonly table: string
      readonly location: string
      readonly directory: string
    }
  | {
      readonly type: 'relocated'
      readonly table: string
      readonly from: string
      readonly to: string
      readonly files: number
    }
  | { readonly type: 'held'; readonly table: string; readonly stream: string; readonly reason: string }
  | { readonly type: 'watching'; readonly directories: number; readonly files: number; readonly ms: number }
  | { readonly type: 'watch-limited'; readonly reason: string }
  | { readonly type: 'watch-unreadable'; readonly path: string; readonly reason: string }
  | {
      /** Rows that were read are tried again until they are taken. */
      readonly type: 'watch-waits'
      readonly rows: number
      readonly code: string
      readonly message: string
      readonly hint: string
    }
  | { readonly type: 'watch-refused'; readonly rows: number; readonly column: string | null; readonly reason: string }
  | { readonly type: 'watch-failed'; readonly code: string; readonly message: string; readonly hint: string }
  | { readonly type: 'damaged'; readonly table: string; readonly ranges: number; readonly bytes: number }
  | { readonly type: 'records-migrated'; readonly records: number }
  | {
      readonly type: 'record-unusable'
      readonly kind: string
      readonly id: string | null
      readonly code: string
      readonly message: string
      readonly hint: string
    }
  | { readonly type: 'stopping'; readonly signal: string | null }
  | { readonly type: 'stopped' }

export interface SchemaPoint {
  readonly release: number | null
  readonly schemaId: number
}
