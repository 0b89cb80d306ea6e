import type { Table } from './catalog/catalog.ts'
import { IcebergError } from './errors.ts'
import { currentSchema } from './ids.ts'
import { type DataFile, fileContent } from './manifest/data-file.ts'
import { specById } from './metadata.ts'
import { memberOf, primitiveCell } from './parquet/columns.ts'
import { compareCells } from './parquet/metrics.ts'
import { createDataFile } from './parquet/write.ts'
import { type IndexedField, indexById } from './schema-index.ts'
import { encodeSingleValue } from './single-value.ts'
import { bindTransform, parseTransform, transformResult } from './transform.ts'
import type { Cell, PartitionSpec, Row, Schema, SortOrder } from './types.ts'

/** Rows of one partition. */
export interface Partition {
  /** Partition values by partition field id. */
  readonly values: ReadonlyMap<number, Cell>
  readonly rows: Row[]
}

/** A function that gives a row's partition values, in the order of the spec. It throws IcebergError ROW_INVALID. */
export function partitioner(spec: PartitionSpec, schema: Schema): (row: Row) => Cell[] {
  const fields = spec.fields.map(field => transformed(field, schema, `partition field ${field.name}`))
  return row => fields.map(field => field(row))
}

/** A function that takes a field out of a row, checks it and applies a transform. */
function transformed(
  field: { readonly 'source-id': number; readonly transform: string },
  schema: Schema,
  what: string,
): (row: Row) => Cell {
  const source = indexById(schema).get(field['source-id'])
  const transform = parseTransform(field.transform)
  if (source === undefined || transform === undefined || typeof source.type !== 'string') {
    throw new IcebergError(
      'FORMAT_UNSUPPORTED',
      `${what} cannot be computed: ${field.transform}(${field['source-id']})`,
    )
  }
  const check = primitiveCell(source.type, source.path)
  const apply = bindTransform(transform, source.type)
  const steps = namesTo(source).map(memberOf)
  const take = (row: Row): Cell =>
    steps.reduce<Cell>(
      (cell, step) => (cell === null || cell === undefined ? null : step(cell as Record<string, Cell>)),
      row as Cell,
    )
  let previous: { readonly cell: Cell; readonly result: Cell } | undefined
  return row => {
    const cell = take(row)
    // Rows that follow one another have mostly the same value.
    if (previous === undefined || !Object.is(cell, previous.cell)) previous = { cell, result: apply(check(cell)) }
    return previous.result
  }
}

/** Names from the top of a row to a field in it; a name may hold dots. */
function namesTo(field: IndexedField): string[] {
  return field.parent === undefined ? [field.name] : [...namesTo(field.parent), field.name]
}

/** Splits rows by partition; partitions come in the order of their first row. */
export function partitionRows(rows: readonly Row[], spec: PartitionSpec, schema: Schema): Partition[] {
  const valuesOf = partitioner(spec, schema)
  const types = spec.fields.map(field =>
    transformResult(
      parseTransform(field.transform) ?? { kind: 'void' },
      indexById(schema).get(field['source-id'])?.type as string,
    ),
  )
  const partitions = new Map<string, Partition>()
  let previous: { readonly values: readonly Cell[]; readonly partition: Partition } | undefined
  for (const row of rows) {
    const values = valuesOf(row)
    if (previous?.values.every((value, index) => Object.is(value, values[index]))) {
      previous.partition.rows.push(row)
      continue
    }
    const key = values
      .map((value, index) =>
        value === null || value === undefined
          ? '-'
          : Buffer.from(encodeSingleValue(value, types[index] as string)).toString('base64'),
      )
      .join('|')
    let partition = partitions.get(key)
    if (partition === undefined) {
      partition = {
        values: new Map(spec.fields.map((field, index) => [field['field-id'], values[index] ?? null])),
        rows: [],
      }
      partitions.set(key, partition)
    }
    partition.rows.push(row)
    previous = { values, partition }
  }
  return [...partitions.values()]
}

/** Orders rows by a sort order; the sort is stable. */
export function sortRows(rows: readonly Row[], order: SortOrder, schema: Schema): Row[] {
  const keys = order.fields.map(field => ({
    of: transformed(field, schema, `sort order ${order['order-id']}`),
    direction: field.direction === 'desc' ? -1 : 1,
    nulls: field['null-order'] === 'nulls-first' ? -1 : 1,
  }))
  return rows
    .map(row => ({ row, cells: keys.map(key => key.of(row)) }))
    .sort((a, b) => {
      for (const [index, { direction, nulls }] of keys.entries()) {
        const left = a.cells[index] ?? null
        const right = b.cells[index] ?? null
        if (left === null || right === null) {
          if (left !== right) return left === null ? nulls : -nulls
          continue
        }
        const difference = compareCells(left, right)
        if (difference !== 0) return difference * direction
      }
      return 0
    })
    .map(({ row }) => row)
}

/** Items of lists and maps in a row group: the encoder holds each of them several times. */
const mostItems = 2 ** 20

/** Rows in groups of so many at most, and of fewer where they hold many items. */
export function* rowGroups(rows: readonly Row[], schema: Schema, most: number): Generator<readonly Row[]> {
  const takes = schema.fields.flatMap(({ name, type }) => (typeof type === 'string' ? [] : [memberOf(name)]))
  let start = 0
  let items = 0
  for (const [index, row] of rows.entries()) {
    const more = takes.reduce((sum, take) => sum + itemsIn(take(row)), 0)
    if (index > start && (index - start === most || items + more > mostItems)) {
      yield rows.slice(start, index)
      start = index
      items = 0
    }
    items += more
  }
  if (start < rows.length) yield rows.slice(start)
}

function itemsIn(cell: Cell): number {
  if (typeof cell !== 'object' || cell === null || cell instanceof Uint8Array) return 0
  if (!Array.isArray(cell)) return Object.values(cell).reduce<number>((sum, inner) => sum + itemsIn(inner), 0)
  let items = cell.length
  for (const inner of cell as readonly Cell[]) {
    // Where one is a value by itself, so are the others.
    if (typeof inner !== 'object' || inner instanceof Uint8Array) break
    items += itemsIn(inner)
  }
  return items
}

/** How data files are written. */
export interface WriteOptions {
  /** A new unique name for a file. */
  readonly uniqueName: () => string
  /** Rows of one row group. Smaller groups hold less memory and prune better. */
  readonly rowGroupRows: number
}

/**
 * Writes the rows of one partition as one data file, sorted by the table's
 * default order. The bytes are durable on return, the name not yet.
 * @throws IcebergError ROW_INVALID; the file is then removed
 */
export async function writeDataFile(table: Table, partition: Partition, options: WriteOptions): Promise<DataFile> {
  const { metadata } = table
  const schema = currentSchema(metadata)
  const order = metadata['sort-orders'].find(
    candidate => candidate['order-id'] === metadata['default-sort-order-id'],
  ) as SortOrder
  const location = `${metadata.location}/data/${options.uniqueName()}.parquet`
  const rows = order.fields.length === 0 ? partition.rows : sortRows(partition.rows, order, schema)
  const writer = await createDataFile(table.io, table.path(location), schema)
  try {
    for (const group of rowGroups(rows, schema, options.rowGroupRows)) await writer.writeRowGroup(group)
    const written = await writer.finish()
    return {
      ...written,
      content: fileContent.data,
      location,
      format: 'PARQUET',
      partition: partition.values,
      equalityIds: undefined,
      sortOrderId: order['order-id'],
    }
  } catch (error) {
    await writer.abandon()
    throw error
  }
}

/** Partitions rows by the table's default spec and writes one data file for each; the names are durable on return. */
export async function writeDataFiles(table: Table, rows: readonly Row[], options: WriteOptions): Promise<DataFile[]> {
  const spec = specById(table.metadata, table.metadata['default-spec-id'])
  const files: DataFile[] = []
  try {
    for (const partition of partitionRows(rows, spec, currentSchema(table.metadata)))
      files.push(await writeDataFile(table, partition, options))
    await table.io.syncDirectory(table.path(`${table.metadata.location}/data`))
  } catch (error) {
    await removeDataFiles(table, files)
    throw error
  }
  return files
}

/** Removes data files that no commit names. Never throws. */
export async function removeDataFiles(table: Table, files: readonly DataFile[]): Promise<void> {
  for (const file of files) await table.io.remove(table.path(file.location)).catch(() => undefined)
}
