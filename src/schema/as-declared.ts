import { isV3Primitive } from '../iceberg/primitive.ts'
import type { Field, Schema, TableMetadata, Type } from '../iceberg/types.ts'
import { applyUpdates, emptyMetadata } from '../iceberg/updates/index.ts'
import type { ColumnDeclaration, Declaration, DeclaredType } from './declaration.ts'
import { stageCreation } from './evolve.ts'
import { type Observed, planTable } from './plan.ts'

/**
 * The table that a declaration makes, without rows, as if it had just been
 * applied. Pure, and the same each time. One that only a table of format
 * version 3 can be, is of that version, although nothing here writes it.
 */
export function tableAsDeclared(declaration: Declaration): Observed {
  const needsV3 = declaration.columns.some(isOfV3)
  const plain = needsV3 ? { ...declaration, columns: declaration.columns.map(inV2) } : declaration
  const commit = stageCreation(planTable(plain, null), plain, {
    at: new Date(0).toISOString(),
    ms: 0,
    hyp: '',
    uuid: '00000000-0000-4000-8000-000000000000',
    location: `file:///${declaration.table}`,
    properties: {},
  })
  const metadata = applyUpdates(emptyMetadata, commit.updates, { nowMs: 0 })
  return { version: 1, metadata: needsV3 ? asV3(metadata, declaration) : metadata }
}

function isOfV3({ type, default: value }: ColumnDeclaration): boolean {
  return (value !== undefined && value !== null) || isTypeOfV3(type)
}

function isTypeOfV3(type: DeclaredType): boolean {
  if (typeof type === 'string') return isV3Primitive(type)
  if (type.type === 'struct') return type.fields.some(isOfV3)
  return type.type === 'list' ? isTypeOfV3(type.element) : isTypeOfV3(type.key) || isTypeOfV3(type.value)
}

/** A column with its types of version 3 replaced by what takes the same transforms in version 2. */
function inV2({ default: _default, ...column }: ColumnDeclaration): ColumnDeclaration {
  return { ...column, type: typeInV2(column.type) }
}

function typeInV2(type: DeclaredType): DeclaredType {
  if (typeof type === 'string') {
    if (!isV3Primitive(type)) return type
    return type.endsWith('_ns') ? type.slice(0, -'_ns'.length) : 'string'
  }
  if (type.type === 'struct') return { ...type, fields: type.fields.map(inV2) }
  if (type.type === 'list') return { ...type, element: typeInV2(type.element) }
  return { ...type, key: typeInV2(type.key), value: typeInV2(type.value) }
}

function asV3(metadata: TableMetadata, { columns }: Declaration): TableMetadata {
  const schemas = metadata.schemas.map((schema): Schema => ({ ...schema, fields: fieldsInV3(schema.fields, columns) }))
  return { ...metadata, 'format-version': 3, schemas }
}

/** The fields that were made of columns, with what version 2 could not say of them. */
function fieldsInV3(fields: readonly Field[], columns: readonly ColumnDeclaration[]): Field[] {
  return fields.map((field, index) => {
    const column = columns[index] as ColumnDeclaration
    const value = column.default
    return {
      ...field,
      type: typeInV3(field.type, column.type),
      ...(value === undefined || value === null ? {} : { 'initial-default': value, 'write-default': value }),
    }
  })
}

function typeInV3(type: Type, declared: DeclaredType): Type {
  if (typeof declared === 'string' || typeof type === 'string') return declared as Type
  if (type.type === 'struct' && declared.type === 'struct')
    return { ...type, fields: fieldsInV3(type.fields, declared.fields) }
  if (type.type === 'list' && declared.type === 'list')
    return { ...type, element: typeInV3(type.element, declared.element) }
  if (type.type === 'map' && declared.type === 'map')
    return { ...type, key: typeInV3(type.key, declared.key), value: typeInV3(type.value, declared.value) }
  return type
}
