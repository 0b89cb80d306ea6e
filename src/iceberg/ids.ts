import { IcebergError } from './errors.ts'
import { matchFields } from './matching.ts'
import { sameType } from './primitive.ts'
import { highestFieldId, isNested } from './schema-index.ts'
import type { Field, Schema, StructType, TableMetadata, Type } from './types.ts'

/** A column as a caller wants it, without ids; nested types in the same manner. */
export interface WantedField {
  readonly name: string
  readonly required: boolean
  readonly type: WantedType
  readonly doc?: string
  /** The names this column had before, the newest first, for a declared rename. */
  readonly renamedFrom?: string | readonly string[]
}

export type WantedType =
  | string
  | { readonly type: 'struct'; readonly fields: readonly WantedField[] }
  | { readonly type: 'list'; readonly element: WantedType; readonly elementRequired: boolean }
  | { readonly type: 'map'; readonly key: WantedType; readonly value: WantedType; readonly valueRequired: boolean }

/** What {@link mergeFieldIdsFromTable} gives: a schema with ids, and the highest id after it. */
export interface MergedFields {
  readonly fields: readonly Field[]
  readonly 'identifier-field-ids': readonly number[]
  readonly lastColumnId: number
}

/**
 * The highest id ever assigned in the table. `last-column-id` alone is not
 * trusted: files exist whose schemas hold higher ids than it says, and an id
 * that is issued twice gives old files the wrong meaning.
 */
export function lastAssignedFieldId(metadata: TableMetadata): number {
  return metadata.schemas.reduce(
    (highest, schema) => Math.max(highest, highestFieldId(schema)),
    metadata['last-column-id'],
  )
}

/**
 * Gives wanted columns the ids of the table's current columns, matched by name
 * at each level, and new ids from `lastAssignedFieldId + 1` to the others:
 * all direct fields of a struct first, then what is inside each, in order
 * (the order Java and PyIceberg use). What the caller does not mention (docs,
 * defaults, keys we do not know) stays as the table has it. A column whose
 * meaning changed (another kind or a type that is no promotion either way)
 * is a new column and gets a new id.
 */
export function mergeFieldIdsFromTable(wanted: readonly WantedField[], metadata: TableMetadata): MergedFields {
  const current = currentSchema(metadata)
  let last = lastAssignedFieldId(metadata)
  const fields = mergeStruct(wanted, current, () => ++last)
  const kept = new Set(fields.map(field => field.id))
  return {
    fields,
    'identifier-field-ids': (current['identifier-field-ids'] ?? []).filter(
      id => kept.has(id) || !current.fields.some(field => field.id === id),
    ),
    lastColumnId: last,
  }
}

/** Fresh ids from 1 for a table that is being created. */
export function assignFreshIds(wanted: readonly WantedField[]): {
  readonly fields: readonly Field[]
  readonly lastColumnId: number
} {
  let last = 0
  const fields = mergeStruct(wanted, { type: 'struct', fields: [] }, () => ++last)
  return { fields, lastColumnId: last }
}

/** The table's current schema. @throws IcebergError METADATA_INVALID when it is not among the schemas */
export function currentSchema(metadata: TableMetadata): Schema {
  return schemaById(metadata, metadata['current-schema-id'])
}

export function schemaById(metadata: TableMetadata, id: number): Schema {
  const schema = metadata.schemas.find(candidate => candidate['schema-id'] === id)
  if (schema === undefined) throw new IcebergError('METADATA_INVALID', `schema ${id} is not among the table's schemas`)
  return schema
}

function mergeStruct(wanted: readonly WantedField[], current: StructType, nextId: () => number): Field[] {
  const found = matchFields(wanted, current.fields)
  const matches = wanted.map((field, index) => {
    const match = found[index]
    return match !== undefined && sameMeaning(match.type, field.type) ? match : undefined
  })
  const ids = matches.map(match => match?.id ?? nextId())
  return wanted.map((field, index) => {
    const match = matches[index]
    const { doc = match?.doc } = field
    return {
      ...match,
      id: ids[index] as number,
      name: field.name,
      required: field.required,
      type: mergeType(field.type, match?.type, nextId),
      ...(doc === undefined ? {} : { doc }),
    }
  })
}

function mergeType(wanted: WantedType, current: Type | undefined, nextId: () => number): Type {
  if (typeof wanted === 'string') return typeof current === 'string' && sameType(current, wanted) ? current : wanted
  const match = current !== undefined && isNested(current) && current.type === wanted.type ? current : undefined
  if (wanted.type === 'struct') {
    const struct = match?.type === 'struct' ? match : { type: 'struct' as const, fields: [] }
    return { ...struct, fields: mergeStruct(wanted.fields, struct, nextId) }
  }
  if (wanted.type === 'list') {
    const list = match?.type === 'list' ? match : undefined
    const elementId = list?.['element-id'] ?? nextId()
    return {
      ...list,
      type: 'list',
      'element-id': elementId,
      'element-required': wanted.elementRequired,
      element: mergeType(wanted.element, list?.element, nextId),
    }
  }
  const map = match?.type === 'map' ? match : undefined
  const keyId = map?.['key-id'] ?? nextId()
  const valueId = map?.['value-id'] ?? nextId()
  return {
    ...map,
    type: 'map',
    'key-id': keyId,
    key: mergeType(wanted.key, map?.key, nextId),
    'value-id': valueId,
    'value-required': wanted.valueRequired,
    value: mergeType(wanted.value, map?.value, nextId),
  }
}

/**
 * Whether data written as one type can still be told as the other: the same
 * kind, or a promotion in either direction. A list or map cannot change what
 * it is of (spec "Schema Evolution" knows no new element), so it has to agree all the way.
 */
function sameMeaning(current: Type, wanted: WantedType): boolean {
  if (typeof current === 'string' && typeof wanted === 'string')
    return current === wanted || family(current) === family(wanted)
  if (typeof current === 'string' || typeof wanted === 'string') return false
  if (current.type === 'list') return wanted.type === 'list' && sameMeaning(current.element, wanted.element)
  if (current.type === 'map')
    return wanted.type === 'map' && sameMeaning(current.key, wanted.key) && sameMeaning(current.value, wanted.value)
  return wanted.type === 'struct'
}

/** Types between which a promotion exists in one of the two directions share a family. */
function family(type: string): string {
  if (type === 'int' || type === 'long') return 'integer'
  if (type === 'float' || type === 'double') return 'floating'
  const decimal = /^decimal\(\s*\d+\s*,\s*(\d+)\s*\)$/.exec(type)
  return decimal ? `decimal scale ${decimal[1]}` : type
}
