import type { Table } from '../../../iceberg/catalog/catalog.ts'
import { IcebergError } from '../../../iceberg/errors.ts'
import { entryStatus, fileContent, type ManifestEntry, type ManifestFile } from '../../../iceberg/manifest/data-file.ts'
import { currentSnapshot } from '../../../iceberg/metadata.ts'
import { openDataFile } from '../../../iceberg/open-file.ts'
import { readManifestList, readManifests } from '../../../iceberg/snapshot.ts'
import { encrypted } from './metadata-obstacles.ts'
import { type Obstacle, someOf } from './obstacle.ts'

/** Looks at every file of the current snapshot: whether it is there, of a kind that is read, and says whose columns it has. */
export async function fileObstacles(table: Table): Promise<Obstacle[]> {
  const list = currentSnapshot(table.metadata)?.['manifest-list']
  if (list !== undefined && !isHere(table, list)) return [elsewhere([list])]
  const manifests = await attempt(() => readManifestList(table))
  if (manifests instanceof IcebergError) return [unreadable(manifests)]
  const live = manifests.filter(({ addedFiles, existingFiles }) => addedFiles !== 0 || existingFiles !== 0)
  const local = live.filter(({ location }) => isHere(table, location))
  const found = await readAll(table, local)
  const away = [
    ...live.filter(manifest => !local.includes(manifest)),
    ...found.entries.map(({ file }) => file).filter(({ location }) => !isHere(table, location)),
  ].map(({ location }) => location)
  const here = found.entries.filter(({ file }) => isHere(table, file.location))
  const keyed = manifests.filter(({ keyMetadata }) => keyMetadata !== undefined)
  return [
    ...found.failures.map(unreadable),
    ...(keyed.length === 0 ? [] : [encrypted(someOf(keyed.map(({ location }) => location)))]),
    ...(away.length === 0 ? [] : [elsewhere(away)]),
    ...formatObstacles(table, here),
    ...(await contentObstacles(table, here)),
  ]
}

function isHere(table: Table, location: string): boolean {
  return table.path(location).startsWith('/')
}

async function attempt<Result>(run: () => Promise<Result>): Promise<Result | IcebergError> {
  try {
    return await run()
  } catch (error) {
    if (error instanceof IcebergError) return error
    throw error
  }
}

/** One by one: of several damaged manifests each is told. */
async function readAll(
  table: Table,
  manifests: readonly ManifestFile[],
): Promise<{ readonly entries: readonly ManifestEntry[]; readonly failures: readonly IcebergError[] }> {
  const entries: ManifestEntry[] = []
  const failures: IcebergError[] = []
  for (const manifest of manifests) {
    const read = await attempt(() => readManifests(table, [manifest], false))
    if (read instanceof IcebergError) failures.push(read)
    else entries.push(...read.filter(({ status }) => status !== entryStatus.deleted))
  }
  return { entries, failures }
}

function unreadable(error: IcebergError): Obstacle {
  const { file } = error.details
  return {
    what: 'the current snapshot cannot be read',
    where: typeof file === 'string' ? file : '(snapshot)',
    why: `${error.message}.`,
    fix: 'Restore the file, or let the engine that made the table go back to a snapshot that is whole.',
  }
}

function elsewhere(locations: readonly string[]): Obstacle {
  return {
    what: `${locations.length} ${locations.length === 1 ? 'file lies' : 'files lie'} elsewhere`,
    where: someOf(locations),
    why: 'hyp reads and writes tables on the disks of this machine.',
    fix: 'Copy the whole table here, all its files below one directory, and adopt the copy.',
  }
}

/** Formats that are not read, one obstacle each for data and for deletes. */
function formatObstacles(table: Table, entries: readonly ManifestEntry[]): Obstacle[] {
  const foreign = entries.filter(({ file }) => file.format !== 'PARQUET')
  const formats = [...new Set(foreign.map(({ file }) => file.format))]
  return formats.flatMap(format => {
    const files = foreign.map(({ file }) => file).filter(file => file.format === format)
    const pathsOf = (isData: boolean): string[] =>
      files.filter(({ content }) => (content === fileContent.data) === isData).map(file => table.path(file.location))
    return [...wrongFormat('data', format, pathsOf(true)), ...wrongFormat('delete', format, pathsOf(false))]
  })
}

const rewriting = {
  data: {
    why: 'Only Parquet is read: their rows would be missing.',
    fix: "Rewrite them as Parquet with the engine that made the table, in Spark by 'write.format.default'='parquet' and rewrite_data_files with rewrite-all.",
  },
  delete: {
    why: 'Only Parquet is read: rows that were deleted would come back.',
    fix: 'Let the engine that made the table rewrite the data files that rows were deleted of, in Spark by rewrite_data_files with delete-file-threshold 1.',
  },
}

function wrongFormat(kind: 'data' | 'delete', format: string, paths: readonly string[]): Obstacle[] {
  if (paths.length === 0) return []
  const what = `${paths.length} ${kind} ${paths.length === 1 ? 'file is' : 'files are'} ${format}`
  return [{ what, where: someOf(paths), ...rewriting[kind] }]
}

async function contentObstacles(table: Table, entries: readonly ManifestEntry[]): Promise<Obstacle[]> {
  const missing: string[] = []
  const nameless: string[] = []
  const damaged: Obstacle[] = []
  for (const entry of entries) {
    const path = table.path(entry.file.location)
    if ((await table.io.size(path)) === undefined) missing.push(path)
    else if (entry.file.format === 'PARQUET') {
      const error = await attempt(async () => (await openDataFile(table, entry)).close())
      if (!(error instanceof IcebergError)) continue
      if (error.code === 'FORMAT_UNSUPPORTED') nameless.push(path)
      else damaged.push(unreadableFile(path, error))
    }
  }
  return [
    ...(missing.length === 0 ? [] : [absent(missing)]),
    ...(nameless.length === 0 ? [] : [withoutIds(nameless)]),
    ...damaged,
  ]
}

function absent(paths: readonly string[]): Obstacle {
  return {
    what: `${paths.length} ${paths.length === 1 ? 'file' : 'files'} of the current snapshot ${paths.length === 1 ? 'is' : 'are'} not there`,
    where: someOf(paths),
    why: 'The rows in them cannot be read.',
    fix: 'Copy the whole table, all its files below one directory, or restore what is missing.',
  }
}

function withoutIds(paths: readonly string[]): Obstacle {
  return {
    what: `${paths.length} ${paths.length === 1 ? 'file carries' : 'files carry'} no field ids, and the table has no name mapping`,
    where: someOf(paths),
    why: 'Nothing says which of their columns is which of the table: after a rename they would be read wrongly.',
    fix: 'Set the property schema.name-mapping.default with the program that added the files, or let it rewrite them.',
  }
}

function unreadableFile(path: string, error: IcebergError): Obstacle {
  return {
    what: 'a file that cannot be read',
    where: path,
    why: `${error.message}.`,
    fix: 'Restore the file, or let the engine that made the table go back to a snapshot that is whole.',
  }
}
