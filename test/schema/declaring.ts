import { randomUUID } from 'node:crypto'
import type { Update } from '../../src/iceberg/commit.ts'
import { currentSchema } from '../../src/iceberg/ids.ts'
import { checkRequirements } from '../../src/iceberg/requirements.ts'
import type { Field, PartitionField, Schema, SortField, TableMetadata } from '../../src/iceberg/types.ts'
import { applyUpdates, emptyMetadata } from '../../src/iceberg/updates/index.ts'
import type { ColumnDeclaration, Declaration, DeclaredType } from '../../src/schema/declaration.ts'
import { stageCreation, stageEvolution } from '../../src/schema/evolve.ts'
import { type Plan, planTable } from '../../src/schema/plan.ts'

/*
 * Declarations, the tables that come of them, and what other programs do to
 * such a table: in memory, as metadata only.
 */

const stamp = { at: '2024-01-02T03:04:05.000Z', ms: 1, hyp: '0.0.0-test' }
const clock = { nowMs: 1_700_000_000_000, baseFile: 'file:///tables/t/metadata/v1.metadata.json' }

/** An optional column, unless it says otherwise. */
export function column(name: string, type: DeclaredType, more: Partial<ColumnDeclaration> = {}): ColumnDeclaration {
  return { name, type, ...more }
}

export function struct(...fields: readonly ColumnDeclaration[]): DeclaredType {
  return { type: 'struct', fields }
}

export function list(element: DeclaredType, elementRequired = false): DeclaredType {
  return { type: 'list', element, elementRequired }
}

export function map(key: DeclaredType, value: DeclaredType, valueRequired = false): DeclaredType {
  return { type: 'map', key, value, valueRequired }
}

/** A declaration of nothing but columns. */
export function declare(columns: readonly ColumnDeclaration[], more: Partial<Declaration> = {}): Declaration {
  return { table: 'things', release: 1, columns, identifier: [], partitionBy: [], sortBy: [], ...more }
}

/** The table that a declaration makes. */
export function created(declaration: Declaration, properties: Readonly<Record<string, string>> = {}): TableMetadata {
  const commit = stageCreation(planTable(declaration, null), declaration, {
    ...stamp,
    uuid: randomUUID(),
    location: 'file:///tables/t',
    properties,
  })
  return applyUpdates(emptyMetadata, commit.updates, clock)
}

export function planned(declaration: Declaration, metadata: TableMetadata | null): Plan {
  return planTable(declaration, metadata === null ? null : { metadata, version: 1 })
}

/** The table after an evolution; one that is refused is an error. */
export function evolved(metadata: TableMetadata, declaration: Declaration): TableMetadata {
  const plan = planned(declaration, metadata)
  if (plan.action !== 'evolve')
    throw new Error(`the plan is to ${plan.action}: ${plan.changes.map(({ code, path }) => `${code} ${path}`).join()}`)
  const commit = stageEvolution(plan, declaration, metadata, stamp)
  checkRequirements(metadata, commit.requirements)
  return applyUpdates(metadata, commit.updates, clock)
}

/** The table after updates of any program. */
export function committed(metadata: TableMetadata, ...updates: readonly Update[]): TableMetadata {
  return applyUpdates(metadata, updates, clock)
}

/** What another program makes of the columns. */
export function reshaped(
  metadata: TableMetadata,
  change: (fields: readonly Field[]) => readonly Field[],
  more: Partial<Schema> = {},
): TableMetadata {
  const schema = currentSchema(metadata)
  return committed(
    metadata,
    { action: 'add-schema', schema: { ...schema, ...more, fields: change(schema.fields) } },
    { action: 'set-current-schema', 'schema-id': -1 },
  )
}

/** One column changed, the others as they are. */
export function changed(name: string, change: Partial<Field>): (fields: readonly Field[]) => readonly Field[] {
  return fields => fields.map(field => (field.name === name ? { ...field, ...change } : field))
}

export function without(...names: readonly string[]): (fields: readonly Field[]) => readonly Field[] {
  return fields => fields.filter(field => !names.includes(field.name))
}

/** The same in format version 3, which is planned and not written. */
export function inVersion3(metadata: TableMetadata): TableMetadata {
  return { ...metadata, 'format-version': 3 }
}

export function repartitioned(metadata: TableMetadata, ...fields: readonly PartitionField[]): TableMetadata {
  return committed(
    metadata,
    { action: 'add-spec', spec: { 'spec-id': 0, fields } },
    { action: 'set-default-spec', 'spec-id': -1 },
  )
}

export function resorted(metadata: TableMetadata, ...fields: readonly SortField[]): TableMetadata {
  return committed(
    metadata,
    { action: 'add-sort-order', 'sort-order': { 'order-id': 0, fields } },
    { action: 'set-default-sort-order', 'sort-order-id': -1 },
  )
}

/** Ids of all columns of the current schema by full name, for tables without lists and maps at the top. */
export function idOf(metadata: TableMetadata, name: string): number {
  const field = currentSchema(metadata).fields.find(candidate => candidate.name === name)
  if (field === undefined) throw new Error(`the table has no column ${name}`)
  return field.id
}
