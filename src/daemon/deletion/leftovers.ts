import { join } from 'node:path'
import { localFileIO } from '../../iceberg/file-io/local.ts'
import { removeFolder } from '../../stores/backup/remove-folder.ts'
import { beforeRestoresIn, undecidedIn } from '../../stores/backup/swap.ts'
import type { Home } from '../../stores/home.ts'
import { queryFoldersIn, removeDeadQueryFolders } from '../../stores/query-folder.ts'

/*
 * What holds rows in a home beside its stores: queries write down rows that wait, a restore that was ended leaves what it
 * had prepared, and one that was not keeps what was there before it.
 */

/** Removes what ended processes left and nobody needs; what cannot be removed is found again. The caller holds the lock. */
export async function removeLeftovers(home: Home): Promise<void> {
  await removeDeadQueryFolders(home)
  for (const folder of await undecidedIn(localFileIO, home))
    await removeFolder(localFileIO, folder).catch(() => undefined)
}

/** Folders of a home that may hold rows of a table, or of any, and that somebody has to look through. */
export async function foldersBeside(home: Home, table: string, directory: string): Promise<string[]> {
  const own = join(home.tables, table)
  // A table that is declared to lie elsewhere since leaves its rows where it was.
  const isLeft = directory !== own && (await localFileIO.listFiles(own)).length > 0
  return [...(await restoresIn(home)), ...(isLeft ? [own] : [])]
}

/** Whether anything beside the stores of a home may hold rows, also what a query holds that is being run. */
export async function hasRowsBeside(home: Home): Promise<boolean> {
  return (await restoresIn(home)).length + (await queryFoldersIn(home)).length > 0
}

/** What restores have left. */
async function restoresIn(home: Home): Promise<string[]> {
  return [...(await beforeRestoresIn(localFileIO, home)), ...(await undecidedIn(localFileIO, home))]
}
