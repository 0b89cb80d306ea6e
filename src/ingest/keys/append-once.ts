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
import type { DataFile, ManifestEntry, ManifestFile } from '../../iceberg/manifest/data-file.ts'
import { currentSnapshot, isFollowedBy, specById } from '../../iceberg/metadata.ts'
import { liveFiles, readManifestList } from '../../iceberg/snapshot.ts'
import type { Row } from '../../iceberg/types.ts'
import { deletedRowTest, generationOf, type ReadTombstones, type Tombstones } from '../tombstones/tombstones.ts'
import type { FirstKeys } from './first-keys.ts'
import { tableKey } from './key-fields.ts'
import { firstOfEachKey, type RowKey, rowKey } from './row-key.ts'
import { storedKeys } from './stored-keys.ts'

/** What became of the rows that were handed over: `rows + duplicates + deleted` is their number. */
export interface Appended {
  /** The table after the commit, or as it was when there was nothing to add. */
  readonly table: Table
  readonly rows: number
  /** Rows whose key was in the table or earlier among the rows. */
  readonly duplicates: number
  /** Rows that a tombstone is in the way of. */
  readonly deleted: number
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
  /** What was deleted from the table and does not come back; without it everything is taken. */
  readonly tombstones?: ReadTombstones | undefined
  /** Asked of what the table is after somebody else committed first; what it throws ends the append. */
  readonly check?: ((now: Table) => void) | undefined
}

/**
 * Appends rows so that each row key is in the table once, in one commit. Rows
 * that are stored already or were deleted are left out and counted; a table
 * without a row key takes all others. When another writer commits first, only
 * the files it added are searched, and only files that hold a row it added or
 * deleted are written again. Memory grows with the rows, not with the table.
 * @throws HypError and IcebergError; after COMMIT_STATE_UNKNOWN nothing is removed, and `details` say how many `rows`,
 *   `duplicates` and `deleted` there are if the commit landed; after all others nothing is left behind
 */
export async function appendOnce(
  catalog: Catalog,
  base: Table,
  rows: readonly Row[],
  key: RowKey,
  context: AppendContext,
  { firstKeys, leftOut = async () => [], also, tombstones, check }: AppendOptions = {},
): Promise<Appended> {
  let buried = await tombstones?.(base)
  const wasDeleted = buried && deletedRowTest(buried, base)
  const taken = wasDeleted === undefined ? rows : rows.filter(row => !wasDeleted(row))
  let deleted = rows.length - taken.length
  const candidates = firstOfEachKey(taken, key)
  // Where there are no rows, the table may have other names for the key by now.
  const keyOfBase = tableKey(rows.length === 0 ? rowKey([]) : key, base)
  const stored = await storedKeys(base, firstKeys?.suspects(base, candidates.rows) ?? candidates.rows, keyOfBase)
  const fresh = new Map(candidates.rows)
  for (const text of [...stored, ...(await leftOut(base, candidates.rows, stored))]) fresh.delete(text)
  let written: WrittenPartition[] = []
  let prepared: PreparedAppend | undefined
  const count = (): number => written.reduce((sum, { file }) => sum + file.recordCount, 0)
  const counts = (): Counts => ({ rows: count(), duplicates: rows.length - deleted - count(), deleted })
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
    return { table, ...counts() }
  } catch (error) {
    if (isCode(error, 'COMMIT_STATE_UNKNOWN')) throw counted(error as IcebergError, counts())
    if (prepared === undefined) await removeDataFiles(base, filesOf(written))
    else await abandonAppend(base, { ...prepared, files: filesOf(written) })
    throw error
  }

  /** Takes out what was stored or deleted meanwhile; undefined when nothing is left to add. */
  async function reprobe(now: Table, before: Table, current: PreparedAppend): Promise<PreparedAppend | undefined> {
    check?.(now)
    // Manifests never change: what was added since lies in new ones. Reading all of them would take longer with every
    // commit, and of many writers the one that takes longest is never first.
    // Where something else was put in the place of what there was, any file may hold rows that were not to be seen then.
    const follows = isFollowedBy(before.metadata, now.metadata)
    const known = new Set(follows ? (await listedIn(before)).map(manifest => manifest.location) : [])
    const { data: listed } = await liveFiles(now, manifest => !known.has(manifest.location))
    // What has no later number was to be seen then: compacting only wrote it again, or put its entry into another manifest.
    const last = currentSnapshot(before.metadata)?.['sequence-number']
    const isAdded = ({ sequenceNumber }: ManifestEntry): boolean =>
      !follows || last === undefined || BigInt(sequenceNumber) > BigInt(last)
    const added = listed.filter(isAdded)
    const came = await storedKeys(now, fresh, keyOfBase, added)
    const gone = await deletedSince(now)
    if (came.size === 0 && gone.size === 0) return current
    const hits = new Set([...came, ...(came.size === 0 ? [] : await leftOut(now, fresh, came))])
    const isHit = (row: Row): boolean => hits.has(key.of(row)) || gone.has(row)
    const spoilt = written.filter(({ partition }) => partition.rows.some(isHit))
    const left = spoilt
      .map(({ partition }) => ({ ...partition, rows: partition.rows.filter(row => !isHit(row)) }))
      .filter(({ rows: others }) => others.length > 0)
    written = written.filter(part => !spoilt.includes(part))
    await removeDataFiles(base, filesOf(spoilt))
    await base.io.remove(base.path(current.manifest.location)).catch(() => undefined)
    written = [...written, ...(await writePartitions(base, left, context))]
    for (const [text, row] of fresh) if (isHit(row)) fresh.delete(text)
    deleted += gone.size
    prepared = written.length === 0 ? undefined : await prepareAppend(now, filesOf(written), context)
    return prepared
  }

  /** The rows that were deleted since the tombstones were read. */
  async function deletedSince(now: Table): Promise<ReadonlySet<Row>> {
    if (tombstones === undefined || generationOf(now.metadata) <= (buried as Tombstones).generation) return new Set()
    buried = await tombstones(now)
    // Rows have the names of the table that they were shaped for.
    const isDeleted = deletedRowTest(buried, base)
    return new Set(isDeleted === undefined ? [] : [...fresh.values()].filter(isDeleted))
  }
}

type Counts = Omit<Appended, 'table'>

function counted({ code, message, details, cause }: IcebergError, counts: Counts): IcebergError {
  return new IcebergError(code, message, { ...details, ...counts }, cause)
}

/** What a snapshot that expired meanwhile lists cannot be told any more: then all that is there came since. */
async function listedIn(table: Table): Promise<readonly ManifestFile[]> {
  try {
    return await readManifestList(table)
  } catch (error) {
    if (isCode(error, 'FILE_MISSING')) return []
    throw error
  }
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
