import { type AsyncBuffer, type FileMetaData, parquetMetadataAsync, parquetScan } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import { IcebergError } from '../errors.ts'
import type { InputFile } from '../file-io/file-io.ts'
import type { NameMapping } from '../name-mapping.ts'
import type { Cell, Field } from '../types.ts'
import { type Convert, converter } from './cells.ts'
import { exactly } from './exactly.ts'
import { type FileNode, fileNodes, hasFieldIds } from './file-schema.ts'

/** Values of the asked columns for a run of rows, by field id. */
export interface ColumnBatch {
  /** The first row's position in the file, also where rows before it were skipped. */
  readonly rowStart: number
  readonly rowCount: number
  /** Without {@link ReadOptions.absent} a column the file lacks is not there. */
  readonly columns: ReadonlyMap<number, readonly Cell[]>
  /** Values of the fields asked for beside, in their order. */
  readonly beside: readonly (readonly Cell[])[]
}

/** Statistics of one row group's column, before any promotion. */
export interface RowGroupBounds {
  readonly lower: Cell
  readonly upper: Cell
}

/** What a reader needs to know of fields that a file lacks. */
export interface AbsentValues {
  /** A value that all rows of the file have, by field id; undefined for most fields. */
  constant(id: number): Cell
  /** The value of a field that is not in the file. It throws where there has to be one and is none. */
  value(field: Field): Cell
}

export interface ReadOptions {
  readonly only?: GroupFilter | undefined
  /** Without it members that the file lacks are null. */
  readonly absent?: AbsentValues
  /** Fields to read besides; they may have ids that others have, in other shapes. Needs `absent`. */
  readonly beside?: readonly Field[]
}

/** An opened Parquet file. */
export interface ParquetFile {
  /** As the file has it. */
  readonly metadata: FileMetaData
  readonly rowCount: number
  /** Whether the file has the column, by id. */
  has(id: number): boolean
  /**
   * Reads columns by field id, row group by row group, promoted and shaped as the fields say.
   * @throws IcebergError DATA_INVALID for damage and for types that cannot be read as the field's
   */
  readColumns(fields: readonly Field[], options?: ReadOptions): AsyncGenerator<ColumnBatch>
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
  timestampFromNanoseconds: (value: bigint) => (value - (((value % 1000n) + 1000n) % 1000n)) / 1000n,
  dateFromDays: (days: number) => days,
  stringFromBytes: (bytes: Uint8Array | undefined) => bytes && utf8.decode(bytes),
}

/** One column to be read: where in the file it is, and what becomes of its values. */
interface Reading {
  readonly field: Field
  readonly isBeside: boolean
  /** undefined: all rows have the value. */
  readonly source: { readonly name: string; readonly convert: Convert } | undefined
  readonly value: Cell
}

/**
 * @param mapping gives names for a file that carries no field ids; asked only for such a file
 * @throws IcebergError DATA_INVALID when it is not Parquet, FORMAT_UNSUPPORTED when it carries no field ids and there
 *   is no mapping
 */
export async function openParquet(
  input: InputFile,
  location: string,
  mapping: () => NameMapping | undefined = () => undefined,
): Promise<ParquetFile> {
  const file: AsyncBuffer = {
    byteLength: input.size,
    slice: async (start, end = input.size) => {
      const bytes = await input.read(start < 0 ? input.size + start : start, end)
      const isWhole = bytes.byteLength === bytes.buffer.byteLength
      return (isWhole ? bytes : new Uint8Array(bytes)).buffer as ArrayBuffer
    },
  }
  const metadata = await damaged(location, () => parquetMetadataAsync(file, { parsers, geoparquet: false }))
  const isMapped = !(await damaged(location, async () => hasFieldIds(metadata)))
  const names = isMapped ? mapping() : undefined
  if (isMapped && names === undefined) {
    throw new IcebergError(
      'FORMAT_UNSUPPORTED',
      `${location} carries no field ids, and the table has no name mapping`,
      {
        file: location,
      },
    )
  }
  const { byId, plain } = await damaged(location, async () => ({
    byId: new Map(fileNodes(metadata, names).map(node => [node.id, node])),
    plain: exactly(metadata),
  }))
  return { metadata, rowCount: Number(metadata.num_rows), has: id => byId.has(id), readColumns }

  async function* readColumns(fields: readonly Field[], options: ReadOptions = {}): AsyncGenerator<ColumnBatch> {
    const { only, beside = [] } = options
    const inOrder = fields.toSorted((a, b) => Number(b.id === only?.id) - Number(a.id === only?.id))
    const readings = [
      ...inOrder.map(field => readingOf(field, options, false)),
      ...beside.map(field => readingOf(field, options, true)),
    ].filter(reading => reading !== undefined)
    const scan = await damaged(location, () =>
      parquetScan({
        file,
        metadata: plain,
        columns: [...new Set(readings.flatMap(({ source }) => source?.name ?? []))],
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
      const columns = new Map<number, readonly Cell[]>()
      const others: (readonly Cell[])[] = []
      let matches = true
      for (const { field, isBeside, source, value } of readings) {
        const cells =
          source === undefined
            ? new Array<Cell>(rowCount).fill(value)
            : await damaged(location, async () =>
                convertAll(await scan.readColumn({ column: source.name, rowStart: start, rowEnd }), source.convert),
              )
        if (isBeside) {
          others.push(cells)
          continue
        }
        columns.set(field.id, cells)
        matches = field.id !== only?.id || only.matches(cells)
        if (!matches) break
      }
      if (matches) yield { rowStart: start, rowCount, columns, beside: others }
    }
  }

  function readingOf(field: Field, { absent }: ReadOptions, isBeside: boolean): Reading | undefined {
    // What the partition says comes before what the mapping says (spec "Column Projection").
    const constant = isMapped ? absent?.constant(field.id) : undefined
    const node = (constant ?? null) === null && field.type !== 'unknown' ? byId.get(field.id) : undefined
    if (node !== undefined) {
      const convert = converter(node, field.type, {
        location,
        path: field.name,
        absent: absent && (member => absent.value(member)),
      })
      return { field, isBeside, source: { name: node.name, convert }, value: null }
    }
    return absent === undefined ? undefined : { field, isBeside, source: undefined, value: absent.value(field) }
  }
}

function convertAll(values: ArrayLike<unknown>, convert: Convert): Cell[] {
  return Array.from(values, value => (value === null || value === undefined ? null : convert(value)))
}

async function damaged<T>(location: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (cause) {
    if (cause instanceof IcebergError) throw cause
    throw new IcebergError(
      'DATA_INVALID',
      `data file ${location} cannot be read: ${(cause as Error).message}`,
      { file: location },
      cause,
    )
  }
}

function groupBounds(
  group: FileMetaData['row_groups'][number],
  node: FileNode | undefined,
): RowGroupBounds | undefined {
  const chunk = group.columns.find(
    column => column.meta_data?.path_in_schema.length === 1 && column.meta_data.path_in_schema[0] === node?.name,
  )
  const statistics = chunk?.meta_data?.statistics
  if (statistics?.min_value === undefined || statistics.max_value === undefined) return undefined
  return { lower: statistics.min_value as Cell, upper: statistics.max_value as Cell }
}
