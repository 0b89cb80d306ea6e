import type { AppendContext } from './append.ts'
import type { Catalog, Table } from './catalog/catalog.ts'
import { commitSnapshot, type SnapshotDraft } from './commit-snapshot.ts'
import type { Companion } from './companion.ts'
import { isCode } from './errors.ts'
import { type DataFile, entryStatus, fileContent, type ManifestEntry, type ManifestFile } from './manifest/data-file.ts'
import { type NewManifest, writeManifest } from './manifest/new-manifest.ts'
import {
  bySpecAndContent,
  inBins,
  manifestLimits,
  type Rewritten,
  removeManifests,
  rewriteManifests,
} from './manifest/rewrite.ts'
import { checkNothingCame, checkSpecs, findEntries, identityOf, knownOf, refuse } from './replaced-files.ts'
import { hasLive, readManifestListWithCounts } from './snapshot.ts'
import type { Long } from './types.ts'

/** Files that take the place of others, in one commit. */
export interface FileReplacement {
  readonly operation: 'replace' | 'overwrite' | 'delete'
  /** Live entries of the base, of data or delete files; delete files with the bounds that manifests have of them. */
  readonly removed: readonly ManifestEntry[]
  /** Files that are written already: their bytes are durable, their names synced. */
  readonly added: readonly { readonly file: DataFile; readonly specId: number }[]
  /** Data sequence number of what is added: that of the snapshot it was read from, so that deletes which came later still apply. */
  readonly sequenceNumber: Long
}

/** What was written in an earlier try: manifests in the place of those that hold what is removed. */
interface Touched extends Rewritten {
  readonly snapshotId: Long
  readonly sources: ReadonlySet<string>
}

/**
 * Commits a replacement. At each try everything removed must still be live, no
 * delete file that came since may apply to it, and specs must be as they were.
 * Manifests that hold what is removed are written anew, small ones of one spec
 * together: what stays keeps its sequence numbers and its snapshot, and what
 * goes is marked as deleted in this snapshot.
 * @param also updates of the same commit, asked at each try
 * @throws IcebergError REPLACED_FILES_CHANGED (nothing is committed, and the files added are the caller's to remove;
 *   `details.files` are the locations it is about), FORMAT_UNSUPPORTED for a spec that is not understood, and as
 *   `commitAppend`; no manifest is left behind but after COMMIT_STATE_UNKNOWN
 */
export async function commitReplacement(
  catalog: Catalog,
  base: Table,
  replacement: FileReplacement,
  context: AppendContext,
  also?: Companion,
): Promise<Table> {
  const { operation, removed, added, sequenceNumber } = replacement
  const going = new Set(removed.map(identityOf))
  const before = knownOf(base)
  const unique = context.uniqueName()
  let names = 0
  const nameOf = (): string => `${base.metadata.location}/metadata/${unique}-m${names++}.avro`
  const addedManifests: NewManifest[] = []
  let touched: Touched | undefined
  const discardTouched = async (): Promise<void> => {
    if (touched !== undefined) await removeManifests(base, touched.created)
    touched = undefined
  }

  try {
    return await commitSnapshot(catalog, base, draft, context, also)
  } catch (error) {
    if (isCode(error, 'COMMIT_STATE_UNKNOWN')) throw error
    await discardTouched()
    await removeManifests(base, addedManifests)
    throw error
  }

  async function draft(table: Table, snapshotId: Long): Promise<SnapshotDraft> {
    checkSpecs(
      base,
      table,
      added.map(({ specId }) => specId),
    )
    const manifests = await readManifestListWithCounts(table)
    await checkNothingCame(before, table, manifests, removed, sequenceNumber)
    const { sources, created, removed: gone, entries } = await touch(table, manifests, snapshotId)
    if (addedManifests.length === 0) await writeAdded(table)
    const kept = manifests.filter(({ location }) => !sources.has(location)).filter(hasLive)
    const all = [...addedManifests, ...created]
    const counts = { created: all.length, kept: kept.length, replaced: sources.size, entries }
    return { operation, created: all, kept, changes: { added, removed: gone, manifests: counts } }
  }

  /** Manifests never change: where those are still listed that were written anew, all that they hold is still live. */
  async function touch(table: Table, manifests: readonly ManifestFile[], snapshotId: Long): Promise<Touched> {
    const listed = new Set(manifests.map(({ location }) => location))
    const isSame = touched?.snapshotId === snapshotId && [...touched.sources].every(location => listed.has(location))
    if (touched !== undefined && isSame) return touched
    await discardTouched()
    const { holders, missing } = await findEntries(table, manifests, removed)
    if (missing.length > 0) refuse('files are not in the table any more that were being rewritten', missing)
    const limits = manifestLimits(table.metadata)
    const groups = bySpecAndContent(holders).flatMap(group => inBins(group, limits))
    const isRemoved = (entry: ManifestEntry): boolean => going.has(identityOf(entry))
    touched = {
      snapshotId,
      sources: new Set(holders.map(({ location }) => location)),
      ...(await rewriteManifests(table, groups, isRemoved, snapshotId, nameOf, context)),
    }
    return touched
  }

  async function writeAdded(table: Table): Promise<void> {
    const groups = new Map<string, { readonly specId: number; readonly files: DataFile[] }>()
    for (const { file, specId } of added) {
      const key = `${specId} ${file.content === fileContent.data}`
      const group = groups.get(key) ?? { specId, files: [] }
      groups.set(key, group)
      group.files.push(file)
    }
    for (const { specId, files } of groups.values()) {
      const entries = files.map(file => ({ status: entryStatus.added, sequenceNumber, file }))
      addedManifests.push(await writeManifest(table, specId, entries, nameOf(), context))
    }
  }
}
