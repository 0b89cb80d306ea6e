import type { AppendContext } from '../../iceberg/append.ts'
import type { Catalog, Table } from '../../iceberg/catalog/catalog.ts'
import type { Tombstone } from '../../stores/records/kinds/tombstone.ts'
import type { StoredRecord } from '../../stores/records/store.ts'
import { keySet } from '../tombstones/key-set.ts'
import type { Grave } from '../tombstones/row-matcher.ts'
import { type BuryOptions, bury, noteRows } from './bury.ts'
import { type Deleted, deleteRows } from './delete-rows.ts'
import { beforeGrave, checkPast, type DeletionRequest, sessionGrave, type Unwanted } from './request.ts'
import { keyOf, keysGrave } from './row-hashes.ts'
import { gravesSelection, placesSelection, type RowPlaces, type RowSelection } from './selection.ts'

/** Where the rows stand that a condition is true for. */
export type RowsWhere = (table: Table, where: string) => Promise<RowPlaces>

export interface TableDeletionOptions {
  readonly catalog: Catalog
  /** The name that the table is declared by. */
  readonly name: string
  readonly request: Pick<DeletionRequest, 'unwanted' | 'dryRun'>
  readonly place: BuryOptions['place']
  readonly context: AppendContext
  readonly rowsWhere: RowsWhere
  readonly signal?: AbortSignal | undefined
}

/** What became of a table, and what tells its rows from now on. */
export interface TableDeletion extends Deleted {
  /** By what rows are kept from coming back; null where nothing can, or none was deleted. */
  readonly remembered: 'session' | 'before' | 'keys' | null
  readonly graves: readonly Grave[]
  /** Which rows were asked for, in this table as it is or as a snapshot has it. */
  readonly select: (table: Table) => Promise<RowSelection>
}

/**
 * Deletes rows from a table so that they stay away. Running it again finishes what was ended in between, and finds
 * nothing where it was not. The caller holds the lock.
 * @throws HypError USAGE, QUERY_REFUSED, QUERY_FAILED, RECORD_UNREADABLE, RECORD_NEWER, and as `deleteRows`
 */
export function deleteFromTable(options: TableDeletionOptions): Promise<TableDeletion> {
  const { unwanted } = options.request
  return unwanted.kind === 'where' ? deleteWhere(options, unwanted) : deleteBuried(options, unwanted)
}

/** The tombstone first: then nothing that comes while rows are looked for can be one of them. */
async function deleteBuried(
  options: TableDeletionOptions,
  unwanted: Exclude<Unwanted, { kind: 'where' }>,
): Promise<TableDeletion> {
  const { catalog, name, place, request, context, signal } = options
  if (unwanted.kind === 'before') checkPast(unwanted.before, context.now())
  const grave = graveOf(name, await catalog.load(), unwanted)
  const known = unwanted.kind === 'session' ? { session: unwanted.session } : undefined
  const select = async (table: Table): Promise<RowSelection> => gravesSelection(table, [grave], known)
  if (request.dryRun)
    return {
      ...(await deleteRows({ catalog, select, context, dryRun: true, signal })),
      remembered: null,
      graves: [grave],
      select,
    }
  const stored = await bury({ place, table: name, catalog, context }, { what: grave.what })
  const deleted = await deleteRows({ catalog, select, context, signal })
  await noteRows({ place }, stored, deleted.rows)
  return { ...deleted, remembered: unwanted.kind, graves: [grave], select }
}

/** What tells the rows. @throws HypError USAGE */
function graveOf(name: string, table: Table, unwanted: Exclude<Unwanted, { kind: 'where' }>): Grave {
  const tableUuid = table.metadata['table-uuid']
  const what =
    unwanted.kind === 'session'
      ? sessionGrave(name, table, unwanted.session)
      : beforeGrave(name, table, unwanted.before)
  return { tableUuid, what }
}

/** The row keys are known once the rows are found; each time they are looked for again, what is new among them counts. */
async function deleteWhere(
  options: TableDeletionOptions,
  { where }: Extract<Unwanted, { kind: 'where' }>,
): Promise<TableDeletion> {
  const { catalog, name, place, request, context, rowsWhere, signal } = options
  const stones: StoredRecord<Tombstone>[] = []
  const graves: Grave[] = []
  const select = async (table: Table): Promise<RowSelection> => placesSelection(await rowsWhere(table, where), table)
  const deleted = await deleteRows({
    catalog,
    select,
    before: async (table, live, selection) => {
      const key = keyOf(table)
      if (key === undefined) return
      const burial = await keysGrave(table, live, selection, key)
      graves.push({ tableUuid: table.metadata['table-uuid'], what: burial.what, keys: keySet(burial.keys) })
      stones.push(await bury({ place, table: name, catalog, context }, burial))
    },
    context,
    dryRun: request.dryRun,
    signal,
  })
  const last = stones.at(-1)
  if (last !== undefined) await noteRows({ place }, last, deleted.rows)
  return { ...deleted, remembered: last === undefined ? null : 'keys', graves, select }
}
