import type { WantedField, WantedType } from '../iceberg/ids.ts'
import type { ColumnDeclaration, DeclaredType } from './declaration.ts'

/** Declared columns as the table format takes them: everything optional unless it says otherwise. */
export function wantedFields(columns: readonly ColumnDeclaration[]): WantedField[] {
  return columns.map(column => ({
    name: column.name,
    required: column.required ?? false,
    type: wantedType(column.type),
    ...(column.doc === undefined ? {} : { doc: column.doc }),
    ...(column.renamedFrom === undefined ? {} : { renamedFrom: column.renamedFrom }),
  }))
}

function wantedType(type: DeclaredType): WantedType {
  if (typeof type === 'string') return type
  if (type.type === 'struct') return { type: 'struct', fields: wantedFields(type.fields) }
  if (type.type === 'list')
    return { type: 'list', element: wantedType(type.element), elementRequired: type.elementRequired ?? false }
  return {
    type: 'map',
    key: wantedType(type.key),
    value: wantedType(type.value),
    valueRequired: type.valueRequired ?? false,
  }
}

/** A declared type as a person reads it, in the words of Iceberg. */
export function printDeclaredType(type: DeclaredType): string {
  if (typeof type === 'string') return type
  if (type.type === 'list') return `list<${printDeclaredType(type.element)}>`
  if (type.type === 'map') return `map<${printDeclaredType(type.key)}, ${printDeclaredType(type.value)}>`
  return `struct<${type.fields.map(field => `${field.name}: ${printDeclaredType(field.type)}`).join(', ')}>`
}
