import { posix } from 'node:path'
import type { Table } from '../catalog/catalog.ts'
import { parseMetadataName, pendingVersion } from '../catalog/versions.ts'
import type { FoundFile } from '../file-io/file-io.ts'
import { checkCollected } from './expirable.ts'
import { pathOf, reachableFiles, statisticsFiles } from './reachable.ts'

export interface SweepOptions {
  /** Younger files stay: somebody may be about to commit them. Milliseconds; 3 days as a rule. */
  readonly graceMs: number
  /** Milliseconds since 1970. */
  readonly nowMs: number
  /**
   * What changed since then stays whatever its age, in milliseconds since 1970: the start of a process that writes to the
   * table. Where the clock jumps, what it has not committed yet seems to be old.
   */
  readonly writingSinceMs?: number | undefined
  /** Nothing is removed. */
  readonly dryRun?: boolean
  /**
   * Loads the table once more when its folders were listed: where the clock jumped or the machine slept, what was
   * committed meanwhile can seem to be old.
   */
  readonly again?: () => Promise<Table>
}

/** A file that nothing names. */
export interface Orphan {
  readonly path: string
  readonly bytes: number
}

/** What a table's writers leave behind: other files in its folder are somebody's own. */
const kinds = /\.(?:parquet|avro|orc|puffin|stats|tmp|metadata\.json)$/

/**
 * Removes files in the table's `metadata` and `data` folders that nothing
 * names: not a snapshot, not the log of metadata files, not the statistics.
 * What is younger than the grace stays, and so do names that begin with `.` or
 * `_`, files that are of no kind a table has, and numbered metadata files,
 * which its commits remove.
 * @param table as it is now. Without a grace nobody may be writing to it: what is about to be committed is named by
 *   nothing yet
 * @returns what was removed, or would be; what cannot be removed is left out
 * @throws IcebergError UPDATE_ILLEGAL where `gc.enabled` is false, FILE_MISSING and MANIFEST_INVALID where it cannot be
 *   told what snapshots need (nothing was removed)
 */
export async function sweepOrphans(
  table: Table,
  { graceMs, nowMs, writingSinceMs, dryRun = false, again = async () => table }: SweepOptions,
): Promise<readonly Orphan[]> {
  const { metadata, io } = table
  checkCollected(metadata)
  const folders = ['metadata', 'data'].map(name => pathOf(table, `${metadata.location}/${name}`))
  const oldest = Math.min(nowMs - graceMs, writingSinceMs ?? Number.POSITIVE_INFINITY)
  const candidates: FoundFile[] = []
  for (const folder of folders) {
    for (const file of await io.listFiles(folder))
      if (file.modifiedMs < oldest && isOfTable(file.path.slice(folder.length), table)) candidates.push(file)
  }
  if (candidates.length === 0) return []
  const names = await namesIn(await again())
  const orphans: Orphan[] = []
  for (const { path, size } of candidates) {
    if (names.has(posix.basename(path))) continue
    if (!dryRun && !(await isRemoved(table, path))) continue
    orphans.push({ path, bytes: size })
  }
  return orphans
}

/** Where a table was moved or spells a place in two ways, what it names is told by the last part of its path. */
async function namesIn(table: Table): Promise<ReadonlySet<string>> {
  const { metadata } = table
  const named = await reachableFiles(table, metadata.snapshots)
  named.add(pathOf(table, table.metadataLocation))
  for (const entry of metadata['metadata-log']) named.add(pathOf(table, entry['metadata-file']))
  for (const { path } of statisticsFiles(table)) named.add(path)
  return new Set(Array.from(named, path => posix.basename(path)))
}

async function isRemoved({ io }: Table, path: string): Promise<boolean> {
  try {
    await io.remove(path, { background: true })
    return true
  } catch {
    return false
  }
}

/** @param inside path from the folder on, with its slash */
function isOfTable(inside: string, { version }: Table): boolean {
  const parts = inside.split('/').slice(1)
  const name = parts.at(-1) ?? ''
  if (parts.some(part => /^[._]/.test(part)) || !kinds.test(name) || parseMetadataName(name) !== undefined) return false
  // A version that is still to be taken may yet be: whoever waits for it can be asleep for as long as it likes.
  return (pendingVersion(name) ?? 0) <= version
}
