import { type Catalog, makeDurable, type Table } from './catalog/catalog.ts'
import type { Commit, Update } from './commit.ts'
import { type Companion, checkSameUuid } from './companion.ts'
import { isCode } from './errors.ts'
import { writeFile } from './file-io/file-io.ts'
import type { ManifestFile } from './manifest/data-file.ts'
import { encodeManifestList } from './manifest/manifest-list.ts'
import { type NewManifest, syncMarker } from './manifest/new-manifest.ts'
import { currentSnapshot, snapshotById } from './metadata.ts'
import { requirementsOf } from './requirements.ts'
import { backOff, patience } from './retry.ts'
import { hasLive } from './snapshot.ts'
import { type FileChanges, snapshotSummary } from './snapshot-summary.ts'
import type { Long, Snapshot, TableMetadata } from './types.ts'

/** What comes from outside: time, chance, names. */
export interface SnapshotContext {
  readonly now: () => number
  /** In [0, 1). */
  readonly random: () => number
  readonly uniqueName: () => string
}

/** A snapshot that is to be, on one base. */
export interface SnapshotDraft {
  readonly operation: 'append' | 'replace' | 'overwrite' | 'delete'
  /** Manifests that are new with it, their bytes durable. */
  readonly created: readonly NewManifest[]
  /** Manifests of the base that it carries over as they are. */
  readonly kept: readonly ManifestFile[]
  readonly changes: FileChanges
}

/** A snapshot ready to be committed, and where its manifest list has to be written. */
export interface StagedSnapshot {
  readonly commit: Commit
  readonly snapshot: Snapshot
  readonly listLocation: string
  readonly listBytes: Uint8Array
}

/**
 * Turns a draft into a commit on a base. Pure but for chance and time.
 * @param others further updates of the same commit
 * @param attempt counts from 0
 */
export function stageSnapshot(
  metadata: TableMetadata,
  snapshotId: Long,
  draft: SnapshotDraft,
  context: SnapshotContext,
  others: readonly Update[] = [],
  attempt = 0,
): StagedSnapshot {
  const parent = currentSnapshot(metadata)
  const sequenceNumber = next(metadata['last-sequence-number'])
  const created = draft.created.filter(hasEntries).map(manifest => ({
    ...manifest,
    sequenceNumber,
    minSequenceNumber: manifest.minSequenceNumber ?? sequenceNumber,
    addedSnapshotId: snapshotId,
  }))
  // What is carried over and has no live file says nothing any more.
  const manifests = [...created, ...draft.kept.filter(hasLive)]
  const listLocation = `${metadata.location}/metadata/snap-${snapshotId}-${attempt + 1}-${context.uniqueName()}.avro`
  const snapshot: Snapshot = {
    'sequence-number': sequenceNumber,
    'snapshot-id': snapshotId,
    ...(parent === undefined ? {} : { 'parent-snapshot-id': parent['snapshot-id'] }),
    'timestamp-ms': Math.max(context.now(), metadata['last-updated-ms']),
    summary: snapshotSummary(draft.operation, draft.changes, parent),
    'manifest-list': listLocation,
    'schema-id': metadata['current-schema-id'],
  }
  const updates: Update[] = [
    { action: 'add-snapshot', snapshot },
    {
      ...metadata.refs['main'],
      action: 'set-snapshot-ref',
      'ref-name': 'main',
      type: 'branch',
      'snapshot-id': snapshotId,
    },
    ...others,
  ]
  return {
    snapshot,
    listLocation,
    listBytes: encodeManifestList(
      manifests,
      { snapshotId, parentSnapshotId: parent?.['snapshot-id'], sequenceNumber },
      syncMarker(context),
    ),
    commit: { requirements: requirementsOf(updates, metadata), updates },
  }
}

/**
 * Makes the draft of a snapshot for the table as it is now, for each try anew;
 * undefined when nothing is left to do. What it throws ends the commit. What it
 * wrote is its caller's to remove, but never after COMMIT_STATE_UNKNOWN.
 * @param snapshotId the id that the snapshot gets; that of the try before, as a rule
 */
export type Drafting = (table: Table, snapshotId: Long) => Promise<SnapshotDraft | undefined>

/**
 * Commits a snapshot to `main`; on a conflict it drafts it on the fresh table
 * and tries again, as often as the table's properties say.
 * @param also updates that go with it; not asked when nothing is left to do
 * @returns the table after the commit; the table as it was when nothing was left to do
 * @throws IcebergError COMMIT_CONFLICT when all tries failed, COMMIT_STATE_UNKNOWN (then nothing may be deleted),
 *   UPDATE_ILLEGAL for another table in its place, and whatever `draft` and `also` throw
 */
export async function commitSnapshot(
  catalog: Catalog,
  base: Table,
  draft: Drafting,
  context: SnapshotContext,
  also: Companion = () => [],
): Promise<Table> {
  let table = base
  let snapshotId = newSnapshotId(base.metadata, context.random)
  const mayRetry = patience(base.metadata)
  for (let attempt = 0; ; attempt++) {
    let drafted: SnapshotDraft | undefined
    try {
      drafted = await draft(table, snapshotId)
    } catch (error) {
      const fresh = mayRetry(attempt) ? await successor(catalog, table, error) : undefined
      if (fresh === undefined) throw error
      table = fresh
      continue
    }
    if (drafted === undefined) return durable(table)
    const { metadata } = table
    const staged = stageSnapshot(metadata, snapshotId, drafted, context, also(metadata), attempt)
    const done = await tryCommit(catalog, table, staged)
    if (!('conflict' in done)) return done
    const isTriedAgain = mayRetry(attempt)
    if (isTriedAgain) await backOff(attempt, context.random)
    const fresh = await afterConflict(catalog, table, staged)
    // Where requests are sent again because an answer was lost, a conflict can be the echo of our own success.
    const taken = snapshotById(fresh.metadata, snapshotId)
    if (taken?.['manifest-list'] === staged.listLocation) return durable(fresh)
    await removeList(table, staged)
    if (!isTriedAgain) throw done.conflict
    checkSameUuid(table, fresh)
    if (taken !== undefined) snapshotId = newSnapshotId(fresh.metadata, context.random)
    table = fresh
  }
}

/** The table as it is now, where a file is missing because the snapshot that named it expired meanwhile. */
async function successor(catalog: Catalog, table: Table, error: unknown): Promise<Table | undefined> {
  if (!isCode(error, 'FILE_MISSING')) return undefined
  const fresh = await catalog.load()
  if (fresh.metadataLocation === table.metadataLocation) return undefined
  checkSameUuid(table, fresh)
  return fresh
}

/** One try. @returns the table after it, or the conflict; then the manifest list is there still */
async function tryCommit(
  catalog: Catalog,
  table: Table,
  staged: StagedSnapshot,
): Promise<Table | { readonly conflict: unknown }> {
  await writeFile(table.io, table.path(staged.listLocation), staged.listBytes)
  try {
    await table.io.syncDirectory(table.path(`${table.metadata.location}/metadata`))
    return await catalog.commit(table, staged.commit)
  } catch (error) {
    if (isCode(error, 'COMMIT_CONFLICT')) return { conflict: error }
    if (!isCode(error, 'COMMIT_STATE_UNKNOWN')) await removeList(table, staged)
    throw error
  }
}

async function afterConflict(catalog: Catalog, table: Table, staged: StagedSnapshot): Promise<Table> {
  try {
    return await catalog.load()
  } catch (error) {
    await removeList(table, staged)
    throw error
  }
}

async function durable(table: Table): Promise<Table> {
  await makeDurable(table)
  return table
}

async function removeList(table: Table, staged: StagedSnapshot): Promise<void> {
  await table.io.remove(table.path(staged.listLocation)).catch(() => undefined)
}

function hasEntries({ addedFiles, existingFiles, deletedFiles }: NewManifest): boolean {
  return addedFiles !== 0 || existingFiles !== 0 || deletedFiles !== 0
}

/** Positive, below 2^53 so that every JSON reader keeps it, and not in use. */
export function newSnapshotId(metadata: TableMetadata, random: () => number): number {
  for (;;) {
    const id = 1 + Math.floor(random() * (Number.MAX_SAFE_INTEGER - 1))
    if (snapshotById(metadata, id) === undefined) return id
  }
}

function next(sequence: Long): Long {
  const following = BigInt(sequence) + 1n
  return Number.isSafeInteger(Number(following)) ? Number(following) : following
}
