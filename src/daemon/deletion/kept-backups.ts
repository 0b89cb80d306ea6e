import { join } from 'node:path'
import { fileCatalog } from '../../iceberg/catalog/file-catalog.ts'
import { localFileIO } from '../../iceberg/file-io/local.ts'
import { liveDeletes, liveFiles } from '../../iceberg/snapshot.ts'
import { gravesSelection } from '../../ingest/deletion/selection.ts'
import type { Grave } from '../../ingest/tombstones/row-matcher.ts'
import { listTombstones } from '../../ingest/tombstones/tombstones.ts'
import { backupsOf } from '../../stores/backup/noted-backups.ts'
import { type Home, homeAt } from '../../stores/home.ts'
import { recordPlace } from '../../stores/records/place.ts'
import { systemContext } from '../../stores/table/catalog.ts'
import { hasRowsBeside } from './leftovers.ts'

/**
 * The directories of backups of a home that may hold rows of a table that were deleted. A backup is a home by itself, and
 * holds none where they were purged before it was made, or in it.
 * @param graves what tells the rows; where nothing does, any backup may hold some
 */
export async function backupsWithRows(home: Home, table: string, graves: readonly Grave[]): Promise<string[]> {
  const found = new Set<string>()
  for (const { directory, tables } of await backupsOf(localFileIO, home)) {
    if (!tables.some(each => each.table === table)) continue
    // What cannot be looked at may hold anything.
    if (!(await isFreeOf(homeAt(directory), table, graves).catch(() => false))) found.add(directory)
  }
  return [...found].sort()
}

async function isFreeOf(backup: Home, name: string, [grave]: readonly Grave[]): Promise<boolean> {
  if (grave === undefined || (await holdsOthers(backup, name))) return false
  const catalog = fileCatalog({ io: localFileIO, directory: join(backup.tables, name), ...systemContext })
  const table = await catalog.load()
  if (table.metadata.snapshots.length > 1) return false
  // Deletes of other programs leave rows where they are.
  if ((await liveDeletes(table)).length > 0) return false
  if (grave.what.kind === 'before') {
    const { judge } = gravesSelection(table, [grave])
    return (await liveFiles(table)).data.every(entry => judge(entry) === 'none')
  }
  const { tableUuid, what } = grave
  const stones = await listTombstones({ place: recordPlace(backup), table: name })
  return stones.some(
    ({ value }) =>
      value.rows !== null &&
      value.tableUuid === tableUuid &&
      value.what.kind === 'session' &&
      what.kind === 'session' &&
      value.what.hash === what.hash,
  )
}

/** Whether there is anything on its way to the table, set aside or damaged, or beside the stores. */
async function holdsOthers(backup: Home, table: string): Promise<boolean> {
  const { spool, quarantine } = backup
  const files = [
    ...(await localFileIO.listFiles(join(spool, table))),
    ...(await localFileIO.listFiles(join(quarantine, table))),
  ]
  return files.some(({ path }) => !path.endsWith('.keys')) || hasRowsBeside(backup)
}
