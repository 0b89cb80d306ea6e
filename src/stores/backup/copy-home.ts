import { join } from 'node:path'
import { directoryOf, type FileIO } from '../../iceberg/file-io/file-io.ts'
import { withoutLocation } from '../../schema/declaration-file.ts'
import { type Home, homeAt } from '../home.ts'
import type { BackedUpTable } from './backup-file.ts'
import type { Copier } from './copier.ts'
import { settings } from './parts.ts'
import { copyFolder, copySpools, type SpoolWriters } from './spools.ts'
import { copyTable } from './table-copy.ts'

/*
 * The order makes the copy consistent while rows go on coming in. A cursor says
 * that what lies before it is stored, so records are copied before the tables. A
 * segment goes when its rows are in the table, so the spool is, too. Then the
 * tables in the copy are never behind either: what both have, the positions and
 * the keys of its rows tell.
 */

/** What deletions leave so that nothing comes back: never older than the tables in the copy. */
const tombstones = '/tombstone/'

/** Copies everything that has to be copied before the tables. */
export async function copyWaiting(
  io: FileIO,
  home: Home,
  to: string,
  copier: Copier,
  writers: SpoolWriters,
): Promise<void> {
  const copy = homeAt(to)
  await copyFolder(io, home.records, copy.records, copier, path => !path.includes(tombstones))
  await copySpools(io, home, copy.spool, copier, writers)
  await copyFolder(io, home.quarantine, copy.quarantine, copier)
}

/** A table that its declaration puts outside the home. */
export interface Elsewhere {
  readonly table: string
  readonly directory: string
}

/**
 * Copies declarations, settings and last of all the tables. A table that lies outside the home lies in the copy, where
 * its declaration names no place: so the copy never reads or writes what it is of.
 * @throws errors of the disk and the tables
 */
export async function copyTables(
  io: FileIO,
  home: Home,
  elsewhere: readonly Elsewhere[],
  to: string,
  copiers: { readonly tables: Copier; readonly others: Copier },
): Promise<BackedUpTable[]> {
  const copy = homeAt(to)
  await copyDeclarations(io, home, copy, copiers.others, new Set(elsewhere.map(({ table }) => table)))
  for (const name of settings) await copiers.others.copy(join(home.directory, name), join(to, name))
  await copyFolder(io, home.records, copy.records, copiers.others, path => path.includes(tombstones))
  await copiers.others.directory(copy.tables)
  const places = [
    ...(await io.list(home.tables))
      .sort()
      .map(table => ({ table, directory: join(home.tables, table), elsewhere: null })),
    ...elsewhere.map(({ table, directory }) => ({ table, directory, elsewhere: directory })),
  ]
  const tables: BackedUpTable[] = []
  const taken = new Set<string>()
  for (const { table, directory, elsewhere: place } of places.toReversed()) {
    // What is left in the home of a table that is declared to lie elsewhere now.
    if (taken.has(table)) continue
    const copied = await copyTable(io, table, directory, join(copy.tables, table), copiers.tables)
    if (copied === undefined) continue
    taken.add(table)
    tables.push({ ...copied, elsewhere: place })
  }
  return tables.toReversed()
}

async function copyDeclarations(
  io: FileIO,
  home: Home,
  copy: Home,
  copier: Copier,
  elsewhere: ReadonlySet<string>,
): Promise<void> {
  await copier.directory(copy.schema)
  const files = (await io.listFiles(home.schema)).map(({ path }) => path)
  // A declaration may be a link to where somebody keeps it, which is no file of the folder.
  const declared = (await io.list(home.schema)).filter(name => name.endsWith('.json'))
  for (const path of new Set([...files, ...declared.map(name => join(home.schema, name))])) {
    const target = join(copy.schema, path.slice(home.schema.length))
    const table = directoryOf(path) === home.schema ? path.slice(home.schema.length + 1, -'.json'.length) : ''
    if (!elsewhere.has(table)) await copier.copy(path, target)
    else await copier.write(target, Buffer.from(withoutLocation(Buffer.from(await io.read(path)).toString('utf8'))))
  }
}
