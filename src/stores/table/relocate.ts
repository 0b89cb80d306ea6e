import { fileCatalog } from '../../iceberg/catalog/file-catalog.ts'
import { locationOf } from '../../iceberg/catalog/location.ts'
import { localFileIO } from '../../iceberg/file-io/local.ts'
import { relocateTable } from '../../iceberg/relocate.ts'
import type { Declaration } from '../../schema/declaration.ts'
import { type Home, tableDirectory } from '../home.ts'
import { openCatalog, systemContext } from './catalog.ts'
import { movedFrom } from './moved.ts'
import { observeTable } from './store.ts'

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

export interface RelocateEach {
  readonly home: Home
  readonly declarations: readonly Declaration[]
  /** Whether the tables were asked for by name: then they have to be there. Else those that are not made yet are left out. */
  readonly named: boolean
  readonly dryRun: boolean
  /** Relocates one, as {@link relocateAt} does. */
  readonly relocate: (place: TablePlace) => Promise<TableRelocation>
}

/** Relocates tables of a home, one after the other. @throws errors of the tables; those before it are done */
export async function relocateEach({
  home,
  declarations,
  named,
  dryRun,
  relocate,
}: RelocateEach): Promise<RelocationReport> {
  const tables: TableRelocation[] = []
  for (const declaration of declarations) {
    if (!named && (await observeTable(openCatalog(home, declaration))) === null) continue
    tables.push(await relocate({ table: declaration.table, directory: tableDirectory(home, declaration) }))
  }
  return { formatVersion: 1, dryRun, tables }
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
