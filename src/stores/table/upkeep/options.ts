import type { AppendContext } from '../../../iceberg/append.ts'
import type { Table } from '../../../iceberg/catalog/catalog.ts'
import type { Home } from '../../home.ts'
import type { Leased } from '../../leases.ts'
import type { RecordPlaceOptions } from '../../records/store.ts'
import type { UpkeepLimits } from './due.ts'

/** What keeps away what was deleted from a table. */
export interface KeptDeletions {
  /**
   * Whether a table is known to be without it; from then on that is known of its newest snapshot, so that the others can
   * go. Reads tombstones, and no data; never throws.
   */
  readonly areGone: (table: Table) => Promise<boolean>
  /** Looks for such rows in the whole table, and deletes them. @throws HypError and IcebergError */
  readonly deleteAgain: (dryRun: boolean) => Promise<{
    readonly rows: number
    /** Data files that went or were written again. */
    readonly files: number
  }>
}

/** How a table is looked after. */
export interface UpkeepOptions {
  /** What the table is called. */
  readonly name: string
  /** Says what would be done, and does nothing. */
  readonly dryRun?: boolean
  readonly limits?: UpkeepLimits
  /** Snapshots that somebody reads; asked after the table was loaded. @throws where it cannot be told */
  readonly leased: (tableUuid: string) => Promise<Leased>
  /** Where it is kept which files of histories are in the table: that still counts when its snapshots expire. */
  readonly records?: RecordPlaceOptions | undefined
  /** Whose reserve an expiry may use on a full disk; nobody's where left out. */
  readonly home?: Pick<Home, 'reserve'> | undefined
  /** Left out: nothing was ever deleted. */
  readonly deletions?: KeptDeletions | undefined
  readonly context: AppendContext & { readonly monotonic: () => number }
  /** When the process began that writes to the table meanwhile; milliseconds since 1970. */
  readonly writingSinceMs?: number | undefined
  /** Bytes that rewriting may hold; 64 MiB unless told otherwise. */
  readonly memoryBytes?: number
  readonly signal?: AbortSignal | undefined
}
