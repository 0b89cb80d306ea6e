import {
  type AsyncBuffer,
  type FileMetaData,
  parquetMetadataAsync,
  parquetScan,
  parquetSchema,
  type SchemaTree,
} from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import { IcebergError } from '../errors.ts'
import type { InputFile } from '../file-io/file-io.ts'
import { parsePrimitive } from '../primitive.ts'
import { decimalFromBytes } from '../single-value.ts'
import type { Cell, Field, Type } from '../types.ts'

/** Values of the asked columns for a run of rows, by field id; a column the file lacks is not there. */
export interface ColumnBatch {
  readonly rowStart: number
  readonly rowCount: number
  readonly columns: ReadonlyMap<number, readonly Cell[]>
}

/** Statistics of one row group's column, before any promotion. */
export interface RowGroupBounds {
  readonly lower: Cell
  readonly upper: Cell
}

/** An opened Parquet file. */
export interface ParquetFile {
  readonly metadata: FileMetaData
  readonly rowCount: number
  /** Whether the file has the field, by id. */
  has(id: number): boolean
  /** Reads columns by field id, row group by row group, promoted and shaped as the fields say. */
  readColumns(fields: readonly Field[], only?: GroupFilter): AsyncGenerator<ColumnBatch>
}

/** Says which row groups are worth reading. */
export interface GroupFilter {
  /** The column that decides; it is read first. */
  readonly id: number
  mayMatch(group: RowGroupView): boolean
  /** Whether the values of the column let any row of the group match. */
  matches(cells: readonly Cell[]): boolean
}

/** What can be known of a row group without reading it. */
export interface RowGroupView {
  readonly rowCount: number
  bounds(id: number): RowGroupBounds | undefined
}

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })

/** Parsers that keep every value exact: microseconds as bigint, dates as days, strings with their byte order mark. */
const parsers = {
  timestampFromMilliseconds: (value: bigint) => value * 1000n,
  timestampFromMicroseconds: (value: bigint) => value,
  timestampFromNanoseconds: (value: bigint) => value / 1000n,
  dateFromDays: (days: number) => days,
  stringFromBytes: (bytes: Uint8Array | undefined) => bytes && utf8.decode(bytes),
}

/** @throws IcebergError DATA_INVALID when it is not Parquet, FORMAT_UNSUPPORTED when it carries no field ids */
export async function openParquet(input: InputFile, location: string): Promise<ParquetFile> {
  const file: AsyncBuffer = {
    byteLength: input.size,
    slice: async (start, end = input.size) => {
      const bytes = await input.read(start < 0 ? input.size + start : start, end)
      const isWhole = bytes.byteLength === bytes.buffer.byteLength
      return (isWhole ? bytes : new Uint8Array(bytes)).buffer as ArrayBuffer
    },
  }
  const metadata = await damaged(location, async () =>
    exactly(await parquetMetadataAsync(file, { parsers, geoparquet: false })),
  )
  const tree = parquetSchema(metadata)
  const byId = new Map(tree.children.map(node => [node.element.field_id, node]))
  if (tree.children.length > 0 && tree.children.every(node => node.element.field_id === undefined)) {
    throw new IcebergError('FORMAT_UNSUPPORTED', `${location} carries no field ids`, { file: location })
  }
  return {
    metadata,
    rowCount: Number(metadata.num_rows),
    has: id => byId.has(id),
    readColumns,
  }

  async function* readColumns(fields: readonly Field[], only?: GroupFilter): AsyncGenerator<ColumnBatch> {
    const inOrder = fields.toSorted((a, b) => Number(b.id === only?.id) - Number(a.id === only?.id))
    const present = inOrder.flatMap(field => {
      const node = byId.get(field.id)
      return node === undefined ? [] : [{ id: field.id, name: node.element.name, convert: converter(node, field.type) }]
    })
    const scan = await damaged(location, () =>
      parquetScan({
        file,
        metadata,
        columns: present.map(column => column.name),
        compressors,
        parsers,
        utf8: false,
        geoparquet: false,
      }),
    )
    let rowStart = 0
    for (const group of metadata.row_groups) {
      const rowCount = Number(group.num_rows)
      const rowEnd = rowStart + rowCount
      const start = rowStart
      rowStart = rowEnd
      if (only?.mayMatch({ rowCount, bounds: id => groupBounds(group, byId.get(id)) }) === false) continue
      const columns = new Map<number, Cell[]>()
      let matches = true
      for (const { id, name, convert } of present) {
        const values = await damaged(location, () => scan.readColumn({ column: name, rowStart: start, rowEnd }))
        const cells = Array.from(values as ArrayLike<unknown>, value =>
          value === null || value === undefined ? null : convert(value),
        )
        columns.set(id, cells)
        matches = id !== only?.id || only.matches(cells)
        if (!matches) break
      }
      if (matches) yield { rowStart: start, rowCount, columns }
    }
  }
}

async function damaged<T>(location: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (cause) {
    throw new IcebergError(
      'DATA_INVALID',
      `data file ${location} cannot be read: ${(cause as Error).message}`,
      { file: location },
      cause,
    )
  }
}

/**
 * What hyparquet would make of some annotations loses values: decimals become
 * floating point, maps become objects whose keys are text. Without the
 * annotation it gives unscaled values, and lists of keys with their values.
 */
function exactly(metadata: FileMetaData): FileMetaData {
  return {
    ...metadata,
    schema: metadata.schema.map(element => {
      const annotations = [element.converted_type, element.logical_type?.type]
      if (!annotations.some(annotation => /^(?:DECIMAL|MAP|MAP_KEY_VALUE)$/.test(annotation ?? ''))) return element
      const { converted_type: _converted, logical_type: _logical, ...plain } = element
      return plain
    }),
  }
}

function groupBounds(
  group: FileMetaData['row_groups'][number],
  node: SchemaTree | undefined,
): RowGroupBounds | undefined {
  const chunk = group.columns.find(
    column =>
      column.meta_data?.path_in_schema.length === 1 && column.meta_data.path_in_schema[0] === node?.element.name,
  )
  const statistics = chunk?.meta_data?.statistics
  if (statistics?.min_value === undefined || statistics.max_value === undefined) return undefined
  return { lower: statistics.min_value as Cell, upper: statistics.max_value as Cell }
}

type Convert = (value: unknown) => Cell

/** From a value as the file has it to the cell of the asked type: members by id, promoted, null where the file has none. */
function converter(node: SchemaTree, type: Type): Convert {
  if (typeof type === 'string') return primitiveConverter(type)
  if (type.type === 'struct') {
    const members = type.fields.map(field => {
      const child = node.children.find(candidate => candidate.element.field_id === field.id)
      return {
        name: field.name,
        from: child?.element.name,
        convert: child === undefined ? undefined : converter(child, field.type),
      }
    })
    return value =>
      Object.fromEntries(
        members.map(({ name, from, convert }) => {
          const member = from === undefined ? undefined : (value as Record<string, unknown>)[from]
          return [name, member === null || member === undefined || convert === undefined ? null : convert(member)]
        }),
      )
  }
  if (type.type === 'list') {
    const element = node.children[0]?.children[0]
    const convert = element === undefined ? undefined : converter(element, type.element)
    return value =>
      (value as readonly unknown[]).map(item =>
        item === null || item === undefined || convert === undefined ? null : convert(item),
      )
  }
  const entries = node.children[0]
  const [keyNode, valueNode] = entries?.children ?? []
  if (entries === undefined || keyNode === undefined || valueNode === undefined) return () => []
  const key = converter(keyNode, type.key)
  const item = converter(valueNode, type.value)
  return value =>
    ((value as Record<string, unknown>)[entries.element.name] as readonly Record<string, unknown>[]).map(entry => {
      const mapped = entry[valueNode.element.name]
      return [key(entry[keyNode.element.name]), mapped === null || mapped === undefined ? null : item(mapped)]
    })
}

function primitiveConverter(type: string): Convert {
  switch (parsePrimitive(type)?.kind) {
    case 'long':
    case 'time':
    case 'timestamp':
    case 'timestamptz':
      return value => (typeof value === 'bigint' ? value : BigInt(value as number))
    case 'int':
    case 'date':
      return value => Number(value)
    case 'decimal':
      return value => (value instanceof Uint8Array ? decimalFromBytes(value) : BigInt(value as number | bigint))
    default:
      return value => value as Cell
  }
}
