import type { Table } from './catalog/catalog.ts'
import { applicableDeletes } from './deletes/applicable.ts'
import { type EqualityDeletes, equalityReader } from './deletes/equality.ts'
import { type DeletedPositions, readDeletedPositions } from './deletes/positions.ts'
import { currentSchema } from './ids.ts'
import { bindFilter, type KeyFilter } from './key-filter.ts'
import type { ManifestEntry } from './manifest/data-file.ts'
import { specById } from './metadata.ts'
import { openDataFile } from './open-file.ts'
import type { ColumnBatch } from './parquet/read.ts'
import { absentValues, checkReadable } from './projection.ts'
import { type LiveFiles, liveDeletes, liveFiles } from './snapshot.ts'
import type { Cell, Field, Row } from './types.ts'

export type { KeyFilter } from './key-filter.ts'

export interface ScanOptions {
  /** Column names; all of the current schema when left out. */
  readonly columns?: readonly string[]
  /** Files and row groups that cannot match are skipped; rows that do not match are left out. */
  readonly where?: KeyFilter
  /** Only these files of the table, e.g. those added since a snapshot; without the rows deleted in the current one. */
  readonly files?: readonly ManifestEntry[]
}

/** Reads rows, a row group at a time, under the table's current schema. */
export async function* scanRows(table: Table, options: ScanOptions = {}): AsyncGenerator<Row[]> {
  for await (const { fields, columns, rowCount, keep } of scanColumns(table, options)) {
    const rows: Row[] = []
    for (let index = 0; index < rowCount; index++) {
      if (!keep(index)) continue
      const row: Record<string, Cell> = {}
      for (const { id, name } of fields) {
        const value = columns.get(id)?.[index] ?? null
        // Setting this one member of an object sets its prototype.
        if (name === '__proto__') Object.defineProperty(row, name, { value, enumerable: true })
        else row[name] = value
      }
      rows.push(row)
    }
    if (rows.length > 0) yield rows
  }
}

/** A row group's values by field id, without deleted rows, and which of its rows are wanted. */
export interface ScannedColumns {
  readonly entry: ManifestEntry
  readonly fields: readonly Field[]
  readonly columns: ReadonlyMap<number, readonly Cell[]>
  readonly rowCount: number
  /** Whether the filter wants the row. */
  readonly keep: (index: number) => boolean
}

/**
 * Reads columns, a row group at a time: what {@link scanRows} builds rows from.
 * Memory holds a row group, and what the deletes of one data file take (see
 * `readDeletedPositions` and `equalityReader`).
 * @throws IcebergError FORMAT_UNSUPPORTED for what this version does not read, FILE_MISSING, MANIFEST_INVALID,
 *   DATA_INVALID
 */
export async function* scanColumns(table: Table, options: ScanOptions = {}): AsyncGenerator<ScannedColumns> {
  const { metadata } = table
  const schema = currentSchema(metadata)
  const names =
    options.columns === undefined
      ? undefined
      : new Set([...options.columns, ...(options.where === undefined ? [] : [options.where.column])])
  const fields = names === undefined ? schema.fields : schema.fields.filter(field => names.has(field.name))
  checkReadable(fields)
  const filter = options.where === undefined ? undefined : bindFilter(options.where, metadata)
  const live = await filesOf(table, options.files)
  const readEqualityDeletes = equalityReader(table)
  for (const entry of live.data) {
    if (filter !== undefined && !filter.mayMatchFile(entry)) continue
    const deletes = applicableDeletes(entry, live.deletes, metadata['partition-specs'])
    const { file, close } = await openDataFile(table, entry)
    try {
      const positions =
        deletes.position.length === 0
          ? undefined
          : await readDeletedPositions(table, deletes.position, entry.file.location, file.rowCount)
      const equality = deletes.equality.length === 0 ? undefined : await readEqualityDeletes(deletes.equality)
      const absent = absentValues(entry, specById(metadata, entry.specId))
      const batches = file.readColumns(fields, { only: filter, absent, beside: equality?.fields ?? [] })
      for await (const batch of batches) {
        const { columns, rowCount } = withoutDeleted(batch, positions, equality)
        if (rowCount === 0) continue
        const keys = filter === undefined ? undefined : columns.get(filter.id)
        const keep =
          filter === undefined
            ? () => true
            : (index: number) => filter.values.has((keys?.[index] ?? null) as NonNullable<Cell>)
        yield { entry, fields, columns, rowCount, keep }
      }
    } finally {
      await close()
    }
  }
}

/** Whoever names the data files has still to be told what was deleted of them. */
async function filesOf(table: Table, files: readonly ManifestEntry[] | undefined): Promise<LiveFiles> {
  return files === undefined ? liveFiles(table) : { data: [...files], deletes: await liveDeletes(table) }
}

function withoutDeleted(
  { columns, rowCount, rowStart, beside }: ColumnBatch,
  positions: DeletedPositions | undefined,
  equality: EqualityDeletes | undefined,
): Pick<ColumnBatch, 'columns' | 'rowCount'> {
  if (positions === undefined && equality === undefined) return { columns, rowCount }
  const left: number[] = []
  for (let index = 0; index < rowCount; index++)
    if (positions?.has(rowStart + index) !== true && equality?.isDeleted(beside, index) !== true) left.push(index)
  if (left.length === rowCount) return { columns, rowCount }
  return {
    columns: new Map(Array.from(columns, ([id, cells]) => [id, left.map(index => cells[index])])),
    rowCount: left.length,
  }
}
