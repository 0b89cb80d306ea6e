import { type Catalog, makeDurable, type Table } from './catalog/catalog.ts'
import type { Requirement, Update } from './commit.ts'
import { IcebergError, isCode } from './errors.ts'
import { requirementsOf } from './requirements.ts'
import { backOff, patience } from './retry.ts'
import type { TableMetadata } from './types.ts'

/**
 * What a commit changes besides adding rows, made for the metadata that each
 * try is based on. It throws where that metadata rules the commit out: nothing
 * is committed then, and nothing is left behind.
 */
export type Companion = (metadata: TableMetadata) => readonly Update[]

/**
 * Commits what goes with rows where there are none to add. It holds for the
 * rows that are on `main` now: a commit of somebody else in between is a conflict.
 * @throws IcebergError as `commitAppend`, and whatever `also` throws
 */
export async function commitCompanion(
  catalog: Catalog,
  base: Table,
  also: Companion,
  context: { readonly random: () => number },
): Promise<Table> {
  let table = base
  const mayRetry = patience(base.metadata)
  for (let attempt = 0; ; attempt++) {
    const { metadata } = table
    const updates = also(metadata)
    const main = metadata.refs['main']?.['snapshot-id'] ?? null
    const requirements: Requirement[] = [
      ...requirementsOf(updates, metadata),
      { type: 'assert-ref-snapshot-id', ref: 'main', 'snapshot-id': main },
    ]
    try {
      const committed = await catalog.commit(table, { requirements, updates })
      // It changed nothing: somebody else committed it.
      if (committed === table) await makeDurable(table)
      return committed
    } catch (error) {
      if (!isCode(error, 'COMMIT_CONFLICT') || !mayRetry(attempt)) throw error
    }
    await backOff(attempt, context.random)
    const fresh = await catalog.load()
    checkSameUuid(table, fresh)
    table = fresh
  }
}

/**
 * @throws IcebergError UPDATE_ILLEGAL for a table that is not the one it was before, COMMIT_CONFLICT for one that was
 *   relocated: what was written for it meanwhile is named by where it was
 */
export function checkSameUuid(stale: Table, fresh: Table): void {
  if (fresh.metadata['table-uuid'] !== stale.metadata['table-uuid']) {
    throw new IcebergError(
      'UPDATE_ILLEGAL',
      `table UUID does not match: current=${stale.metadata['table-uuid']} != refreshed=${fresh.metadata['table-uuid']}`,
    )
  }
  if (fresh.metadata.location !== stale.metadata.location)
    throw new IcebergError(
      'COMMIT_CONFLICT',
      `the table was relocated to ${fresh.metadata.location} meanwhile; what was written for it has to be written again`,
      { location: fresh.metadata.location },
    )
}
