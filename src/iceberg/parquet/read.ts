import { type AsyncBuffer, type FileMetaData, parquetMetadata, parquetMetadataAsync, parquetScan } from 'hyparquet'
import { IcebergError } from '../errors.ts'
import type { InputFile } from '../file-io/file-io.ts'
import type { NameMapping } from '../name-mapping.ts'
import type { Cell, Field } from '../types.ts'
import { bytesOf, type Convert, converter } from './cells.ts'
import { codecs } from './codecs.ts'
import { exactly } from './exactly.ts'
import { type FileNode, fileNodes, hasFieldIds, mayBeOf } from './file-schema.ts'
import { type FooterPlans, footerBytes, readFooter } from './footer.ts'
import { lateParsers, parsers } from './parsers.ts'
import { type RowRange, rangesIn } from './row-range.ts'
import { readTexts } from './texts.ts'

/** Values of the asked columns for a run of rows, by field id. */
export interface ColumnBatch {
  /** The first row's position in the file, also where rows before it were skipped or left out. */
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
  /** Only with `only`. */
  readonly texts?: TextFilter | undefined
  /** Without it members that the file lacks are null. */
  readonly absent?: AbsentValues
  /** Fields to read besides; they may have ids that others have, in other shapes. Needs `absent`. */
  readonly beside?: readonly Field[]
  /** Texts of top-level columns come as their UTF-8 bytes, but for those beside. Without `only`. */
  readonly asBytes?: boolean
  /** Rows [from, to) of the file, at most so many at a time. Without `only`. */
  readonly rows?: RowRange
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
  /** The rows of the group, [from, to), outside of which the values of the column let none match; undefined: none does. */
  range(cells: readonly Cell[]): readonly [from: number, to: number] | undefined
}

/** Says which texts of a column are worth decoding: the others come as null. */
export interface TextFilter {
  readonly id: number
  /** Asked of the text in the bytes [start, end). */
  mayMatch(utf8: Uint8Array, start: number, end: number): boolean
}

/** What can be known of a row group without reading it. */
export interface RowGroupView {
  readonly rowCount: number
  bounds(id: number): RowGroupBounds | undefined
}

/** One column to be read: where in the file it is, and what becomes of its values. */
interface Reading {
  readonly field: Field
  readonly isBeside: boolean
  /** undefined: all rows have the value. */
  readonly source: { readonly name: string; readonly convert: Convert } | undefined
  /** Says which texts are wanted of a column that has one in every row. */
  readonly texts?: TextFilter | undefined
  readonly value: Cell
}

/**
 * @param mapping gives names for a file that carries no field ids; asked only for such a file
 * @param ids the columns that will be read, where they are few: `metadata` may lack what the file says of others
 * @throws IcebergError DATA_INVALID when it is not Parquet, FORMAT_UNSUPPORTED when it carries no field ids and there
 *   is no mapping
 */
export async function openParquet(
  input: InputFile,
  location: string,
  mapping: () => NameMapping | undefined = () => undefined,
  ids?: ReadonlySet<number>,
): Promise<ParquetFile> {
  const file = bufferOf(input)
  const metadata = await damaged(location, () => readMetadata(file, ids))
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
    const { only, beside = [], asBytes = false, rows } = options
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
        compressors: codecs,
        parsers: only === undefined && !asBytes ? parsers : lateParsers,
        utf8: false,
        geoparquet: false,
      }),
    )
    for (const { group, start, from, to } of rangesIn(metadata.row_groups, rows)) {
      const rowCount = Number(group.num_rows)
      let rowStart = from
      let rowEnd = to
      if (only?.mayMatch({ rowCount, bounds: id => groupBounds(group, byId.get(id)) }) === false) continue
      const columns = new Map<number, readonly Cell[]>()
      const others: (readonly Cell[])[] = []
      for (const { field, isBeside, source, value, texts } of readings) {
        let cells =
          source === undefined
            ? new Array<Cell>(rowEnd - rowStart).fill(value)
            : ((await wantedTexts(group, source.name, texts, rowStart - start, rowEnd - start)) ??
              (await damaged(location, async () =>
                convertAll(await scan.readColumn({ column: source.name, rowStart, rowEnd }), source.convert),
              )))
        if (!isBeside && field.id === only?.id) {
          const [first, last] = only.range(cells) ?? [0, 0]
          rowEnd = rowStart + last
          rowStart += first
          if (rowStart === rowEnd) break
          cells = cells.slice(first, last)
        }
        if (isBeside) others.push(cells)
        else columns.set(field.id, cells)
      }
      if (rowStart < rowEnd) yield { rowStart, rowCount: rowEnd - rowStart, columns, beside: others }
    }
  }

  async function wantedTexts(
    { columns }: FileMetaData['row_groups'][number],
    name: string,
    texts: TextFilter | undefined,
    from: number,
    to: number,
  ): Promise<Cell[] | undefined> {
    if (texts === undefined) return undefined
    const chunk = columns.find(
      ({ meta_data: meta }) => meta?.path_in_schema.length === 1 && meta.path_in_schema[0] === name,
    )
    return chunk && readTexts(file, chunk, from, to, (bytes, start, end) => texts.mayMatch(bytes, start, end))
  }

  function readingOf(
    field: Field,
    { absent, only, texts, asBytes }: ReadOptions,
    isBeside: boolean,
  ): Reading | undefined {
    // What the partition says comes before what the mapping says (spec "Column Projection").
    const constant = isMapped ? absent?.constant(field.id) : undefined
    const node = (constant ?? null) === null && field.type !== 'unknown' ? byId.get(field.id) : undefined
    const isText = asBytes === true && !isBeside && field.type === 'string'
    if (node !== undefined) {
      const convertible = converter(node, field.type, {
        location,
        path: field.name,
        absent: absent && (member => absent.value(member)),
      })
      const plainly = isText ? bytesOf : convertible
      const isFiltered = only !== undefined && texts?.id === field.id && !isBeside
      const convert: Convert = isFiltered
        ? value => (value instanceof Uint8Array && !texts.mayMatch(value, 0, value.length) ? null : plainly(value))
        : plainly
      const isTexts = isFiltered && node.required && field.type === 'string' && node.type === 'string'
      return { field, isBeside, source: { name: node.name, convert }, texts: isTexts ? texts : undefined, value: null }
    }
    if (absent === undefined) return undefined
    const value = absent.value(field)
    return { field, isBeside, source: undefined, value: isText && value !== null ? bytesOf(value) : value }
  }
}

/** A file as hyparquet reads it. */
export function bufferOf(input: InputFile): AsyncBuffer {
  return {
    byteLength: input.size,
    slice: async (start, end = input.size) => {
      const bytes = await input.read(start < 0 ? input.size + start : start, end)
      const isWhole = bytes.byteLength === bytes.buffer.byteLength
      return (isWhole ? bytes : new Uint8Array(bytes)).buffer as ArrayBuffer
    },
  }
}

function convertAll(values: ArrayLike<unknown>, convert: Convert): Cell[] {
  const cells = new Array<Cell>(values.length)
  let previous: unknown
  let cell: Cell = null
  for (let index = 0; index < values.length; index++) {
    const value = values[index]
    // Of rows that follow one another many have one value, which then is one object of a dictionary.
    if (!Object.is(value, previous)) {
      previous = value
      cell = value === null || value === undefined ? null : convert(value)
    }
    cells[index] = cell
  }
  return cells
}

const parsing = { parsers, geoparquet: false }

/** What was found out of files that the same columns are read of. */
const footerPlans = new WeakMap<ReadonlySet<number>, FooterPlans>()

async function readMetadata(file: AsyncBuffer, ids: ReadonlySet<number> | undefined): Promise<FileMetaData> {
  const some = ids === undefined ? undefined : await readSome(file, ids)
  // Columns without ids are told by their names only where no column has one, also none of those that were left out.
  if (some !== undefined && hasFieldIds(some)) return some
  return parquetMetadataAsync(file, { ...parsing, initialFetchSize: footerBytes })
}

async function readSome(file: AsyncBuffer, ids: ReadonlySet<number>): Promise<FileMetaData | undefined> {
  const plans: FooterPlans = footerPlans.get(ids) ?? new Map()
  footerPlans.set(ids, plans)
  return readFooter(
    file,
    column => mayBeOf(column, ids),
    footer => parquetMetadata(footer, parsing),
    plans,
  )
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
