import type { Requirement } from './commit.ts'
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
