import { type AvroRecordValue, decodeAvro } from '../avro/decode.ts'
import { encodeAvro } from '../avro/encode.ts'
import { IcebergError } from '../errors.ts'
import { compareBytes, encodeSingleValue } from '../single-value.ts'
import type { Long, PartitionSpec, Schema } from '../types.ts'
import { manifestFileSchema, partitionFieldType } from './avro-layout.ts'
import type { DataFile, FieldSummary, ManifestFile } from './data-file.ts'

/** What a manifest list says about the snapshot it belongs to. */
export interface ListedSnapshot {
  readonly snapshotId: Long
  readonly parentSnapshotId: Long | undefined
  readonly sequenceNumber: Long
}

export function encodeManifestList(
  manifests: readonly ManifestFile[],
  snapshot: ListedSnapshot,
  sync: Uint8Array,
): Uint8Array {
  const records = manifests.map(manifest => ({
    manifest_path: manifest.location,
    manifest_length: manifest.length,
    partition_spec_id: manifest.specId,
    content: manifest.content,
    sequence_number: manifest.sequenceNumber,
    min_sequence_number: manifest.minSequenceNumber,
    added_snapshot_id: manifest.addedSnapshotId,
    added_files_count: manifest.addedFiles ?? 0,
    existing_files_count: manifest.existingFiles ?? 0,
    deleted_files_count: manifest.deletedFiles ?? 0,
    added_rows_count: manifest.addedRows ?? 0,
    existing_rows_count: manifest.existingRows ?? 0,
    deleted_rows_count: manifest.deletedRows ?? 0,
    partitions: manifest.partitions?.map(summary => ({
      contains_null: summary.containsNull,
      contains_nan: summary.containsNan ?? null,
      lower_bound: summary.lowerBound ?? null,
      upper_bound: summary.upperBound ?? null,
    })),
    key_metadata: manifest.keyMetadata ?? null,
  }))
  const metadata = {
    'snapshot-id': String(snapshot.snapshotId),
    'parent-snapshot-id': String(snapshot.parentSnapshotId ?? null),
    'sequence-number': String(snapshot.sequenceNumber),
    'format-version': '2',
  }
  return encodeAvro(manifestFileSchema, records, metadata, sync)
}

/** Reads a manifest list of format version 1 or 2. @throws IcebergError MANIFEST_INVALID naming the file */
export function decodeManifestList(bytes: Uint8Array, location: string): ManifestFile[] {
  try {
    return decodeAvro(bytes).records.map(manifestFile)
  } catch (cause) {
    throw new IcebergError(
      'MANIFEST_INVALID',
      `manifest list ${location} cannot be read: ${(cause as Error).message}`,
      { file: location },
      cause,
    )
  }
}

function manifestFile(record: AvroRecordValue): ManifestFile {
  if (typeof record[500] !== 'string') throw new Error('not a manifest list')
  return {
    location: record[500],
    length: Number(record[501]),
    specId: Number(record[502]),
    content: record[517] === 1 ? 1 : 0,
    sequenceNumber: long(record, 515) ?? 0,
    minSequenceNumber: long(record, 516) ?? 0,
    addedSnapshotId: long(record, 503) ?? 0,
    addedFiles: count(record, 504),
    existingFiles: count(record, 505),
    deletedFiles: count(record, 506),
    addedRows: long(record, 512),
    existingRows: long(record, 513),
    deletedRows: long(record, 514),
    partitions: (record[507] as AvroRecordValue[] | null | undefined)?.map(summary => ({
      containsNull: summary[509] === true,
      containsNan: (summary[518] as boolean | null | undefined) ?? undefined,
      lowerBound: (summary[510] as Uint8Array | null | undefined) ?? undefined,
      upperBound: (summary[511] as Uint8Array | null | undefined) ?? undefined,
    })),
    keyMetadata: (record[519] as Uint8Array | null | undefined) ?? undefined,
  }
}

function long(record: AvroRecordValue, id: number): Long | undefined {
  return (record[id] as Long | null | undefined) ?? undefined
}

function count(record: AvroRecordValue, id: number): number | undefined {
  const value = long(record, id)
  return value === undefined ? undefined : Number(value)
}

/** Partition values of several files in one summary for each field of the spec. */
export function summarizePartitions(files: readonly DataFile[], spec: PartitionSpec, schema: Schema): FieldSummary[] {
  return spec.fields.map(field => {
    const type = partitionFieldType(field, schema)
    const cells = files.map(file => file.partition.get(field['field-id']) ?? null)
    const isNan = (cell: unknown): boolean => typeof cell === 'number' && Number.isNaN(cell)
    const encoded = cells
      .filter(cell => cell !== null && !isNan(cell))
      .map(cell => ({ cell, bytes: encodeSingleValue(cell as NonNullable<typeof cell>, type) }))
    const order = (a: (typeof encoded)[number], b: (typeof encoded)[number]): number =>
      typeof a.cell === 'number' || typeof a.cell === 'bigint'
        ? a.cell < (b.cell as typeof a.cell)
          ? -1
          : a.cell > (b.cell as typeof a.cell)
            ? 1
            : 0
        : compareBytes(a.bytes, b.bytes)
    encoded.sort(order)
    return {
      containsNull: cells.includes(null),
      containsNan: cells.some(isNan),
      lowerBound: encoded[0]?.bytes,
      upperBound: encoded.at(-1)?.bytes,
    }
  })
}
