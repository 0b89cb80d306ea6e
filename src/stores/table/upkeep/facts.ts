import type { Table } from '../../../iceberg/catalog/catalog.ts'
import { cellText } from '../../../iceberg/cell-text.ts'
import { expirable } from '../../../iceberg/expiry/expirable.ts'
import type { ManifestEntry } from '../../../iceberg/manifest/data-file.ts'
import { planRewrites } from '../../../iceberg/rewrite/plan.ts'
import { liveFiles, readManifestList } from '../../../iceberg/snapshot.ts'
import type { UpkeepFacts, UpkeepLimits } from './due.ts'

/** What a table does not say of itself. */
export interface UpkeepCircumstances extends Pick<UpkeepFacts, 'cleared'> {
  readonly nowMs: number
  /** Snapshots that somebody reads. */
  readonly pinned: ReadonlySet<bigint>
}

/** Looks at what waits in a table. Reads its manifests. @throws as `liveFiles` */
export async function upkeepFacts(
  table: Table,
  { nowMs, pinned, cleared }: UpkeepCircumstances,
  { minSnapshots, maxAgeMs }: UpkeepLimits,
): Promise<UpkeepFacts> {
  const { metadata } = table
  const manifests = await readManifestList(table)
  const small = await liveFiles(table, undefined, false)
  // Which files deletes apply to is told by bounds.
  const live = small.deletes.length === 0 ? small : await liveFiles(table)
  const inPartition = new Map<string, number>()
  for (const entry of live.data) {
    const place = placeOf(entry)
    inPartition.set(place, (inPartition.get(place) ?? 0) + 1)
  }
  const removable = metadata.properties['gc.enabled']?.toLowerCase() !== 'false'
  const groups = planRewrites(live, metadata)
  const going = removable ? expirable(metadata, { nowMs, minSnapshots, maxAgeMs, pinned }) : { snapshots: [], refs: [] }
  return {
    files: live.data.length,
    filesInOnePartition: Math.max(0, ...inPartition.values()),
    worthRewriting: groups.reduce((sum, { entries }) => sum + entries.length, 0),
    manifests: manifests.length,
    snapshots: metadata.snapshots.length,
    expirable: going.snapshots.length,
    expirableRefs: going.refs.length,
    cleared,
    writable: metadata['format-version'] === 2,
    removable,
  }
}

function placeOf({ specId, file }: ManifestEntry): string {
  return JSON.stringify([specId, ...Array.from(file.partition.values(), cellText)])
}
