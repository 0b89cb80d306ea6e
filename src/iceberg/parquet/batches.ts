import type { AsyncBuffer, SchemaElement } from 'hyparquet'
import type { InputFile } from '../file-io/file-io.ts'
import type { NameMapping } from '../name-mapping.ts'
import type { Cell, Field } from '../types.ts'
import { bytesOf, type Convert, converter } from './cells.ts'
import { type FileNode, fileNodes, hasFieldIds } from './file-schema.ts'
import { flatCells, isFlat } from './flat-cells.ts'
import { type ChunkOutline, type FileOutline, type KnownSchemas, readOutline } from './outline.ts'
import { type AbsentValues, bufferOf, type ColumnBatch, openParquet } from './read.ts'
import { type RowRange, rangesIn } from './row-range.ts'

/*
 * Reading whole rows of many files, to write them again. Texts stay the bytes
 * they are. Files that are laid out as ours are read without the general
 * reader, which takes several times as long on files of some hundred rows.
 */

/** A file whose rows are read batch by batch. */
export interface BatchFile {
  readonly rowCount: number
  /** What a row takes in memory on average, in bytes. */
  readonly rowBytes: number
  /** Rows of the largest row group. */
  readonly groupRows: number
  /**
   * Values of all fields for a range of rows; texts of top-level columns as UTF-8 bytes, but for those beside.
   * @throws IcebergError as `ParquetFile.readColumns`
   */
  read(fields: readonly Field[], options: BatchOptions): AsyncGenerator<ColumnBatch>
}

export interface BatchOptions {
  readonly absent: AbsentValues
  readonly beside: readonly Field[]
  readonly rows: RowRange
}

/** One column: where it is in the outline, or the value that all rows have. */
interface Source {
  readonly id: number | undefined
  readonly leaf: number
  readonly element: SchemaElement | undefined
  readonly convert: Convert
  readonly value: Cell
}

/**
 * @param known schemas of other files of the table
 * @throws IcebergError as `openParquet`
 */
export async function openBatches(
  input: InputFile,
  location: string,
  mapping: () => NameMapping | undefined,
  known: KnownSchemas,
): Promise<BatchFile> {
  const buffer = bufferOf(input)
  const outline = await readOutline(buffer, known)
  if (outline === undefined || !hasFieldIds(outline.metadata)) return generally(input, location, mapping)
  const nodes = new Map(fileNodes(outline.metadata).map(node => [node.id, node]))
  const leaves = leavesOf(outline)
  const size = { rowBytes: rowBytesOf(outline), groupRows: Math.max(0, ...outline.groups.map(({ rows }) => rows)) }
  return {
    ...size,
    rowCount: outline.groups.reduce((sum, { rows }) => sum + rows, 0),
    read: async function* (fields, options) {
      const sources = [
        ...fields.map(field => sourceOf(field, nodes, leaves, location, options, false)),
        ...options.beside.map(field => sourceOf(field, nodes, leaves, location, options, true)),
      ]
      let from = options.rows.from
      if (sources.every(source => source !== undefined)) {
        for await (const batch of quickly(buffer, outline, sources, fields.length, options.rows)) {
          if (batch === undefined) break
          from = batch.rowStart + batch.rowCount
          yield batch
        }
      }
      const rows = { ...options.rows, from }
      if (
        from >=
        Math.min(
          rows.to,
          outline.groups.reduce((sum, group) => sum + group.rows, 0),
        )
      )
        return
      const file = await openParquet(input, location, mapping)
      yield* file.readColumns(fields, { ...options, asBytes: true, rows })
    },
  }
}

async function generally(
  input: InputFile,
  location: string,
  mapping: () => NameMapping | undefined,
): Promise<BatchFile> {
  const file = await openParquet(input, location, mapping)
  const { row_groups: groups } = file.metadata
  const chunks = groups.flatMap(group => group.columns.flatMap(({ meta_data: meta }) => meta ?? []))
  const bytes = chunks.reduce(
    (sum, meta) => sum + Number(meta.total_uncompressed_size) + 120 * Number(meta.num_values),
    0,
  )
  return {
    rowCount: file.rowCount,
    rowBytes: bytes / Math.max(1, file.rowCount),
    groupRows: Math.max(0, ...groups.map(group => Number(group.num_rows))),
    read: (fields, options) => file.readColumns(fields, { ...options, asBytes: true }),
  }
}

/** What a value takes besides its bytes: its place in two lists, and what a view of bytes or a 64-bit integer is. */
function rowBytesOf({ groups }: FileOutline): number {
  let bytes = 0
  let rows = 0
  for (const group of groups) {
    rows += group.rows
    for (const { type, values, nulls, fullSize, hasDictionary } of group.chunks) {
      const own = hasDictionary ? 0 : type >= 6 ? 104 : type === 2 ? 24 : 0
      bytes += fullSize + 16 * values + own * (values - (nulls ?? 0))
    }
  }
  return bytes / Math.max(1, rows)
}

/** The leaf of each column that has one only, by the column's name. */
function leavesOf({
  metadata: { schema },
}: FileOutline): ReadonlyMap<string, { leaf: number; element: SchemaElement }> {
  const found = new Map<string, { leaf: number; element: SchemaElement }>()
  let leaf = 0
  for (let at = 1; at < schema.length; ) {
    const element = schema[at] as SchemaElement
    if ((element.num_children ?? 0) === 0) found.set(element.name, { leaf, element })
    // Down to the end of the column.
    for (let left = 1; left > 0; at++) {
      const children = schema[at]?.num_children ?? 0
      if (children === 0) leaf++
      left += children - 1
    }
  }
  return found
}

/** undefined for a column that only the general reader reads. */
function sourceOf(
  field: Field,
  nodes: ReadonlyMap<number, FileNode>,
  leaves: ReturnType<typeof leavesOf>,
  location: string,
  { absent }: BatchOptions,
  isBeside: boolean,
): Source | undefined {
  const isText = field.type === 'string' && !isBeside
  const node = field.type === 'unknown' ? undefined : nodes.get(field.id)
  const id = isBeside ? undefined : field.id
  if (node === undefined) {
    const value = absent.value(field)
    const convert: Convert = () => null
    return { id, leaf: -1, element: undefined, convert, value: isText && value !== null ? bytesOf(value) : value }
  }
  const convert = converter(node, field.type, { location, path: field.name, absent: member => absent.value(member) })
  const place = leaves.get(node.name)
  if (place === undefined || !isFlat(place.element)) return undefined
  return { id, ...place, convert: isText ? bytesOf : convert, value: null }
}

/** Row group by row group, cut where the range wants less. Gives undefined where only the general reader goes on. */
async function* quickly(
  file: AsyncBuffer,
  outline: FileOutline,
  sources: readonly Source[],
  own: number,
  range: RowRange,
): AsyncGenerator<ColumnBatch | undefined> {
  const groups = outline.groups.map(group => ({ ...group, num_rows: BigInt(group.rows) }))
  for (const { group, start, from, to } of rangesIn(groups, { ...range, atMost: Number.POSITIVE_INFINITY })) {
    // A group that is larger than what is wanted at a time is read by pieces of its columns, which is not done here.
    if (group.rows > range.atMost) return yield undefined
    const bytes = await groupBytes(file, group.chunks, sources)
    const whole: Cell[][] = []
    for (const { leaf, element, convert, value } of sources) {
      const chunk = group.chunks[leaf]
      if (element === undefined) {
        whole.push(new Array<Cell>(group.rows).fill(value))
        continue
      }
      const cells = chunk?.values === group.rows ? flatCells(await bytes(chunk), chunk, element, convert) : undefined
      if (cells === undefined) return yield undefined
      whole.push(cells)
    }
    const isWhole = from === start && to === start + group.rows
    const cut = isWhole ? whole : whole.map(cells => cells.slice(from - start, to - start))
    yield {
      rowStart: from,
      rowCount: to - from,
      columns: new Map(sources.slice(0, own).map(({ id }, index) => [id as number, cut[index] as Cell[]])),
      beside: cut.slice(own),
    }
  }
}

/** Bytes that are read at once where they lie side by side. */
const runBytes = 1 << 20

/** What gives the bytes of a chunk: of a small group they are read in one go. */
async function groupBytes(
  file: AsyncBuffer,
  chunks: readonly ChunkOutline[],
  sources: readonly Source[],
): Promise<(chunk: ChunkOutline) => Promise<Uint8Array>> {
  const wanted = sources.flatMap(({ leaf }) => chunks[leaf] ?? [])
  const first = Math.min(...wanted.map(({ start }) => start))
  const last = Math.max(...wanted.map(({ start, size }) => start + size))
  if (wanted.length === 0 || last - first > runBytes)
    return async ({ start, size }) => new Uint8Array(await file.slice(start, start + size))
  const run = new Uint8Array(await file.slice(first, last))
  return async ({ start, size }) => run.subarray(start - first, start - first + size)
}
