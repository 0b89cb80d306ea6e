import type { Table } from './catalog/catalog.ts'
import { missing } from './deletes/missing.ts'
import { pathField, positionField, positionsByName } from './deletes/positions.ts'
import type { DataFile, ManifestEntry } from './manifest/data-file.ts'
import { openDataFile } from './open-file.ts'
import { createDataFile } from './parquet/write.ts'
import type { Row } from './types.ts'

/** What a manifest says of a file because of its bytes. */
type Rewritten = Omit<DataFile, 'content' | 'location' | 'partition' | 'equalityIds' | 'sortOrderId'>

/**
 * Writes a position delete file again, whose rows name data files by where they are.
 * @param location where it is written, as the table's locations are now
 * @throws IcebergError as `openDataFile`; what was written is removed then
 */
export async function relocateDeletes(
  table: Table,
  entry: ManifestEntry,
  location: string,
  move: (location: string) => string,
): Promise<Rewritten> {
  const fields = [pathField, positionField]
  const { file, close } = await openDataFile(table, entry, () => positionsByName)
  try {
    const schema = { type: 'struct' as const, 'schema-id': 0, fields }
    const writer = await createDataFile(table.io, table.path(location), schema)
    try {
      const absent = { constant: () => null, value: (field: typeof pathField) => missing(entry, field) }
      for await (const { columns, rowCount } of file.readColumns(fields, { absent })) {
        const paths = columns.get(pathField.id) ?? []
        const positions = columns.get(positionField.id) ?? []
        const rows = Array.from(
          { length: rowCount },
          (_, index): Row => ({
            // Both columns are required, and read as such.
            [pathField.name]: move(paths[index] as string),
            [positionField.name]: positions[index],
          }),
        )
        await writer.writeRowGroup(rows)
      }
      return { ...(await writer.finish()), format: 'PARQUET' }
    } catch (error) {
      await writer.abandon()
      throw error
    }
  } finally {
    await close()
  }
}
