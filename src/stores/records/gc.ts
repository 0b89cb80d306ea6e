import type { FileIO } from '../../iceberg/file-io/file-io.ts'
import type { Backup } from './backup.ts'
import type { RecordStore } from './store.ts'

/** What a collection removed, or would remove. */
export interface Collected {
  readonly backups: readonly Backup[]
  /** Paths of files that were being written when a process ended. */
  readonly leftovers: readonly string[]
  /** How many backups stay. */
  readonly kept: number
}

export interface CollectOptions {
  readonly io: FileIO
  /** Milliseconds since 1970. */
  readonly now: number
  /** Say what would be removed, and remove nothing. */
  readonly dryRun: boolean
}

/** Of each record, so many of its newest backups are kept at any age. */
const newestKept = 3

/** And all that are younger, in milliseconds. */
const youngestKept = 30 * 86_400_000

/**
 * Removes old backups of the records of one kind. Those of a record that cannot be read stay, all of them: one of them
 * may be all there is. The caller holds the lock.
 */
export async function collectBackups<Value>(store: RecordStore<Value>, options: CollectOptions): Promise<Collected> {
  const { io, now, dryRun } = options
  const { items, backups, leftovers } = await store.list()
  const old: Backup[] = []
  for (const { id } of items) {
    const own = backups.filter(backup => backup.id === id)
    const dated = await newestFirst(io, own)
    old.push(...dated.slice(newestKept).flatMap(({ backup, at }) => (now - at > youngestKept ? [backup] : [])))
  }
  if (!dryRun && old.length + leftovers.length > 0) {
    for (const path of [...old.map(backup => backup.path), ...leftovers]) await io.remove(path)
    await io.syncDirectory(store.directory)
  }
  return { backups: old, leftovers, kept: backups.length - old.length }
}

interface DatedBackup {
  readonly backup: Backup
  /** Milliseconds since 1970. */
  readonly at: number
}

/** Backups by when they were made, the newest first; of one moment, the later version and the higher number. */
export async function newestFirst(io: FileIO, backups: readonly Backup[]): Promise<readonly DatedBackup[]> {
  const dated = await Promise.all(
    backups.map(async backup => ({ backup, at: (await io.look(backup.path))?.modifiedMs ?? 0 })),
  )
  return dated.sort((a, b) => b.at - a.at || b.backup.version - a.backup.version || b.backup.n - a.backup.n)
}
