import { posix } from 'node:path'
import type { Table } from '../catalog/catalog.ts'
import { isCode } from '../errors.ts'
import { entryStatus, type ManifestEntry, type ManifestFile } from '../manifest/data-file.ts'
import { hasLive, inParallel, readManifestList, readManifests } from '../snapshot.ts'
import type { Json, Long, Snapshot, TableMetadata } from '../types.ts'

/** A path as it is compared: one file has one. */
export function pathOf(table: Table, location: string): string {
  return posix.normalize(table.path(location))
}

/** Manifest lists of snapshots by their path, and the manifests that are in any of them, each once. */
export interface Listed {
  readonly lists: ReadonlySet<string>
  readonly manifests: ReadonlyMap<string, ManifestFile>
}

/**
 * @param isGoing for snapshots that are to go: a list that is missing or damaged names nothing
 * @throws IcebergError FILE_MISSING, MANIFEST_INVALID
 */
export async function readLists(table: Table, snapshots: readonly Snapshot[], isGoing = false): Promise<Listed> {
  const lists = new Set<string>()
  const manifests = new Map<string, ManifestFile>()
  const read = await inParallel(snapshots, snapshot =>
    readManifestList(table, snapshot).catch((error: unknown): ManifestFile[] => {
      if (isGoing && (isCode(error, 'FILE_MISSING') || isCode(error, 'MANIFEST_INVALID'))) return []
      throw error
    }),
  )
  for (const [index, found] of read.entries()) {
    const list = snapshots[index]?.['manifest-list']
    if (list !== undefined) lists.add(pathOf(table, list))
    for (const manifest of found) manifests.set(pathOf(table, manifest.location), manifest)
  }
  return { lists, manifests }
}

/** How many manifests are held in memory at a time. */
const atATime = 64

/** Visits the live entries of manifests, without their metrics. It ends early when `visit` says that nothing more is wanted. */
export async function visitLive(
  table: Table,
  manifests: readonly ManifestFile[],
  visit: (entry: ManifestEntry) => boolean,
): Promise<void> {
  const wanted = manifests.filter(hasLive)
  for (let start = 0; start < wanted.length; start += atATime) {
    for (const entry of await readManifests(table, wanted.slice(start, start + atATime), false))
      if (entry.status !== entryStatus.deleted && !visit(entry)) return
  }
}

/** A file of statistics, of whichever kind. */
export interface StatisticsFile {
  readonly snapshotId: Long
  readonly path: string
  readonly bytes: number
}

export function statisticsFiles(table: Table, metadata: TableMetadata = table.metadata): StatisticsFile[] {
  return [...metadata.statistics, ...metadata['partition-statistics']].flatMap(entry => {
    const {
      'statistics-path': location,
      'file-size-in-bytes': bytes,
      'snapshot-id': snapshotId,
    } = entry as Record<string, Json>
    if (typeof location !== 'string') return []
    return [{ snapshotId: snapshotId as Long, path: pathOf(table, location), bytes: Number(bytes ?? 0) }]
  })
}

/**
 * Paths of what snapshots need: manifest lists, manifests, live data and delete
 * files, and statistics. Metadata files are not among them. Each list and each
 * manifest is read once.
 * @throws IcebergError FILE_MISSING, MANIFEST_INVALID
 */
export async function reachableFiles(table: Table, snapshots: readonly Snapshot[]): Promise<Set<string>> {
  const { lists, manifests } = await readLists(table, snapshots)
  const found = new Set([...lists, ...manifests.keys()])
  await visitLive(table, [...manifests.values()], entry => {
    found.add(pathOf(table, entry.file.location))
    return true
  })
  const ids = new Set(snapshots.map(snapshot => BigInt(snapshot['snapshot-id'])))
  for (const { snapshotId, path } of statisticsFiles(table)) if (ids.has(BigInt(snapshotId))) found.add(path)
  return found
}
