import { randomUUID } from 'node:crypto'
import { inspect } from 'node:util'
import { cellText } from '../../src/iceberg/cell-text.ts'
import { entryStatus, type ManifestEntry } from '../../src/iceberg/manifest/data-file.ts'
import { currentSnapshot } from '../../src/iceberg/metadata.ts'
import { type RewriteOptions, rewriteFiles } from '../../src/iceberg/rewrite/rewrite-files.ts'
import { liveFiles } from '../../src/iceberg/snapshot.ts'
import type { Row } from '../../src/iceberg/types.ts'
import type { TestTable } from './table.ts'

/** A rewrite of all files of a table, partition by partition. */
export interface Rewriting {
  /** What the new files are once they are committed. */
  readonly entries: readonly ManifestEntry[]
  readonly rows: number
  readonly dropped: number
}

/** Writes all files of a table again, and commits nothing. */
export async function rewriteAll({ table }: TestTable, options: Partial<RewriteOptions> = {}): Promise<Rewriting> {
  const { data, deletes } = await liveFiles(table)
  const groups = new Map<string, ManifestEntry[]>()
  for (const entry of data) {
    const key = JSON.stringify([entry.specId, ...Array.from(entry.file.partition.values(), cellText)])
    groups.set(key, [...(groups.get(key) ?? []), entry])
  }
  const snapshot = currentSnapshot(table.metadata)
  const entries: ManifestEntry[] = []
  let rows = 0
  let dropped = 0
  for (const group of groups.values()) {
    const written = await rewriteFiles(table, group, deletes, {
      uniqueName: randomUUID,
      targetFileBytes: 2 ** 20,
      memoryBytes: 2 ** 24,
      ...options,
    })
    rows += written.rows
    dropped += written.dropped
    for (const file of written.files)
      entries.push({
        status: entryStatus.added,
        snapshotId: snapshot?.['snapshot-id'] ?? 0,
        sequenceNumber: snapshot?.['sequence-number'] ?? 0,
        fileSequenceNumber: snapshot?.['sequence-number'] ?? 0,
        specId: group[0]?.specId ?? 0,
        file,
      })
  }
  return { entries, rows, dropped }
}

/** Rows as texts, in one order: two of these are equal when the rows are, down to -0 and NaN. */
export function inAnyOrder(rows: readonly Row[]): string[] {
  const whole = { depth: null, maxArrayLength: null, maxStringLength: null, breakLength: Number.POSITIVE_INFINITY }
  return rows.map(row => inspect(row, whole)).sort()
}
