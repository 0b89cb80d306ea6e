import { type AvroRecordValue, type AvroValue, decodeAvro } from '../avro/decode.ts'
import { type AvroInput, encodeAvro } from '../avro/encode.ts'
import { IcebergError } from '../errors.ts'
import { printJson } from '../json.ts'
import { decimalSize, parsePrimitive, primitiveOf } from '../primitive.ts'
import { decimalFromBytes, uuidBytes, uuidText } from '../single-value.ts'
import type { Cell, Long, PartitionSpec, PrimitiveType, Schema } from '../types.ts'
import { manifestEntrySchema, partitionAvroName, partitionFieldType } from './avro-layout.ts'
import {
  type DataFile,
  type EntryStatus,
  entryStatus,
  type FileContent,
  fileContent,
  type ManifestEntry,
  type ManifestFile,
} from './data-file.ts'

/** An entry to write. Sequence numbers and snapshot id of an added file are left out: the commit decides them. */
export interface NewManifestEntry {
  readonly status: EntryStatus
  readonly snapshotId?: Long
  readonly sequenceNumber?: Long
  readonly fileSequenceNumber?: Long
  readonly file: DataFile
}

/**
 * Encodes a manifest of data files, or of delete files, that all belong to one partition spec.
 * @param sources a schema that has the sources of the spec, where that is another one
 */
export function encodeManifest(
  entries: readonly NewManifestEntry[],
  spec: PartitionSpec,
  schema: Schema,
  sync: Uint8Array,
  sources: Schema = schema,
): Uint8Array {
  const types = spec.fields.map(field => ({
    id: field['field-id'],
    name: partitionAvroName(field),
    type: partitionFieldType(field, sources),
  }))
  const isOfDeletes = entries.some(({ file }) => file.content !== fileContent.data)
  const metadata = {
    schema: printJson(schema),
    'schema-id': String(schema['schema-id']),
    'partition-spec': printJson(spec.fields),
    'partition-spec-id': String(spec['spec-id']),
    'format-version': '2',
    content: isOfDeletes ? 'deletes' : 'data',
  }
  const records = entries.map(added => ({
    status: added.status,
    snapshot_id: added.snapshotId ?? null,
    sequence_number: added.sequenceNumber ?? null,
    file_sequence_number: added.fileSequenceNumber ?? null,
    data_file: fileRecord(added.file, types),
  }))
  return encodeAvro(manifestEntrySchema(spec, sources, isOfDeletes), records, metadata, sync)
}

function fileRecord(file: DataFile, types: readonly { id: number; name: string; type: PrimitiveType }[]): AvroInput {
  return {
    content: file.content,
    file_path: file.location,
    file_format: file.format,
    partition: Object.fromEntries(
      types.map(({ id, name, type }) => [name, partitionInput(file.partition.get(id), type)]),
    ),
    record_count: file.recordCount,
    file_size_in_bytes: file.fileSize,
    column_sizes: orNull(file.columnSizes),
    value_counts: orNull(file.valueCounts),
    null_value_counts: orNull(file.nullValueCounts),
    nan_value_counts: orNull(file.nanValueCounts),
    lower_bounds: orNull(file.lowerBounds),
    upper_bounds: orNull(file.upperBounds),
    key_metadata: file.keyMetadata ?? null,
    split_offsets: file.splitOffsets ?? null,
    equality_ids: file.equalityIds ?? null,
    sort_order_id: file.sortOrderId ?? null,
    referenced_data_file: file.referencedDataFile ?? null,
  }
}

/** Metrics that nobody took are absent, and so they stay. */
function orNull<Value>(metrics: ReadonlyMap<number, Value>): ReadonlyMap<number, Value> | null {
  return metrics.size === 0 ? null : metrics
}

function partitionInput(cell: Cell, type: PrimitiveType): AvroInput {
  if (cell === null || cell === undefined) return null
  const primitive = primitiveOf(type)
  if (primitive.kind === 'uuid') return uuidBytes(cell as string)
  if (primitive.kind !== 'decimal') return cell
  const bytes = new Uint8Array(decimalSize(primitive.precision))
  let rest = BigInt.asUintN(bytes.byteLength * 8, cell as bigint)
  for (let index = bytes.byteLength - 1; index >= 0; index--) {
    bytes[index] = Number(rest & 0xffn)
    rest >>= 8n
  }
  return bytes
}

/** Ids of the column metrics in a manifest entry. */
const statisticIds: ReadonlySet<number> = new Set([108, 109, 110, 137, 125, 128])

/**
 * Reads a manifest.
 * @param list its entry in the manifest list, for inherited values
 * @param withStatistics false: the column metrics are left empty, which is several times as fast
 * @throws IcebergError MANIFEST_INVALID naming the file
 */
export function decodeManifest(
  bytes: Uint8Array,
  list: ManifestFile,
  partitionTypes: ReadonlyMap<number, PrimitiveType>,
  withStatistics = true,
): ManifestEntry[] {
  try {
    return decodeAvro(bytes, withStatistics ? undefined : statisticIds).records.map(record =>
      entry(record, list, partitionTypes),
    )
  } catch (cause) {
    throw new IcebergError(
      'MANIFEST_INVALID',
      `manifest ${list.location} cannot be read: ${(cause as Error).message}`,
      { file: list.location },
      cause,
    )
  }
}

function entry(
  record: AvroRecordValue,
  list: ManifestFile,
  partitionTypes: ReadonlyMap<number, PrimitiveType>,
): ManifestEntry {
  const status = record[0] as EntryStatus
  const raw = record[2] as AvroRecordValue
  if (raw === undefined || typeof record[0] !== 'number' || typeof raw[100] !== 'string')
    throw new Error('not a manifest entry')
  const sequence = record[3] as Long | null | undefined
  const fileSequence = record[4] as Long | null | undefined
  const inherited = status === entryStatus.added ? list.sequenceNumber : 0
  return {
    status,
    snapshotId: (record[1] as Long | null | undefined) ?? list.addedSnapshotId,
    sequenceNumber: sequence ?? inherited,
    fileSequenceNumber: fileSequence ?? inherited,
    specId: list.specId,
    file: {
      content: ((raw[134] as number | undefined) ?? 0) as FileContent,
      location: raw[100],
      format: (raw[101] as string).toUpperCase(),
      partition: partition((raw[102] ?? {}) as AvroRecordValue, partitionTypes),
      recordCount: Number(raw[103]),
      fileSize: Number(raw[104]),
      columnSizes: counts(raw[108]),
      valueCounts: counts(raw[109]),
      nullValueCounts: counts(raw[110]),
      nanValueCounts: counts(raw[137]),
      lowerBounds: bounds(raw[125]),
      upperBounds: bounds(raw[128]),
      ...(raw[131] instanceof Uint8Array ? { keyMetadata: raw[131] } : {}),
      splitOffsets: (raw[132] as number[] | null | undefined) ?? undefined,
      equalityIds: (raw[135] as number[] | null | undefined)?.map(Number) ?? undefined,
      sortOrderId: (raw[140] as number | null | undefined) ?? undefined,
      ...(typeof raw[143] === 'string' ? { referencedDataFile: raw[143] } : {}),
    },
  }
}

const none: ReadonlyMap<number, never> = new Map<number, never>()

function counts(value: AvroValue | undefined): ReadonlyMap<number, number> {
  return value instanceof Map ? (value as unknown as Map<number, number>) : none
}

function bounds(value: AvroValue | undefined): ReadonlyMap<number, Uint8Array> {
  return value instanceof Map ? (value as unknown as Map<number, Uint8Array>) : none
}

function partition(record: AvroRecordValue, types: ReadonlyMap<number, PrimitiveType>): ReadonlyMap<number, Cell> {
  return new Map(Object.entries(record).map(([id, value]) => [Number(id), partitionCell(value, types.get(Number(id)))]))
}

/** Partition values keep the width they were written with; a promoted column's old ones are read as the new type. */
function partitionCell(value: AvroValue, type: PrimitiveType | undefined): Cell {
  if (value === null || type === undefined) return value as Cell
  switch (parsePrimitive(type)?.kind) {
    case 'uuid':
      return uuidText(value as Uint8Array)
    case 'decimal':
      return decimalFromBytes(value as Uint8Array)
    case 'long':
    case 'time':
    case 'timestamp':
    case 'timestamptz':
      return BigInt(value as Long)
    default:
      return value as Cell
  }
}
