import type { AppendContext } from '../../iceberg/append.ts'
import type { Catalog } from '../../iceberg/catalog/catalog.ts'
import type { RecordPlaceOptions } from '../../stores/records/store.ts'
import { tombstoneReader } from '../tombstones/tombstones.ts'
import { announce } from './bury.ts'
import { type Deleted, deleteRows } from './delete-rows.ts'
import { gravesSelection } from './selection.ts'

export interface BuriedOptions {
  readonly catalog: Catalog
  readonly place: RecordPlaceOptions
  /** The name that the table is declared by. */
  readonly table: string
  readonly context: AppendContext
  /** Say what would be done, and do nothing. */
  readonly dryRun?: boolean
  readonly signal?: AbortSignal | undefined
}

/** What is deleted again, and the newest of the tombstones that say so. */
export interface DeletedBuried extends Deleted {
  readonly generation: number
}

/**
 * Deletes from a table what its tombstones tell, where it has such rows again: a restore brought them, or another program
 * that set the table back. The caller holds the lock.
 * @throws HypError RECORD_UNREADABLE, RECORD_NEWER, and as `deleteRows`
 */
export async function deleteBuried(options: BuriedOptions): Promise<DeletedBuried> {
  const { catalog, place, table: name, context, dryRun = false, signal } = options
  const table = await catalog.load()
  const { graves, generation } = await tombstoneReader({ place, table: name })(table)
  if (!dryRun) await announce(catalog, table, generation, context)
  const select = async (now: typeof table): Promise<ReturnType<typeof gravesSelection>> => gravesSelection(now, graves)
  return { ...(await deleteRows({ catalog, select, context, dryRun, signal })), generation }
}
