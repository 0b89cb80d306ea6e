import { schemaById } from '../../iceberg/ids.ts'
import { specById } from '../../iceberg/metadata.ts'
import type { SortOrder, TableMetadata } from '../../iceberg/types.ts'
import type { Applied } from '../applied.ts'
import type { TableState } from '../diff.ts'

/** The table as it is. */
export function presentState(metadata: TableMetadata): TableState {
  return stateOf(
    metadata,
    metadata['current-schema-id'],
    metadata['default-spec-id'],
    metadata['default-sort-order-id'],
  )
}

/**
 * The table as it was when a declaration was last applied; undefined where none was, or where the schema is no longer
 * among the table's. Spec and sort order are the present ones where it was not written down which they were.
 */
export function appliedState(metadata: TableMetadata, applied: Applied): TableState | undefined {
  const has = (id: number | undefined, ids: readonly number[]): id is number => id !== undefined && ids.includes(id)
  const schemas = metadata.schemas.map(schema => schema['schema-id'])
  const specs = metadata['partition-specs'].map(spec => spec['spec-id'])
  const orders = metadata['sort-orders'].map(order => order['order-id'])
  if (!has(applied.schemaId, schemas)) return undefined
  return stateOf(
    metadata,
    applied.schemaId,
    has(applied.specId, specs) ? applied.specId : metadata['default-spec-id'],
    has(applied.sortOrderId, orders) ? applied.sortOrderId : metadata['default-sort-order-id'],
  )
}

function stateOf(metadata: TableMetadata, schemaId: number, specId: number, orderId: number): TableState {
  return {
    formatVersion: metadata['format-version'],
    schema: schemaById(metadata, schemaId),
    spec: specById(metadata, specId),
    allSpecs: metadata['partition-specs'],
    sortOrder: metadata['sort-orders'].find(order => order['order-id'] === orderId) as SortOrder,
  }
}
