import type { Table } from '../iceberg/catalog/catalog.ts'
import { readApplied } from '../schema/applied.ts'

/** Whether rows that were shaped for a table have to be shaped anew. */
export function isAnother({ metadata: a }: Pick<Table, 'metadata'>, { metadata: b }: Pick<Table, 'metadata'>): boolean {
  return (
    a['table-uuid'] !== b['table-uuid'] ||
    a['current-schema-id'] !== b['current-schema-id'] ||
    a['default-spec-id'] !== b['default-spec-id'] ||
    readApplied(a.properties).release !== readApplied(b.properties).release
  )
}
