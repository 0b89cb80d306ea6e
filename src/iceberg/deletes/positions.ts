import type { Table } from '../catalog/catalog.ts'
import type { ManifestEntry } from '../manifest/data-file.ts'
import type { NameMapping } from '../name-mapping.ts'
import { openDataFile } from '../open-file.ts'
import { compareStrings } from '../parquet/metrics.ts'
import type { GroupFilter } from '../parquet/read.ts'
import type { Field } from '../types.ts'
import { deleteFileColumns } from './applicable.ts'
import { missing } from './missing.ts'

/** Which rows of one data file were deleted: one bit for each row of the file. */
export interface DeletedPositions {
  has(position: number): boolean
}

/** The columns of a position delete file. */
export const pathField: Field = { id: deleteFileColumns.path, name: 'file_path', required: true, type: 'string' }
export const positionField: Field = { id: deleteFileColumns.position, name: 'pos', required: true, type: 'long' }

/** They have fixed names as well. */
export const positionsByName: NameMapping = [pathField, positionField].map(({ id, name }) => ({
  'field-id': id,
  names: [name],
}))

/**
 * Reads what position delete files say of one data file. Memory: one bit for
 * each row of the data file, and a row group of one delete file at a time;
 * groups of a delete file that are of other data files are not read.
 * @param rows of the data file
 * @throws IcebergError as `openDataFile`
 */
export async function readDeletedPositions(
  table: Table,
  deletes: readonly ManifestEntry[],
  location: string,
  rows: number,
): Promise<DeletedPositions> {
  const bits = new Uint8Array(Math.ceil(rows / 8))
  for (const entry of deletes) {
    const { file, close } = await openDataFile(table, entry, () => positionsByName)
    try {
      for await (const { columns, rowCount } of file.readColumns([pathField, positionField], {
        only: groupsOf(location),
        absent: { constant: () => null, value: field => missing(entry, field) },
      })) {
        const paths = columns.get(pathField.id) ?? []
        const positions = columns.get(positionField.id) ?? []
        for (let index = 0; index < rowCount; index++) {
          const position = Number(positions[index])
          if (paths[index] === location && position < rows)
            bits[position >>> 3] = (bits[position >>> 3] as number) | (1 << (position & 7))
        }
      }
    } finally {
      await close()
    }
  }
  return { has: position => ((bits[position >>> 3] as number) & (1 << (position & 7))) !== 0 }
}

function groupsOf(location: string): GroupFilter {
  return {
    id: pathField.id,
    mayMatch: group => {
      const bounds = group.bounds(pathField.id)
      if (typeof bounds?.lower !== 'string' || typeof bounds.upper !== 'string') return true
      return compareStrings(bounds.lower, location) <= 0 && compareStrings(bounds.upper, location) >= 0
    },
    range: cells => {
      const from = cells.indexOf(location)
      return from < 0 ? undefined : [from, cells.lastIndexOf(location) + 1]
    },
  }
}
