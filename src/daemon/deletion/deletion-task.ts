import { HypError, toHypError } from '../../errors.ts'
import type { Table } from '../../iceberg/catalog/catalog.ts'
import { fileCatalog } from '../../iceberg/catalog/file-catalog.ts'
import { checkCollected } from '../../iceberg/expiry/expirable.ts'
import { localFileIO } from '../../iceberg/file-io/local.ts'
import { currentSnapshot } from '../../iceberg/metadata.ts'
import { isCleared, noteCleared, recallCleared } from '../../ingest/deletion/cleared.ts'
import { type Copies, copiesOf, spawnedBy } from '../../ingest/deletion/copies.ts'
import { leavesNone } from '../../ingest/deletion/leaves-none.ts'
import { purgeTable, type TablePurge } from '../../ingest/deletion/purge-table.ts'
import { type DeletionRequest, sessionGrave } from '../../ingest/deletion/request.ts'
import { gravesSelection } from '../../ingest/deletion/selection.ts'
import { deleteFromTable, type TableDeletion } from '../../ingest/deletion/table-deletion.ts'
import type { Grave } from '../../ingest/tombstones/row-matcher.ts'
import { generationOf } from '../../ingest/tombstones/tombstones.ts'
import { rowsWhere } from '../../query/rows-where.ts'
import { builtinTable } from '../../schema/builtin.ts'
import type { Home } from '../../stores/home.ts'
import { leasedSnapshots } from '../../stores/leases.ts'
import { recordPlace } from '../../stores/records/place.ts'
import { withReserve } from '../../stores/reserve.ts'
import { isInHistory } from '../../stores/table/ancestors.ts'
import { systemContext } from '../../stores/table/catalog.ts'

/** Rows to be deleted from a table. Plain data. */
export interface DeletionTask {
  readonly home: Home
  /** What the table is declared as. */
  readonly table: string
  readonly directory: string
  readonly request: DeletionRequest
}

/** What became of a table. Plain data. */
export interface DeletionOutcome extends Pick<TableDeletion, 'rows' | 'files' | 'remembered'> {
  /** Decimal; null where the table has no snapshot. */
  readonly snapshotId: string | null
  /** Snapshots besides the newest. */
  readonly older: number
  /** What tells the rows where they are not in a table; none for rows that a condition chose. */
  readonly graves: readonly Grave[]
  /** Other sessions with the same messages. */
  readonly copies: readonly Copies[]
  /** Other sessions, of agents that the deleted one spawned. */
  readonly spawned: readonly Copies[]
  /** Null where it was not asked for. */
  readonly purge: TablePurge | null
}

/**
 * Deletes rows from a table, and what it was before where that is asked for. The caller holds the lock.
 * @throws HypError CONFIG_INVALID where some are to be left and none would be; as `deleteFromTable`, and as `purgeTable`
 */
export async function runDeletion(task: DeletionTask, signal?: AbortSignal): Promise<DeletionOutcome> {
  const { home, table: name, directory, request } = task
  const catalog = fileCatalog({ io: localFileIO, directory, ...systemContext })
  if (request.leaveSome === true) await checkLeavesSome()
  const before = await catalog.load()
  if (request.purge) checkPurgeable(before)
  // Where something else that was deleted may be there, this deletion does not make it go.
  const wasCleared = !request.dryRun && (await isCleared(home, name, before, await recallCleared(home, name)))
  const copies = await copiesBefore(task)
  // Without a purge nothing is freed yet, and what expires later needs the room.
  const freeing = <Result>(work: () => Promise<Result>): Promise<Result> =>
    request.purge && !request.dryRun ? withReserve(home, work) : work()
  const deleted = await freeing(() =>
    deleteFromTable({
      catalog,
      name,
      request,
      place: recordPlace(home),
      context: systemContext,
      rowsWhere: (table, where) => rowsWhere(table, { name, where, signal }),
      signal,
    }),
  )
  // A purge removes the snapshots that lead here, and can fail.
  if (wasCleared) await note(deleted.table)
  const purging = (): Promise<TablePurge> =>
    purgeTable({
      catalog,
      graves: deleted.graves,
      gone: deleted.gone,
      // What else is asked for is in what tells it.
      select: request.unwanted.kind === 'where' ? deleted.select : undefined,
      context: systemContext,
      leased: uuid => leasedSnapshots(home, uuid),
      records: recordPlace(home),
      dryRun: request.dryRun,
      signal,
    })
  const purge = request.purge ? await freeing(purging) : null
  const { metadata } = purge === null ? deleted.table : await catalog.load()
  const head = currentSnapshot(metadata)?.['snapshot-id']
  return {
    rows: deleted.rows,
    files: deleted.files,
    remembered: deleted.remembered,
    snapshotId: head === undefined ? null : String(head),
    older: metadata.snapshots.filter(snapshot => BigInt(snapshot['snapshot-id']) !== BigInt(head ?? 0)).length,
    graves: deleted.graves.filter(({ what }) => what.kind !== 'keys'),
    copies,
    spawned: await spawned(task),
    purge,
  }

  async function note(after: Table): Promise<void> {
    const from = currentSnapshot(before.metadata)?.['snapshot-id']
    if (from !== undefined && isInHistory(after.metadata, String(from)))
      await noteCleared(home, name, after, generationOf(after.metadata))
  }

  async function checkLeavesSome(): Promise<void> {
    const { unwanted } = request
    if (unwanted.kind !== 'before' || !(await leavesNone(await catalog.load(), name, unwanted.before))) return
    throw new HypError(
      'CONFIG_INVALID',
      `Every row of ${name} that has a time is older, and none of them would be left.`,
      {
        hint: `Check the clock of this machine. If it is right, \`hyp table delete --before DATE\` deletes them.`,
        details: { leavesNone: true },
      },
    )
  }

  async function spawned({ request: { unwanted } }: DeletionTask): Promise<readonly Copies[]> {
    return unwanted.kind === 'session' && name === builtinTable ? spawnedBy(await catalog.load(), unwanted.session) : []
  }

  async function copiesBefore({ request: { unwanted } }: DeletionTask): Promise<readonly Copies[]> {
    if (unwanted.kind !== 'session' || name !== builtinTable) return []
    const table = await catalog.load()
    const tableUuid = table.metadata['table-uuid']
    const graves = [{ tableUuid, what: sessionGrave(name, table, unwanted.session) }]
    return copiesOf(table, gravesSelection(table, graves, unwanted), unwanted.session)
  }
}

/** Before anything is deleted. */
function checkPurgeable({ metadata }: Table): void {
  try {
    checkCollected(metadata)
  } catch (error) {
    const { code, message, details } = toHypError(error)
    const hint = 'Nothing was changed. Without `--purge` the rows are deleted, and their files stay.'
    throw new HypError(code, message, { hint, details })
  }
}
