import type { Table } from '../../../iceberg/catalog/catalog.ts'
import type { Companion } from '../../../iceberg/companion.ts'
import { cursorKind } from '../../records/kinds/source-cursor.ts'
import { openRecords, type RecordPlaceOptions } from '../../records/store.ts'
import { withAncestors } from '../ancestors.ts'

/**
 * What an expiry commits besides, so that what was noted of histories still counts when the snapshots that it names are
 * gone. Never throws: files that were noted where it cannot be read are read once more.
 */
export async function notedAncestors(
  place: RecordPlaceOptions,
  { metadata }: Pick<Table, 'metadata'>,
): Promise<Companion> {
  const store = openRecords(cursorKind, place)
  const names = await place.io.list(store.directory).catch(() => [])
  const noted = new Set<string>()
  // One after the other: a history may have very many files.
  for (const name of names.filter(each => each.endsWith('.json'))) {
    const cursor = await store.load(name.slice(0, -'.json'.length)).catch(() => undefined)
    if (cursor === undefined || cursor.value.tableUuid !== metadata['table-uuid']) continue
    if (cursor.value.snapshotId !== null) noted.add(cursor.value.snapshotId)
  }
  return withAncestors(noted)
}
