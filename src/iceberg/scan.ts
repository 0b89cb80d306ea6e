import type { Table } from './catalog/catalog.ts'
import { IcebergError } from './errors.ts'
import { isNotFound } from './file-io/file-io.ts'
import { currentSchema } from './ids.ts'
import type { ManifestEntry } from './manifest/data-file.ts'
import { specById } from './metadata.ts'
import { compareCells } from './parquet/metrics.ts'
import { type GroupFilter, openParquet, type ParquetFile } from './parquet/read.ts'
import { decodeSingleValue } from './single-value.ts'
import { liveDataFiles } from './snapshot.ts'
import { bindTransform, parseTransform } from './transform.ts'
import type { Cell, Field, PartitionSpec, Row, TableMetadata } from './types.ts'

/** Rows in which a top-level column has one of these values. */
export interface KeyFilter {
  readonly column: string
  readonly values: ReadonlySet<NonNullable<Cell>>
}

export interface ScanOptions {
  /** Column names; all of the current schema when left out. */
  readonly columns?: readonly string[]
  /** Files and row groups that cannot match are skipped; rows that do not match are left out. */
  readonly where?: KeyFilter
  /** Only these files of the table, e.g. those added since a snapshot. */
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

/** A row group's values by field id, and which of its rows are wanted. */
export interface ScannedColumns {
  readonly entry: ManifestEntry
  readonly fields: readonly Field[]
  readonly columns: ReadonlyMap<number, readonly Cell[]>
  readonly rowCount: number
  readonly keep: (index: number) => boolean
}

/** Reads columns, a row group at a time: what {@link scanRows} builds rows from. */
export async function* scanColumns(table: Table, options: ScanOptions = {}): AsyncGenerator<ScannedColumns> {
  const { metadata } = table
  const schema = currentSchema(metadata)
  const names =
    options.columns === undefined
      ? undefined
      : new Set([...options.columns, ...(options.where === undefined ? [] : [options.where.column])])
  const fields = names === undefined ? schema.fields : schema.fields.filter(field => names.has(field.name))
  const filter = options.where === undefined ? undefined : bindFilter(options.where, metadata)
  for (const entry of options.files ?? (await liveDataFiles(table))) {
    if (filter !== undefined && !filter.mayMatchFile(entry)) continue
    const { file, close } = await openDataFile(table, entry)
    try {
      const absent = fields
        .filter(field => !file.has(field.id))
        .map(field => [field.id, absentValue(field, entry, specById(metadata, entry.specId))] as const)
      for await (const batch of file.readColumns(fields, filter)) {
        const columns = new Map(batch.columns)
        for (const [id, value] of absent)
          if (value !== null) columns.set(id, new Array<Cell>(batch.rowCount).fill(value))
        const keys = filter === undefined ? undefined : columns.get(filter.id)
        const keep =
          filter === undefined
            ? () => true
            : (index: number) => filter.values.has((keys?.[index] ?? null) as NonNullable<Cell>)
        yield { entry, fields, columns, rowCount: batch.rowCount, keep }
      }
    } finally {
      await close()
    }
  }
}

/** Opens a data file the table names. @throws IcebergError FILE_MISSING, DATA_INVALID, FORMAT_UNSUPPORTED */
export async function openDataFile(
  table: Table,
  entry: ManifestEntry,
): Promise<{ readonly file: ParquetFile; readonly close: () => Promise<void> }> {
  const { location, format } = entry.file
  if (format !== 'PARQUET')
    throw new IcebergError('FORMAT_UNSUPPORTED', `data file ${location} is ${format}; only Parquet is read`)
  const path = table.path(location)
  const input = await table.io.open(path).catch((cause: unknown) => {
    throw isNotFound(cause)
      ? new IcebergError('FILE_MISSING', `the table names ${path}, which does not exist`, { file: path }, cause)
      : cause
  })
  try {
    return { file: await openParquet(input, path), close: () => input.close() }
  } catch (error) {
    await input.close()
    throw error
  }
}

/**
 * The value of a column that a file lacks (spec "Column Projection"): the
 * identity partition value, else the initial default, else null.
 * @throws IcebergError DATA_INVALID for a required column that has neither
 */
function absentValue(field: Field, entry: ManifestEntry, spec: PartitionSpec): Cell {
  const partition = spec.fields.find(
    candidate => candidate['source-id'] === field.id && candidate.transform === 'identity',
  )
  const value = partition === undefined ? undefined : entry.file.partition.get(partition['field-id'])
  if (value !== undefined && value !== null) return value
  if (field['initial-default'] !== undefined && field['initial-default'] !== null) {
    throw new IcebergError(
      'FORMAT_UNSUPPORTED',
      `column ${field.name} has a default, which version 2 tables do not have`,
    )
  }
  if (field.required)
    throw new IcebergError('DATA_INVALID', `data file ${entry.file.location} lacks the required column ${field.name}`, {
      file: entry.file.location,
    })
  return null
}

interface BoundFilter extends GroupFilter {
  readonly values: ReadonlySet<NonNullable<Cell>>
  mayMatchFile(entry: ManifestEntry): boolean
}

function bindFilter(filter: KeyFilter, metadata: TableMetadata): BoundFilter {
  const field = currentSchema(metadata).fields.find(candidate => candidate.name === filter.column)
  // Bytes are not equal to other bytes in a Set.
  if (field === undefined || typeof field.type !== 'string' || /^(?:binary|fixed)/.test(field.type))
    throw new IcebergError('ROW_INVALID', `there is no column ${filter.column} that rows can be filtered by`)
  const type = field.type
  const sorted = [...filter.values].sort(compareCells)
  const partitionValues = new Map(
    metadata['partition-specs'].map(spec => {
      const transforms = spec.fields.flatMap(candidate => {
        const transform = candidate['source-id'] === field.id ? parseTransform(candidate.transform) : undefined
        if (transform === undefined) return []
        const apply = bindTransform(transform, type)
        return [{ id: candidate['field-id'], possible: new Set(sorted.map(value => apply(value))) }]
      })
      return [spec['spec-id'], transforms] as const
    }),
  )
  return {
    id: field.id,
    values: filter.values,
    matches: cells => cells.some(cell => filter.values.has(cell as NonNullable<Cell>)),
    mayMatchFile: entry => {
      for (const { id, possible } of partitionValues.get(entry.specId) ?? []) {
        if (entry.file.partition.has(id) && !possible.has(entry.file.partition.get(id) ?? null)) return false
      }
      const lower = entry.file.lowerBounds.get(field.id)
      const upper = entry.file.upperBounds.get(field.id)
      return overlaps(
        sorted,
        lower === undefined ? undefined : decodeSingleValue(lower, type),
        upper === undefined ? undefined : decodeSingleValue(upper, type),
      )
    },
    mayMatch: group => {
      const bounds = group.bounds(field.id)
      if (bounds === undefined || typeof bounds.lower !== 'string' || typeof bounds.upper !== 'string') return true
      return overlaps(sorted, bounds.lower, bounds.upper)
    },
  }
}

/** Whether any of the sorted values lies within the bounds; an absent bound excludes nothing. */
function overlaps(
  sorted: readonly NonNullable<Cell>[],
  lower: NonNullable<Cell> | undefined,
  upper: NonNullable<Cell> | undefined,
): boolean {
  let from = 0
  let to = sorted.length
  while (from < to) {
    const middle = (from + to) >> 1
    if (lower !== undefined && compareCells(sorted[middle] as NonNullable<Cell>, lower) < 0) from = middle + 1
    else to = middle
  }
  const first = sorted[from]
  return first !== undefined && (upper === undefined || compareCells(first, upper) <= 0)
}
