import { fileCatalog } from '../../iceberg/catalog/file-catalog.ts'
import { locationOf } from '../../iceberg/catalog/location.ts'
import { localFileIO } from '../../iceberg/file-io/local.ts'
import { relocateTable } from '../../iceberg/relocate.ts'
import { systemContext } from './catalog.ts'
import { movedFrom } from './moved.ts'

/** A table and where it lies. Plain data. */
export interface TablePlace {
  readonly table: string
  readonly directory: string
}

/** What became of one table. */
export interface TableRelocation extends TablePlace {
  /** The location that it said it has. */
  readonly from: string
  /** The same where it lies there. */
  readonly to: string
  /** Files that were written, or would be: manifest lists, manifests and position deletes. No data file is. */
  readonly files: number
  /** Locations of its files that lie outside its directory, and are named as before. */
  readonly outside: readonly string[]
}

/** What a relocation came to. */
export interface RelocationReport {
  readonly formatVersion: 1
  readonly dryRun: boolean
  readonly tables: readonly TableRelocation[]
}

/**
 * Makes a table say that it lies where it does, for programs that do not follow a table that was moved.
 * @throws errors of the table
 */
export async function relocateAt({ table, directory }: TablePlace, dryRun: boolean): Promise<TableRelocation> {
  const catalog = fileCatalog({ io: localFileIO, directory, ...systemContext })
  const { metadata } = await catalog.load()
  const here = { table, directory, from: metadata.location }
  if ((await movedFrom(metadata, directory)) === null) return { ...here, to: metadata.location, files: 0, outside: [] }
  const { files, outside } = await relocateTable(catalog, directory, systemContext, { dryRun })
  return { ...here, to: locationOf(directory), files, outside }
}
