import type { Table } from './catalog/catalog.ts'
import { IcebergError } from './errors.ts'
import { isNotFound } from './file-io/file-io.ts'
import { currentSchema } from './ids.ts'
import { partitionFieldType } from './manifest/avro-layout.ts'
import { entryStatus, type ManifestEntry, type ManifestFile } from './manifest/data-file.ts'
import { decodeManifest } from './manifest/manifest.ts'
import { decodeManifestList } from './manifest/manifest-list.ts'
import { currentSnapshot } from './metadata.ts'
import type { PrimitiveType, Snapshot, TableMetadata } from './types.ts'

/** Reads a file that the table names. @throws IcebergError FILE_MISSING naming it */
async function readNamedFile(table: Table, location: string): Promise<Uint8Array> {
  const path = table.path(location)
  try {
    return await table.io.read(path)
  } catch (cause) {
    if (isNotFound(cause))
      throw new IcebergError('FILE_MISSING', `the table names ${path}, which does not exist`, { file: path }, cause)
    throw cause
  }
}

/** The manifests of a snapshot; none for a table without one. */
export async function readManifestList(
  table: Table,
  snapshot: Snapshot | undefined = currentSnapshot(table.metadata),
): Promise<ManifestFile[]> {
  if (snapshot === undefined) return []
  const location = snapshot['manifest-list']
  if (location === undefined) {
    throw new IcebergError(
      'FORMAT_UNSUPPORTED',
      `snapshot ${snapshot['snapshot-id']} names its manifests in the metadata, as only early version 1 tables do`,
    )
  }
  return decodeManifestList(await readNamedFile(table, location), table.path(location))
}

/** The entries of manifests, deleted ones included, in the order of the list. */
export async function readManifests(
  table: Table,
  manifests: readonly ManifestFile[],
  withStatistics = true,
): Promise<ManifestEntry[]> {
  const types = partitionTypes(table.metadata)
  const entries = await inParallel(manifests, async manifest =>
    decodeManifest(
      await readNamedFile(table, manifest.location),
      { ...manifest, location: table.path(manifest.location) },
      types,
      withStatistics,
    ),
  )
  return entries.flat()
}

/**
 * The live data files of a snapshot.
 * @throws IcebergError FORMAT_UNSUPPORTED when delete files apply to it: rows would come back that were deleted
 */
export async function liveDataFiles(
  table: Table,
  keep: (manifest: ManifestFile) => boolean = () => true,
  withStatistics = true,
): Promise<ManifestEntry[]> {
  const manifests = await readManifestList(table)
  if (
    manifests.some(manifest => manifest.content === 1 && (manifest.addedFiles !== 0 || manifest.existingFiles !== 0))
  ) {
    throw new IcebergError('FORMAT_UNSUPPORTED', 'the table has delete files, which this version does not read')
  }
  const entries = await readManifests(
    table,
    manifests.filter(manifest => manifest.content === 0 && keep(manifest)),
    withStatistics,
  )
  return entries.filter(entry => entry.status !== entryStatus.deleted)
}

function partitionTypes(metadata: TableMetadata): ReadonlyMap<number, PrimitiveType> {
  const schema = currentSchema(metadata)
  return new Map(
    metadata['partition-specs'].flatMap(spec =>
      spec.fields.map(field => [field['field-id'], partitionFieldType(field, schema)] as const),
    ),
  )
}

/** Manifests are many and small: a few reads at a time keep the disk busy and the memory bounded. */
async function inParallel<Item, Result>(
  items: readonly Item[],
  run: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results = new Array<Result>(items.length)
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const index = next++
      results[index] = await run(items[index] as Item)
    }
  }
  await Promise.all(Array.from({ length: Math.min(16, items.length) }, worker))
  return results
}
