import { decodeAvro } from './avro/decode.ts'
import type { Table } from './catalog/catalog.ts'
import { IcebergError } from './errors.ts'
import { isNotFound } from './file-io/file-io.ts'
import { type EntryStatus, entryStatus, type ManifestEntry, type ManifestFile } from './manifest/data-file.ts'
import { decodeManifest } from './manifest/manifest.ts'
import { decodeManifestList } from './manifest/manifest-list.ts'
import { partitionTypes } from './manifest/partition-sources.ts'
import { currentSnapshot } from './metadata.ts'
import type { Snapshot } from './types.ts'

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
  if (location === undefined)
    return inParallel(snapshot.manifests ?? [], manifest => readUnlisted(table, manifest, snapshot))
  return decodeManifestList(await readNamedFile(table, location), table.path(location))
}

/** A manifest that a snapshot of version 1 names itself: no list says anything about it, but it is of data. */
async function readUnlisted(table: Table, location: string, snapshot: Snapshot): Promise<ManifestFile> {
  const bytes = await readNamedFile(table, location)
  let specId: number
  try {
    specId = Number(decodeAvro(bytes).metadata['partition-spec-id'] ?? 0)
  } catch (cause) {
    const path = table.path(location)
    throw new IcebergError(
      'MANIFEST_INVALID',
      `manifest ${path} cannot be read: ${(cause as Error).message}`,
      { file: path },
      cause,
    )
  }
  return {
    location,
    length: bytes.byteLength,
    specId,
    content: 0,
    sequenceNumber: 0,
    minSequenceNumber: 0,
    addedSnapshotId: snapshot['snapshot-id'],
    addedFiles: undefined,
    existingFiles: undefined,
    deletedFiles: undefined,
    addedRows: undefined,
    existingRows: undefined,
    deletedRows: undefined,
    partitions: undefined,
    keyMetadata: undefined,
  }
}

/** The entries of manifests, deleted ones included, in the order of the list. */
export async function readManifests(
  table: Table,
  manifests: readonly ManifestFile[],
  withStatistics = true,
): Promise<ManifestEntry[]> {
  return (await readEachManifest(table, manifests, withStatistics)).flat()
}

/** The entries of each manifest by itself, deleted ones included. */
export async function readEachManifest(
  table: Table,
  manifests: readonly ManifestFile[],
  withStatistics = true,
): Promise<ManifestEntry[][]> {
  const types = new Map(
    Array.from(new Set(manifests.map(({ specId }) => specId)), id => [id, partitionTypes(table.metadata, id)] as const),
  )
  return inParallel(manifests, async manifest =>
    decodeManifest(
      await readNamedFile(table, manifest.location),
      { ...manifest, location: table.path(manifest.location) },
      types.get(manifest.specId) ?? new Map(),
      withStatistics,
    ),
  )
}

/**
 * The manifests of the current snapshot with counts that lists of version 1 may
 * lack and version 2 requires. A zero in their place would say that nothing is live.
 */
export async function readManifestListWithCounts(table: Table): Promise<ManifestFile[]> {
  return inParallel(await readManifestList(table), async manifest => {
    const { addedFiles, existingFiles, deletedFiles, addedRows, existingRows, deletedRows } = manifest
    const counts = [addedFiles, existingFiles, deletedFiles, addedRows, existingRows, deletedRows]
    if (!counts.includes(undefined)) return manifest
    const entries = await readManifests(table, [manifest], false)
    const of = (status: EntryStatus): { files: number; rows: number } => {
      const found = entries.filter(entry => entry.status === status)
      return { files: found.length, rows: found.reduce((sum, entry) => sum + entry.file.recordCount, 0) }
    }
    const { added, existing, deleted } = entryStatus
    return {
      ...manifest,
      addedFiles: of(added).files,
      existingFiles: of(existing).files,
      deletedFiles: of(deleted).files,
      addedRows: of(added).rows,
      existingRows: of(existing).rows,
      deletedRows: of(deleted).rows,
    }
  })
}

/** What a reader of the current snapshot has to read. */
export interface LiveFiles {
  readonly data: ManifestEntry[]
  /** Delete files; `applicableDeletes` says which of them a data file has to be read with. */
  readonly deletes: ManifestEntry[]
}

/**
 * The live files of the current snapshot.
 * @param keep which manifests of data files to read; those of deletes are always read
 * @param withStatistics false: column metrics are left empty
 */
export async function liveFiles(
  table: Table,
  keep: (manifest: ManifestFile) => boolean = () => true,
  withStatistics = true,
): Promise<LiveFiles> {
  const manifests = (await readManifestList(table)).filter(hasLive)
  const read = (wanted: readonly ManifestFile[]): Promise<ManifestEntry[]> => readLive(table, wanted, withStatistics)
  return {
    data: await read(manifests.filter(manifest => manifest.content === 0 && keep(manifest))),
    deletes: await read(manifests.filter(manifest => manifest.content === 1)),
  }
}

/** The live delete files of the current snapshot. */
export async function liveDeletes(table: Table): Promise<ManifestEntry[]> {
  const manifests = (await readManifestList(table)).filter(hasLive)
  return readLive(
    table,
    manifests.filter(manifest => manifest.content === 1),
    true,
  )
}

/**
 * The live data files of the current snapshot, for a caller that reads them without regard to deletes.
 * @throws IcebergError FORMAT_UNSUPPORTED when there are delete files: rows would come back that were deleted
 */
export async function liveDataFiles(
  table: Table,
  keep?: (manifest: ManifestFile) => boolean,
  withStatistics?: boolean,
): Promise<ManifestEntry[]> {
  const { data, deletes } = await liveFiles(table, keep, withStatistics)
  if (deletes.length > 0)
    throw new IcebergError('FORMAT_UNSUPPORTED', 'the table has delete files, which are not applied here')
  return data
}

/** Whether a manifest may hold a live file: unknown counts mean there may be one. */
export function hasLive({ addedFiles, existingFiles }: ManifestFile): boolean {
  return addedFiles !== 0 || existingFiles !== 0
}

async function readLive(
  table: Table,
  manifests: readonly ManifestFile[],
  withStatistics: boolean,
): Promise<ManifestEntry[]> {
  const entries = await readManifests(table, manifests, withStatistics)
  return entries.filter(entry => entry.status !== entryStatus.deleted)
}

/** Manifests are many and small: a few reads at a time keep the disk busy and the memory bounded. */
export async function inParallel<Item, Result>(
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
