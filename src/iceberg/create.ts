import type { Commit } from './commit.ts'
import type { PartitionSpec, Schema, SortOrder } from './types.ts'

/** A table to be made. Ids in the schema are final; sources of spec and order refer to them. */
export interface NewTable {
  readonly uuid: string
  readonly location: string
  readonly schema: Schema
  readonly spec: PartitionSpec
  readonly sortOrder: SortOrder
  readonly properties: Readonly<Record<string, string>>
}

/** The commit that creates a table of format version 2. Pure. */
export function stageCreate(table: NewTable): Commit {
  const unsorted = table.sortOrder.fields.length === 0
  return {
    requirements: [{ type: 'assert-create' }],
    updates: [
      { action: 'assign-uuid', uuid: table.uuid },
      { action: 'upgrade-format-version', 'format-version': 2 },
      { action: 'set-location', location: table.location },
      { action: 'add-schema', schema: table.schema },
      { action: 'set-current-schema', 'schema-id': -1 },
      { action: 'add-spec', spec: table.spec },
      { action: 'set-default-spec', 'spec-id': -1 },
      ...(unsorted ? [] : [{ action: 'add-sort-order' as const, 'sort-order': { 'order-id': 0, fields: [] } }]),
      { action: 'add-sort-order', 'sort-order': table.sortOrder },
      { action: 'set-default-sort-order', 'sort-order-id': -1 },
      { action: 'set-properties', updates: table.properties },
    ],
  }
}
