import type { Cell, Long } from '../types.ts'

/** What a file holds (spec "Data File Fields", id 134). */
export const fileContent = { data: 0, positionDeletes: 1, equalityDeletes: 2 } as const
export type FileContent = (typeof fileContent)[keyof typeof fileContent]

/** A data or delete file as a manifest describes it. Counts are rows or values, sizes bytes, maps by field id. */
export interface DataFile {
  readonly content: FileContent
  /** Full location, as it stands in the manifest. */
  readonly location: string
  /** Upper case: PARQUET, AVRO or ORC. */
  readonly format: string
  /** Partition values by partition field id. */
  readonly partition: ReadonlyMap<number, Cell>
  readonly recordCount: number
  readonly fileSize: number
  readonly columnSizes: ReadonlyMap<number, number>
  readonly valueCounts: ReadonlyMap<number, number>
  readonly nullValueCounts: ReadonlyMap<number, number>
  readonly nanValueCounts: ReadonlyMap<number, number>
  readonly lowerBounds: ReadonlyMap<number, Uint8Array>
  readonly upperBounds: ReadonlyMap<number, Uint8Array>
  /** Opaque, of an encrypted file; carried over as it is. */
  readonly keyMetadata?: Uint8Array | undefined
  readonly splitOffsets: readonly number[] | undefined
  readonly equalityIds: readonly number[] | undefined
  readonly sortOrderId: number | undefined
  /** Of position deletes that are all of one data file: its location. */
  readonly referencedDataFile?: string | undefined
}

export const entryStatus = { existing: 0, added: 1, deleted: 2 } as const
export type EntryStatus = (typeof entryStatus)[keyof typeof entryStatus]

/** One line of a manifest, inherited values filled in on reading (spec "Manifest Inheritance"). */
export interface ManifestEntry {
  readonly status: EntryStatus
  readonly snapshotId: Long
  readonly sequenceNumber: Long
  readonly fileSequenceNumber: Long
  readonly specId: number
  readonly file: DataFile
}

/** One manifest as the manifest list describes it. */
export interface ManifestFile {
  readonly location: string
  readonly length: number
  readonly specId: number
  /** 0: data, 1: deletes. */
  readonly content: 0 | 1
  readonly sequenceNumber: Long
  readonly minSequenceNumber: Long
  readonly addedSnapshotId: Long
  /** Counts are undefined in lists of old writers: assume non-zero. */
  readonly addedFiles: number | undefined
  readonly existingFiles: number | undefined
  readonly deletedFiles: number | undefined
  readonly addedRows: Long | undefined
  readonly existingRows: Long | undefined
  readonly deletedRows: Long | undefined
  readonly partitions: readonly FieldSummary[] | undefined
  /** Opaque, of an encrypted manifest; carried over as it is. */
  readonly keyMetadata: Uint8Array | undefined
}

/** Partition values of a whole manifest, one for each field of its spec. */
export interface FieldSummary {
  readonly containsNull: boolean
  readonly containsNan: boolean | undefined
  readonly lowerBound: Uint8Array | undefined
  readonly upperBound: Uint8Array | undefined
}
