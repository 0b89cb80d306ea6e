import type { Commit, Update } from '../../iceberg/commit.ts'
import { requirementsOf } from '../../iceberg/requirements.ts'
import type { TableMetadata } from '../../iceberg/types.ts'
import { appliedUpdate, readApplied } from '../applied.ts'
import type { EvolutionContext } from '../evolve.ts'
import type { Plan } from '../plan.ts'

/**
 * The commit by which the table's present shape becomes the one that later
 * changes are held against. Pure. It changes properties only: no column, and
 * neither the release nor the fingerprint of what was applied, which would make
 * an edited release look as if it had always been so.
 * @param plan the plan of the table's declaration; what it tolerates is remembered as tolerated
 */
export function stageAdoption(plan: Plan, metadata: TableMetadata, context: EvolutionContext): Commit {
  const release = readApplied(metadata.properties).release ?? null
  const schema = metadata['current-schema-id']
  const accepted = plan.changes.filter(change => change.acceptable || change.code === 'TO302')
  const properties = appliedUpdate(
    metadata.properties,
    { schemaId: schema, specId: metadata['default-spec-id'], sortOrderId: metadata['default-sort-order-id'] },
    {
      kind: 'adoption',
      from: { release, schema: readApplied(metadata.properties).schemaId ?? schema },
      to: { release, schema },
      changes: accepted.map(({ code, path, change, fieldId }) => ({ code, path, change, fieldId })),
      fingerprint: plan.declared.fingerprint,
      at: context.at,
      ms: context.ms,
      hyp: context.hyp,
    },
  )
  // What is accepted is what was looked at: the same must hold as if it were being set.
  const looked: readonly Update[] = [
    { action: 'set-current-schema', 'schema-id': schema },
    { action: 'set-default-spec', 'spec-id': metadata['default-spec-id'] },
    { action: 'set-default-sort-order', 'sort-order-id': metadata['default-sort-order-id'] },
  ]
  return {
    requirements: requirementsOf(looked, metadata),
    updates: [{ action: 'set-properties', updates: properties }],
  }
}
