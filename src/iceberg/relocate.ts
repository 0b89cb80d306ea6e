import { decodeAvro } from './avro/decode.ts'
import type { Table } from './catalog/catalog.ts'
import type { FileCatalog } from './catalog/file-catalog.ts'
import { locationOf, pathBelow } from './catalog/location.ts'
import { isCode } from './errors.ts'
import { writeFile } from './file-io/file-io.ts'
import { currentSchema } from './ids.ts'
import { parseJson } from './json.ts'
import { entryStatus, fileContent, type ManifestEntry, type ManifestFile } from './manifest/data-file.ts'
import { encodeManifest } from './manifest/manifest.ts'
import { encodeManifestList } from './manifest/manifest-list.ts'
import { specById } from './metadata.ts'
import { relocateDeletes } from './relocate-deletes.ts'
import { backOff, patience } from './retry.ts'
import { readManifestList, readManifests } from './snapshot.ts'
import type { Json, Schema, Snapshot, TableMetadata } from './types.ts'
import { applyUpdates } from './updates/index.ts'

/*
 * The format names every file by where it was written. A table whose directory
 * was moved is followed by us alone: to every other program it is still where
 * it was. Relocating writes what names files anew: the lists, the manifests,
 * the position deletes and the metadata. No data file is touched; uuid, field
 * ids, snapshots and sequence numbers stay.
 */

/** What comes from outside. */
export interface RelocateContext {
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** In [0, 1). */
  readonly random: () => number
  readonly uniqueName: () => string
}

export interface Relocation {
  readonly table: Table
  /** What the table said its location was. */
  readonly from: string
  readonly to: string
  /** Files that were written: lists, manifests and position deletes; 0 where the table was there already. */
  readonly files: number
  /** Locations of data and delete files that lie outside the table, and are named as before. */
  readonly outside: readonly string[]
}

/** A function from a location under one place to the same under another; what lies elsewhere stays. */
export function mover(from: string, to: string): (location: string) => string {
  const below = pathBelow(from)
  return location => {
    const inside = below(location)
    return inside === undefined ? location : `${to}/${inside}`
  }
}

/**
 * Makes a table say that it is where its directory is, in one commit. What was
 * written is removed again where the commit did not land.
 * @param options.dryRun write nothing, and say what would be written
 * @throws IcebergError as `Catalog.commit`, FILE_MISSING, FORMAT_UNSUPPORTED for a table of a version that is not
 *   written
 */
export async function relocateTable(
  catalog: FileCatalog,
  directory: string,
  context: RelocateContext,
  { dryRun = false }: { readonly dryRun?: boolean } = {},
): Promise<Relocation> {
  const to = locationOf(directory)
  let mayRetry: ((attempt: number) => boolean) | undefined
  for (let attempt = 0; ; attempt++) {
    const base = await catalog.load()
    const from = base.metadata.location
    if (from === to) return { table: base, from, to, files: 0, outside: [] }
    mayRetry ??= patience(base.metadata)
    const work = newWork(base, to, context, dryRun)
    try {
      const metadata = await work.metadata()
      const { files, outside } = work.done()
      if (dryRun) return { table: base, from, to, files, outside }
      await base.io.syncDirectory(base.path(`${from}/data`))
      await base.io.syncDirectory(base.path(`${from}/metadata`))
      return { table: await catalog.relocate(base, metadata), from, to, files, outside }
    } catch (error) {
      if (!isCode(error, 'COMMIT_STATE_UNKNOWN')) await work.undo()
      if (!isCode(error, 'COMMIT_CONFLICT') || !mayRetry(attempt)) throw error
    }
    await backOff(attempt, context.random)
  }
}

/** The names of one try, and what was written for it. */
interface Work {
  metadata(): Promise<TableMetadata>
  done(): Pick<Relocation, 'files' | 'outside'>
  undo(): Promise<void>
}

function newWork(base: Table, to: string, context: RelocateContext, dryRun: boolean): Work {
  const from = base.metadata.location
  const move = mover(from, to)
  const outside = new Set<string>()
  const made: string[] = []
  /** By their old locations: a manifest is in the lists of many snapshots, a file in several manifests. */
  const manifests = new Map<string, ManifestFile>()
  const deletes = new Map<string, ManifestEntry['file']>()
  const sync = (): Uint8Array => Uint8Array.from({ length: 16 }, () => Math.floor(context.random() * 256))

  return { metadata, done: () => ({ files: made.length, outside: [...outside] }), undo }

  async function metadata(): Promise<TableMetadata> {
    const changed = applyUpdates(base.metadata, [{ action: 'set-location', location: to }], {
      nowMs: context.now(),
      baseFile: base.metadataLocation,
    })
    const snapshots: Snapshot[] = []
    for (const snapshot of changed.snapshots) snapshots.push(await relocateSnapshot(snapshot))
    return {
      ...changed,
      snapshots,
      statistics: changed.statistics.map(moveStatistics),
      'partition-statistics': changed['partition-statistics'].map(moveStatistics),
      'metadata-log': changed['metadata-log'].map(entry => ({
        ...entry,
        'metadata-file': move(entry['metadata-file']),
      })),
      properties: Object.fromEntries(
        Object.entries(changed.properties).map(([key, value]) => [key, key.endsWith('.path') ? move(value) : value]),
      ),
    }
  }

  async function relocateSnapshot(snapshot: Snapshot): Promise<Snapshot> {
    const id = snapshot['snapshot-id']
    const listed: ManifestFile[] = []
    for (const manifest of await readManifestList(base, snapshot)) listed.push(await relocateManifest(manifest))
    const bytes = encodeManifestList(
      listed,
      {
        snapshotId: id,
        parentSnapshotId: snapshot['parent-snapshot-id'],
        sequenceNumber: snapshot['sequence-number'] ?? 0,
      },
      sync(),
    )
    const { manifests: _unlisted, ...rest } = snapshot
    const location = await write(`metadata/snap-${id}-1-${context.uniqueName()}.avro`, bytes)
    return { ...rest, 'manifest-list': location }
  }

  async function relocateManifest(manifest: ManifestFile): Promise<ManifestFile> {
    const known = manifests.get(manifest.location)
    if (known !== undefined) return known
    const entries = await readManifests(base, [manifest])
    const moved = entries.length === 0 ? await copyOf(manifest) : await relocateEntries(manifest, entries)
    manifests.set(manifest.location, moved)
    return moved
  }

  /** It names nothing. */
  async function copyOf(manifest: ManifestFile): Promise<ManifestFile> {
    const bytes = await base.io.read(base.path(manifest.location))
    return { ...manifest, location: await write(`metadata/${context.uniqueName()}-m0.avro`, bytes) }
  }

  async function relocateEntries(manifest: ManifestFile, entries: readonly ManifestEntry[]): Promise<ManifestFile> {
    const moved: ManifestEntry[] = []
    for (const entry of entries) moved.push({ ...entry, file: await relocateFile(entry) })
    const schema = await schemaOf(manifest)
    const bytes = encodeManifest(moved, specById(base.metadata, manifest.specId), schema, sync())
    const location = await write(`metadata/${context.uniqueName()}-m0.avro`, bytes)
    const count = (status: number): { files: number; rows: number } => {
      const found = entries.filter(entry => entry.status === status)
      return { files: found.length, rows: found.reduce((sum, { file }) => sum + file.recordCount, 0) }
    }
    const [existing, added, deleted] = [count(0), count(1), count(2)]
    return {
      ...manifest,
      location,
      length: bytes.byteLength,
      addedFiles: manifest.addedFiles ?? added.files,
      existingFiles: manifest.existingFiles ?? existing.files,
      deletedFiles: manifest.deletedFiles ?? deleted.files,
      addedRows: manifest.addedRows ?? added.rows,
      existingRows: manifest.existingRows ?? existing.rows,
      deletedRows: manifest.deletedRows ?? deleted.rows,
    }
  }

  async function relocateFile(entry: ManifestEntry): Promise<ManifestEntry['file']> {
    const { file, status } = entry
    const location = move(file.location)
    if (location === file.location && !location.startsWith(`${to}/`)) outside.add(location)
    const referenced = file.referencedDataFile
    const moved = { ...file, location, ...(referenced === undefined ? {} : { referencedDataFile: move(referenced) }) }
    if (file.content !== fileContent.positionDeletes) return moved
    const known = deletes.get(file.location)
    if (known !== undefined) return known
    // The file itself may be gone.
    if (status === entryStatus.deleted) return moved
    const place = `data/${context.uniqueName()}-deletes.parquet`
    made.push(base.path(`${from}/${place}`))
    const rewritten = dryRun
      ? moved
      : { ...moved, ...(await relocateDeletes(base, entry, `${from}/${place}`, move)), location: `${to}/${place}` }
    deletes.set(file.location, rewritten)
    return rewritten
  }

  /** The one that the manifest was written with: its partition values are of the types that it has. */
  async function schemaOf(manifest: ManifestFile): Promise<Schema> {
    const { metadata: keys } = decodeAvro(await base.io.read(base.path(manifest.location)))
    const written = keys['schema'] === undefined ? undefined : (parseJson(keys['schema']) as unknown as Schema)
    const id = Number(keys['schema-id'] ?? written?.['schema-id'])
    const { schemas } = base.metadata
    return schemas.find(schema => schema['schema-id'] === id) ?? written ?? currentSchema(base.metadata)
  }

  function moveStatistics(statistics: Json): Json {
    const { 'statistics-path': path } = statistics as { readonly 'statistics-path'?: Json }
    return typeof path === 'string' ? { ...(statistics as object), 'statistics-path': move(path) } : statistics
  }

  /** Writes a file of the table, and gives the location that it will have. */
  async function write(place: string, bytes: Uint8Array): Promise<string> {
    const path = base.path(`${from}/${place}`)
    made.push(path)
    if (!dryRun) await writeFile(base.io, path, bytes)
    return `${to}/${place}`
  }

  async function undo(): Promise<void> {
    if (dryRun) return
    for (const path of made) await base.io.remove(path).catch(() => undefined)
  }
}
