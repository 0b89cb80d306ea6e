import { setTimeout as sleep } from 'node:timers/promises'
import type { AppendContext } from '../../iceberg/append.ts'
import type { Catalog, Table } from '../../iceberg/catalog/catalog.ts'
import type { Update } from '../../iceberg/commit.ts'
import { type Companion, commitCompanion } from '../../iceberg/companion.ts'
import { dropDeletedEntries } from '../../iceberg/drop-deleted-entries.ts'
import { checkCollected } from '../../iceberg/expiry/expirable.ts'
import { expireSnapshots } from '../../iceberg/expiry/expire.ts'
import { sweepOrphans } from '../../iceberg/expiry/orphans.ts'
import { currentSnapshot } from '../../iceberg/metadata.ts'
import { compactTable } from '../../iceberg/rewrite/compact-table.ts'
import { liveDeletes, liveFiles } from '../../iceberg/snapshot.ts'
import type { Long, TableMetadata } from '../../iceberg/types.ts'
import { type Leased, pinnedIn } from '../../stores/leases.ts'
import type { RecordPlaceOptions } from '../../stores/records/store.ts'
import { notedAncestors } from '../../stores/table/upkeep/noted-ancestors.ts'
import type { Grave } from '../tombstones/row-matcher.ts'
import { findRows } from './find-rows.ts'
import { gravesSelection, type RowSelection } from './selection.ts'

export interface TablePurgeOptions {
  readonly catalog: Catalog
  /** What tells the rows that are to be nowhere. */
  readonly graves: readonly Grave[]
  /** Which rows were asked for: those of a condition are told by nothing else when they were deleted before. */
  readonly select?: ((table: Table) => Promise<RowSelection>) | undefined
  /** Locations of files that held such rows. */
  readonly gone: readonly string[]
  readonly context: AppendContext
  /** Snapshots that somebody reads. */
  readonly leased: (tableUuid: string) => Promise<Leased>
  /** Where it is kept which files of histories are in the table: that still counts when its snapshots are gone. */
  readonly records?: RecordPlaceOptions | undefined
  readonly dryRun: boolean
  readonly signal?: AbortSignal | undefined
}

/** What went besides the rows themselves, and what is left. */
export interface TablePurge {
  readonly snapshots: number
  /** Tags and branches that held such rows. */
  readonly refs: readonly string[]
  readonly files: number
  readonly bytes: number
  /**
   * What holds such rows still: snapshots that somebody reads, and that the table's properties keep; and delete files of
   * other programs, which hide rows that are in their data files all the same.
   */
  readonly kept: { readonly read: number; readonly ruled: number; readonly deletes: number }
  /** Files that could not be removed, and why. */
  readonly left: readonly { readonly path: string; readonly reason: string }[]
  /** Paths of files outside the table's folder that only what went needed: others may need them too, and they stay. */
  readonly outside: readonly string[]
  /** Files in the table's folder that no snapshot names, and that are too young to be nobody's. */
  readonly unfinished: number
}

/** Somebody who begins to read says soon what. */
const leaseWaits = 20
const leaseWaitMs = 100

/**
 * Removes what a table was before: tags and branches that hold such rows, rows that other programs deleted and that are in
 * data files still, all snapshots but the newest and those that somebody reads, and the files that only they needed.
 * @throws IcebergError UPDATE_ILLEGAL where the table's files may be those of others too, as `compactTable`, and as
 *   `expireSnapshots`
 */
export async function purgeTable(options: TablePurgeOptions): Promise<TablePurge> {
  const { catalog, context, leased, dryRun } = options
  let table = await catalog.load()
  checkCollected(table.metadata)
  const refs = await refsWithRows(table, options)
  if (!dryRun) {
    table = await dropRefs(catalog, table, refs, context)
    table = await applyDeletes(catalog, table, options)
    table = await dropDeletedEntries(catalog, table, context)
  }
  const pinned = await pinnedIn(table, patiently(leased))
  const others = Object.keys(table.metadata.refs).filter(ref => ref !== 'main' && !refs.includes(ref))
  const rule = {
    nowMs: context.now(),
    minSnapshots: 1,
    maxAgeMs: Number.NEGATIVE_INFINITY,
    pinned,
    onlyHead: others.length === 0,
  }
  const { records } = options
  const also = records && ((base: Table): Promise<Companion> => notedAncestors(records, base))
  const expiry = await expireSnapshots(catalog, table, rule, context, { dryRun, also })
  const after = dryRun ? table : expiry.table
  const head = idOf(currentSnapshot(after.metadata)?.['snapshot-id'])
  const rest = after.metadata.snapshots.map(snapshot => idOf(snapshot['snapshot-id'])).filter(id => id !== head)
  const read = rest.filter(id => id !== undefined && pinned.has(id)).length
  const named = new Set(others.map(ref => idOf(after.metadata.refs[ref]?.['snapshot-id'])))
  const young = dryRun ? [] : await sweepOrphans(after, { graceMs: 0, nowMs: context.now(), dryRun: true })
  return {
    snapshots: expiry.snapshots,
    refs,
    files: expiry.files.length,
    bytes: expiry.files.reduce((sum, { bytes }) => sum + bytes, 0),
    kept: {
      read,
      ruled: dryRun ? 0 : rest.filter(id => id !== undefined && !pinned.has(id) && !named.has(id)).length,
      deletes: await countDeletes(after, dryRun ? named : named.add(head)),
    },
    left: expiry.left,
    outside: expiry.outside,
    unfinished: young.length,
  }
}

/** Deletes of other programs leave rows where they are, and say which: with their data files written anew both are gone. */
async function applyDeletes(
  catalog: Catalog,
  table: Table,
  { context, signal }: Pick<TablePurgeOptions, 'context' | 'signal'>,
): Promise<Table> {
  if ((await liveDeletes(table)).length === 0) return table
  return (await compactTable(catalog, { context, options: { applyDeletes: true }, signal })).table
}

/** Delete files of some snapshots. */
async function countDeletes(table: Table, snapshots: Iterable<bigint | undefined>): Promise<number> {
  const locations = new Set<string>()
  for (const id of snapshots)
    if (id !== undefined) for (const { file } of await liveDeletes(asOf(table, id))) locations.add(file.location)
  return locations.size
}

/** Tags and branches whose rows are among those that are to be nowhere. */
async function refsWithRows(table: Table, { graves, gone, select }: TablePurgeOptions): Promise<string[]> {
  const locations = new Set(gone)
  const found: string[] = []
  for (const [ref, { 'snapshot-id': id }] of Object.entries(table.metadata.refs)) {
    if (ref === 'main') continue
    const then = asOf(table, id)
    const live = await liveFiles(then)
    const holds = async (selection: RowSelection): Promise<boolean> =>
      (await findRows(then, live, selection)).length > 0
    const isNamed = live.data.some(({ file }) => locations.has(file.location))
    const isAsked = async (): Promise<boolean> => select !== undefined && holds(await select(then))
    if (isNamed || (await holds(gravesSelection(then, graves))) || (await isAsked())) found.push(ref)
  }
  return found
}

/** A table as a snapshot had it, under the schema of now. */
function asOf(table: Table, id: Long): Table {
  const metadata: TableMetadata = { ...table.metadata, 'current-snapshot-id': id }
  return { ...table, metadata }
}

async function dropRefs(
  catalog: Catalog,
  table: Table,
  refs: readonly string[],
  context: AppendContext,
): Promise<Table> {
  if (refs.length === 0) return table
  const updates = ({ refs: now }: TableMetadata): Update[] =>
    refs.filter(ref => Object.hasOwn(now, ref)).map(ref => ({ action: 'remove-snapshot-ref', 'ref-name': ref }))
  return commitCompanion(catalog, table, updates, context)
}

function idOf(id: Long | undefined): bigint | undefined {
  return id === undefined ? undefined : BigInt(id)
}

/** Who takes a lease says within moments what it reads, and until then holds everything. */
function patiently(leased: TablePurgeOptions['leased']): TablePurgeOptions['leased'] {
  return async tableUuid => {
    for (let wait = 0; ; wait++) {
      const read = await leased(tableUuid)
      if (read !== 'all' || wait === leaseWaits) return read
      await sleep(leaseWaitMs)
    }
  }
}
