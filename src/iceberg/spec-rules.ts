import { IcebergError } from './errors.ts'
import { primitiveOf, printType } from './primitive.ts'
import { type IndexedField, indexById, isNested, walkFields } from './schema-index.ts'
import { parseTransform, transformAccepts } from './transform.ts'
import type { PartitionSpec, Schema, SortOrder } from './types.ts'

/** Checks that every source of a partition spec exists and suits its transform (spec "Partitioning"). @throws IcebergError UPDATE_ILLEGAL */
export function checkSpecSources(spec: PartitionSpec, schema: Schema): void {
  const byId = indexById(schema)
  for (const field of spec.fields) {
    const source = byId.get(field['source-id'])
    if (field.transform === 'void') continue
    if (source === undefined) {
      illegal(
        `cannot find source column for partition field: ${field['field-id']}: ${field.name}: ${field.transform}(${field['source-id']})`,
      )
    }
    checkSource(source, field.transform, 'partition')
  }
}

/** Checks that no partition field is named as a column that it is not the identity of. @throws IcebergError UPDATE_ILLEGAL */
export function checkSpecNames(spec: PartitionSpec, schema: Schema): void {
  const byName = new Map(walkFields(schema).map(node => [node.path, node]))
  const seen = new Set<string>()
  for (const field of spec.fields) {
    if (seen.has(field.name)) illegal(`cannot use partition name more than once: ${field.name}`)
    seen.add(field.name)
    const column = byName.get(field.name)
    const isOwnSource =
      column?.id === field['source-id'] && (field.transform === 'identity' || field.transform === 'void')
    if (column !== undefined && !isOwnSource)
      illegal(`cannot create partition from name that exists in schema: ${field.name}`)
  }
}

const times: ReadonlySet<string> = new Set(['year', 'month', 'day', 'hour'])

/** A partition field, as far as it matters whether another says the same. */
interface SaidField {
  readonly name: string
  readonly transform: string
  readonly 'source-id': number
  readonly 'field-id': number
}

/**
 * Partition fields of a new spec that say what another says already: one transform of one column, or, of the fields that
 * no earlier spec has, two times of one column, of which the finer says both.
 */
export function redundantFields(
  fields: readonly SaidField[],
  earlier: readonly PartitionSpec[],
): readonly { readonly field: string; readonly other: string }[] {
  const known = new Set(earlier.flatMap(spec => spec.fields.map(field => field['field-id'])))
  const said = new Map<string, string>()
  return fields.flatMap(field => {
    if (field.transform === 'void') return []
    const isNewTime = times.has(field.transform) && !known.has(field['field-id'])
    const keys = [field.transform, ...(isNewTime ? ['time'] : [])].map(kind => `${field['source-id']} ${kind}`)
    const other = keys.map(key => said.get(key)).find(name => name !== undefined)
    for (const key of keys) said.set(key, field.name)
    return other === undefined ? [] : [{ field: field.name, other }]
  })
}

/** Checks that a new spec does not say one thing twice. @throws IcebergError UPDATE_ILLEGAL */
export function checkSpecRedundancy(spec: PartitionSpec, earlier: readonly PartitionSpec[]): void {
  for (const { field, other } of redundantFields(spec.fields, earlier))
    illegal(`cannot add redundant partition field ${field}: it conflicts with ${other}`)
}

/** Checks that every source of a sort order exists and suits its transform (spec "Sorting"). @throws IcebergError UPDATE_ILLEGAL */
export function checkSortOrderSources(order: SortOrder, schema: Schema): void {
  const byId = indexById(schema)
  for (const field of order.fields) {
    const source = byId.get(field['source-id'])
    if (source === undefined)
      illegal(`cannot find source column for sort field: ${field.transform}(${field['source-id']})`)
    checkSource(source, field.transform, 'sort')
  }
}

function checkSource(source: IndexedField, transform: string, what: 'partition' | 'sort'): void {
  if (isNested(source.type)) illegal(`cannot ${what} by non-primitive source field: ${source.path}`)
  for (let parent = source.parent; parent !== undefined; parent = parent.parent) {
    if (!isNested(parent.type) || parent.type.type !== 'struct') illegal(`invalid ${what} field parent: ${parent.path}`)
  }
  const parsed = parseTransform(transform)
  if (parsed === undefined || !transformAccepts(parsed, primitiveOf(source.type))) {
    illegal(`invalid source type ${printType(source.type)} for transform: ${transform}`)
  }
}

function illegal(message: string): never {
  throw new IcebergError('UPDATE_ILLEGAL', message)
}
