import type { Table } from '../iceberg/catalog/catalog.ts'
import { IcebergError } from '../iceberg/errors.ts'
import { currentSchema } from '../iceberg/ids.ts'
import { fileContent, type ManifestEntry } from '../iceberg/manifest/data-file.ts'
import { nameMappingOf } from '../iceberg/open-file.ts'
import { checkReadable } from '../iceberg/projection.ts'
import { liveFiles } from '../iceberg/snapshot.ts'
import type { Field } from '../iceberg/types.ts'
import { columnType } from './column-type.ts'
import { positionDeleteNames } from './delete-rows.ts'
import { checkNames } from './distinct-names.ts'
import { shapedFiles } from './file-shape.ts'
import { liveRowsSql, type PlaceNames } from './live-rows.ts'
import { quoteName, quotePattern, quoteText } from './quote.ts'
import { whyFooters } from './why-footers.ts'

/** A table to be queried. */
export type QueryTable = Table & {
  /** Path of a Parquet file of the table's current schema, with rows that are not in the table yet. */
  readonly spooled?: string | undefined
}

/** A table as a session sees it: pinned to the snapshot it was loaded with. */
export interface LiveTable {
  readonly name: string
  readonly table: Table
  readonly fields: readonly Field[]
  /** Local paths of its live files, those of deletes too, and of its spooled rows. */
  readonly paths: readonly string[]
  /** The query behind its view; undefined where it has neither a data file nor spooled rows. */
  readonly rows: string | undefined
}

/**
 * Looks up what the view of a table needs. Footers of data files are read only
 * where the table's metadata does not say enough.
 * @throws IcebergError FILE_MISSING, MANIFEST_INVALID, METADATA_INVALID, FORMAT_UNSUPPORTED, DATA_INVALID
 */
export async function liveTable(name: string, table: QueryTable): Promise<LiveTable> {
  const { fields } = currentSchema(table.metadata)
  checkNames(name, fields)
  checkReadable(fields)
  const { data, deletes } = await liveFiles(table, undefined, false)
  const spooled = table.spooled === undefined ? [] : [table.spooled]
  return {
    name,
    table,
    fields,
    paths: [...[...data, ...deletes].map(entry => localPath(entry, table)), ...spooled],
    rows: await rowsSql(fields, table, data, deletes, spooled),
  }
}

/** Creates the view of a table. */
export function liveViewSql(live: LiveTable): string {
  return live.rows === undefined ? emptyViewSql(live) : `CREATE OR REPLACE VIEW ${quoteName(live.name)} AS ${live.rows}`
}

/** Creates the view of a table as if it held no rows; `read_parquet` does not take an empty list. */
export function emptyViewSql({ name, fields }: LiveTable): string {
  const columns = fields.map(field => `NULL::${columnType(field.type)} AS ${quoteName(field.name)}`)
  return `CREATE OR REPLACE VIEW ${quoteName(name)} AS SELECT ${columns.join(', ')} WHERE false`
}

async function rowsSql(
  fields: readonly Field[],
  table: Table,
  data: readonly ManifestEntry[],
  deletes: readonly ManifestEntry[],
  spooled: readonly string[],
): Promise<string | undefined> {
  if (data.length === 0 || (deletes.length === 0 && whyFooters(table.metadata) === undefined)) {
    const paths = [...data.map(entry => localPath(entry, table)), ...spooled]
    return paths.length === 0 ? undefined : likeTableSql(fields, paths)
  }
  const live = await shapedRowsSql(fields, table, data, deletes)
  return spooled.length === 0 ? live : `${live}\nUNION ALL\nSELECT * ${likeTableSql(fields, spooled)}`
}

/** By the footers of the files. @param data at least one */
async function shapedRowsSql(
  fields: readonly Field[],
  table: Table,
  data: readonly ManifestEntry[],
  deletes: readonly ManifestEntry[],
  places?: PlaceNames,
): Promise<string> {
  const names = nameMappingOf(table)
  const isPositions = ({ file }: ManifestEntry): boolean => file.content === fileContent.positionDeletes
  const shapedDeletes = [
    ...(await shapedFiles(table, deletes.filter(isPositions), positionDeleteNames)),
    ...(await shapedFiles(
      table,
      deletes.filter(entry => !isPositions(entry)),
      names,
    )),
  ]
  return liveRowsSql(fields, table.metadata, await shapedFiles(table, data, names), shapedDeletes, places)
}

/** A table whose rows say where they stand. */
export interface PlacedTable extends LiveTable {
  readonly places: PlaceNames
  /** Its data files, by the numbers that its rows give. */
  readonly data: readonly ManifestEntry[]
}

/** Looks up what a view needs whose rows say where they stand. @throws as {@link liveTable} */
export async function placedTable(name: string, table: Table): Promise<PlacedTable> {
  const { fields } = currentSchema(table.metadata)
  checkNames(name, fields)
  checkReadable(fields)
  const { data, deletes } = await liveFiles(table, undefined, false)
  const places = { file: freeName('file_number', fields), row: freeName('row_number', fields) }
  return {
    name,
    table,
    fields,
    paths: [...data, ...deletes].map(entry => localPath(entry, table)),
    rows: data.length === 0 ? undefined : await shapedRowsSql(fields, table, data, deletes, places),
    places,
    data,
  }
}

/** A name that no column has, however it is spelled. */
function freeName(name: string, fields: readonly Field[]): string {
  return fields.some(field => field.name.toLowerCase() === name) ? freeName(`_${name}`, fields) : name
}

/** Files whose columns are found by field id alone, and members of structs by the names they have in the table. */
function likeTableSql(fields: readonly Field[], paths: readonly string[]): string {
  const columns = fields.map(
    field =>
      `${field.id}: {name: ${quoteText(field.name)}, type: ${quoteText(columnType(field.type))}, default_value: NULL}`,
  )
  return `FROM read_parquet([${paths.map(quotePattern).join(', ')}], schema = MAP {${columns.join(', ')}})`
}

function localPath({ file: { location, format, content } }: ManifestEntry, table: Table): string {
  const what = content === fileContent.data ? 'data file' : 'delete file'
  if (format !== 'PARQUET')
    throw new IcebergError('FORMAT_UNSUPPORTED', `${what} ${location} is ${format}; only Parquet is read`, {
      file: location,
    })
  const path = table.path(location)
  if (!path.startsWith('/'))
    throw new IcebergError('FORMAT_UNSUPPORTED', `${what} ${location} is not on this machine`, { file: location })
  return path
}
