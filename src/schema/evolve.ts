import type { Commit, Update } from '../iceberg/commit.ts'
import { stageCreate } from '../iceberg/create.ts'
import { assignFreshIds, currentSchema, lastAssignedFieldId, mergeFieldIdsFromTable } from '../iceberg/ids.ts'
import { sameJson } from '../iceberg/primitive.ts'
import type { Field, PartitionField, Schema, SortField, TableMetadata } from '../iceberg/types.ts'
import { appliedUpdate, readApplied } from './applied.ts'
import type { Declaration } from './declaration.ts'
import { builtinFingerprint, type Plan } from './plan.ts'
import { targetFields } from './target.ts'
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
  const schema: Schema = {
    type: 'struct',
    'schema-id': 0,
    'identifier-field-ids': ids(declaration.identifier, fields),
    fields,
  }
  const properties = appliedUpdate(
    {},
    { ...appliedOf(plan, declaration), schemaId: 0 },
    {
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
      fields: declaration.partitionBy.map((part, index) => partitionField(part, 1000 + index, fields)),
    },
    sortOrder: { 'order-id': declaration.sortBy.length === 0 ? 0 : 1, fields: sortFields(declaration, fields) },
    properties: { ...tableDefaults, ...context.properties, ...properties },
  })
}

/**
 * The commit that brings a table to its declaration in place: schema, current
 * schema and what was applied, at once. Pure. Only for a plan whose action is
 * `evolve`.
 */
export function stageEvolution(
  plan: Plan,
  declaration: Declaration,
  metadata: TableMetadata,
  context: EvolutionContext,
): Commit {
  const current = currentSchema(metadata)
  const merged = mergeFieldIdsFromTable(targetFields(declaration, current), metadata)
  const identifier = merged['identifier-field-ids']
  const target: Schema = {
    ...current,
    ...(identifier.length === 0 ? {} : { 'identifier-field-ids': identifier }),
    fields: merged.fields,
  }
  const existing = metadata.schemas.find(schema => sameJson(withoutId(schema), withoutId(target)))
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
  // What was tolerated is remembered too: the schema that is applied now has it, and it was still not declared.
  const remembered = plan.changes.filter(change => change.kind === 'in-place' || change.code === 'TO302')
  const properties = appliedUpdate(
    metadata.properties,
    { ...appliedOf(plan, declaration), schemaId },
    {
      from: {
        release: readApplied(metadata.properties).release ?? declaration.release,
        schema: metadata['current-schema-id'],
      },
      to: { release: declaration.release, schema: schemaId },
      changes: remembered.map(({ code, path, change }) => ({ code, path, change })),
      fingerprint: plan.declared.fingerprint,
      at: context.at,
      ms: context.ms,
      hyp: context.hyp,
    },
  )
  return {
    requirements: [
      { type: 'assert-table-uuid', uuid: metadata['table-uuid'] },
      { type: 'assert-last-assigned-field-id', 'last-assigned-field-id': lastAssignedFieldId(metadata) },
      { type: 'assert-current-schema-id', 'current-schema-id': metadata['current-schema-id'] },
    ],
    updates: [
      ...schemaUpdates,
      ...sortUpdates(plan, declaration, merged.fields),
      { action: 'set-properties', updates: properties },
    ],
  }
}

function sortUpdates(plan: Plan, declaration: Declaration, fields: readonly Field[]): Update[] {
  if (!plan.changes.some(change => change.code === 'AD107')) return []
  return [
    { action: 'add-sort-order', 'sort-order': { 'order-id': -1, fields: sortFields(declaration, fields) } },
    { action: 'set-default-sort-order', 'sort-order-id': -1 },
  ]
}

function appliedOf(
  plan: Plan,
  declaration: Declaration,
): { release: number; builtinFingerprint: string; declarationFingerprint: string } {
  return {
    release: declaration.release,
    builtinFingerprint: builtinFingerprint(declaration.release),
    declarationFingerprint: plan.declared.fingerprint,
  }
}

function ids(names: readonly string[], fields: readonly Field[]): number[] {
  return names.map(name => idOf(name, fields)).sort((a, b) => a - b)
}

function idOf(name: string, fields: readonly Field[]): number {
  return fields.find(field => field.name === name)?.id as number
}

function partitionField(
  part: Declaration['partitionBy'][number],
  fieldId: number,
  fields: readonly Field[],
): PartitionField {
  return {
    'source-id': idOf(part.column, fields),
    'field-id': fieldId,
    name: partitionName(part.column, part.transform),
    transform: part.transform,
  }
}

/** `session_id_bucket_16`, `at_day`, and for identity the column’s own name: the names other engines give. */
export function partitionName(column: string, transform: string): string {
  const sized = /^(bucket|truncate)\[(\d+)\]$/.exec(transform)
  if (sized) return `${column}_${sized[1] === 'truncate' ? 'trunc' : 'bucket'}_${sized[2]}`
  return transform === 'identity' ? column : `${column}_${transform}`
}

function sortFields(declaration: Declaration, fields: readonly Field[]): SortField[] {
  return declaration.sortBy.map(name => ({
    transform: 'identity',
    'source-id': idOf(name, fields),
    direction: 'asc',
    'null-order': 'nulls-first',
  }))
}

function withoutId(schema: Schema): Omit<Schema, 'schema-id'> {
  const { 'schema-id': _id, ...rest } = schema
  return rest
}
