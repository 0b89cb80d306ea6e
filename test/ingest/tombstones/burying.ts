import type { Catalog, Table } from '../../../src/iceberg/catalog/catalog.ts'
import type { FileIO } from '../../../src/iceberg/file-io/file-io.ts'
import type { Row } from '../../../src/iceberg/types.ts'
import { rowKey } from '../../../src/ingest/keys/row-key.ts'
import { encodeKeys } from '../../../src/ingest/tombstones/key-set.ts'
import { sessionHash } from '../../../src/ingest/tombstones/row-matcher.ts'
import { digestOf, tombstonesProperty } from '../../../src/ingest/tombstones/tombstones.ts'
import { type Buried, buriedHash, tombstoneKind, tombstonePrefix } from '../../../src/stores/records/kinds/tombstone.ts'
import { openRecords, type RecordPlaceOptions } from '../../../src/stores/records/store.ts'

/*
 * Tombstones as a deletion leaves them, by hand.
 */

export const tableName = 'ai_gateway_messages'

export function placeOn(io: FileIO): RecordPlaceOptions {
  let names = 0
  return { io, directory: '/home/records', uniqueName: () => `name-${++names}` }
}

export interface Bury {
  readonly place: RecordPlaceOptions
  readonly table: Pick<Table, 'metadata'>
  readonly generation: number
  readonly what: Buried
  /** The file of row keys. */
  readonly keys?: Uint8Array
}

/** @returns the id */
export async function bury({ place, table, generation, what, keys }: Bury): Promise<string> {
  const id = `${tombstonePrefix(tableName)}${generation}`
  const store = openRecords(tombstoneKind, place)
  await store.create(id, {
    table: tableName,
    tableUuid: table.metadata['table-uuid'],
    generation,
    what,
    rows: null,
    createdAt: '2026-01-02T03:04:05.678Z',
  })
  if (keys !== undefined) {
    const file = await place.io.create(`${store.directory}/${id}.keys`)
    await file.write(keys)
    await file.finish()
  }
  return id
}

export function sessionOf(table: Pick<Table, 'metadata'>, session: string): Buried {
  return {
    kind: 'session',
    columns: ['session_id', 'conversation_id'],
    hash: sessionHash(table.metadata['table-uuid'], session),
  }
}

export function keysOf(
  table: Pick<Table, 'metadata'>,
  rows: readonly Row[],
): { readonly what: Buried; readonly keys: Uint8Array } {
  const columns = ['session_id', 'part_id']
  const ids = columns.map(
    name => table.metadata.schemas.at(-1)?.fields.find(field => field.name === name)?.id as number,
  )
  const key = rowKey(columns)
  const keys = encodeKeys(rows.map(row => buriedHash(table.metadata['table-uuid'], key.of(row))))
  const what: Buried = { kind: 'keys', columns, columnIds: ids, keys: keys.byteLength / 16, digest: digestOf(keys) }
  return { what, keys }
}

/** Lets the table say that there are so many. */
export async function say(catalog: Catalog, generation: number): Promise<Table> {
  return catalog.commit(await catalog.load(), {
    requirements: [],
    updates: [{ action: 'set-properties', updates: { [tombstonesProperty]: String(generation) } }],
  })
}
