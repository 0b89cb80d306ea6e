import type { ColumnChunk, RowGroup } from 'hyparquet'
import type { DataFile } from '../manifest/data-file.ts'
import { parsePrimitive } from '../primitive.ts'
import { isNested, walkFields } from '../schema-index.ts'
import { encodeSingleValue } from '../single-value.ts'
import type { Cell, Schema } from '../types.ts'

/** The column metrics of a data file, by field id (spec "Data File Fields"). */
export type Metrics = Pick<
  DataFile,
  'columnSizes' | 'valueCounts' | 'nullValueCounts' | 'nanValueCounts' | 'lowerBounds' | 'upperBounds' | 'splitOffsets'
>

/** Bounds keep this many code points or bytes (`write.metadata.metrics.default` = truncate(16)). */
const boundLength = 16

interface Leaf {
  readonly id: number
  readonly type: string
  /** Values inside lists and maps are counted, but a bound on them would say nothing about rows. */
  readonly repeated: boolean
}

/** Metrics from what the encoder counted for each row group. */
export function metricsOf(rowGroups: readonly RowGroup[], schema: Schema): Metrics {
  const leaves = leavesByPath(schema)
  const columnSizes = new Map<number, number>()
  const valueCounts = new Map<number, number>()
  const nullValueCounts = new Map<number, number>()
  const nanValueCounts = new Map<number, number>()
  const lowest = new Map<number, Cell>()
  const highest = new Map<number, Cell>()
  for (const chunk of rowGroups.flatMap(group => group.columns)) {
    const meta = chunk.meta_data
    const leaf = leaves.get(pathOf(chunk))
    if (meta === undefined || leaf === undefined) continue
    const { id } = leaf
    add(columnSizes, id, Number(meta.total_compressed_size))
    add(valueCounts, id, Number(meta.num_values))
    const statistics = meta.statistics as
      | { min_value?: Cell; max_value?: Cell; null_count?: bigint; nan_count?: bigint }
      | undefined
    add(nullValueCounts, id, Number(statistics?.null_count ?? 0n))
    if (statistics?.nan_count !== undefined) add(nanValueCounts, id, Number(statistics.nan_count))
    if (leaf.repeated) continue
    keep(lowest, id, statistics?.min_value, -1)
    keep(highest, id, statistics?.max_value, 1)
  }
  const types = new Map(Array.from(leaves.values(), leaf => [leaf.id, leaf.type]))
  return {
    columnSizes,
    valueCounts,
    nullValueCounts,
    nanValueCounts,
    lowerBounds: bounds(lowest, types, lowerBound),
    upperBounds: bounds(highest, types, upperBound),
    splitOffsets: rowGroups.map(firstByte),
  }
}

function leavesByPath(schema: Schema): ReadonlyMap<string, Leaf> {
  const leaves = new Map<string, Leaf>()
  const paths = new Map<number, { path: string; repeated: boolean }>()
  for (const node of walkFields(schema)) {
    const parent = node.parent === undefined ? undefined : paths.get(node.parent.id)
    const wrapper = node.role === 'element' ? 'list.' : node.role === 'field' ? '' : 'key_value.'
    const path = `${parent === undefined ? '' : `${parent.path}\u0000`}${wrapper.replace('.', '\u0000')}${node.name}`
    const repeated = (parent?.repeated ?? false) || node.role !== 'field'
    paths.set(node.id, { path, repeated })
    if (!isNested(node.type)) leaves.set(path, { id: node.id, type: node.type, repeated })
  }
  return leaves
}

function pathOf(chunk: ColumnChunk): string {
  return (chunk.meta_data?.path_in_schema ?? []).join('\u0000')
}

function add(counts: Map<number, number>, id: number, count: number): void {
  counts.set(id, (counts.get(id) ?? 0) + count)
}

function keep(extremes: Map<number, Cell>, id: number, value: Cell, sign: 1 | -1): void {
  if (value === undefined || value === null) return
  const present = extremes.get(id)
  if (present === undefined || present === null || compareCells(value, present) * sign > 0) extremes.set(id, value)
}

/** Order of two values of one column, as Iceberg compares bounds: strings by code point, bytes unsigned, NaN last. */
export function compareCells(a: NonNullable<Cell>, b: NonNullable<Cell>): number {
  if (typeof a === 'string' && typeof b === 'string') return compareStrings(a, b)
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b)
  if (a < b) return -1
  if (a > b) return 1
  return Number(Number.isNaN(a)) - Number(Number.isNaN(b))
}

/** UTF-8 byte order, which is code point order; UTF-16 units differ from it only beside surrogates. */
export function compareStrings(a: string, b: string): number {
  if (a === b) return 0
  const length = Math.min(a.length, b.length)
  for (let index = 0; index < length; index++) {
    const left = a.charCodeAt(index)
    const right = b.charCodeAt(index)
    if (left === right) continue
    const leftIsPair = left >= 0xd800 && left <= 0xdfff
    const rightIsPair = right >= 0xd800 && right <= 0xdfff
    return leftIsPair === rightIsPair ? left - right : leftIsPair ? 1 : -1
  }
  return a.length - b.length
}

function bounds(
  extremes: ReadonlyMap<number, Cell>,
  types: ReadonlyMap<number, string>,
  bound: (cell: NonNullable<Cell>) => Cell,
): ReadonlyMap<number, Uint8Array> {
  const encoded = new Map<number, Uint8Array>()
  for (const [id, cell] of extremes) {
    const type = types.get(id) as string
    const kind = parsePrimitive(type)?.kind
    const value = kind === 'string' || kind === 'binary' ? bound(cell as NonNullable<Cell>) : cell
    if (value !== undefined && value !== null) encoded.set(id, encodeSingleValue(value, type))
  }
  return encoded
}

function lowerBound(cell: NonNullable<Cell>): Cell {
  return typeof cell === 'string' ? firstCodePoints(cell) : (cell as Uint8Array).slice(0, boundLength)
}

/** The shortest string or bytes of bounded length not below the value; undefined when there is none. */
function upperBound(cell: NonNullable<Cell>): Cell {
  if (typeof cell === 'string') {
    const cut = firstCodePoints(cell)
    return cut.length === cell.length ? cell : incrementString(cut)
  }
  const bytes = cell as Uint8Array
  return bytes.byteLength <= boundLength ? bytes : incrementBytes(bytes.slice(0, boundLength))
}

function firstCodePoints(text: string): string {
  if (text.length <= boundLength) return text
  let end = 0
  for (let count = 0; count < boundLength && end < text.length; count++)
    end += (text.codePointAt(end) as number) > 0xffff ? 2 : 1
  return text.slice(0, end)
}

function incrementString(text: string): string | undefined {
  const points = Array.from(text, char => char.codePointAt(0) as number)
  for (let index = points.length - 1; index >= 0; index--) {
    const next = (points[index] as number) + 1
    const scalar = next >= 0xd800 && next <= 0xdfff ? 0xe000 : next
    if (scalar <= 0x10ffff) return String.fromCodePoint(...points.slice(0, index), scalar)
  }
  return undefined
}

function incrementBytes(bytes: Uint8Array): Uint8Array | undefined {
  for (let index = bytes.byteLength - 1; index >= 0; index--) {
    if (bytes[index] !== 0xff) {
      const next = bytes.slice(0, index + 1)
      next[index] = (bytes[index] as number) + 1
      return next
    }
  }
  return undefined
}

/** Where a row group begins in the file. */
function firstByte(group: RowGroup): number {
  const meta = group.columns[0]?.meta_data
  return Number(meta?.dictionary_page_offset ?? meta?.data_page_offset ?? 4n)
}
