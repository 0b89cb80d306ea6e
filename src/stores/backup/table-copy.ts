import { join } from 'node:path'
import type { Table } from '../../iceberg/catalog/catalog.ts'
import { fileCatalog } from '../../iceberg/catalog/file-catalog.ts'
import { IcebergError } from '../../iceberg/errors.ts'
import { reachableFiles } from '../../iceberg/expiry/reachable.ts'
import type { FileIO } from '../../iceberg/file-io/file-io.ts'
import { rowCount } from '../../schema/plan.ts'
import { systemContext } from '../table/catalog.ts'
import type { Copier } from './copier.ts'

/** A table in a backup. */
export interface TableCopy {
  readonly table: string
  readonly uuid: string
  readonly metadataVersion: number
  /** Those of its newest snapshot, deleted ones not taken off. */
  readonly rows: number
  readonly files: number
  /** Paths of files that the table has outside its directory: they are not copied, and the copy reads them there. */
  readonly outside: readonly string[]
}

/** A table that commits go on in is looked at again so often. */
const mostAttempts = 20

/**
 * Copies a table as it is at one moment: everything its snapshots reach, and its
 * metadata last. Writers may go on. What was removed meanwhile belongs to a
 * version that is older than the newest, which is then copied instead.
 * @returns undefined where there is no table
 * @throws IcebergError FILE_MISSING where a file is not there that the newest version names, and other errors of the table
 */
export async function copyTable(
  io: FileIO,
  table: string,
  from: string,
  to: string,
  copier: Copier,
): Promise<TableCopy | undefined> {
  const catalog = fileCatalog({ io, directory: from, ...systemContext })
  const copied = new Set<string>()
  for (let attempt = 1; ; attempt++) {
    const found = await catalog.load().catch((error: unknown) => {
      if (error instanceof IcebergError && error.code === 'TABLE_NOT_FOUND') return undefined
      throw error
    })
    if (found === undefined) return undefined
    try {
      return await copyVersion(table, found, from, to, copier, copied)
    } catch (error) {
      const isGone = error instanceof IcebergError && error.code === 'FILE_MISSING'
      if (!isGone || attempt === mostAttempts || (await catalog.load()).version === found.version) throw error
    }
  }
}

async function copyVersion(
  name: string,
  table: Table,
  from: string,
  to: string,
  copier: Copier,
  copied: Set<string>,
): Promise<TableCopy> {
  const { io, metadata, path } = table
  const reached = await reachableFiles(table, metadata.snapshots)
  const inside = [...reached].filter(file => file.startsWith(`${from}/`))
  // What an earlier attempt copied and this version does not need would be of nobody.
  for (const old of copied) {
    if (reached.has(old)) continue
    await io.remove(join(to, old.slice(from.length)))
    copied.delete(old)
  }
  for (const place of ['data', 'metadata']) await copier.directory(join(to, place))
  for (const file of inside) {
    if (copied.has(file)) continue
    if (!(await copier.link(file, join(to, file.slice(from.length)))))
      throw new IcebergError('FILE_MISSING', `the table names ${file}, which does not exist`, { file })
    copied.add(file)
  }
  // Older versions may have gone meanwhile; nobody needs them.
  for (const { 'metadata-file': location } of metadata['metadata-log']) {
    const file = path(location)
    if (!file.startsWith(`${from}/`) || copied.has(file)) continue
    if (await copier.link(file, join(to, file.slice(from.length)))) copied.add(file)
  }
  const newest = path(table.metadataLocation)
  if (!(await copier.link(newest, join(to, newest.slice(from.length)))))
    throw new IcebergError('FILE_MISSING', `the version ${newest} is gone`, { file: newest })
  await copier.write(join(to, 'metadata/version-hint.text'), Buffer.from(String(table.version)))
  return {
    table: name,
    uuid: metadata['table-uuid'],
    metadataVersion: table.version,
    rows: rowCount(metadata),
    files: copied.size + 1,
    outside: [...reached].filter(file => !file.startsWith(`${from}/`)),
  }
}
