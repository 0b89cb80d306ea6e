import { type Catalog, makeDurable, type Table } from './catalog/catalog.ts'
import { cellText } from './cell-text.ts'
import type { Commit, Update } from './commit.ts'
import { type Companion, checkSameUuid } from './companion.ts'
import { removeDataFiles } from './data-files.ts'
import { IcebergError, isCode } from './errors.ts'
import { writeFile } from './file-io/file-io.ts'
import { schemaById } from './ids.ts'
import { type DataFile, type EntryStatus, entryStatus, type ManifestFile } from './manifest/data-file.ts'
import { encodeManifest } from './manifest/manifest.ts'
import { encodeManifestList, summarizePartitions } from './manifest/manifest-list.ts'
import { currentSnapshot, snapshotById, specById } from './metadata.ts'
import { requirementsOf } from './requirements.ts'
import { backOff, patience } from './retry.ts'
import { readManifestList, readManifests } from './snapshot.ts'
import type { Long, Snapshot, TableMetadata } from './types.ts'

/** What comes from outside: time, chance, names. */
export interface AppendContext {
  readonly now: () => number
  /** In [0, 1). */
  readonly random: () => number
  readonly uniqueName: () => string
}

/** Data files and their manifest, durable and named by nothing yet. Used again as it is after a conflict. */
export interface PreparedAppend {
  readonly files: readonly DataFile[]
  readonly specId: number
  readonly rows: number
  /** The manifest's line in a manifest list, but for what the commit decides. */
  readonly manifest: Omit<ManifestFile, 'sequenceNumber' | 'minSequenceNumber' | 'addedSnapshotId'>
}

/** Writes the manifest of new data files, if there are any. Its bytes are durable on return, its name after the commit. */
export async function prepareAppend(
  table: Table,
  files: readonly DataFile[],
  context: AppendContext,
): Promise<PreparedAppend> {
  const { metadata } = table
  const spec = specById(metadata, metadata['default-spec-id'])
  const schema = schemaById(metadata, metadata['current-schema-id'])
  const entries = files.map(file => ({ status: entryStatus.added, file }))
  const bytes = encodeManifest(entries, spec, schema, syncMarker(context))
  const location = `${metadata.location}/metadata/${context.uniqueName()}-m0.avro`
  if (files.length > 0) await writeFile(table.io, table.path(location), bytes)
  const rows = files.reduce((sum, file) => sum + file.recordCount, 0)
  return {
    files,
    specId: spec['spec-id'],
    rows,
    manifest: {
      location,
      length: bytes.byteLength,
      specId: spec['spec-id'],
      content: 0,
      addedFiles: files.length,
      existingFiles: 0,
      deletedFiles: 0,
      addedRows: rows,
      existingRows: 0,
      deletedRows: 0,
      partitions: summarizePartitions(files, spec, schema),
      keyMetadata: undefined,
    },
  }
}

/** A snapshot ready to be committed, and where its manifest list has to be written. */
export interface StagedAppend {
  readonly commit: Commit
  readonly snapshot: Snapshot
  readonly listLocation: string
  readonly listBytes: Uint8Array
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
): StagedAppend {
  const parent = currentSnapshot(metadata)
  const snapshotId = newSnapshotId(metadata, context.random)
  const sequenceNumber = next(metadata['last-sequence-number'])
  const manifests = [
    { ...prepared.manifest, sequenceNumber, minSequenceNumber: sequenceNumber, addedSnapshotId: snapshotId },
    ...parents,
  ].filter(isNeeded)
  const listLocation = `${metadata.location}/metadata/snap-${snapshotId}-1-${context.uniqueName()}.avro`
  const snapshot: Snapshot = {
    'sequence-number': sequenceNumber,
    'snapshot-id': snapshotId,
    ...(parent === undefined ? {} : { 'parent-snapshot-id': parent['snapshot-id'] }),
    'timestamp-ms': Math.max(context.now(), metadata['last-updated-ms']),
    summary: summary(prepared, parent),
    'manifest-list': listLocation,
    'schema-id': metadata['current-schema-id'],
  }
  const updates: Update[] = [
    { action: 'add-snapshot', snapshot },
    { action: 'set-snapshot-ref', 'ref-name': 'main', type: 'branch', 'snapshot-id': snapshotId },
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
  also: Companion = () => [],
): Promise<Table> {
  let table = base
  let current = prepared
  const mayRetry = patience(base.metadata)
  for (let attempt = 0; ; attempt++) {
    const parents = await withCounts(table, await readManifestList(table))
    const staged = stageAppend(table.metadata, current, parents, context, also(table.metadata))
    const done = await tryCommit(catalog, table, staged)
    if (!('conflict' in done)) return done
    const isTriedAgain = mayRetry(attempt)
    if (isTriedAgain) await backOff(attempt, context.random)
    const fresh = await afterConflict(catalog, table, staged)
    // Where requests are sent again because an answer was lost, a conflict can be the echo of our own success.
    if (snapshotById(fresh.metadata, staged.snapshot['snapshot-id']) !== undefined) return durable(fresh)
    await removeList(table, staged)
    if (!isTriedAgain) throw done.conflict
    checkSameTable(table, fresh, current)
    const left = await reprobe(fresh, table, current)
    if (left === undefined) return durable(fresh)
    table = fresh
    current = left
  }
}

/** One try. @returns the table after it, or the conflict; then the manifest list is there still */
async function tryCommit(
  catalog: Catalog,
  table: Table,
  staged: StagedAppend,
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

async function afterConflict(catalog: Catalog, table: Table, staged: StagedAppend): Promise<Table> {
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

async function removeList(table: Table, staged: StagedAppend): Promise<void> {
  await table.io.remove(table.path(staged.listLocation)).catch(() => undefined)
}

/** Removes what a prepared append wrote. Only for an append that is known not to have been committed. Never throws. */
export async function abandonAppend(table: Table, prepared: PreparedAppend): Promise<void> {
  await table.io.remove(table.path(prepared.manifest.location)).catch(() => undefined)
  await removeDataFiles(table, prepared.files)
}

function checkSameTable(stale: Table, fresh: Table, prepared: PreparedAppend): void {
  checkSameUuid(stale, fresh)
  if (fresh.metadata['default-spec-id'] !== prepared.specId) {
    throw new IcebergError(
      'COMMIT_CONFLICT',
      'the partition spec changed while rows were being written; they have to be written again',
      { specId: prepared.specId },
    )
  }
}

/** A manifest without a live file says nothing, or not any more. Unknown counts mean there may be one. */
function isNeeded(manifest: ManifestFile): boolean {
  return manifest.addedFiles !== 0 || manifest.existingFiles !== 0
}

/** Counts that lists of version 1 may lack and version 2 requires. A zero in their place would say that nothing is live. */
async function withCounts(table: Table, manifests: readonly ManifestFile[]): Promise<ManifestFile[]> {
  return Promise.all(
    manifests.map(async manifest => {
      const { addedFiles, existingFiles, deletedFiles, addedRows, existingRows, deletedRows } = manifest
      const counts = [addedFiles, existingFiles, deletedFiles, addedRows, existingRows, deletedRows]
      if (!counts.includes(undefined)) return manifest
      const entries = await readManifests(table, [manifest])
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
    }),
  )
}

function summary(prepared: PreparedAppend, parent: Snapshot | undefined): Snapshot['summary'] & object {
  const size = prepared.files.reduce((sum, file) => sum + file.fileSize, 0)
  const before = parent?.summary
  const total = (name: string, added: number): Record<string, string> => {
    const previous = parent === undefined ? 0 : Number.parseInt(before?.[name] ?? '', 10)
    return Number.isNaN(previous) ? {} : { [name]: String(previous + added) }
  }
  return {
    operation: 'append',
    'added-data-files': String(prepared.files.length),
    'added-records': String(prepared.rows),
    'added-files-size': String(size),
    'changed-partition-count': String(
      new Set(prepared.files.map(file => Array.from(file.partition.values(), cellText).join('|'))).size,
    ),
    ...total('total-data-files', prepared.files.length),
    ...total('total-records', prepared.rows),
    ...total('total-files-size', size),
    ...total('total-delete-files', 0),
    ...total('total-position-deletes', 0),
    ...total('total-equality-deletes', 0),
  }
}

/** Positive, below 2^53 so that every JSON reader keeps it, and not in use. */
function newSnapshotId(metadata: TableMetadata, random: () => number): number {
  for (;;) {
    const id = 1 + Math.floor(random() * (Number.MAX_SAFE_INTEGER - 1))
    if (snapshotById(metadata, id) === undefined) return id
  }
}

function next(sequence: Long): Long {
  const following = BigInt(sequence) + 1n
  return Number.isSafeInteger(Number(following)) ? Number(following) : following
}

function syncMarker(context: AppendContext): Uint8Array {
  return Uint8Array.from({ length: 16 }, () => Math.floor(context.random() * 256))
}
