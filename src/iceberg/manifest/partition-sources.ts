import { currentSchema } from '../ids.ts'
import { indexById } from '../schema-index.ts'
import { parseTransform } from '../transform.ts'
import type { Field, PartitionSpec, PrimitiveType, Schema, TableMetadata } from '../types.ts'
import { partitionFieldType } from './avro-layout.ts'

/**
 * A schema that has the sources of a spec: the current one, and beside its
 * columns those sources that were dropped, as the newest schema knows them.
 * Types of partition values come from it; nothing is written under it.
 */
export function schemaOfSources(metadata: TableMetadata, spec: PartitionSpec): Schema {
  const current = currentSchema(metadata)
  const ids = indexById(current)
  const dropped = spec.fields.flatMap(({ 'source-id': source }): Field[] => {
    if (ids.has(source)) return []
    const node = metadata.schemas
      .toReversed()
      .map(schema => indexById(schema).get(source))
      .find(found => found !== undefined)
    return node === undefined ? [] : [{ id: source, name: node.path, required: false, type: node.type }]
  })
  return dropped.length === 0 ? current : { ...current, fields: [...current.fields, ...dropped] }
}

/** The types of a spec's partition values by partition field id. Ids of version 1 mean something only within their spec. */
export function partitionTypes(metadata: TableMetadata, specId: number): ReadonlyMap<number, PrimitiveType> {
  const spec = metadata['partition-specs'].find(candidate => candidate['spec-id'] === specId)
  if (spec === undefined) return new Map()
  const schema = schemaOfSources(metadata, spec)
  return new Map(spec.fields.map(field => [field['field-id'], partitionFieldType(field, schema)]))
}

/** Whether the types of a spec's values are known: what is not understood is read around, but cannot be written again. */
export function isUnderstood(spec: PartitionSpec, sources: Schema): boolean {
  const ids = indexById(sources)
  return spec.fields.every(({ transform, 'source-id': source }) => {
    const kind = parseTransform(transform)?.kind
    return kind === 'void' || (kind !== undefined && typeof ids.get(source)?.type === 'string')
  })
}
