/** The part of Avro's schema language that Iceberg uses. Attributes such as `field-id` ride along. */
export type AvroSchema =
  | 'null'
  | 'boolean'
  | 'int'
  | 'long'
  | 'float'
  | 'double'
  | 'bytes'
  | 'string'
  | AvroRecord
  | AvroArray
  | AvroMap
  | AvroFixed
  | AvroEnum
  | AvroAnnotated
  | readonly AvroSchema[]
  | (string & {})

export interface AvroRecord {
  readonly type: 'record'
  readonly name: string
  readonly fields: readonly AvroField[]
}

export interface AvroField {
  readonly name: string
  readonly type: AvroSchema
  readonly 'field-id'?: number
  readonly default?: unknown
  readonly doc?: string
  readonly 'iceberg-field-name'?: string
}

export interface AvroArray {
  readonly type: 'array'
  readonly items: AvroSchema
  readonly logicalType?: string
  readonly 'element-id'?: number
}

export interface AvroMap {
  readonly type: 'map'
  readonly values: AvroSchema
}

export interface AvroFixed {
  readonly type: 'fixed'
  readonly name: string
  readonly size: number
  readonly logicalType?: string
}

export interface AvroEnum {
  readonly type: 'enum'
  readonly name: string
  readonly symbols: readonly string[]
}

/** A primitive with a logical type, e.g. a date. */
export interface AvroAnnotated {
  readonly type: 'null' | 'boolean' | 'int' | 'long' | 'float' | 'double' | 'bytes' | 'string'
  readonly logicalType?: string
  readonly 'adjust-to-utc'?: boolean
}

/** Avro's object container file begins with these bytes. */
export const avroMagic: readonly number[] = [0x4f, 0x62, 0x6a, 0x01]

/** A name that Avro allows: ASCII letters, digits and `_`; anything else becomes `_x` and its UTF-16 code in hex (spec §"Avro"). */
export function sanitizeAvroName(name: string): string {
  return name.replaceAll(/^\d|[^A-Za-z0-9_]/g, (unit, offset: number) =>
    offset === 0 && /\d/.test(unit) ? `_${unit}` : `_x${unit.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}
