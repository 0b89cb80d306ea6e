import { join } from 'node:path'
import { errorDocument, toHypError } from '../../errors.ts'
import type { Catalog } from '../../iceberg/catalog/catalog.ts'
import { fileCatalog } from '../../iceberg/catalog/file-catalog.ts'
import { localFileIO } from '../../iceberg/file-io/local.ts'
import { micros } from '../../sources/time.ts'
import type { LaterDeletions, Prepared } from '../../stores/backup/restore.ts'
import type { Home } from '../../stores/home.ts'
import { type Tombstone, tombstoneKind, tombstonePrefix } from '../../stores/records/kinds/tombstone.ts'
import { recordPlace } from '../../stores/records/place.ts'
import { openRecords, type RecordStore, type StoredRecord } from '../../stores/records/store.ts'
import { systemContext } from '../../stores/table/catalog.ts'
import { replaceFile } from '../spool/replace-file.ts'
import { keysPath, readKeys } from '../tombstones/tombstones.ts'
import { forgetCleared } from './cleared.ts'
import { deleteBuried } from './delete-buried.ts'

/** What to do about what was deleted after a backup was made, in a home that it is restored in. */
export interface DeleteAgainOptions {
  /** What was deleted is wanted back: its tombstones are not taken along. */
  readonly bringBack: boolean
  readonly signal?: AbortSignal | undefined
}

/**
 * Deletes from a home that is prepared what was deleted from those that it takes the place of, and takes the tombstones
 * along, so that it stays away. What fails with one table is told, and costs no other.
 * @throws HypError INTERRUPTED, and errors of the disk where the tombstones are
 */
export async function deleteAgain(
  prepared: Prepared,
  { bringBack, signal }: DeleteAgainOptions,
): Promise<LaterDeletions[]> {
  const { home, replaced } = prepared
  const found: LaterDeletions[] = []
  for (const table of (await localFileIO.list(home.tables)).sort()) {
    await forgetCleared(replaced, table)
    const later = await laterTombstones(prepared, table)
    const deletions = later.stones.length
    if (deletions + later.unreadable.length === 0) continue
    if (bringBack) {
      found.push({ table, deletions, rows: null, failure: null })
      continue
    }
    try {
      for (const stone of later.stones) await carry(stone, home)
      const { rows } = await deleteBuried({
        catalog: catalogOf(home, table),
        place: recordPlace(home),
        table,
        context: systemContext,
        signal,
      })
      for (const error of later.unreadable) throw error
      found.push({ table, deletions, rows, failure: null })
    } catch (error) {
      signal?.throwIfAborted()
      found.push({ table, deletions, rows: null, failure: errorDocument(toHypError(error)) })
    }
  }
  return found
}

interface LaterTombstones {
  /** One of each id. */
  readonly stones: readonly StoredRecord<Tombstone>[]
  readonly unreadable: readonly Error[]
}

/** Tombstones that the prepared home does not have, or not as they are by now. */
async function laterTombstones({ home, origin, replaced }: Prepared, table: string): Promise<LaterTombstones> {
  const prefix = tombstonePrefix(table)
  const own = new Map((await tombstonesIn(home).list()).items.map(({ id, value }) => [id, value]))
  const stones = new Map<string, StoredRecord<Tombstone>>()
  const unreadable: Error[] = []
  const uuid = await uuidOf(home, table)
  for (const other of origin === replaced ? [origin] : [origin, replaced]) {
    const { items, problems } = await tombstonesIn(other).list()
    unreadable.push(...problems.filter(({ id }) => id?.startsWith(prefix) === true).map(({ error }) => error))
    for (const stone of items) {
      const { table: of, tableUuid } = stone.value
      // A home of other tables has other deletions.
      if (other !== origin && tableUuid !== uuid) continue
      const known = stones.get(stone.id)?.value ?? own.get(stone.id)
      if (of === table && (known === undefined || goesFurther(stone.value, known))) stones.set(stone.id, stone)
    }
  }
  return { stones: [...stones.values()], unreadable }
}

/**
 * Of one tombstone only its time moves. A backup is a home by itself: where both deleted since it was made, their
 * generations say nothing about whose time is later. Where it is the same, whoever deleted more rows has finished what
 * was ended before the backup was made.
 */
function goesFurther(stone: Tombstone, known: Tombstone): boolean {
  const [at, knownAt] = [timeOf(stone), timeOf(known)]
  return at === knownAt ? (stone.rows ?? -1) > (known.rows ?? -1) : at > knownAt
}

function timeOf({ what }: Tombstone): bigint {
  return (what.kind === 'before' ? micros(what.instant) : null) ?? 0n
}

/** Row keys first: a tombstone without them would be in the way of whatever comes to its table. */
async function carry(stone: StoredRecord<Tombstone>, home: Home): Promise<void> {
  const store = tombstonesIn(home)
  if (stone.value.what.kind === 'keys') {
    const keys = await readKeys(localFileIO, stone)
    await localFileIO.makeDirectory(store.directory)
    await replaceFile(localFileIO, keysPath({ path: store.pathOf(stone.id) }), [keys])
  }
  await store.put(stone.id, stone.bytes)
}

/** Undefined where the table cannot be read, which whoever deletes from it is told. */
async function uuidOf(home: Home, table: string): Promise<string | undefined> {
  const found = await catalogOf(home, table)
    .load()
    .catch(() => undefined)
  return found?.metadata['table-uuid']
}

function catalogOf(home: Home, table: string): Catalog {
  return fileCatalog({ io: localFileIO, directory: join(home.tables, table), ...systemContext })
}

function tombstonesIn(home: Home): RecordStore<Tombstone> {
  return openRecords(tombstoneKind, recordPlace(home))
}
