import { type AvroField, type AvroRecord, type AvroSchema, sanitizeAvroName } from '../avro/schema.ts'
import { decimalSize, primitiveOf } from '../primitive.ts'
import { indexById } from '../schema-index.ts'
import { parseTransform, transformResult } from '../transform.ts'
import type { PartitionField, PartitionSpec, PrimitiveType, Schema } from '../types.ts'

/*
 * The Avro schemas of manifests and manifest lists, version 2, in the field
 * order of the Java writer (spec "Manifests" and "Manifest Lists").
 */

function required(id: number, name: string, type: AvroSchema): AvroField {
  return { name, type, 'field-id': id }
}

function optional(id: number, name: string, type: AvroSchema): AvroField {
  return { name, type: ['null', type], default: null, 'field-id': id }
}

function intMap(id: number, name: string, keyId: number, valueId: number, value: AvroSchema): AvroField {
  const pair: AvroRecord = {
    type: 'record',
    name: `k${keyId}_v${valueId}`,
    fields: [required(keyId, 'key', 'int'), required(valueId, 'value', value)],
  }
  return optional(id, name, { type: 'array', items: pair, logicalType: 'map' })
}

/** The type of a partition field's values under a schema; the source may be gone from it. */
export function partitionFieldType(field: PartitionField, schema: Schema): PrimitiveType {
  const transform = parseTransform(field.transform)
  const source = indexById(schema).get(field['source-id'])
  if (transform === undefined || source === undefined || typeof source.type !== 'string') return 'int'
  return transformResult(transform, source.type)
}

function partitionAvroType(type: PrimitiveType, fieldId: number): AvroSchema {
  const primitive = primitiveOf(type)
  switch (primitive.kind) {
    case 'boolean':
    case 'int':
    case 'long':
    case 'float':
    case 'double':
    case 'string':
      return primitive.kind
    case 'binary':
      return 'bytes'
    case 'date':
      return { type: 'int', logicalType: 'date' }
    case 'time':
      return { type: 'long', logicalType: 'time-micros' }
    case 'timestamp':
    case 'timestamptz':
      return { type: 'long', logicalType: 'timestamp-micros', 'adjust-to-utc': primitive.kind === 'timestamptz' }
    case 'uuid':
      return { type: 'fixed', name: `uuid_fixed_${fieldId}`, size: 16, logicalType: 'uuid' }
    case 'fixed':
      return { type: 'fixed', name: `fixed_${fieldId}`, size: primitive.length }
    case 'decimal':
      return {
        type: 'fixed',
        name: `decimal_${fieldId}`,
        size: decimalSize(primitive.precision),
        logicalType: 'decimal',
        precision: primitive.precision,
        scale: primitive.scale,
      } as AvroSchema
  }
}

/** The name a partition field has inside Avro. */
export function partitionAvroName(field: PartitionField): string {
  return sanitizeAvroName(field.name)
}

/** @param isOfDeletes a manifest of delete files says as well which data file they are for */
export function manifestEntrySchema(spec: PartitionSpec, schema: Schema, isOfDeletes = false): AvroRecord {
  const partition: AvroRecord = {
    type: 'record',
    name: 'r102',
    fields: spec.fields.map(field => {
      const avro = optional(
        field['field-id'],
        partitionAvroName(field),
        partitionAvroType(partitionFieldType(field, schema), field['field-id']),
      )
      return avro.name === field.name ? avro : { ...avro, 'iceberg-field-name': field.name }
    }),
  }
  const dataFile: AvroRecord = {
    type: 'record',
    name: 'r2',
    fields: [
      required(134, 'content', 'int'),
      required(100, 'file_path', 'string'),
      required(101, 'file_format', 'string'),
      required(102, 'partition', partition),
      required(103, 'record_count', 'long'),
      required(104, 'file_size_in_bytes', 'long'),
      intMap(108, 'column_sizes', 117, 118, 'long'),
      intMap(109, 'value_counts', 119, 120, 'long'),
      intMap(110, 'null_value_counts', 121, 122, 'long'),
      intMap(137, 'nan_value_counts', 138, 139, 'long'),
      intMap(125, 'lower_bounds', 126, 127, 'bytes'),
      intMap(128, 'upper_bounds', 129, 130, 'bytes'),
      optional(131, 'key_metadata', 'bytes'),
      optional(132, 'split_offsets', { type: 'array', items: 'long', 'element-id': 133 }),
      optional(135, 'equality_ids', { type: 'array', items: 'int', 'element-id': 136 }),
      optional(140, 'sort_order_id', 'int'),
      ...(isOfDeletes ? [optional(143, 'referenced_data_file', 'string')] : []),
    ],
  }
  return {
    type: 'record',
    name: 'manifest_entry',
    fields: [
      required(0, 'status', 'int'),
      optional(1, 'snapshot_id', 'long'),
      optional(3, 'sequence_number', 'long'),
      optional(4, 'file_sequence_number', 'long'),
      required(2, 'data_file', dataFile),
    ],
  }
}

export const manifestFileSchema: AvroRecord = {
  type: 'record',
  name: 'manifest_file',
  fields: [
    required(500, 'manifest_path', 'string'),
    required(501, 'manifest_length', 'long'),
    required(502, 'partition_spec_id', 'int'),
    required(517, 'content', 'int'),
    required(515, 'sequence_number', 'long'),
    required(516, 'min_sequence_number', 'long'),
    required(503, 'added_snapshot_id', 'long'),
    required(504, 'added_files_count', 'int'),
    required(505, 'existing_files_count', 'int'),
    required(506, 'deleted_files_count', 'int'),
    required(512, 'added_rows_count', 'long'),
    required(513, 'existing_rows_count', 'long'),
    required(514, 'deleted_rows_count', 'long'),
    optional(507, 'partitions', {
      type: 'array',
      items: {
        type: 'record',
        name: 'r508',
        fields: [
          required(509, 'contains_null', 'boolean'),
          optional(518, 'contains_nan', 'boolean'),
          optional(510, 'lower_bound', 'bytes'),
          optional(511, 'upper_bound', 'bytes'),
        ],
      },
      'element-id': 508,
    }),
    optional(519, 'key_metadata', 'bytes'),
  ],
}
