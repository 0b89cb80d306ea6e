import { currentSchema } from '../../src/iceberg/ids.ts'
import { openParquet } from '../../src/iceberg/parquet/read.ts'
import type { Cell, Row } from '../../src/iceberg/types.ts'
import { spooledRows } from '../../src/ingest/spooled-rows.ts'
import { seededContext } from './crash-table.ts'
import {
  directories,
  foundInSpool,
  foundInTable,
  foundRow,
  type Readings,
  readTable,
  versionOf,
} from './ingest-check.ts'
import { type FoundRow, type Ledger, rowProblems } from './ingest-ledger.ts'
import { catalogOn } from './ingest-process.ts'
import { declarationOf, type Version } from './ingest-versions.ts'
import type { PowerDisk } from './power-file-io.ts'

/**
 * What is wrong with what a query sees, which is every row that is acknowledged: those of the table, and those that
 * wait, but for the ones that the table does not take.
 * @param declared what the process goes by; what of it is not applied yet does not count
 */
export async function viewProblems(
  disk: PowerDisk,
  ledger: Ledger,
  declared: Version,
  readings: Readings,
): Promise<string[]> {
  const reading = await readTable(disk, ledger, readings)
  if (reading === undefined) return []
  const { io } = disk.copy()
  const known = versionOf(reading.table, ledger)
  const applied = known.release < declared.release ? known : declared
  const { table, spooled, notShown } = await spooledRows({
    io,
    catalog: catalogOn(io, seededContext(0)),
    spool: directories.spool,
    declaration: declarationOf(applied, ledger.kind),
    file: '/home/query.parquet',
  })
  const { columns } = versionOf(table, ledger)
  const isSame = table.metadataLocation === reading.table.metadataLocation
  const rows: FoundRow[] = isSame ? [...reading.rows] : await foundInTable(table, ledger)
  if (spooled !== undefined) {
    const { fields } = currentSchema(table.metadata)
    const parquet = await openParquet(await io.open(spooled), spooled)
    for await (const { columns: cells, rowCount } of parquet.readColumns(fields)) {
      for (let index = 0; index < rowCount; index++) {
        const row: Row = Object.fromEntries(
          fields.map(({ id, name }): [string, Cell] => [name, cells.get(id)?.[index]]),
        )
        // Shown beside those of the table: no key is there twice.
        rows.push({ ...foundRow(row, columns), place: 'table' })
      }
    }
  }
  // Of some streams only the rows are not shown that cannot be written.
  const hidden = notShown.filter(({ reason }) => !reason.startsWith('They cannot be written'))
  rows.push(...(await foundInSpool(io, table, ledger, new Set(hidden.map(({ stream }) => stream)))))
  return rowProblems(ledger, rows).map(problem => `as a query sees it: ${problem}`)
}
