import { toHypError } from '../../errors.ts'
import { fileKinds } from './registry.ts'
import { openRecords, type RecordPlaceOptions, type RecordProblem } from './store.ts'

/** A record that was stored in the present version. */
export interface MigratedRecord {
  readonly kind: string
  readonly id: string
  /** The version it had. */
  readonly from: number
  readonly to: number
  /** Path of the copy of what it was. */
  readonly backup: string
}

export interface Migration {
  readonly migrated: readonly MigratedRecord[]
  /** Records that stay as they are: unreadable, newer, or not to be backed up. */
  readonly problems: readonly RecordProblem[]
}

/**
 * Stores every record of an older version in the present one, each after its backup. What goes wrong with one costs no
 * other. The caller holds the lock.
 */
export async function migrateRecords(options: RecordPlaceOptions): Promise<Migration> {
  const migrated: MigratedRecord[] = []
  const problems: RecordProblem[] = []
  for (const kind of fileKinds) {
    const store = openRecords(kind, options)
    const list = await store.list()
    problems.push(...list.problems)
    for (const item of list.items) {
      const { id, path } = item
      try {
        const done = await store.migrate(item)
        if (done !== undefined)
          migrated.push({ kind: kind.name, id, from: done.from, to: kind.version, backup: done.backup })
      } catch (error) {
        problems.push({ kind: kind.name, id, path, error: toHypError(error) })
      }
    }
  }
  return { migrated, problems }
}
