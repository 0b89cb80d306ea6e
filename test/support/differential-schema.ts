import { indexById } from '../../src/iceberg/schema-index.ts'
import type { Field, Schema, Type } from '../../src/iceberg/types.ts'
import type { ColumnDeclaration, DeclaredType } from '../../src/schema/declaration.ts'

/*
 * Schemas without ids, to compare those that several engines made, and
 * declared types with ids, as engines want them.
 */

/** A column without its id. */
export interface Outline {
  readonly name: string
  readonly required: boolean
  readonly type: TypeOutline
  readonly doc: string | null
}

export type TypeOutline =
  | string
  | readonly Outline[]
  | { readonly element: TypeOutline; readonly required: boolean }
  | { readonly key: TypeOutline; readonly value: TypeOutline; readonly required: boolean }

/** Names, order, types, nullability, sentences and the row key. */
export interface SchemaOutline {
  readonly columns: readonly Outline[]
  readonly identifier: readonly string[]
}

export function outlineOf(schema: Schema): SchemaOutline {
  const byId = indexById(schema)
  return {
    columns: schema.fields.map(outline),
    identifier: (schema['identifier-field-ids'] ?? []).map(id => byId.get(id)?.path ?? `#${id}`).toSorted(),
  }
}

function outline({ name, required, type, doc }: Field): Outline {
  return { name, required, type: typeOutline(type), doc: doc ?? null }
}

function typeOutline(type: Type): TypeOutline {
  if (typeof type === 'string') return type.replaceAll(' ', '')
  if (type.type === 'struct') return type.fields.map(outline)
  if (type.type === 'list') return { element: typeOutline(type.element), required: type['element-required'] }
  return { key: typeOutline(type.key), value: typeOutline(type.value), required: type['value-required'] }
}

/** Above every id of a table in these tests; engines give ids of their own to what is new. */
const firstNewId = 10_000

/** A declared type in the JSON form of the format. */
export function typeWithIds(type: DeclaredType): Type {
  return identified().type(type)
}

/** A declared column in the JSON form of the format. */
export function fieldWithIds(column: ColumnDeclaration): Field {
  return identified().field(column)
}

interface Identified {
  readonly type: (type: DeclaredType) => Type
  readonly field: (column: ColumnDeclaration) => Field
}

function identified(): Identified {
  let last = firstNewId
  const field = ({ name, required = false, type: declared, doc, default: value }: ColumnDeclaration): Field => ({
    id: ++last,
    name,
    required,
    type: type(declared),
    ...(doc === undefined ? {} : { doc }),
    ...(value === undefined ? {} : { 'initial-default': value, 'write-default': value }),
  })
  const type = (declared: DeclaredType): Type => {
    if (typeof declared === 'string') return declared
    if (declared.type === 'struct') return { type: 'struct', fields: declared.fields.map(field) }
    if (declared.type === 'list') {
      const { element, elementRequired = false } = declared
      return { type: 'list', 'element-id': ++last, 'element-required': elementRequired, element: type(element) }
    }
    const { key, value, valueRequired = false } = declared
    return {
      type: 'map',
      'key-id': ++last,
      key: type(key),
      'value-id': ++last,
      'value-required': valueRequired,
      value: type(value),
    }
  }
  return { type, field }
}

/** A schema in which fields have other names. */
export function withNames(schema: Schema, nameOf: (id: number) => string | undefined): Schema {
  const inside = (type: Type): Type => {
    if (typeof type === 'string') return type
    if (type.type === 'struct') return { ...type, fields: fields(type.fields) }
    if (type.type === 'list') return { ...type, element: inside(type.element) }
    return { ...type, key: inside(type.key), value: inside(type.value) }
  }
  const fields = (before: readonly Field[]): Field[] =>
    before.map(field => ({ ...field, name: nameOf(field.id) ?? field.name, type: inside(field.type) }))
  return { ...schema, fields: fields(schema.fields) }
}

/** A schema in which one field, element, key or value has another type. It has no row key, which the type might not suit. */
export function withTypeAt(schema: Schema, id: number, type: Type): Schema {
  const replaced = (at: number, before: Type): Type => (at === id ? type : inside(before))
  const inside = (before: Type): Type => {
    if (typeof before === 'string') return before
    if (before.type === 'struct') return { ...before, fields: fields(before.fields) }
    if (before.type === 'list') return { ...before, element: replaced(before['element-id'], before.element) }
    return {
      ...before,
      key: replaced(before['key-id'], before.key),
      value: replaced(before['value-id'], before.value),
    }
  }
  const fields = (before: readonly Field[]): Field[] =>
    before.map(field => ({ ...field, type: replaced(field.id, field.type) }))
  return { ...schema, 'identifier-field-ids': [], fields: fields(schema.fields) }
}
