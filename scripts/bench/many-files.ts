import { commitAppend, prepareAppend } from '../../src/iceberg/append.ts'
import { writeDataFiles } from '../../src/iceberg/data-files.ts'
import type { Row } from '../../src/iceberg/types.ts'
import { fingerprint } from '../../src/schema/fingerprint.ts'
import { systemContext } from '../../src/stores/table/catalog.ts'
import { rowsFrom } from './rows.ts'
import { keptFolder } from './scratch.ts'
import { apply, catalogAt, declared } from './tables.ts'

/** Rows of all commits, which go to 15 or 16 partitions each. */
export const manyRows = 1_000_000
/** Characters of text in a row. */
export const manyText = 1536
const commits = 322
const perSession = 60
const rowGroupRows = 2500

/** Rows `first` to `first + length` of the table; their sessions are in neighbouring commits only. */
export function rowsOfMany(first: number, length: number): Row[] {
  return rowsFrom(first, length, { text: manyText, perSession })
}

/** The directory of a table of 1 000 000 rows in 5 000 files over 16 partitions; figures leave it as it was. */
export function manyFiles(): Promise<string> {
  return keptFolder(`many-files-${fingerprint(declared).slice(0, 12)}`, async directory => {
    await apply(directory, declared)
    const catalog = catalogAt(directory)
    for (let commit = 0; commit < commits; commit++) {
      const table = await catalog.load()
      const first = Math.round((commit * manyRows) / commits)
      const rows = rowsOfMany(first, Math.round(((commit + 1) * manyRows) / commits) - first)
      const files = await writeDataFiles(table, rows, { ...systemContext, rowGroupRows })
      const prepared = await prepareAppend(table, files, systemContext)
      await commitAppend(catalog, table, prepared, systemContext, async (_fresh, _stale, again) => again)
    }
  })
}
