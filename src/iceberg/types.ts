/**
 * The shapes of an Iceberg table, exactly as they stand in its metadata JSON
 * (spec "Appendix C"): kebab-case keys, so that a value in memory can be read
 * beside the file it came from, and keys we do not know survive a rewrite.
 */

/** A 64-bit integer: a number while it is safe, a bigint beyond 2^53. */
export type Long = number | bigint

/** Any JSON value, 64-bit integers kept. */
export type Json = null | boolean | number | bigint | string | readonly Json[] | { readonly [key: string]: Json }

/** A primitive type by its name in the spec, e.g. `long`, `decimal(9,2)`, `fixed[16]`. */
export type PrimitiveType = string

export interface StructType {
  readonly type: 'struct'
  readonly fields: readonly Field[]
}

export interface ListType {
  readonly type: 'list'
  readonly 'element-id': number
  readonly 'element-required': boolean
  readonly element: Type
}

export interface MapType {
  readonly type: 'map'
  readonly 'key-id': number
  readonly key: Type
  readonly 'value-id': number
  readonly 'value-required': boolean
  readonly value: Type
}

export type Type = PrimitiveType | StructType | ListType | MapType

export interface Field {
  readonly id: number
  readonly name: string
  readonly required: boolean
  readonly type: Type
  readonly doc?: string
  readonly 'initial-default'?: Json
  readonly 'write-default'?: Json
}

export interface Schema extends StructType {
  readonly 'schema-id': number
  readonly 'identifier-field-ids'?: readonly number[]
}

export interface PartitionField {
  readonly 'source-id': number
  readonly 'field-id': number
  readonly name: string
  readonly transform: string
}

export interface PartitionSpec {
  readonly 'spec-id': number
  readonly fields: readonly PartitionField[]
}

export interface SortField {
  readonly transform: string
  readonly 'source-id': number
  readonly direction: 'asc' | 'desc'
  readonly 'null-order': 'nulls-first' | 'nulls-last'
}

export interface SortOrder {
  readonly 'order-id': number
  readonly fields: readonly SortField[]
}

export interface Snapshot {
  readonly 'snapshot-id': Long
  readonly 'parent-snapshot-id'?: Long
  readonly 'sequence-number'?: Long
  readonly 'timestamp-ms': number
  readonly summary?: { readonly operation?: string; readonly [key: string]: string | undefined }
  readonly 'manifest-list'?: string
  /** Only in format version 1: manifests named in the snapshot itself. */
  readonly manifests?: readonly string[]
  readonly 'schema-id'?: number
}

export interface SnapshotRef {
  readonly 'snapshot-id': Long
  readonly type: 'branch' | 'tag'
  readonly 'min-snapshots-to-keep'?: number
  readonly 'max-snapshot-age-ms'?: Long
  readonly 'max-ref-age-ms'?: Long
}

export interface SnapshotLogEntry {
  readonly 'snapshot-id': Long
  readonly 'timestamp-ms': number
}

export interface MetadataLogEntry {
  readonly 'metadata-file': string
  readonly 'timestamp-ms': number
}

/** Table metadata in its version 2 shape; a version 1 file is brought into it on reading. */
export interface TableMetadata {
  readonly 'format-version': number
  readonly 'table-uuid': string
  readonly location: string
  readonly 'last-sequence-number': Long
  readonly 'last-updated-ms': number
  readonly 'last-column-id': number
  readonly 'current-schema-id': number
  readonly schemas: readonly Schema[]
  readonly 'default-spec-id': number
  readonly 'partition-specs': readonly PartitionSpec[]
  readonly 'last-partition-id': number
  readonly 'default-sort-order-id': number
  readonly 'sort-orders': readonly SortOrder[]
  readonly properties: Readonly<Record<string, string>>
  /** −1, null or absent: the table has no snapshot. */
  readonly 'current-snapshot-id'?: Long | null
  readonly refs: Readonly<Record<string, SnapshotRef>>
  readonly snapshots: readonly Snapshot[]
  readonly statistics: readonly Json[]
  readonly 'partition-statistics': readonly Json[]
  readonly 'snapshot-log': readonly SnapshotLogEntry[]
  readonly 'metadata-log': readonly MetadataLogEntry[]
  /** Keys of later or foreign writers, kept as they are. */
  readonly [unknown: string]: unknown
}

/**
 * One cell, by Iceberg type: boolean → boolean; int, date (days) → number;
 * long, time, timestamp, timestamptz (µs) → bigint; float, double → number;
 * string, uuid (lower case, dashed) → string; decimal → bigint (unscaled);
 * binary, fixed → Uint8Array; struct → object by field name; list → array;
 * map → array of [key, value]. Absent and null are the same.
 */
export type Cell =
  | null
  | undefined
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly Cell[]
  | { readonly [name: string]: Cell }

/** A row by column name. */
export type Row = Readonly<Record<string, Cell>>
