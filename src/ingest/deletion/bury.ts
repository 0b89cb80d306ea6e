import type { AppendContext } from '../../iceberg/append.ts'
import type { Catalog, Table } from '../../iceberg/catalog/catalog.ts'
import { makeDurable } from '../../iceberg/catalog/catalog.ts'
import { commitCompanion } from '../../iceberg/companion.ts'
import { directoryOf } from '../../iceberg/file-io/file-io.ts'
import { micros } from '../../sources/time.ts'
import { type Buried, type Tombstone, tombstoneKind, tombstonePrefix } from '../../stores/records/kinds/tombstone.ts'
import { openRecords, type RecordPlaceOptions, type StoredRecord } from '../../stores/records/store.ts'
import { uuidV7 } from '../../stores/uuid-v7.ts'
import { replaceFile } from '../spool/replace-file.ts'
import { columnsIn } from '../tombstones/row-matcher.ts'
import { generationOf, keysPath, listTombstones, tombstonesProperty } from '../tombstones/tombstones.ts'

export interface BuryOptions {
  readonly place: RecordPlaceOptions & {
    readonly now: () => number
    readonly randomBytes: (length: number) => Uint8Array
  }
  /** The name that the table is declared by. */
  readonly table: string
  readonly catalog: Catalog
  readonly context: Pick<AppendContext, 'random'>
}

/** What is not to come back. */
export interface Burial {
  readonly what: Buried
  /** The file of row keys. */
  readonly keys?: Buffer | undefined
}

/**
 * Keeps rows from coming back: makes a tombstone durable, and has the table say so, before anything is looked for in the
 * table. From then on no commit brings such a row that was not made before, and what was made before is found there. A
 * tombstone that says the same is used again; of times there is one tombstone, and its time moves on only.
 * The caller holds the lock.
 * @throws HypError RECORD_UNREADABLE, RECORD_NEWER, errors of the disk, and as `commitCompanion`
 */
export async function bury(options: BuryOptions, burial: Burial): Promise<StoredRecord<Tombstone>> {
  const { place, table: name, catalog, context } = options
  const table = await catalog.load()
  const known = await listTombstones({ place, table: name })
  await removeStrays(options)
  const newest = Math.max(generationOf(table.metadata), ...known.map(({ value }) => value.generation))
  const stored =
    (await usedAgain(options, table, known, burial, newest)) ?? (await create(options, table, burial, newest + 1))
  await announce(catalog, table, stored.value.generation, context)
  return stored
}

/** Notes how many rows a tombstone took away. */
export async function noteRows(
  { place }: Pick<BuryOptions, 'place'>,
  stored: StoredRecord<Tombstone>,
  rows: number,
): Promise<void> {
  if (rows === 0 && stored.value.rows !== null) return
  const store = openRecords(tombstoneKind, place)
  await store.update(stored, { ...stored.value, rows: (stored.value.rows ?? 0) + rows })
}

/** One that says as much already; undefined where there is none. */
async function usedAgain(
  { place }: BuryOptions,
  { metadata }: Table,
  known: readonly StoredRecord<Tombstone>[],
  { what }: Burial,
  newest: number,
): Promise<StoredRecord<Tombstone> | undefined> {
  if (what.kind === 'session') return known.find(({ value }) => saysSession(value.what, what))
  if (what.kind === 'keys') return undefined
  // It looks at the same column, whatever that was called then.
  const stored = known.find(({ value: { what: old, tableUuid } }) => {
    if (old.kind !== 'before') return false
    const [column] = columnsIn(metadata, old, tableUuid)
    return column === what.column
  })
  if (stored === undefined || stored.value.what.kind !== 'before') return undefined
  if ((micros(stored.value.what.instant) ?? 0n) >= (micros(what.instant) ?? 0n)) return stored
  const { others } = stored.value.what
  const moved: Buried = others === undefined ? what : { ...what, others }
  return openRecords(tombstoneKind, place).update(stored, {
    ...stored.value,
    // The id of the column is one of this table.
    tableUuid: metadata['table-uuid'],
    what: moved,
    generation: newest + 1,
  })
}

/** The session is hashed with the table; a column that has its name now need not be the one that it was looked for in. */
function saysSession(old: Buried, what: Extract<Buried, { kind: 'session' }>): boolean {
  return (
    old.kind === 'session' && old.hash === what.hash && JSON.stringify(old.columnIds) === JSON.stringify(what.columnIds)
  )
}

/** Row keys whose record was never written. Never throws: the next one tries again. */
async function removeStrays({ place: { io, directory }, table }: BuryOptions): Promise<void> {
  const folder = `${directory}/${tombstoneKind.name}`
  const names = new Set(await io.list(folder).catch(() => []))
  for (const name of names) {
    const [, id] = /^(.+)\.keys(?:\.part)?$/.exec(name) ?? []
    if (id === undefined || !id.startsWith(tombstonePrefix(table)) || names.has(`${id}.json`)) continue
    await io.remove(`${folder}/${name}`).catch(() => undefined)
  }
}

async function create(
  { place, table: name }: BuryOptions,
  { metadata }: Table,
  { what, keys }: Burial,
  generation: number,
): Promise<StoredRecord<Tombstone>> {
  const store = openRecords(tombstoneKind, place)
  const id = `${tombstonePrefix(name)}${uuidV7(place.now(), place.randomBytes(10))}`
  const createdAt = new Date(place.now()).toISOString()
  if (keys !== undefined) {
    await place.io.makeDirectory(store.directory)
    await place.io.syncDirectory(place.directory)
    await place.io.syncDirectory(directoryOf(place.directory))
    // Its name becomes durable with that of the record, which follows.
    await replaceFile(place.io, keysPath({ path: store.pathOf(id) }), [keys])
  }
  return store.create(id, {
    table: name,
    tableUuid: metadata['table-uuid'],
    generation,
    what,
    rows: null,
    createdAt,
  })
}

/** Has a table say that tombstones up to a generation are known, durably. @throws as `commitCompanion` */
export async function announce(
  catalog: Catalog,
  table: Table,
  generation: number,
  context: Pick<AppendContext, 'random'>,
): Promise<void> {
  // Somebody may have said it and died before that was durable.
  if (generationOf(table.metadata) >= generation) return makeDurable(table)
  await commitCompanion(
    catalog,
    table,
    ({ properties }) => [
      {
        action: 'set-properties',
        updates: { [tombstonesProperty]: String(Math.max(generation, generationOf({ properties }))) },
      },
    ],
    context,
  )
}
