import type { Catalog, Table } from './catalog/catalog.ts'
import type { Update } from './commit.ts'
import {
  commitSnapshot,
  newSnapshotId,
  type SnapshotContext,
  type SnapshotDraft,
  type StagedSnapshot,
  stageSnapshot,
} from './commit-snapshot.ts'
import type { Companion } from './companion.ts'
import { removeDataFiles } from './data-files.ts'
import { IcebergError } from './errors.ts'
import { type DataFile, entryStatus, type ManifestFile } from './manifest/data-file.ts'
import { type NewManifest, writeManifest } from './manifest/new-manifest.ts'
import { readManifestListWithCounts } from './snapshot.ts'
import type { TableMetadata } from './types.ts'

/** What comes from outside: time, chance, names. */
export type AppendContext = SnapshotContext

/** Data files and their manifest, durable and named by nothing yet. Used again as it is after a conflict. */
export interface PreparedAppend {
  readonly files: readonly DataFile[]
  readonly specId: number
  readonly rows: number
  /** The manifest's line in a manifest list, but for what the commit decides. */
  readonly manifest: NewManifest
}

/** Writes the manifest of new data files, if there are any. Its bytes are durable on return, its name after the commit. */
export async function prepareAppend(
  table: Table,
  files: readonly DataFile[],
  context: AppendContext,
): Promise<PreparedAppend> {
  const specId = table.metadata['default-spec-id']
  const entries = files.map(file => ({ status: entryStatus.added, file }))
  const location = `${table.metadata.location}/metadata/${context.uniqueName()}-m0.avro`
  const rows = files.reduce((sum, file) => sum + file.recordCount, 0)
  return { files, specId, rows, manifest: await writeManifest(table, specId, entries, location, context) }
}

/**
 * Turns a prepared append into a commit on a base. Pure but for chance and time.
 * @param parents manifests of the base's current snapshot; they are carried over
 * @param others further updates of the same commit
 */
export function stageAppend(
  metadata: TableMetadata,
  prepared: PreparedAppend,
  parents: readonly ManifestFile[],
  context: AppendContext,
  others: readonly Update[] = [],
): StagedSnapshot {
  return stageSnapshot(metadata, newSnapshotId(metadata, context.random), draftOf(prepared, parents), context, others)
}

function draftOf({ files, specId, manifest }: PreparedAppend, parents: readonly ManifestFile[]): SnapshotDraft {
  return {
    operation: 'append',
    created: [manifest],
    kept: parents,
    changes: { added: files.map(file => ({ file, specId })), removed: [] },
  }
}

/** What an append does when somebody else committed meanwhile: give the files that are still to be added, or none. */
export type Reprobe = (fresh: Table, stale: Table, prepared: PreparedAppend) => Promise<PreparedAppend | undefined>

/**
 * Commits a prepared append; on a conflict it asks `reprobe` against the fresh
 * table and tries again, as often as the table's properties say.
 * @returns the table after the commit; the fresh table when nothing was left to add, then without what `also` gives
 * @throws IcebergError COMMIT_CONFLICT when all tries failed, COMMIT_STATE_UNKNOWN (then nothing may be deleted), and
 *   whatever `also` throws
 */
export async function commitAppend(
  catalog: Catalog,
  base: Table,
  prepared: PreparedAppend,
  context: AppendContext,
  reprobe: Reprobe,
  also?: Companion,
): Promise<Table> {
  let current = prepared
  let stale: Table | undefined
  const draft = async (table: Table): Promise<SnapshotDraft | undefined> => {
    if (stale !== undefined) {
      checkSameSpec(table, current)
      const left = await reprobe(table, stale, current)
      if (left === undefined) return undefined
      current = left
    }
    // Before it is read: where that fails because the table went on, what came meanwhile is looked at.
    stale = table
    return draftOf(current, await readManifestListWithCounts(table))
  }
  return commitSnapshot(catalog, base, draft, context, also)
}

/** Removes what a prepared append wrote. Only for an append that is known not to have been committed. Never throws. */
export async function abandonAppend(table: Table, prepared: PreparedAppend): Promise<void> {
  await table.io.remove(table.path(prepared.manifest.location)).catch(() => undefined)
  await removeDataFiles(table, prepared.files)
}

function checkSameSpec(fresh: Table, prepared: PreparedAppend): void {
  if (fresh.metadata['default-spec-id'] !== prepared.specId) {
    throw new IcebergError(
      'COMMIT_CONFLICT',
      'the partition spec changed while rows were being written; they have to be written again',
      { specId: prepared.specId },
    )
  }
}
