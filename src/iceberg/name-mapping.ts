import { IcebergError } from './errors.ts'
import { printJson } from './json.ts'
import { isNested, walkFields } from './schema-index.ts'
import type { Schema, StructType, Type } from './types.ts'

/*
 * Which names stand for which field ids in files that carry no ids (spec
 * "Column Projection"; the table property `schema.name-mapping.default`).
 */

/** The table property that holds a mapping as JSON. */
export const nameMappingProperty = 'schema.name-mapping.default'

/** The names of one field. A dot in a name is part of it. */
export interface MappedField {
  readonly names: readonly string[]
  /** Absent for a column of imported files that the table does not have. */
  readonly 'field-id'?: number
  /** Of a struct its fields; of a list `element`; of a map `key` and `value`. */
  readonly fields?: NameMapping
}

/** One level of names: no name stands in it twice. */
export type NameMapping = readonly MappedField[]

/**
 * Reads a mapping.
 * @throws IcebergError METADATA_INVALID for what is not JSON or not a mapping, a name that two fields of one level
 *   have, an id that two fields have
 */
export function parseNameMapping(text: string): NameMapping {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw invalid(`is not JSON: ${(cause as Error).message}`, cause)
  }
  return level(value, new Set())
}

/** The mapping as the table property holds it. */
export function printNameMapping(mapping: NameMapping): string {
  return printJson(mapping)
}

function level(value: unknown, ids: Set<number>): NameMapping {
  if (!Array.isArray(value)) throw invalid('must be a list of fields')
  const taken = new Set<string>()
  return value.map(item => {
    if (typeof item !== 'object' || item === null || Array.isArray(item)) throw invalid('must be a list of fields')
    const { names, 'field-id': id, fields } = item as Record<string, unknown>
    if (!Array.isArray(names) || !names.every(name => typeof name === 'string'))
      throw invalid('has a field without a list of names')
    const own = [...new Set(names)]
    for (const name of own) {
      if (taken.has(name)) throw invalid(`has the name ${name} twice in one level`)
      taken.add(name)
    }
    if (id !== undefined && id !== null) {
      if (!Number.isInteger(id)) throw invalid('has a field-id that is not an integer')
      if (ids.has(id as number)) throw invalid(`has the field-id ${id as number} twice`)
      ids.add(id as number)
    }
    return {
      ...(id === undefined || id === null ? {} : { 'field-id': id as number }),
      names: own,
      ...(fields === undefined || fields === null ? {} : { fields: level(fields, ids) }),
    }
  })
}

function invalid(reason: string, cause?: unknown): IcebergError {
  return new IcebergError('METADATA_INVALID', `the name mapping ${nameMappingProperty} ${reason}`, {}, cause)
}

/** The entry of a name in one level. */
export function mappedField(mapping: NameMapping | undefined, name: string): MappedField | undefined {
  return mapping?.find(entry => entry.names.includes(name))
}

/**
 * The mapping of a table whose schema changes. A renamed field is found under
 * its new name as well, an added one under its name, and what another field of
 * the level was called so before is not found under it any more. Entries of
 * dropped fields stay, so that nothing else takes what files hold of them.
 */
export function evolveNameMapping(mapping: NameMapping, before: Schema, after: Schema): NameMapping {
  const old = new Map(walkFields(before).map(node => [node.id, node.name]))
  return evolveLevel(mapping, childrenOf(after), old)
}

/** A field, element, key or value that has a name of its own in a mapping. */
interface Named {
  readonly id: number
  readonly name: string
  readonly type: Type
}

function evolveLevel(mapping: NameMapping, now: readonly Named[], old: ReadonlyMap<number, string>): NameMapping {
  const known = new Map(now.map(child => [child.id, child]))
  const added = now.filter(child => !old.has(child.id) && !mapping.some(entry => entry['field-id'] === child.id))
  const renamed = now.filter(
    child =>
      old.has(child.id) && old.get(child.id) !== child.name && mapping.some(entry => entry['field-id'] === child.id),
  )
  const owner = new Map([...renamed, ...added].map(child => [child.name, child.id]))
  const kept = mapping.map((entry): MappedField => {
    const id = entry['field-id']
    const child = id === undefined ? undefined : known.get(id)
    const own = entry.names.filter(name => (owner.get(name) ?? id) === id)
    const names = child !== undefined && owner.get(child.name) === id ? [...new Set([...own, child.name])] : own
    const fields =
      child === undefined || !isNested(child.type)
        ? entry.fields
        : evolveLevel(entry.fields ?? [], childrenOf(child.type), old)
    return {
      ...entry,
      names,
      ...(fields === undefined || (fields.length === 0 && entry.fields === undefined) ? {} : { fields }),
    }
  })
  return [...kept, ...added.map(entryOf)]
}

function entryOf({ id, name, type }: Named): MappedField {
  return {
    'field-id': id,
    names: [name],
    ...(isNested(type) ? { fields: childrenOf(type).map(entryOf) } : {}),
  }
}

function childrenOf(type: Exclude<Type, string> | StructType): Named[] {
  if (type.type === 'struct') return type.fields.map(({ id, name, type: of }) => ({ id, name, type: of }))
  if (type.type === 'list') return [{ id: type['element-id'], name: 'element', type: type.element }]
  return [
    { id: type['key-id'], name: 'key', type: type.key },
    { id: type['value-id'], name: 'value', type: type.value },
  ]
}
