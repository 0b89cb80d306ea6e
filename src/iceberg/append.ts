import { type Catalog, makeDurable, type Table } from './catalog/catalog.ts'
import { cellText } from './cell-text.ts'
import type { Commit, Update } from './commit.ts'
import { removeDataFiles } from './data-files.ts'
import { IcebergError } from './errors.ts'
import { writeFile } from './file-io/file-io.ts'
import { schemaById } from './ids.ts'
import { type DataFile, type EntryStatus, entryStatus, type ManifestFile } from './manifest/data-file.ts'
import { encodeManifest } from './manifest/manifest.ts'
import { encodeManifestList, summarizePartitions } from './manifest/manifest-list.ts'
import { currentSnapshot, snapshotById, specById } from './metadata.ts'
import { requirementsOf } from './requirements.ts'
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
 * @param properties table properties to set in the same commit
 */
export function stageAppend(
  metadata: TableMetadata,
  prepared: PreparedAppend,
  parents: readonly ManifestFile[],
  context: AppendContext,
  properties: Readonly<Record<string, string>> = {},
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
    ...(Object.keys(properties).length === 0 ? [] : [{ action: 'set-properties' as const, updates: properties }]),
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
 * @returns the table after the commit; the fresh table when nothing was left to add
 * @throws IcebergError COMMIT_CONFLICT when all tries failed, COMMIT_STATE_UNKNOWN (then nothing may be deleted)
 */
export async function commitAppend(
  catalog: Catalog,
  base: Table,
  prepared: PreparedAppend,
  context: AppendContext,
  reprobe: Reprobe,
  properties: Readonly<Record<string, string>> = {},
): Promise<Table> {
  let table = base
  let current = prepared
  const mayRetry = patience(base.metadata)
  for (let attempt = 0; ; attempt++) {
    const parents = await withCounts(table, await readManifestList(table))
    const staged = stageAppend(table.metadata, current, parents, context, properties)
    const listPath = table.path(staged.listLocation)
    await writeFile(table.io, listPath, staged.listBytes)
    let conflict: unknown
    try {
      await table.io.syncDirectory(table.path(`${table.metadata.location}/metadata`))
      return await catalog.commit(table, staged.commit)
    } catch (error) {
      if (!isCode(error, 'COMMIT_CONFLICT')) {
        if (!isCode(error, 'COMMIT_STATE_UNKNOWN')) await table.io.remove(listPath).catch(() => undefined)
        throw error
      }
      conflict = error
    }
    const isTriedAgain = mayRetry(attempt)
    if (isTriedAgain) await backOff(attempt, context.random)
    const fresh = await afterConflict(catalog, conflict)
    // A conflict can be the echo of our own success: a request that was sent twice because the first answer was lost.
    if (snapshotById(fresh.metadata, staged.snapshot['snapshot-id']) !== undefined) {
      await makeDurable(fresh)
      return fresh
    }
    await table.io.remove(listPath).catch(() => undefined)
    if (!isTriedAgain) throw conflict
    checkSameTable(table, fresh, current)
    const left = await reprobe(fresh, table, current)
    if (left === undefined) {
      await makeDurable(fresh)
      return fresh
    }
    table = fresh
    current = left
  }
}

/** The table after a conflict. As long as nobody can look at it, it is open whether the commit landed. */
async function afterConflict(catalog: Catalog, conflict: unknown): Promise<Table> {
  try {
    return await catalog.load()
  } catch (cause) {
    const message = `${(conflict as Error).message}; the table cannot be looked at: ${(cause as Error).message}`
    throw new IcebergError('COMMIT_STATE_UNKNOWN', message, {}, cause)
  }
}

/** Removes what a prepared append wrote. Only for an append that is known not to have been committed. Never throws. */
export async function abandonAppend(table: Table, prepared: PreparedAppend): Promise<void> {
  await table.io.remove(table.path(prepared.manifest.location)).catch(() => undefined)
  await removeDataFiles(table, prepared.files)
}

export function isCode(error: unknown, code: IcebergError['code']): boolean {
  return error instanceof IcebergError && error.code === code
}

/** Tries after the first, from `commit.retry.num-retries` (default 4; negative is none). */
function retries(metadata: TableMetadata): number {
  const configured = Number.parseInt(metadata.properties['commit.retry.num-retries'] ?? '', 10)
  return Number.isNaN(configured) ? 4 : Math.max(0, configured)
}

/** What a try is worth at least, in milliseconds. */
const tryMs = 1000

/**
 * When a writer that lost to others may try again: as often as the table's
 * properties say, and for as long as so many tries take at least. Tries are
 * quick, and whoever lost one waits while winners do not: eight busy writers
 * use up twenty tries of the unluckiest of them within two seconds.
 * @returns whether another try may follow the given one, which counts from 0
 */
export function patience(metadata: TableMetadata): (attempt: number) => boolean {
  const allowed = retries(metadata)
  const start = performance.now()
  return attempt => attempt < allowed || performance.now() - start < allowed * tryMs
}

/** Random, growing, at most a quarter of a second: writers of one machine need milliseconds, not minutes. */
export async function backOff(attempt: number, random: () => number): Promise<void> {
  const limit = Math.min(250, 4 * 2 ** attempt)
  await new Promise(resolve => setTimeout(resolve, random() * limit))
}

function checkSameTable(stale: Table, fresh: Table, prepared: PreparedAppend): void {
  if (fresh.metadata['table-uuid'] !== stale.metadata['table-uuid']) {
    throw new IcebergError(
      'UPDATE_ILLEGAL',
      `table UUID does not match: current=${stale.metadata['table-uuid']} != refreshed=${fresh.metadata['table-uuid']}`,
    )
  }
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
