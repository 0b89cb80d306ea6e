import type { Catalog, Table } from '../../src/iceberg/catalog/catalog.ts'
import { fileCatalog } from '../../src/iceberg/catalog/file-catalog.ts'
import { cellText } from '../../src/iceberg/cell-text.ts'
import { removeDataFiles, writeDataFiles } from '../../src/iceberg/data-files.ts'
import { isCode } from '../../src/iceberg/errors.ts'
import { expireSnapshots } from '../../src/iceberg/expiry/expire.ts'
import { sweepOrphans } from '../../src/iceberg/expiry/orphans.ts'
import { reachableFiles } from '../../src/iceberg/expiry/reachable.ts'
import type { FileIO } from '../../src/iceberg/file-io/file-io.ts'
import { mergeManifests } from '../../src/iceberg/merge-manifests.ts'
import { commitReplacement } from '../../src/iceberg/replace-files.ts'
import { scanRows } from '../../src/iceberg/scan.ts'
import { liveFiles, readManifestList, readManifests } from '../../src/iceberg/snapshot.ts'
import type { Row } from '../../src/iceberg/types.ts'
import { append, apply, batch, declare, key, openTable, type WorkContext } from './crash-table.ts'

/*
 * A table that is looked after while a process dies, a disk fails or the power
 * goes: rows are never added or lost by it, and every file that a snapshot
 * needs is there.
 */

/** All rows that {@link fedTable} writes. */
export const fedRows: readonly Row[] = ['a', 'b', 'c', 'd'].flatMap(name => batch(name))

/** Several appends, the first of which was replaced already, so that there is something to expire. */
export async function fedTable(io: FileIO, directory: string, context: WorkContext): Promise<void> {
  const catalog = openTable(io, directory, context)
  await apply(catalog, directory, declare(), context)
  for (const name of ['a', 'b', 'c', 'd']) await append(catalog, batch(name), context)
  await rewriteHalf(catalog, await catalog.load(), context)
}

export type Upkeep = (catalog: Catalog, table: Table, context: WorkContext) => Promise<unknown>

/** Reads the older half of the files and puts one file for each partition in their place. */
export const rewriteHalf: Upkeep = async (catalog, table, context) => {
  const { data } = await liveFiles(table)
  const old = data.sort((a, b) => Number(a.sequenceNumber) - Number(b.sequenceNumber)).slice(0, data.length >> 1)
  const rows: Row[] = []
  for await (const read of scanRows(table, { files: old })) rows.push(...read)
  const files = await writeDataFiles(table, rows, { uniqueName: context.uniqueName, rowGroupRows: 100 })
  const specId = table.metadata['default-spec-id']
  const added = files.map(file => ({ file, specId }))
  const sequenceNumber = table.metadata['last-sequence-number']
  try {
    await commitReplacement(catalog, table, { operation: 'replace', removed: old, added, sequenceNumber }, context)
  } catch (error) {
    if (!isCode(error, 'COMMIT_STATE_UNKNOWN')) await removeDataFiles(table, files)
    throw error
  }
}

export const mergeAll: Upkeep = (catalog, table, context) => mergeManifests(catalog, table, context, { minimum: 2 })

export const expireAll: Upkeep = (catalog, table, context) =>
  expireSnapshots(catalog, table, headRule(context), context)

function headRule(context: WorkContext): Parameters<typeof expireSnapshots>[2] {
  return { nowMs: context.now() + 3_600_000, minSnapshots: 1, maxAgeMs: 0, pinned: new Set() }
}

/** Removes all that nothing names, also what is new. */
export const sweepAll: Upkeep = (_catalog, table, context) => sweepOrphans(table, { graceMs: 0, nowMs: context.now() })

export async function look(io: FileIO, directory: string): Promise<Table> {
  return fileCatalog({ io, directory, now: Date.now, uniqueName: () => 'none' }).load()
}

/** What is wrong with a table that was looked after, as sentences. */
export async function upkeepProblems(io: FileIO, directory: string, rows: readonly Row[] = fedRows): Promise<string[]> {
  try {
    const table = await look(io, directory)
    return [...(await missingFiles(table)), ...(await rowProblems(table, rows))]
  } catch (error) {
    return [`the table cannot be read: ${(error as Error).message}`]
  }
}

async function missingFiles(table: Table): Promise<string[]> {
  const problems: string[] = []
  const { metadata, io } = table
  for (const { 'metadata-file': file } of metadata['metadata-log'])
    if ((await io.size(table.path(file))) === undefined) problems.push(`${file} is in the log and not there`)
  for (const snapshot of metadata.snapshots) {
    const manifests = await readManifestList(table, snapshot)
    for (const { location, length } of manifests) {
      const size = await io.size(table.path(location))
      if (size !== length) problems.push(`manifest ${location} has ${size} of ${length} bytes`)
    }
    const live = (await readManifests(table, manifests)).filter(({ status }) => status !== 2)
    for (const { file } of live) {
      const size = await io.size(table.path(file.location))
      if (size !== file.fileSize) problems.push(`data file ${file.location} has ${size} of ${file.fileSize} bytes`)
    }
    const records = live.reduce((sum, { file }) => sum + file.recordCount, 0)
    const counted = snapshot.summary
    if (String(records) !== counted?.['total-records'] || String(live.length) !== counted?.['total-data-files'])
      problems.push(
        `snapshot ${snapshot['snapshot-id']} has ${records} rows in ${live.length} files, its summary says else`,
      )
  }
  return problems
}

async function rowProblems(table: Table, rows: readonly Row[]): Promise<string[]> {
  const problems: string[] = []
  const found = new Map<string, Row>()
  for await (const read of scanRows(table)) {
    for (const row of read) {
      if (found.has(key.of(row))) problems.push(`row ${key.of(row)} is there twice`)
      found.set(key.of(row), row)
    }
  }
  for (const row of rows) {
    const stored = found.get(key.of(row))
    if (stored === undefined) problems.push(`row ${key.of(row)} is lost`)
    else if (Object.entries(row).some(([name, cell]) => cellText(stored[name]) !== cellText(cell)))
      problems.push(`row ${key.of(row)} is another one`)
  }
  if (found.size > rows.length) problems.push(`there are ${found.size} rows in place of ${rows.length}`)
  return problems
}

/** Files in the table's directory that nothing names, but for what is not a sweep's to remove. */
export async function strays(io: FileIO, directory: string): Promise<string[]> {
  const table = await look(io, directory)
  const named = await reachableFiles(table, table.metadata.snapshots)
  const found = await io.listFiles(directory)
  return found
    .map(({ path }) => path)
    .filter(path => !named.has(path) && !/\/(v\d+\.metadata\.json|version-hint\.text)$/.test(path))
}
