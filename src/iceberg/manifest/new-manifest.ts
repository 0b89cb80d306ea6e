import type { Table } from '../catalog/catalog.ts'
import { writeFile } from '../file-io/file-io.ts'
import { currentSchema } from '../ids.ts'
import { specById } from '../metadata.ts'
import type { Long } from '../types.ts'
import { type EntryStatus, entryStatus, fileContent, type ManifestFile } from './data-file.ts'
import { encodeManifest, type NewManifestEntry } from './manifest.ts'
import { summarizePartitions } from './manifest-list.ts'
import { schemaOfSources } from './partition-sources.ts'

/** A manifest's line in a manifest list, but for what the commit decides. */
export type NewManifest = Omit<ManifestFile, 'sequenceNumber' | 'minSequenceNumber' | 'addedSnapshotId'> & {
  /** The lowest data sequence number of what lives in it; where it is left out, that of the commit. */
  readonly minSequenceNumber?: Long
}

/** Chance, of which a file takes the bytes that part its blocks. */
export interface Chance {
  /** In [0, 1). */
  readonly random: () => number
}

export function syncMarker({ random }: Chance): Uint8Array {
  return Uint8Array.from({ length: 16 }, () => Math.floor(random() * 256))
}

/**
 * Writes entries of one spec, all of data or all of delete files, as a manifest.
 * Its bytes are durable on return, its name after the commit. Without entries nothing is written.
 */
export async function writeManifest(
  table: Table,
  specId: number,
  entries: readonly NewManifestEntry[],
  location: string,
  chance: Chance,
): Promise<NewManifest> {
  const { metadata } = table
  const spec = specById(metadata, specId)
  const sources = schemaOfSources(metadata, spec)
  const bytes = encodeManifest(entries, spec, currentSchema(metadata), syncMarker(chance), sources)
  if (entries.length > 0) await writeFile(table.io, table.path(location), bytes)
  const { added, existing, deleted } = entryStatus
  const lowest = lowestSequence(entries)
  return {
    location,
    length: bytes.byteLength,
    specId,
    content: entries.some(({ file }) => file.content !== fileContent.data) ? 1 : 0,
    ...(lowest === undefined ? {} : { minSequenceNumber: lowest }),
    addedFiles: count(entries, added),
    existingFiles: count(entries, existing),
    deletedFiles: count(entries, deleted),
    addedRows: rows(entries, added),
    existingRows: rows(entries, existing),
    deletedRows: rows(entries, deleted),
    partitions: summarizePartitions(
      entries.map(({ file }) => file),
      spec,
      sources,
    ),
    keyMetadata: undefined,
  }
}

/** Of live entries that say their number: what the commit gives to the others is higher. */
function lowestSequence(entries: readonly NewManifestEntry[]): Long | undefined {
  let lowest: Long | undefined
  for (const { status, sequenceNumber } of entries) {
    if (status === entryStatus.deleted || sequenceNumber === undefined) continue
    if (lowest === undefined || BigInt(sequenceNumber) < BigInt(lowest)) lowest = sequenceNumber
  }
  return lowest
}

function count(entries: readonly NewManifestEntry[], status: EntryStatus): number {
  return entries.reduce((sum, entry) => (entry.status === status ? sum + 1 : sum), 0)
}

function rows(entries: readonly NewManifestEntry[], status: EntryStatus): number {
  return entries.reduce((sum, entry) => (entry.status === status ? sum + entry.file.recordCount : sum), 0)
}
