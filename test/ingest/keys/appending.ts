import type { Catalog } from '../../../src/iceberg/catalog/catalog.ts'
import type { Row } from '../../../src/iceberg/types.ts'
import type { Appended } from '../../../src/ingest/keys/append-once.ts'
import { append, apply, declare, key, openTable, seededContext } from '../../support/crash-table.ts'
import { PowerDisk } from '../../support/power-file-io.ts'
import { readRows } from '../../support/table.ts'

/*
 * A small table on a disk in memory, to append to.
 */

export const directory = '/home/table'

export interface Place {
  readonly disk: PowerDisk
  readonly catalog: Catalog
  readonly append: (rows: readonly Row[], through?: Catalog) => Promise<Appended>
  readonly keys: () => Promise<string[]>
}

export async function newTable(): Promise<Place> {
  const disk = new PowerDisk()
  await disk.io.makeDirectory('/home')
  const context = seededContext(1)
  const catalog = openTable(disk.io, directory, context)
  await apply(catalog, directory, declare(), context)
  return {
    disk,
    catalog,
    append: (rows, through = catalog) => append(through, rows, context),
    keys: async () => (await readRows(await catalog.load())).map(row => key.of(row)).sort(),
  }
}

export function keysOf(rows: readonly Row[]): string[] {
  return [...new Set(rows.map(row => key.of(row)))].sort()
}

/** A catalog that lets somebody else commit once, right before its own first commit. */
export function interrupted(catalog: Catalog, by: () => Promise<unknown>): Catalog {
  let done = false
  return {
    ...catalog,
    commit: async (base, commit) => {
      if (!done) {
        done = true
        await by()
      }
      return catalog.commit(base, commit)
    },
  }
}
