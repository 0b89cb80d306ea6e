import type { Table } from '../catalog/catalog.ts'
import type { ManifestEntry } from '../manifest/data-file.ts'
import { specById } from '../metadata.ts'
import { openBatchFile } from '../open-file.ts'
import type { KnownSchemas } from '../parquet/outline.ts'
import { absentValues } from '../projection.ts'
import type { Cell, Field } from '../types.ts'
import { addRows, type RowDigest } from './digest.ts'

/** Rows that are read at a time. */
const atMost = 20_000

/** Adds all rows of a file to a digest, read as anybody reads them. @throws IcebergError as `openDataFile` */
export async function digestOf(
  digest: RowDigest,
  table: Table,
  entry: ManifestEntry,
  fields: readonly Field[],
  known: KnownSchemas,
): Promise<RowDigest> {
  const { file, close } = await openBatchFile(table, entry, known)
  let sum = digest
  try {
    const absent = absentValues(entry, specById(table.metadata, entry.specId))
    const rows = { from: 0, to: file.rowCount, atMost }
    for await (const { columns, rowCount } of file.read(fields, { absent, beside: [], rows })) {
      const inOrder = fields.map(({ id }) => columns.get(id) as readonly Cell[])
      sum = addRows(sum, inOrder, rowCount)
    }
    return sum
  } finally {
    await close()
  }
}
