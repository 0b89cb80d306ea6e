import type { Table } from '../iceberg/catalog/catalog.ts'
import { IcebergError } from '../iceberg/errors.ts'
import { currentSchema } from '../iceberg/ids.ts'
import { liveDataFiles } from '../iceberg/snapshot.ts'
import type { Field } from '../iceberg/types.ts'
import { columnType } from './column-type.ts'
import { quoteName, quotePattern, quoteText } from './quote.ts'

/** A table as a session sees it: pinned to the snapshot it was loaded with. */
export interface LiveTable {
  readonly name: string
  readonly table: Table
  readonly fields: readonly Field[]
  /** Local paths of its live data files. */
  readonly paths: readonly string[]
}

/**
 * Looks up what the view of a table needs.
 * @throws IcebergError FILE_MISSING, MANIFEST_INVALID, FORMAT_UNSUPPORTED
 */
export async function liveTable(name: string, table: Table): Promise<LiveTable> {
  const entries = await liveDataFiles(table, undefined, false)
  const paths = entries.map(({ file: { location, format } }) => {
    if (format !== 'PARQUET')
      throw new IcebergError('FORMAT_UNSUPPORTED', `data file ${location} is ${format}; only Parquet is read`)
    const path = table.path(location)
    if (!path.startsWith('/'))
      throw new IcebergError('FORMAT_UNSUPPORTED', `data file ${location} is not on this machine`)
    return path
  })
  return { name, table, fields: currentSchema(table.metadata).fields, paths }
}

/**
 * Creates the view of a table. Columns of the files are found by field id, so
 * that a renamed, promoted or re-added column is right in old files too;
 * members of structs only by name, which is all that DuckDB offers.
 */
export function liveViewSql(live: LiveTable): string {
  if (live.paths.length === 0) return emptyViewSql(live)
  const columns = live.fields.map(
    field =>
      `${field.id}: {name: ${quoteText(field.name)}, type: ${quoteText(columnType(field.type))}, default_value: NULL}`,
  )
  const files = `[${live.paths.map(quotePattern).join(', ')}]`
  const rows = `read_parquet(${files}, schema = MAP {${columns.join(', ')}})`
  return `CREATE OR REPLACE VIEW ${quoteName(live.name)} AS FROM ${rows}`
}

/** Creates the view of a table as if it held no rows; `read_parquet` does not take an empty list. */
export function emptyViewSql({ name, fields }: LiveTable): string {
  const columns = fields.map(field => `NULL::${columnType(field.type)} AS ${quoteName(field.name)}`)
  return `CREATE OR REPLACE VIEW ${quoteName(name)} AS SELECT ${columns.join(', ')} WHERE false`
}
