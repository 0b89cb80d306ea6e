import { createHash } from 'node:crypto'
import type { Table } from '../../iceberg/catalog/catalog.ts'
import { type FileIO, isNotFound } from '../../iceberg/file-io/file-io.ts'
import type { Row, TableMetadata } from '../../iceberg/types.ts'
import { type Tombstone, tombstoneKind, tombstonePrefix } from '../../stores/records/kinds/tombstone.ts'
import { openRecords, type RecordPlaceOptions, type StoredRecord } from '../../stores/records/store.ts'
import { unreadable } from '../../stores/records/upgrade.ts'
import { cellAt } from '../keys/row-key.ts'
import { countKeys, keySet } from './key-set.ts'
import { otherLineMatchers } from './other-lines.ts'
import { type Grave, matchersOf, type RowMatcher } from './row-matcher.ts'

/** The property of a table that says up to which generation its tombstones are known to whoever commits to it. */
export const tombstonesProperty = 'hyp.tombstones'

/** The tombstones of a table as they were read. */
export interface Tombstones {
  /** The newest that is known; a table that says a later one has to be asked for them again. */
  readonly generation: number
  readonly graves: readonly Grave[]
}

/** Reads the tombstones that a commit on a table has to obey. */
export type ReadTombstones = (table: Pick<Table, 'metadata'>) => Promise<Tombstones>

export interface TombstonesOptions {
  readonly place: RecordPlaceOptions
  /** The name that the table is declared by. */
  readonly table: string
}

/**
 * Reads the tombstones of a table, and again only where the table says that there are more: whoever deletes makes the
 * tombstone durable, has the table say so, and only then looks at what is in the table. So rows that are committed on
 * a table that does not say so yet are seen by whoever deletes, and all others have been held against the tombstone.
 *
 * The function throws HypError RECORD_UNREADABLE and RECORD_NEWER: rows that a tombstone is in the way of would come
 * back where one that cannot be read were passed by.
 */
export function tombstoneReader(options: TombstonesOptions): ReadTombstones {
  let known: Tombstones | undefined
  return async table => {
    const said = generationOf(table.metadata)
    if (known === undefined || known.generation < said) known = await readTombstones(options, said)
    return known
  }
}

async function readTombstones({ place, table }: TombstonesOptions, said: number): Promise<Tombstones> {
  const graves: Grave[] = []
  // Fewer than the table says there are may have come from an older copy: that is told elsewhere, and keeps no row out.
  let generation = said
  for (const stored of await listTombstones({ place, table })) {
    const { tableUuid, what } = stored.value
    generation = Math.max(generation, stored.value.generation)
    graves.push({
      tableUuid,
      what,
      keys: what.kind === 'keys' ? keySet(await readKeys(place.io, stored)) : undefined,
    })
  }
  return { generation, graves }
}

/** All tombstones of a table. @throws HypError RECORD_UNREADABLE, RECORD_NEWER, and the disk's errors */
export async function listTombstones({ place, table }: TombstonesOptions): Promise<StoredRecord<Tombstone>[]> {
  const store = openRecords(tombstoneKind, place)
  const prefix = tombstonePrefix(table)
  const names = (await place.io.list(store.directory)).filter(name => name.startsWith(prefix) && name.endsWith('.json'))
  const found: StoredRecord<Tombstone>[] = []
  for (const name of names.sort()) {
    const stored = await store.load(name.slice(0, -'.json'.length))
    if (stored?.value.table === table) found.push(stored)
  }
  return found
}

/**
 * Whether a table knows of a later deletion than the records do: they are of an older copy, and what was deleted since
 * can come back. Never throws: a tombstone that cannot be read is told where it is in the way.
 */
export async function areTombstonesMissing(
  options: TombstonesOptions,
  { metadata }: Pick<Table, 'metadata'>,
): Promise<boolean> {
  const said = generationOf(metadata)
  if (said === 0) return false
  const known = await listTombstones(options).catch(() => undefined)
  return known !== undefined && said > Math.max(0, ...known.map(({ value }) => value.generation))
}

/** Where the row keys of a tombstone lie. */
export function keysPath({ path }: Pick<StoredRecord<Tombstone>, 'path'>): string {
  return path.replace(/\.json$/, '.keys')
}

/** The row keys of a tombstone. @throws HypError RECORD_UNREADABLE where they are not what the record says they are */
export async function readKeys(io: FileIO, stored: StoredRecord<Tombstone>): Promise<Buffer> {
  const { id, value, version } = stored
  const path = keysPath(stored)
  const wrong = (reason: string): Error => unreadable(tombstoneKind, { id, path }, reason, version)
  const bytes = await io.read(path).catch((error: unknown) => {
    throw isNotFound(error) ? wrong('lacks its file of row keys') : error
  })
  const { what } = value
  const isWhole = what.kind === 'keys' && countKeys(bytes) === what.keys && digestOf(bytes) === what.digest
  if (!isWhole) throw wrong('has another file of row keys than its own')
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** SHA-256 of a file of row keys, hexadecimal. */
export function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** Up to which generation a table says that its tombstones are known; 0 where it says nothing. */
export function generationOf({ properties }: Pick<TableMetadata, 'properties'>): number {
  const text = properties[tombstonesProperty]
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : 0
}

/**
 * A function that says whether a row that comes was deleted, or could bring back what was; undefined where none can.
 * @param table the one whose names the rows have
 */
export function deletedRowTest(
  { graves }: Pick<Tombstones, 'graves'>,
  { metadata }: Pick<Table, 'metadata'>,
): ((row: Row) => boolean) | undefined {
  const tests = [...matchersOf(graves, metadata), ...otherLineMatchers(graves, metadata)].map(rowTest)
  return tests.length === 0 ? undefined : row => tests.some(test => test(row))
}

function rowTest(matcher: RowMatcher): (row: Row) => boolean {
  return matcher.bind(matcher.columns.map(cellAt))
}
