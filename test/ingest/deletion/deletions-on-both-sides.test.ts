import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Catalog } from '../../../src/iceberg/catalog/catalog.ts'
import { cellText } from '../../../src/iceberg/cell-text.ts'
import { localFileIO } from '../../../src/iceberg/file-io/local.ts'
import type { Row } from '../../../src/iceberg/types.ts'
import { deleteAgain } from '../../../src/ingest/deletion/delete-again.ts'
import { deleteFromTable } from '../../../src/ingest/deletion/table-deletion.ts'
import { appendOnce } from '../../../src/ingest/keys/append-once.ts'
import { rowKey } from '../../../src/ingest/keys/row-key.ts'
import { tombstoneReader } from '../../../src/ingest/tombstones/tombstones.ts'
import { type Home, homeAt } from '../../../src/stores/home.ts'
import { recordPlace } from '../../../src/stores/records/place.ts'
import { apply, openTable, systemClock } from '../../support/crash-table.ts'
import { readRows, temporaryFolder } from '../../support/table.ts'
import { declaration, ids, session } from './deleting.ts'

const declared = declaration()
const name = declared.table

/** A catalog through which a deletion is remembered and ends before it is done. */
function endedBeforeSnapshots(catalog: Catalog): Catalog {
  return {
    ...catalog,
    commit: async (base, change) => {
      if (change.updates.some(({ action }) => action === 'add-snapshot')) throw new Error('ended')
      return catalog.commit(base, change)
    },
  }
}

function at(home: Home) {
  const directory = join(home.tables, name)
  const catalog = openTable(localFileIO, directory, systemClock)
  const place = recordPlace(home)
  return {
    make: () => apply(catalog, directory, declared, systemClock),
    append: async (rows: readonly Row[]) =>
      appendOnce(catalog, await catalog.load(), rows, rowKey(declared.identifier), systemClock, {
        tombstones: tombstoneReader({ place, table: name }),
      }),
    deleteBefore: (before: string, isEnded = false) =>
      deleteFromTable({
        catalog: isEnded ? endedBeforeSnapshots(catalog) : catalog,
        name,
        request: { unwanted: { kind: 'before', before }, dryRun: false },
        place,
        context: systemClock,
        rowsWhere: () => Promise.reject(new Error('is not asked')),
      }),
    rows: async () => (await readRows(await catalog.load())).map(row => cellText(row['part_id'])).sort(),
  }
}

async function copyOf(home: Home): Promise<Home> {
  const copy = join(await temporaryFolder(), 'home')
  await cp(home.directory, copy, { recursive: true })
  return homeAt(copy)
}

/** A home with a row a day from 1970-01-01 on, of which the first was deleted, and a backup of it. */
async function homeAndBackup() {
  const home = homeAt(join(await temporaryFolder(), 'home'))
  await at(home).make()
  await at(home).append(session('s', 10))
  await at(home).deleteBefore('1970-01-02')
  return { home, backup: await copyOf(home) }
}

test.each([
  ['the home', ['1970-01-07'], ['1970-01-03', '1970-01-04']],
  ['the backup', ['1970-01-03', '1970-01-04'], ['1970-01-07']],
])(
  'what was deleted before a time stays away where %s went further, whichever deleted more often',
  async (_, here, there) => {
    const { home, backup } = await homeAndBackup()
    for (const before of here) await at(home).deleteBefore(before)
    for (const before of there) await at(backup).deleteBefore(before)
    const prepared = await copyOf(backup)
    const later = await deleteAgain({ home: prepared, origin: home, replaced: home }, { bringBack: false })
    expect(later.map(({ failure }) => failure)).not.toContainEqual(expect.anything())
    const left = ids(session('s', 10).slice(6))
    expect(await at(prepared).rows()).toEqual(left)
    await at(prepared).append(session('s', 10))
    expect(await at(prepared).rows()).toEqual(left)
  },
)

test('a deletion that was ended before it was done, and backed up so, is done again when it was done since', async () => {
  const home = homeAt(join(await temporaryFolder(), 'home'))
  await at(home).make()
  await at(home).append(session('s', 10))
  await expect(at(home).deleteBefore('1970-01-07', true)).rejects.toThrow('ended')
  const backup = await copyOf(home)
  expect((await at(home).deleteBefore('1970-01-07')).rows).toBe(6)
  const prepared = await copyOf(backup)
  await deleteAgain({ home: prepared, origin: home, replaced: home }, { bringBack: false })
  expect(await at(prepared).rows()).toEqual(ids(session('s', 10).slice(6)))
})
