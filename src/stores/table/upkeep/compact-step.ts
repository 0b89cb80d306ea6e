import { errorDocument, toHypError } from '../../../errors.ts'
import type { Catalog } from '../../../iceberg/catalog/catalog.ts'
import { cellText } from '../../../iceberg/cell-text.ts'
import { compactTable, type FailedRewrite } from '../../../iceberg/rewrite/compact-table.ts'
import { planRewrites, type RewriteGroup } from '../../../iceberg/rewrite/plan.ts'
import { liveFiles } from '../../../iceberg/snapshot.ts'
import type { Cell } from '../../../iceberg/types.ts'
import type { UpkeepOptions } from './options.ts'
import type { UpkeepFailure, UpkeepReport } from './report.ts'

/** Writes small files again as few; partitions where that fails are added to the failures, and stay as they are. */
export async function compactStep(
  catalog: Catalog,
  { dryRun, context, memoryBytes, signal }: Pick<UpkeepOptions, 'dryRun' | 'context' | 'memoryBytes' | 'signal'>,
  failures: UpkeepFailure[],
): Promise<UpkeepReport['compacted']> {
  if (dryRun === true) return planned(catalog)
  const partitions = new Set<string>()
  const { removed, added, rows, failed } = await compactTable(catalog, {
    context,
    ...(memoryBytes === undefined ? {} : { options: { memoryBytes } }),
    onGroup: group => partitions.add(keyOf(group)),
    signal,
  })
  for (const { partition, error } of failed)
    failures.push({ step: 'compact', partition: valuesOf(partition), error: errorDocument(toHypError(error)) })
  for (const each of failed) partitions.delete(keyOf(each))
  return { partitions: partitions.size, before: removed, after: added, rows }
}

async function planned(catalog: Catalog): Promise<UpkeepReport['compacted']> {
  const table = await catalog.load()
  const groups = planRewrites(await liveFiles(table), table.metadata)
  const sum = (of: (group: RewriteGroup) => number): number => groups.reduce((total, group) => total + of(group), 0)
  return {
    partitions: new Set(groups.map(keyOf)).size,
    before: { files: sum(({ entries }) => entries.length), bytes: sum(({ bytes }) => bytes) },
    after: null,
    rows: sum(({ rows }) => rows),
  }
}

function keyOf({ specId, partition }: Pick<FailedRewrite, 'specId' | 'partition'>): string {
  return JSON.stringify([specId, ...valuesOf(partition)])
}

function valuesOf(partition: ReadonlyMap<number, Cell>): string[] {
  return Array.from(partition.values(), cellText)
}
