import type { AppendContext } from './append.ts'
import type { Catalog, Table } from './catalog/catalog.ts'
import { commitSnapshot, type SnapshotDraft } from './commit-snapshot.ts'
import { isCode } from './errors.ts'
import type { ManifestFile } from './manifest/data-file.ts'
import {
  bySpecAndContent,
  inBins,
  manifestLimits,
  type Rewritten,
  removeManifests,
  rewriteManifests,
} from './manifest/rewrite.ts'
import { hasLive, readManifestListWithCounts } from './snapshot.ts'
import type { Long } from './types.ts'

/**
 * Commits a snapshot whose manifests name live files only. Those of the one
 * before say of files that it deleted which values they held.
 * @returns the table after the commit; the table as it was where nothing deleted is named
 * @throws IcebergError FORMAT_UNSUPPORTED for a spec that is not understood, and as `commitSnapshot`; no manifest is left
 *   behind but after COMMIT_STATE_UNKNOWN
 */
export async function dropDeletedEntries(catalog: Catalog, base: Table, context: AppendContext): Promise<Table> {
  let written: Rewritten | undefined
  const discard = async (): Promise<void> => {
    if (written !== undefined) await removeManifests(base, written.created)
    written = undefined
  }
  const draft = async (table: Table, snapshotId: Long): Promise<SnapshotDraft | undefined> => {
    await discard()
    const manifests = await readManifestListWithCounts(table)
    const naming = manifests.filter(namesDeleted)
    if (naming.length === 0) return undefined
    const mixed = naming.filter(hasLive)
    const limits = manifestLimits(table.metadata)
    const groups = bySpecAndContent(mixed).flatMap(group => inBins(group, limits))
    const unique = context.uniqueName()
    const nameOf = (n: number): string => `${table.metadata.location}/metadata/${unique}-m${n}.avro`
    written = await rewriteManifests(table, groups, () => false, snapshotId, nameOf, context)
    const { created, entries } = written
    const kept = manifests.filter(manifest => !namesDeleted(manifest))
    const counts = { created: created.length, kept: kept.length, replaced: naming.length, entries }
    return { operation: 'replace', created, kept, changes: { added: [], removed: [], manifests: counts } }
  }
  try {
    return await commitSnapshot(catalog, base, draft, context)
  } catch (error) {
    if (!isCode(error, 'COMMIT_STATE_UNKNOWN')) await discard()
    throw error
  }
}

function namesDeleted({ deletedFiles }: ManifestFile): boolean {
  return deletedFiles !== 0
}
