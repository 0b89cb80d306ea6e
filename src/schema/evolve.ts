import { renameColumnProperties } from '../iceberg/column-properties.ts'
import type { Commit, Update } from '../iceberg/commit.ts'
import { stageCreate } from '../iceberg/create.ts'
import { assignFreshIds, currentSchema, mergeFieldIdsFromTable } from '../iceberg/ids.ts'
import { evolveNameMapping, nameMappingProperty, parseNameMapping, printNameMapping } from '../iceberg/name-mapping.ts'
import { sameJson } from '../iceberg/primitive.ts'
import { requirementsOf } from '../iceberg/requirements.ts'
import { sameSchema } from '../iceberg/same-schema.ts'
import { walkFields } from '../iceberg/schema-index.ts'
import type { Field, PartitionField, Schema, SortField, TableMetadata } from '../iceberg/types.ts'
import { type Applied, appliedUpdate, readApplied } from './applied.ts'
import type { Declaration } from './declaration.ts'
import { partitionName } from './evolve/partition-name.ts'
import { targetFields } from './evolve/target.ts'
import { builtinFingerprint } from './fingerprint.ts'
import type { Plan } from './plan.ts'
import { sortFieldOf } from './sort.ts'
import { wantedFields } from './wanted.ts'

/** What the commit itself cannot know. */
export interface EvolutionContext {
  /** RFC 3339, UTC. */
  readonly at: string
  readonly ms: number
  /** Version of hyp. */
  readonly hyp: string
}

/** What a new table is made with besides its declaration. */
export interface CreationContext extends EvolutionContext {
  readonly uuid: string
  readonly location: string
  /** Further properties, e.g. the id of the machine that captures. */
  readonly properties: Readonly<Record<string, string>>
}

/** Every table is made with these: many local writers, bounded metadata, hints for other engines. */
const tableDefaults = {
  'commit.retry.num-retries': '20',
  'write.metadata.previous-versions-max': '20',
  'write.metadata.delete-after-commit.enabled': 'true',
  'write.parquet.compression-codec': 'snappy',
} as const

/** The commit that creates a table as it is declared. Pure. */
export function stageCreation(plan: Plan, declaration: Declaration, context: CreationContext): Commit {
  const { fields } = assignFreshIds(wantedFields(declaration.columns))
  const idOf = idsByPath(fields)
  const schema: Schema = {
    type: 'struct',
    'schema-id': 0,
    'identifier-field-ids': declaration.identifier.map(idOf).sort((a, b) => a - b),
    fields,
  }
  const sortOrderId = declaration.sortBy.length === 0 ? 0 : 1
  const properties = appliedUpdate(
    {},
    { ...appliedOf(plan, declaration), schemaId: 0, specId: 0, sortOrderId },
    {
      kind: 'creation',
      from: null,
      to: { release: declaration.release, schema: 0 },
      changes: [],
      fingerprint: plan.declared.fingerprint,
      at: context.at,
      ms: context.ms,
      hyp: context.hyp,
    },
  )
  return stageCreate({
    uuid: context.uuid,
    location: context.location,
    schema,
    spec: {
      'spec-id': 0,
      fields: declaration.partitionBy.map((part, index) => partitionField(part, 1000 + index, idOf)),
    },
    sortOrder: { 'order-id': sortOrderId, fields: sortFields(declaration, idOf) },
    properties: { ...tableDefaults, ...context.properties, ...properties },
  })
}

/**
 * The commit that brings a table to its declaration in place: schema, current
 * schema, what goes by the names of columns, and what was applied, at once.
 * Pure. Only for a plan whose action is `evolve`.
 */
export function stageEvolution(
  plan: Plan,
  declaration: Declaration,
  metadata: TableMetadata,
  context: EvolutionContext,
): Commit {
  const current = currentSchema(metadata)
  const merged = mergeFieldIdsFromTable(targetFields(declaration, current.fields), metadata)
  const identifier = merged['identifier-field-ids']
  const target: Schema = {
    ...current,
    ...(identifier.length === 0 ? {} : { 'identifier-field-ids': identifier }),
    fields: merged.fields,
  }
  const existing = metadata.schemas.find(schema => sameSchema(schema, target))
  const schemaId = existing?.['schema-id'] ?? Math.max(...metadata.schemas.map(schema => schema['schema-id'])) + 1
  const schemaUpdates: Update[] =
    existing === undefined
      ? [
          { action: 'add-schema', schema: { ...target, 'schema-id': schemaId } },
          { action: 'set-current-schema', 'schema-id': -1 },
        ]
      : schemaId === metadata['current-schema-id']
        ? []
        : [{ action: 'set-current-schema', 'schema-id': schemaId }]
  const sortOrder = sortUpdates(plan, declaration, metadata, merged.fields)
  const byName = propertiesByName(metadata, current, target)
  // What was tolerated is remembered too: the schema that is applied now has it, and it was still not declared.
  const remembered = plan.changes.filter(change => change.kind === 'in-place' || change.code === 'TO302')
  const isRepair = plan.changes.every(change => change.kind !== 'in-place' || change.origin === 'drift')
  const properties = appliedUpdate(
    metadata.properties,
    {
      ...appliedOf(plan, declaration),
      schemaId,
      specId: metadata['default-spec-id'],
      sortOrderId: sortOrder.id,
    },
    {
      kind: isRepair ? 'repair' : 'evolution',
      from: { release: readApplied(metadata.properties).release ?? null, schema: metadata['current-schema-id'] },
      to: { release: declaration.release, schema: schemaId },
      changes: remembered.map(({ code, path, change, fieldId }) => ({ code, path, change, fieldId })),
      fingerprint: plan.declared.fingerprint,
      at: context.at,
      ms: context.ms,
      hyp: context.hyp,
    },
  )
  const updates: Update[] = [
    ...schemaUpdates,
    ...sortOrder.updates,
    ...(byName.removals.length === 0 ? [] : [{ action: 'remove-properties', removals: byName.removals } as const]),
    { action: 'set-properties', updates: { ...byName.updates, ...properties } },
  ]
  return { requirements: requirementsOf(updates, metadata), updates }
}

/** What other engines find by the names of columns follows them: the name mapping, and properties of one column. */
function propertiesByName(
  metadata: TableMetadata,
  before: Schema,
  after: Schema,
): { readonly updates: Readonly<Record<string, string>>; readonly removals: readonly string[] } {
  const { updates, removals } = renameColumnProperties(metadata.properties, before, after)
  const text = metadata.properties[nameMappingProperty]
  return { updates: { ...updates, ...(text === undefined ? {} : evolvedMapping(text, before, after)) }, removals }
}

function evolvedMapping(text: string, before: Schema, after: Schema): Record<string, string> {
  try {
    const evolved = printNameMapping(evolveNameMapping(parseNameMapping(text), before, after))
    return evolved === text ? {} : { [nameMappingProperty]: evolved }
  } catch {
    // A mapping that cannot be read is told by the plan and left to whoever made it (so does Java).
    return {}
  }
}

function sortUpdates(
  plan: Plan,
  declaration: Declaration,
  metadata: TableMetadata,
  fields: readonly Field[],
): { readonly id: number; readonly updates: readonly Update[] } {
  if (!plan.changes.some(change => change.code === 'AD107'))
    return { id: metadata['default-sort-order-id'], updates: [] }
  const wanted = sortFields(declaration, idsByPath(fields))
  const same = metadata['sort-orders'].find(order => sameJson(order.fields, wanted))
  const highest = Math.max(0, ...metadata['sort-orders'].map(order => order['order-id']))
  const id = same?.['order-id'] ?? (wanted.length === 0 ? 0 : highest + 1)
  return {
    id,
    updates: [
      { action: 'add-sort-order', 'sort-order': { 'order-id': id, fields: wanted } },
      { action: 'set-default-sort-order', 'sort-order-id': -1 },
    ],
  }
}

function appliedOf(plan: Plan, declaration: Declaration): Partial<Applied> {
  return {
    release: declaration.release,
    builtinFingerprint: builtinFingerprint(declaration),
    declarationFingerprint: plan.declared.fingerprint,
  }
}

/** Gives the id of a column by its full name. */
function idsByPath(fields: readonly Field[]): (path: string) => number {
  const ids = new Map(walkFields({ type: 'struct', fields }).map(node => [node.path, node.id]))
  return path => ids.get(path) as number
}

function partitionField(
  part: Declaration['partitionBy'][number],
  fieldId: number,
  idOf: (path: string) => number,
): PartitionField {
  return {
    'source-id': idOf(part.column),
    'field-id': fieldId,
    name: partitionName(part.column, part.transform),
    transform: part.transform,
  }
}

function sortFields(declaration: Declaration, idOf: (path: string) => number): SortField[] {
  return declaration.sortBy.map(sortFieldOf).map(({ column, transform, direction, 'null-order': nulls }) => ({
    transform,
    'source-id': idOf(column),
    direction,
    'null-order': nulls,
  }))
}
