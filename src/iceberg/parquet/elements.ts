import type { SchemaElement } from 'hyparquet'
import { IcebergError } from '../errors.ts'
import { decimalSize, primitiveOf } from '../primitive.ts'
import type { Schema, StructType, Type } from '../types.ts'

/*
 * An Iceberg schema as Parquet schema elements (spec "Appendix A: Parquet"):
 * every element carries its field id, lists and maps have the three-level form.
 */

type Repetition = 'REQUIRED' | 'OPTIONAL' | 'REPEATED'

/** The elements of a whole file, root first. @throws IcebergError FORMAT_UNSUPPORTED for a struct without fields */
export function parquetElements(schema: Schema): SchemaElement[] {
  checkHasFields('the table', schema)
  return [
    { name: 'table', num_children: schema.fields.length },
    ...schema.fields.flatMap(field => elementsOf(field.name, field.type, field.id, field.required)),
  ]
}

function elementsOf(name: string, type: Type, id: number, required: boolean): SchemaElement[] {
  const repetition_type: Repetition = required ? 'REQUIRED' : 'OPTIONAL'
  if (typeof type === 'string') return [{ name, field_id: id, repetition_type, ...physical(type) }]
  if (type.type === 'struct') {
    checkHasFields(name, type)
    return [
      { name, field_id: id, repetition_type, num_children: type.fields.length },
      ...type.fields.flatMap(field => elementsOf(field.name, field.type, field.id, field.required)),
    ]
  }
  if (type.type === 'list') {
    return [
      { name, field_id: id, repetition_type, num_children: 1, converted_type: 'LIST', logical_type: { type: 'LIST' } },
      { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
      ...elementsOf('element', type.element, type['element-id'], type['element-required']),
    ]
  }
  return [
    { name, field_id: id, repetition_type, num_children: 1, converted_type: 'MAP', logical_type: { type: 'MAP' } },
    { name: 'key_value', repetition_type: 'REPEATED', num_children: 2 },
    ...elementsOf('key', type.key, type['key-id'], true),
    ...elementsOf('value', type.value, type['value-id'], type['value-required']),
  ]
}

function checkHasFields(name: string, { fields }: StructType): void {
  if (fields.length === 0)
    throw new IcebergError('FORMAT_UNSUPPORTED', `${name} has no fields, and Parquet cannot hold a struct without any`)
}

function physical(type: string): Omit<SchemaElement, 'name'> {
  const primitive = primitiveOf(type)
  switch (primitive.kind) {
    case 'boolean':
      return { type: 'BOOLEAN' }
    case 'int':
      return { type: 'INT32' }
    case 'long':
      return { type: 'INT64' }
    case 'float':
      return { type: 'FLOAT' }
    case 'double':
      return { type: 'DOUBLE' }
    case 'date':
      return { type: 'INT32', converted_type: 'DATE', logical_type: { type: 'DATE' } }
    case 'time':
      return {
        type: 'INT64',
        converted_type: 'TIME_MICROS',
        logical_type: { type: 'TIME', isAdjustedToUTC: false, unit: 'MICROS' },
      }
    case 'timestamp':
      // TIMESTAMP_MICROS would tell old readers "UTC", so a local timestamp has only the logical type.
      return { type: 'INT64', logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: false, unit: 'MICROS' } }
    case 'timestamptz':
      return {
        type: 'INT64',
        converted_type: 'TIMESTAMP_MICROS',
        logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MICROS' },
      }
    case 'string':
      return { type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } }
    case 'binary':
      return { type: 'BYTE_ARRAY' }
    case 'uuid':
      return { type: 'FIXED_LEN_BYTE_ARRAY', type_length: 16, logical_type: { type: 'UUID' } }
    case 'fixed':
      return { type: 'FIXED_LEN_BYTE_ARRAY', type_length: primitive.length }
    case 'decimal': {
      const { precision, scale } = primitive
      const shared = {
        converted_type: 'DECIMAL',
        precision,
        scale,
        logical_type: { type: 'DECIMAL', precision, scale },
      } as const
      if (precision <= 9) return { type: 'INT32', ...shared }
      if (precision <= 18) return { type: 'INT64', ...shared }
      return { type: 'FIXED_LEN_BYTE_ARRAY', type_length: decimalSize(precision), ...shared }
    }
  }
}
