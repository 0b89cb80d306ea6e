import type { Table } from '../catalog/catalog.ts'
import { IcebergError } from '../errors.ts'
import { specById } from '../metadata.ts'
import { readEachManifest } from '../snapshot.ts'
import type { Long, TableMetadata } from '../types.ts'
import { entryStatus, type ManifestEntry, type ManifestFile } from './data-file.ts'
import type { NewManifestEntry } from './manifest.ts'
import { type Chance, type NewManifest, writeManifest } from './new-manifest.ts'
import { isUnderstood, schemaOfSources } from './partition-sources.ts'

/** How large a manifest may become. */
export interface ManifestLimits {
  readonly bytes: number
  /** A manifest is held in memory while it is written, metrics and all. */
  readonly files: number
}

const targetBytes = 8 * 1024 * 1024
const mostFiles = 5000

/** From `commit.manifest.target-size-bytes` (default 8 MiB). */
export function manifestLimits({ properties }: TableMetadata): ManifestLimits {
  const configured = Number.parseInt(properties['commit.manifest.target-size-bytes'] ?? '', 10)
  return { bytes: Number.isNaN(configured) ? targetBytes : Math.max(1, configured), files: mostFiles }
}

/** Manifests that took the place of others. They do for any base that still lists those. */
export interface Rewritten {
  readonly created: readonly NewManifest[]
  /** Entries that were marked as deleted. */
  readonly removed: readonly ManifestEntry[]
  /** Entries that were looked at. */
  readonly entries: number
}

/**
 * Writes the live entries of manifests into few others, each entry with the
 * numbers and the snapshot it had, and marks some of them as deleted. Those
 * come into manifests of their own, which the next snapshot leaves out.
 * @param groups manifests of one spec and content each, that may become one
 * @param snapshotId of the snapshot that deletes
 * @param nameOf the location of the nth new manifest
 * @throws IcebergError FORMAT_UNSUPPORTED for a spec whose values are not understood; nothing is left behind then or
 *   when anything else goes wrong
 */
export async function rewriteManifests(
  table: Table,
  groups: readonly (readonly ManifestFile[])[],
  isRemoved: (entry: ManifestEntry) => boolean,
  snapshotId: Long,
  nameOf: (n: number) => string,
  chance: Chance,
): Promise<Rewritten> {
  const created: NewManifest[] = []
  const removed: ManifestEntry[] = []
  let seen = 0
  try {
    for (const group of groups) {
      const specId = specOf(table.metadata, group)
      const entries = (await readEachManifest(table, group)).flat()
      const live = entries.filter(({ status }) => status !== entryStatus.deleted)
      const gone = live.filter(isRemoved)
      const write = async (of: readonly NewManifestEntry[]): Promise<void> => {
        if (of.length > 0) created.push(await writeManifest(table, specId, of, nameOf(created.length), chance))
      }
      await write(live.filter(entry => !isRemoved(entry)).map(entry => ({ ...entry, status: entryStatus.existing })))
      await write(gone.map(entry => ({ ...entry, status: entryStatus.deleted, snapshotId })))
      removed.push(...gone)
      seen += entries.length
    }
  } catch (error) {
    await removeManifests(table, created)
    throw error
  }
  return { created, removed, entries: seen }
}

/** Removes manifests that no commit names. Never throws. */
export async function removeManifests(table: Table, manifests: readonly NewManifest[]): Promise<void> {
  for (const { location } of manifests) await table.io.remove(table.path(location)).catch(() => undefined)
}

/** Whether manifests of a spec can be written again. */
export function isRewritable(metadata: TableMetadata, specId: number): boolean {
  const spec = metadata['partition-specs'].find(candidate => candidate['spec-id'] === specId)
  return spec !== undefined && isUnderstood(spec, schemaOfSources(metadata, spec))
}

function specOf(metadata: TableMetadata, group: readonly ManifestFile[]): number {
  const specId = group[0]?.specId ?? 0
  specById(metadata, specId)
  if (isRewritable(metadata, specId)) return specId
  throw new IcebergError(
    'FORMAT_UNSUPPORTED',
    `manifests of partition spec ${specId} cannot be written again: it has a transform or a source that is not known`,
    { specId },
  )
}

/** Manifests of one spec and content each, in the order they come. */
export function bySpecAndContent(manifests: readonly ManifestFile[]): ManifestFile[][] {
  const groups = new Map<string, ManifestFile[]>()
  for (const manifest of manifests) {
    const key = `${manifest.specId} ${manifest.content}`
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [manifest])
    else group.push(manifest)
  }
  return [...groups.values()]
}

/** Splits manifests so that each part fits into one; one that is too large by itself is a part. */
export function inBins(manifests: readonly ManifestFile[], limits: ManifestLimits): ManifestFile[][] {
  const bins: ManifestFile[][] = []
  let bytes = 0
  let files = 0
  for (const manifest of manifests) {
    const more = liveCount(manifest)
    const bin = bins.at(-1)
    const fits = bytes + manifest.length <= limits.bytes && files + more <= limits.files
    if (bin === undefined || !fits) {
      bins.push([manifest])
      bytes = 0
      files = 0
    } else bin.push(manifest)
    bytes += manifest.length
    files += more
  }
  return bins
}

export function liveCount({ addedFiles, existingFiles }: ManifestFile): number {
  return (addedFiles ?? 0) + (existingFiles ?? 0)
}
