import type { Requirement, Update } from './commit.ts'
import { IcebergError } from './errors.ts'
import { lastAssignedFieldId } from './ids.ts'
import type { Long, TableMetadata } from './types.ts'

type Check<Type extends Requirement['type']> = (
  requirement: Extract<Requirement, { type: Type }>,
  metadata: TableMetadata,
) => string | undefined

/** One check per kind; each gives the reason why the requirement does not hold. */
const checks: { readonly [Type in Exclude<Requirement['type'], 'assert-create'>]: Check<Type> } = {
  'assert-table-uuid': ({ uuid }, metadata) => differ('UUID does not match: expected', uuid, metadata['table-uuid']),
  'assert-ref-snapshot-id': ({ ref, 'snapshot-id': expected }, metadata) => {
    const actual = metadata.refs[ref]
    const kind = actual?.type ?? 'branch or tag'
    if (expected === null) return actual === undefined ? undefined : `${kind} ${ref} was created concurrently`
    if (actual === undefined) return `branch or tag ${ref} is missing, expected ${expected}`
    return sameLong(actual['snapshot-id'], expected)
      ? undefined
      : `${kind} ${ref} has changed: expected id ${expected} != ${actual['snapshot-id']}`
  },
  'assert-last-assigned-field-id': (requirement, metadata) =>
    differ(
      'last assigned field id changed: expected id',
      requirement['last-assigned-field-id'],
      lastAssignedFieldId(metadata),
    ),
  'assert-current-schema-id': (requirement, metadata) =>
    differ('current schema changed: expected id', requirement['current-schema-id'], metadata['current-schema-id']),
  'assert-last-assigned-partition-id': (requirement, metadata) =>
    differ(
      'last assigned partition id changed: expected id',
      requirement['last-assigned-partition-id'],
      metadata['last-partition-id'],
    ),
  'assert-default-spec-id': (requirement, metadata) =>
    differ('default partition spec changed: expected id', requirement['default-spec-id'], metadata['default-spec-id']),
  'assert-default-sort-order-id': (requirement, metadata) =>
    differ(
      'default sort order changed: expected id',
      requirement['default-sort-order-id'],
      metadata['default-sort-order-id'],
    ),
}

/**
 * Checks requirements against the table as it is now.
 * @param metadata null when there is no table
 * @throws IcebergError COMMIT_CONFLICT naming the first requirement that does not hold
 */
export function checkRequirements(metadata: TableMetadata | null, requirements: readonly Requirement[]): void {
  for (const requirement of requirements) {
    const reason = check(requirement, metadata)
    if (reason !== undefined) {
      throw new IcebergError('COMMIT_CONFLICT', `Requirement failed: ${reason}`, { requirement })
    }
  }
}

function check(requirement: Requirement, metadata: TableMetadata | null): string | undefined {
  if (requirement.type === 'assert-create') return metadata === null ? undefined : 'table already exists'
  if (metadata === null) return 'table does not exist'
  const run = checks[requirement.type] as Check<Requirement['type']> | undefined
  if (run === undefined)
    throw new IcebergError('UPDATE_ILLEGAL', `unknown requirement ${(requirement as { type: string }).type}`)
  return run(requirement, metadata)
}

function differ(sentence: string, expected: number | string, actual: number | string): string | undefined {
  return expected === actual ? undefined : `${sentence} ${expected} != ${actual}`
}

function sameLong(a: Long, b: Long): boolean {
  return BigInt(a) === BigInt(b)
}

/**
 * What must still hold when updates made for this metadata are applied: one requirement of a kind, in the order in which
 * the updates ask for it (REST protocol, "Requirements").
 */
export function requirementsOf(updates: readonly Update[], metadata: TableMetadata): Requirement[] {
  const requirements = new Map<string, Requirement>()
  const assert = (requirement: Requirement): void => {
    const key =
      requirement.type === 'assert-ref-snapshot-id' ? `${requirement.type} ${requirement.ref}` : requirement.type
    if (!requirements.has(key)) requirements.set(key, requirement)
  }
  assert({ type: 'assert-table-uuid', uuid: metadata['table-uuid'] })
  for (const update of updates) {
    if (update.action === 'set-snapshot-ref') {
      const ref = update['ref-name']
      assert({ type: 'assert-ref-snapshot-id', ref, 'snapshot-id': metadata.refs[ref]?.['snapshot-id'] ?? null })
      continue
    }
    for (const requirement of asked[update.action]?.(metadata) ?? []) assert(requirement)
  }
  return [...requirements.values()]
}

const currentSchemaId = (metadata: TableMetadata): Requirement => ({
  type: 'assert-current-schema-id',
  'current-schema-id': metadata['current-schema-id'],
})

const defaultSpecId = (metadata: TableMetadata): Requirement => ({
  type: 'assert-default-spec-id',
  'default-spec-id': metadata['default-spec-id'],
})

/** What is removed may be what somebody writes with on another branch. */
const otherBranches = (metadata: TableMetadata): Requirement[] =>
  Object.entries(metadata.refs).flatMap(([ref, { type, 'snapshot-id': id }]) =>
    type === 'branch' && ref !== 'main' ? [{ type: 'assert-ref-snapshot-id', ref, 'snapshot-id': id } as const] : [],
  )

const asked: Partial<Record<Update['action'], (metadata: TableMetadata) => Requirement[]>> = {
  'add-schema': metadata => [
    { type: 'assert-last-assigned-field-id', 'last-assigned-field-id': lastAssignedFieldId(metadata) },
  ],
  'set-current-schema': metadata => [currentSchemaId(metadata)],
  'remove-schemas': metadata => [currentSchemaId(metadata), ...otherBranches(metadata)],
  'add-spec': metadata => [
    { type: 'assert-last-assigned-partition-id', 'last-assigned-partition-id': metadata['last-partition-id'] },
  ],
  'set-default-spec': metadata => [defaultSpecId(metadata)],
  'remove-partition-specs': metadata => [defaultSpecId(metadata), ...otherBranches(metadata)],
  'set-default-sort-order': metadata => [
    { type: 'assert-default-sort-order-id', 'default-sort-order-id': metadata['default-sort-order-id'] },
  ],
}
