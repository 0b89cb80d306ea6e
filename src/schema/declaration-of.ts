import { currentSchema } from '../iceberg/ids.ts'
import { specById } from '../iceberg/metadata.ts'
import { parsePrimitive } from '../iceberg/primitive.ts'
import { indexById } from '../iceberg/schema-index.ts'
import type { Field, SortField, TableMetadata, Type } from '../iceberg/types.ts'
import type { ColumnDeclaration, Declaration, DeclaredType, SortDeclaration } from './declaration.ts'

/** What of a declaration a table itself does not say. */
export interface DeclaredPlace {
  readonly table: string
  readonly release: number
  readonly location?: string
}

/**
 * The declaration that a table is exactly as it should be: a plan of the two
 * holds nothing. Partition fields that were dropped, and so are void, are left
 * out, as nobody asks for them. Pure.
 */
export function declarationOf(place: DeclaredPlace, metadata: TableMetadata): Declaration {
  const schema = currentSchema(metadata)
  const byId = indexById(schema)
  const pathOf = (id: number): string => byId.get(id)?.path ?? `#${id}`
  const order = metadata['sort-orders'].find(each => each['order-id'] === metadata['default-sort-order-id'])
  return {
    ...place,
    columns: schema.fields.map(columnOf),
    // A set, which writers give in any order.
    identifier: (schema['identifier-field-ids'] ?? []).toSorted((a, b) => a - b).map(pathOf),
    partitionBy: specById(metadata, metadata['default-spec-id'])
      .fields.filter(({ transform }) => transform !== 'void')
      .map(({ transform, 'source-id': id }) => ({ column: pathOf(id), transform })),
    sortBy: (order?.fields ?? []).map(field => sortOf(field, pathOf(field['source-id']))),
  }
}

function columnOf({ name, type, required, doc }: Field): ColumnDeclaration {
  return {
    name,
    type: typeOf(type),
    ...(required ? { required } : {}),
    ...(doc === undefined ? {} : { doc }),
  }
}

function typeOf(type: Type): DeclaredType {
  if (typeof type === 'string') return spelled(type)
  if (type.type === 'struct') return { type: 'struct', fields: type.fields.map(columnOf) }
  if (type.type === 'list')
    return {
      type: 'list',
      element: typeOf(type.element),
      ...(type['element-required'] ? { elementRequired: true } : {}),
    }
  return {
    type: 'map',
    key: typeOf(type.key),
    value: typeOf(type.value),
    ...(type['value-required'] ? { valueRequired: true } : {}),
  }
}

/** Java writes `decimal(9, 2)`, others `decimal(9,2)`. */
function spelled(type: string): string {
  const primitive = parsePrimitive(type)
  if (primitive?.kind === 'decimal') return `decimal(${primitive.precision},${primitive.scale})`
  return primitive?.kind === 'fixed' ? `fixed[${primitive.length}]` : type
}

function sortOf({ transform, direction, 'null-order': nulls }: SortField, column: string): SortDeclaration {
  const manner = {
    ...(transform === 'identity' ? {} : { transform }),
    ...(direction === 'asc' ? {} : { direction }),
    ...(nulls === 'nulls-first' ? {} : { nulls: 'last' as const }),
  }
  return Object.keys(manner).length === 0 ? column : { column, ...manner }
}

/** A declaration as the file `schema/<table>.json` holds it. What fits into a line stands in one. */
export function printDeclaration(declaration: Declaration): string {
  const { table, release, location, columns, identifier, partitionBy, sortBy, contract } = declaration
  // Release 1 is what a file means that says none.
  const head = { table, ...(release === 1 ? {} : { release }), ...(location === undefined ? {} : { location }) }
  const tail = contract === undefined ? {} : { contract }
  return `${print({ ...head, columns, identifier, partitionBy, sortBy, ...tail }, '', 0)}\n`
}

const longestLine = 110

function print(value: unknown, indent: string, start: number): string {
  const flat = onOneLine(value)
  const isWhole = indent === ''
  if (typeof value !== 'object' || value === null || (!isWhole && start + flat.length <= longestLine)) return flat
  const inner = `${indent}  `
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}']
  const items = Array.isArray(value)
    ? value.map(item => print(item, inner, inner.length))
    : Object.entries(value).map(([key, item]) => {
        const label = `${JSON.stringify(key)}: `
        return label + print(item, inner, inner.length + label.length)
      })
  return `${open}\n${items.map(item => inner + item).join(',\n')}\n${indent}${close}`
}

function onOneLine(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(onOneLine).join(', ')}]`
  return `{ ${Object.entries(value)
    .map(([key, item]) => `${JSON.stringify(key)}: ${onOneLine(item)}`)
    .join(', ')} }`
}
