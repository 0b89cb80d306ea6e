import { IcebergError } from './errors.ts'
import { cellFromJson } from './json-single-value.ts'
import type { ManifestEntry } from './manifest/data-file.ts'
import type { AbsentValues } from './parquet/read.ts'
import { parsePrimitive } from './primitive.ts'
import { isNested, walkFields } from './schema-index.ts'
import type { Cell, Field, Json, PartitionSpec } from './types.ts'

/**
 * The values of fields that a data file lacks (spec "Column Projection"): the
 * identity partition value, else the initial default, else null. A struct that
 * the file lacks is null, whatever defaults its members have, unless its own
 * default is a struct or one of its members has a partition value. `value`
 * throws IcebergError DATA_INVALID for a required field that has none of these.
 */
export function absentValues(entry: ManifestEntry, spec: PartitionSpec): AbsentValues {
  const constants = new Map<number, Cell>()
  for (const field of spec.fields) {
    const cell = field.transform === 'identity' ? entry.file.partition.get(field['field-id']) : undefined
    if (cell !== undefined && cell !== null) constants.set(field['source-id'], cell)
  }
  return { constant: id => constants.get(id), value: valueOf }

  function valueOf(field: Field): Cell {
    const constant = constants.get(field.id)
    if (constant !== undefined) return constant
    const { type } = field
    if (typeof type !== 'string' && type.type === 'struct') {
      const given = field['initial-default'] ?? undefined
      if (given !== undefined || walkFields(type).some(member => constants.has(member.id)))
        return struct(type.fields, given)
    }
    const cell = cellFromJson(field['initial-default'], type)
    if (cell !== null || !field.required || type === 'unknown') return cell
    const file = entry.file.location
    throw new IcebergError('DATA_INVALID', `data file ${file} lacks the required column ${field.name}`, { file })
  }

  function struct(fields: readonly Field[], given: Json | undefined): Cell {
    const members = (given ?? {}) as { readonly [id: string]: Json }
    return Object.fromEntries(
      fields.map(field => [
        field.name,
        valueOf(members[field.id] === undefined ? field : { ...field, 'initial-default': members[field.id] as Json }),
      ]),
    )
  }
}

/**
 * Refuses fields of types whose values this version does not read. `unknown` is read: all its values are null.
 * @throws IcebergError FORMAT_UNSUPPORTED naming every such column
 */
export function checkReadable(fields: readonly Field[]): void {
  const found = walkFields({ type: 'struct', fields }).flatMap(({ path, type }) =>
    isNested(type) || type === 'unknown' || parsePrimitive(type) !== undefined ? [] : [`${path} (${type})`],
  )
  if (found.length > 0)
    throw new IcebergError('FORMAT_UNSUPPORTED', `columns of types that are not read: ${found.join(', ')}`, {
      columns: found,
    })
}
