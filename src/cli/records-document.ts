import type { ProblemDocument } from '../daemon/task-document.ts'
import type { MigratedRecord } from '../stores/records/migrate.ts'

/** What `hyp records --json` prints. */
export interface RecordsDocument {
  readonly kinds: readonly {
    readonly kind: string
    /** The version that is written. */
    readonly version: number
    /** Null where its records have no files of their own, as is the next. */
    readonly directory: string | null
    readonly records: number | null
    /** Records by the version they are stored in. */
    readonly versions: Readonly<Record<string, number>>
    /** Those of an older version. */
    readonly outdated: number
    readonly backups: number
    readonly problems: number
  }[]
  readonly problems: readonly ProblemDocument[]
  readonly backups: readonly BackupDocument[]
}

export interface BackupDocument {
  readonly kind: string
  readonly id: string
  /** 0 where it cannot be read. */
  readonly version: number
  readonly path: string
}

export interface MigrationDocument {
  readonly migrated: readonly MigratedRecord[]
  readonly problems: readonly ProblemDocument[]
}

export interface CollectedDocument {
  readonly dryRun: boolean
  readonly removed: readonly BackupDocument[]
  /** Paths of files that were being written when a process ended. */
  readonly leftovers: readonly string[]
  readonly kept: number
}

export interface RestoredDocument {
  readonly kind: string
  readonly id: string
  readonly path: string
  readonly from: string
  readonly version: number
  readonly backup: string | null
}
