import type { Table } from './catalog/catalog.ts'
import { applicableDeletes } from './deletes/applicable.ts'
import { type EqualityDeletes, equalityReader } from './deletes/equality.ts'
import { type DeletedPositions, readDeletedPositions } from './deletes/positions.ts'
import { currentSchema } from './ids.ts'
import { bindFilter, type KeyFilter } from './key-filter.ts'
import type { ManifestEntry } from './manifest/data-file.ts'
import { specById } from './metadata.ts'
import { openDataFile } from './open-file.ts'
import type { ColumnBatch, TextFilter } from './parquet/read.ts'
import { absentValues, checkReadable } from './projection.ts'
import { type LiveFiles, liveDeletes, liveFiles } from './snapshot.ts'
import { sketchOf } from './text-sketch.ts'
import type { Cell, Field, Row } from './types.ts'

export type { KeyFilter } from './key-filter.ts'

export interface ScanOptions {
  /** Column names; all of the current schema when left out. */
  readonly columns?: readonly string[]
  /** Files and row groups that cannot match are skipped; rows that do not match are left out. */
  readonly where?: KeyFilter
  /** Only with `where`. Most texts of a top-level column that are not among these come as null, as if they were not there. */
  readonly texts?: { readonly column: string; readonly among: readonly string[] }
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
  /** Where the row stands in its file, from 0, those that were deleted counted. */
  readonly positionAt: (index: number) => number
}

/**
 * Reads columns, a row group at a time: what {@link scanRows} builds rows from.
 * Memory holds a row group, and what the deletes of one data file take (see
 * `readDeletedPositions` and `equalityReader`).
 * @throws IcebergError FORMAT_UNSUPPORTED for what this version does not read, FILE_MISSING, MANIFEST_INVALID,
 *   DATA_INVALID
 */
export async function* scanColumns(table: Table, options: ScanOptions = {}): AsyncGenerator<ScannedColumns> {
  const { entries, read } = await openScan(table, options)
  for (const entry of entries) yield* read(entry)
}

/** Files that {@link visitColumns} reads at a time. */
const filesAtATime = 4

/** Hands out what {@link scanColumns} gives, in no order: while bytes of one file come, those of others are decoded. */
export async function visitColumns(
  table: Table,
  options: ScanOptions,
  visit: (scanned: ScannedColumns) => void,
): Promise<void> {
  const { entries, read } = await openScan(table, options)
  const rest = entries.values()
  const work = async (): Promise<void> => {
    for (const entry of rest) for await (const scanned of read(entry)) visit(scanned)
  }
  // All of them, so that no file is open any more when one failed.
  for (const outcome of await Promise.allSettled(Array.from({ length: filesAtATime }, work)))
    if (outcome.status === 'rejected') throw outcome.reason
}

/** The files that are worth reading, and how one is read. */
interface Scan {
  readonly entries: readonly ManifestEntry[]
  readonly read: (entry: ManifestEntry) => AsyncGenerator<ScannedColumns>
}

async function openScan(table: Table, options: ScanOptions): Promise<Scan> {
  const { metadata } = table
  const schema = currentSchema(metadata)
  const names =
    options.columns === undefined
      ? undefined
      : new Set([...options.columns, ...(options.where === undefined ? [] : [options.where.column])])
  const fields = names === undefined ? schema.fields : schema.fields.filter(field => names.has(field.name))
  checkReadable(fields)
  const filter = options.where === undefined ? undefined : bindFilter(options.where, metadata)
  const texts = options.texts === undefined ? undefined : bindTexts(options.texts, fields)
  const live = await filesOf(table, options.files)
  const readEqualityDeletes = equalityReader(table)
  // Equality deletes may compare any column.
  const isFew = names !== undefined && live.deletes.length === 0
  const ids = isFew ? new Set(fields.map(field => field.id)) : undefined
  return { entries: live.data.filter(entry => filter?.mayMatchFile(entry) !== false), read }

  async function* read(entry: ManifestEntry): AsyncGenerator<ScannedColumns> {
    const deletes = applicableDeletes(entry, live.deletes, metadata['partition-specs'])
    const { file, close } = await openDataFile(table, entry, undefined, ids)
    try {
      const positions =
        deletes.position.length === 0
          ? undefined
          : await readDeletedPositions(table, deletes.position, entry.file.location, file.rowCount)
      const equality = deletes.equality.length === 0 ? undefined : await readEqualityDeletes(deletes.equality)
      const absent = absentValues(entry, specById(metadata, entry.specId))
      const batches = file.readColumns(fields, { only: filter, texts, absent, beside: equality?.fields ?? [] })
      for await (const batch of batches) {
        const { columns, rowCount, positionAt } = withoutDeleted(batch, positions, equality)
        if (rowCount === 0) continue
        const keys = filter === undefined ? undefined : columns.get(filter.id)
        const keep =
          filter === undefined
            ? () => true
            : (index: number) => filter.values.has((keys?.[index] ?? null) as NonNullable<Cell>)
        yield { entry, fields, columns, rowCount, keep, positionAt }
      }
    } finally {
      await close()
    }
  }
}

function bindTexts(
  { column, among }: NonNullable<ScanOptions['texts']>,
  fields: readonly Field[],
): TextFilter | undefined {
  const field = fields.find(({ name }) => name === column)
  if (field?.type !== 'string') return undefined
  const sketch = sketchOf(among)
  return { id: field.id, mayMatch: (bytes, start, end) => sketch.mayHold(bytes, start, end) }
}

/** Whoever names the data files has still to be told what was deleted of them. */
async function filesOf(table: Table, files: readonly ManifestEntry[] | undefined): Promise<LiveFiles> {
  return files === undefined ? liveFiles(table) : { data: [...files], deletes: await liveDeletes(table) }
}

function withoutDeleted(
  { columns, rowCount, rowStart, beside }: ColumnBatch,
  positions: DeletedPositions | undefined,
  equality: EqualityDeletes | undefined,
): Pick<ColumnBatch, 'columns' | 'rowCount'> & Pick<ScannedColumns, 'positionAt'> {
  const whole = { columns, rowCount, positionAt: (index: number): number => rowStart + index }
  if (positions === undefined && equality === undefined) return whole
  const left: number[] = []
  for (let index = 0; index < rowCount; index++)
    if (positions?.has(rowStart + index) !== true && equality?.isDeleted(beside, index) !== true) left.push(index)
  if (left.length === rowCount) return whole
  return {
    columns: new Map(Array.from(columns, ([id, cells]) => [id, left.map(index => cells[index])])),
    rowCount: left.length,
    positionAt: index => rowStart + (left[index] as number),
  }
}
