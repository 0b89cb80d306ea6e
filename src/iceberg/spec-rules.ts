import { IcebergError } from './errors.ts'
import { primitiveOf, printType } from './primitive.ts'
import { type IndexedField, indexById, isNested } from './schema-index.ts'
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
  const seen = new Set<string>()
  for (const field of spec.fields) {
    if (seen.has(field.name)) illegal(`cannot use partition name more than once: ${field.name}`)
    seen.add(field.name)
    const column = schema.fields.find(candidate => candidate.name === field.name)
    const isOwnSource =
      column?.id === field['source-id'] && (field.transform === 'identity' || field.transform === 'void')
    if (column !== undefined && !isOwnSource)
      illegal(`cannot create partition from name that exists in schema: ${field.name}`)
  }
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
