import { lastAssignedFieldId, schemaById } from '../ids.ts'
import { sameSchema } from '../same-schema.ts'
import { highestFieldId } from '../schema-index.ts'
import { checkSchema, checkSchemaAgainstTable } from '../schema-rules.ts'
import { checkSortOrderSources, checkSpecSources } from '../spec-rules.ts'
import { type Handler, illegal, patch, resolveId } from './draft.ts'

/** Adds a schema, or finds the one that is the same in everything but its id. */
export const addSchema: Handler<'add-schema'> = (draft, { schema }) => {
  const { metadata } = draft
  checkSchema(
    schema,
    metadata.schemas.find(past => past['schema-id'] === metadata['current-schema-id']),
  )
  const same = metadata.schemas.find(candidate => sameSchema(candidate, schema))
  const lastColumnId = Math.max(metadata['last-column-id'], highestFieldId(schema))
  if (same !== undefined) {
    draft.addedSchemaId = same['schema-id']
    patch(draft, { 'last-column-id': lastColumnId })
    return
  }
  checkSchemaAgainstTable(schema, metadata)
  const id = Math.max(-1, ...metadata.schemas.map(candidate => candidate['schema-id'])) + 1
  draft.addedSchemaId = id
  patch(draft, { schemas: [...metadata.schemas, { ...schema, 'schema-id': id }], 'last-column-id': lastColumnId })
}

/** Makes a schema current, and binds the default spec and sort order to it. */
export const setCurrentSchema: Handler<'set-current-schema'> = (draft, update) => {
  const id = resolveId(update['schema-id'], draft.addedSchemaId, 'schema')
  const { metadata } = draft
  if (!metadata.schemas.some(schema => schema['schema-id'] === id))
    illegal(`cannot set current schema to unknown schema with id ${id}`)
  const schema = schemaById(metadata, id)
  const spec = metadata['partition-specs'].find(candidate => candidate['spec-id'] === metadata['default-spec-id'])
  const order = metadata['sort-orders'].find(candidate => candidate['order-id'] === metadata['default-sort-order-id'])
  if (spec !== undefined) checkSpecSources(spec, schema)
  if (order !== undefined) checkSortOrderSources(order, schema)
  patch(draft, { 'current-schema-id': id })
}

export const removeSchemas: Handler<'remove-schemas'> = (draft, update) => {
  const ids = new Set(update['schema-ids'])
  if (ids.has(draft.metadata['current-schema-id']))
    illegal(`cannot remove the current schema ${draft.metadata['current-schema-id']}`)
  patch(draft, {
    schemas: draft.metadata.schemas.filter(schema => !ids.has(schema['schema-id'])),
    // Where last-column-id says too little, the ids of a removed schema would be forgotten with it.
    'last-column-id': lastAssignedFieldId(draft.metadata),
  })
}
