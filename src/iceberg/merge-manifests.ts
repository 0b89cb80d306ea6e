import type { AppendContext } from './append.ts'
import type { Catalog, Table } from './catalog/catalog.ts'
import { commitSnapshot, type SnapshotDraft } from './commit-snapshot.ts'
import { isCode } from './errors.ts'
import type { ManifestFile } from './manifest/data-file.ts'
import {
  bySpecAndContent,
  inBins,
  isRewritable,
  liveCount,
  type ManifestLimits,
  manifestLimits,
  type Rewritten,
  removeManifests,
  rewriteManifests,
} from './manifest/rewrite.ts'
import { hasLive, readManifestListWithCounts } from './snapshot.ts'
import type { Long } from './types.ts'

/** What was written in an earlier try. */
interface Merged extends Rewritten {
  readonly sources: ReadonlySet<string>
}

/**
 * Puts the entries of many small manifests into few, in a snapshot that changes
 * no file. `commit.manifest-merge.enabled=false` keeps it from doing anything.
 * @param options.minimum so many manifests of one spec and content have to be there for it to be worth a snapshot
 * @returns the table after the commit; the table as it was when there was nothing to do
 * @throws IcebergError as `commitSnapshot`; nothing is left behind but after COMMIT_STATE_UNKNOWN
 */
export async function mergeManifests(
  catalog: Catalog,
  base: Table,
  context: AppendContext,
  { minimum }: { readonly minimum: number },
): Promise<Table> {
  let merged: Merged | undefined
  const discard = async (): Promise<void> => {
    if (merged !== undefined) await removeManifests(base, merged.created)
    merged = undefined
  }
  const draft = async (table: Table, snapshotId: Long): Promise<SnapshotDraft | undefined> => {
    const manifests = await readManifestListWithCounts(table)
    const listed = new Set(manifests.map(({ location }) => location))
    // Manifests never change: what was merged for one base does for every other that lists the same.
    if (merged === undefined || ![...merged.sources].every(location => listed.has(location))) {
      await discard()
      const groups = groupsToMerge(table, manifests, minimum)
      if (groups.length === 0) return undefined
      const unique = context.uniqueName()
      const nameOf = (n: number): string => `${table.metadata.location}/metadata/${unique}-m${n}.avro`
      const sources = new Set(groups.flat().map(({ location }) => location))
      merged = { sources, ...(await rewriteManifests(table, groups, () => false, snapshotId, nameOf, context)) }
    }
    const { sources, created, entries } = merged
    const kept = manifests.filter(({ location }) => !sources.has(location)).filter(hasLive)
    const counts = { created: created.length, kept: kept.length, replaced: sources.size, entries }
    return { operation: 'replace', created, kept, changes: { added: [], removed: [], manifests: counts } }
  }
  try {
    return await commitSnapshot(catalog, base, draft, context)
  } catch (error) {
    if (!isCode(error, 'COMMIT_STATE_UNKNOWN')) await discard()
    throw error
  }
}

function groupsToMerge({ metadata }: Table, manifests: readonly ManifestFile[], minimum: number): ManifestFile[][] {
  if (metadata.properties['commit.manifest-merge.enabled'] === 'false') return []
  const limits = manifestLimits(metadata)
  return bySpecAndContent(manifests.filter(hasLive))
    .filter(([first]) => first !== undefined && isRewritable(metadata, first.specId))
    .flatMap(group => mergeable(group, limits, minimum))
}

/** So small that it is not asked whether a merge is worth its bytes. */
const smallBytes = 32 * 1024

/**
 * Which manifests of one spec and content to merge, a group for each new one.
 * The small ones go first, and a larger one joins only when the others together
 * are as large: so an entry is written again as often as the table doubles, and
 * not at each merge. Pure.
 */
export function mergeable(
  manifests: readonly ManifestFile[],
  limits: ManifestLimits,
  minimum: number,
): ManifestFile[][] {
  const candidates = manifests
    .filter(manifest => manifest.length * 2 <= limits.bytes && liveCount(manifest) * 2 <= limits.files)
    .sort((a, b) => a.length - b.length)
  const chosen: ManifestFile[] = []
  let bytes = 0
  for (const manifest of candidates) {
    if (manifest.length > Math.max(bytes, smallBytes)) break
    chosen.push(manifest)
    bytes += manifest.length
  }
  if (chosen.length < Math.max(2, minimum)) return []
  return inBins(chosen, limits).filter(bin => bin.length > 1)
}
