import { currentSnapshot } from '../../iceberg/metadata.ts'
import type { Home } from '../../stores/home.ts'
import { recordPlace } from '../../stores/records/place.ts'
import type { KeptDeletions } from '../../stores/table/upkeep/options.ts'
import { isCleared, noteCleared, recallCleared } from './cleared.ts'
import { type BuriedOptions, deleteBuried } from './delete-buried.ts'

export interface KeepDeletedOptions extends Pick<BuriedOptions, 'catalog' | 'table' | 'context' | 'signal'> {
  readonly home: Home
}

/** Sees to it that what was deleted from a table stays away, whatever another program makes of it. */
export function keepDeleted({ home, ...options }: KeepDeletedOptions): KeptDeletions {
  const { table: name } = options
  return {
    areGone: async table => {
      const known = await recallCleared(home, name)
      if (!(await isCleared(home, name, table, known))) return false
      // Snapshots expire: what is known moves on with the table.
      const current = currentSnapshot(table.metadata)?.['snapshot-id']
      if (known !== undefined && known.snapshotId !== String(current))
        await noteCleared(home, name, table, known.generation)
      return true
    },
    deleteAgain: async dryRun => {
      const deleted = await deleteBuried({ ...options, place: recordPlace(home), dryRun })
      if (!dryRun) await noteCleared(home, name, deleted.table, deleted.generation)
      return { rows: deleted.rows, files: deleted.gone.length }
    },
  }
}
