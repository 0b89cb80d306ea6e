import {
  type AppendContext,
  abandonAppend,
  commitAppend,
  type PreparedAppend,
  prepareAppend,
} from '../../iceberg/append.ts'
import { type Catalog, makeDurable, type Table } from '../../iceberg/catalog/catalog.ts'
import { type Companion, commitCompanion } from '../../iceberg/companion.ts'
import { type Partition, partitionRows, removeDataFiles, writeDataFile } from '../../iceberg/data-files.ts'
import { IcebergError, isCode } from '../../iceberg/errors.ts'
import { currentSchema } from '../../iceberg/ids.ts'
import type { DataFile } from '../../iceberg/manifest/data-file.ts'
import { specById } from '../../iceberg/metadata.ts'
import { liveFiles, readManifestList } from '../../iceberg/snapshot.ts'
import type { Row } from '../../iceberg/types.ts'
import type { FirstKeys } from './first-keys.ts'
import { tableKey } from './key-fields.ts'
import { firstOfEachKey, type RowKey, rowKey } from './row-key.ts'
import { storedKeys } from './stored-keys.ts'

/** What became of the rows that were handed over: `rows + duplicates` is their number. */
export interface Appended {
  /** The table after the commit, or as it was when there was nothing to add. */
  readonly table: Table
  readonly rows: number
  /** Rows whose key was in the table or earlier among the rows. */
  readonly duplicates: number
}

/** Rows of one row group: small enough to hold little memory, large enough to compress. */
const rowGroupRows = 2500

/** A data file and the rows it was written from, kept until the commit in case some have to be taken out. */
interface WrittenPartition {
  readonly file: DataFile
  readonly partition: Partition
}

export interface AppendOptions {
  /** Spares the search for rows that cannot be stored. */
  readonly firstKeys?: FirstKeys | undefined
  /**
   * What the same commit changes besides, asked for each try. With it there is
   * a commit also where no row is new or given; what it throws ends the append.
   */
  readonly also?: Companion
  /** Asked which candidates that are not stored are to be left out for the sake of those that are; by key. */
  readonly leftOut?:
    | ((table: Table, candidates: ReadonlyMap<string, Row>, stored: ReadonlySet<string>) => Promise<Iterable<string>>)
    | undefined
  /** Asked of what the table is after somebody else committed first; what it throws ends the append. */
  readonly check?: ((now: Table) => void) | undefined
}

/**
 * Appends rows so that each row key is in the table once, in one commit. Rows
 * that are stored already are left out and counted; a table without a row key
 * takes all. When another writer commits first, only the files it added are
 * searched, and only files that hold a row it added are written again. Memory
 * grows with the rows, not with the table.
 * @throws HypError and IcebergError; after COMMIT_STATE_UNKNOWN nothing is removed, and `details` say how many `rows`
 *   and `duplicates` there are if the commit landed; after all others nothing is left behind
 */
export async function appendOnce(
  catalog: Catalog,
  base: Table,
  rows: readonly Row[],
  key: RowKey,
  context: AppendContext,
  { firstKeys, leftOut = async () => [], also, check }: AppendOptions = {},
): Promise<Appended> {
  const candidates = firstOfEachKey(rows, key)
  // Where there are no rows, the table may have other names for the key by now.
  const keyOfBase = tableKey(rows.length === 0 ? rowKey([]) : key, base)
  const stored = await storedKeys(base, firstKeys?.suspects(base, candidates.rows) ?? candidates.rows, keyOfBase)
  const fresh = new Map(candidates.rows)
  for (const text of [...stored, ...(await leftOut(base, candidates.rows, stored))]) fresh.delete(text)
  let written: WrittenPartition[] = []
  let prepared: PreparedAppend | undefined
  const count = (): number => written.reduce((sum, { file }) => sum + file.recordCount, 0)
  try {
    let table = base
    if (fresh.size > 0) {
      const spec = specById(base.metadata, base.metadata['default-spec-id'])
      const partitions = partitionRows([...fresh.values()], spec, currentSchema(base.metadata))
      written = await writePartitions(base, partitions, context)
      prepared = await prepareAppend(base, filesOf(written), context)
      table = await commitAppend(catalog, base, prepared, context, reprobe, also)
    }
    // With nothing of ours in it, the newest snapshot is somebody else's, and may hold keys that we have not seen.
    if (count() > 0) firstKeys?.added(table, fresh.values())
    else if (also !== undefined) table = await commitCompanion(catalog, table, also, context)
    else if (rows.length > 0) await makeDurable(table)
    return { table, rows: count(), duplicates: rows.length - count() }
  } catch (error) {
    if (isCode(error, 'COMMIT_STATE_UNKNOWN')) throw counted(error as IcebergError, rows.length, count())
    if (prepared === undefined) await removeDataFiles(base, filesOf(written))
    else await abandonAppend(base, { ...prepared, files: filesOf(written) })
    throw error
  }

  /** Takes out what was stored meanwhile; undefined when nothing is left to add. */
  async function reprobe(now: Table, before: Table, current: PreparedAppend): Promise<PreparedAppend | undefined> {
    check?.(now)
    // Manifests never change: what was added since lies in new ones. Reading all of them would take longer with every
    // commit, and of many writers the one that takes longest is never first.
    const known = new Set((await readManifestList(before)).map(manifest => manifest.location))
    const { data: added } = await liveFiles(now, manifest => !known.has(manifest.location))
    const came = await storedKeys(now, fresh, keyOfBase, added)
    if (came.size === 0) return current
    const hits = new Set([...came, ...(await leftOut(now, fresh, came))])
    const isHit = (row: Row): boolean => hits.has(key.of(row))
    const spoilt = written.filter(({ partition }) => partition.rows.some(isHit))
    const left = spoilt
      .map(({ partition }) => ({ ...partition, rows: partition.rows.filter(row => !isHit(row)) }))
      .filter(({ rows: others }) => others.length > 0)
    written = written.filter(part => !spoilt.includes(part))
    await removeDataFiles(base, filesOf(spoilt))
    await base.io.remove(base.path(current.manifest.location)).catch(() => undefined)
    written = [...written, ...(await writePartitions(base, left, context))]
    for (const text of hits) fresh.delete(text)
    prepared = written.length === 0 ? undefined : await prepareAppend(now, filesOf(written), context)
    return prepared
  }
}

function counted({ code, message, details, cause }: IcebergError, given: number, rows: number): IcebergError {
  return new IcebergError(code, message, { ...details, rows, duplicates: given - rows }, cause)
}

/** Writes one file for each partition; bytes and names are durable on return. */
async function writePartitions(
  table: Table,
  partitions: readonly Partition[],
  context: AppendContext,
): Promise<WrittenPartition[]> {
  const written: WrittenPartition[] = []
  const waiting = partitions.values()
  const write = async (): Promise<void> => {
    for (const partition of waiting) {
      const file = await writeDataFile(table, partition, { uniqueName: context.uniqueName, rowGroupRows })
      written.push({ file, partition })
    }
  }
  try {
    // Some at a time: one is encoded while others become durable.
    for (const outcome of await Promise.allSettled([write(), write(), write(), write()]))
      if (outcome.status === 'rejected') throw outcome.reason
    await table.io.syncDirectory(table.path(`${table.metadata.location}/data`))
  } catch (error) {
    await removeDataFiles(table, filesOf(written))
    throw error
  }
  return written
}

function filesOf(written: readonly WrittenPartition[]): DataFile[] {
  return written.map(({ file }) => file)
}
