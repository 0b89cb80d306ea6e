import { primitiveOf } from '../iceberg/primitive.ts'
import type { Type } from '../iceberg/types.ts'
import { quoteName } from './quote.ts'

/**
 * The DuckDB type of an Iceberg type, as SQL text.
 * @throws IcebergError FORMAT_UNSUPPORTED for a type of a later format version
 */
export function columnType(type: Type): string {
  if (typeof type !== 'string') {
    switch (type.type) {
      case 'list':
        return `${columnType(type.element)}[]`
      case 'map':
        return `MAP(${columnType(type.key)}, ${columnType(type.value)})`
      case 'struct':
        return `STRUCT(${type.fields.map(field => `${quoteName(field.name)} ${columnType(field.type)}`).join(', ')})`
    }
  }
  // The engine's own type for what is always null comes out as this one too.
  if (type === 'unknown') return 'INTEGER'
  const primitive = primitiveOf(type)
  switch (primitive.kind) {
    case 'decimal':
      return `DECIMAL(${primitive.precision}, ${primitive.scale})`
    case 'fixed':
      return 'BLOB'
    default:
      return names[primitive.kind]
  }
}

const names = {
  boolean: 'BOOLEAN',
  int: 'INTEGER',
  long: 'BIGINT',
  float: 'FLOAT',
  double: 'DOUBLE',
  date: 'DATE',
  time: 'TIME',
  timestamp: 'TIMESTAMP',
  timestamptz: 'TIMESTAMPTZ',
  string: 'VARCHAR',
  uuid: 'UUID',
  binary: 'BLOB',
} as const
