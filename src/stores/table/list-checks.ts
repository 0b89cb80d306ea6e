import type { Table } from '../../iceberg/catalog/catalog.ts'
import { IcebergError } from '../../iceberg/errors.ts'
import {
  type EntryStatus,
  entryStatus,
  type ManifestEntry,
  type ManifestFile,
} from '../../iceberg/manifest/data-file.ts'
import { partitionTypes } from '../../iceberg/manifest/partition-sources.ts'
import { specById } from '../../iceberg/metadata.ts'
import { decodeSingleValue } from '../../iceberg/single-value.ts'
import { readManifestList, readManifests } from '../../iceberg/snapshot.ts'
import type { Cell } from '../../iceberg/types.ts'
import { isBefore } from './column-checks.ts'
import type { Damage } from './damage.ts'

/**
 * Holds the manifests of the newest snapshot against what its list says of them: readers pass over a manifest by that.
 * @param damage takes what is wrong, under the path of the manifest
 * @throws IcebergError as `readManifestList`
 */
export async function verifyList(table: Table, damage: Damage[]): Promise<void> {
  for (const manifest of await readManifestList(table)) {
    const messages = await problemsOf(table, manifest).catch((error: unknown) => {
      if (error instanceof IcebergError) return [error.message]
      throw error
    })
    for (const message of messages) damage.push({ file: table.path(manifest.location), message })
  }
}

async function problemsOf(table: Table, manifest: ManifestFile): Promise<string[]> {
  const entries = await readManifests(table, [manifest], false)
  return [...countProblems(manifest, entries), ...partitionProblems(table, manifest, entries)]
}

function countProblems(manifest: ManifestFile, entries: readonly ManifestEntry[]): string[] {
  const of = (status: EntryStatus): ManifestEntry[] => entries.filter(entry => entry.status === status)
  const rows = (some: readonly ManifestEntry[]): number => some.reduce((sum, { file }) => sum + file.recordCount, 0)
  const { added, existing, deleted } = entryStatus
  const counts = [
    ['added files', manifest.addedFiles, of(added).length],
    ['existing files', manifest.existingFiles, of(existing).length],
    ['deleted files', manifest.deletedFiles, of(deleted).length],
    ['added rows', manifest.addedRows, rows(of(added))],
    ['existing rows', manifest.existingRows, rows(of(existing))],
    ['deleted rows', manifest.deletedRows, rows(of(deleted))],
  ] as const
  return counts.flatMap(([what, said, found]) =>
    said === undefined || Number(said) === found ? [] : [`has ${found} ${what}, its list says ${said}`],
  )
}

/** Live files in a partition that the list says no file is of. */
function partitionProblems(
  table: Table,
  { specId, partitions }: ManifestFile,
  entries: readonly ManifestEntry[],
): string[] {
  const live = entries.filter(({ status }) => status !== entryStatus.deleted)
  const types = partitionTypes(table.metadata, specId)
  return specById(table.metadata, specId).fields.flatMap(({ 'field-id': id, name }, index) => {
    const summary = partitions?.[index]
    const type = types.get(id)
    if (summary === undefined || type === undefined) return []
    const bound = (bytes: Uint8Array | undefined): Cell => (bytes === undefined ? null : decodeSingleValue(bytes, type))
    const [lower, upper] = [bound(summary.lowerBound), bound(summary.upperBound)]
    const isOutside = ({ file }: ManifestEntry): boolean => {
      const cell = file.partition.get(id) ?? null
      if (cell === null) return !summary.containsNull
      if (Number.isNaN(cell)) return summary.containsNan === false
      return isBefore(cell, lower) || isBefore(upper, cell)
    }
    const outside = live.filter(isOutside).length
    return outside === 0 ? [] : [`has ${outside} files outside the bounds of ${name} that its list says`]
  })
}
