import type { SchemaElement } from 'hyparquet'
import type { Cell } from '../types.ts'
import type { Convert } from './cells.ts'
import { codecs as compressors } from './codecs.ts'
import { type Hybrid, readHybrid } from './hybrid.ts'
import type { ChunkOutline } from './outline.ts'
import { ThriftReader, thrift } from './thrift.ts'

/*
 * The values of a column chunk that is laid out as ours are: one value for each
 * row, pages of version 2, plain or by a dictionary. Everything else is left to
 * the general reader.
 */

/** Fields of `PageHeader`, `DictionaryPageHeader` and `DataPageHeaderV2` of parquet.thrift. */
const field = {
  type: 1,
  fullSize: 2,
  size: 3,
  dictionary: 7,
  pageV2: 8,
  values: 1,
  ofDictionary: { encoding: 2 },
  ofPage: { nulls: 2, encoding: 4, levels: 5, repetition: 6, isCompressed: 7 },
} as const
const page = { dictionary: 2, dataV2: 3 } as const
const encoding = { plain: 0, plainDictionary: 2, rle: 3, dictionary: 8 } as const
const physical = { boolean: 0, int32: 1, int64: 2, float: 4, double: 5, bytes: 6, fixed: 7 } as const
const codecs = ['UNCOMPRESSED', 'SNAPPY'] as const

interface Page {
  readonly type: number
  readonly values: number
  readonly nulls: number
  readonly encoding: number
  /** Of the column's definition levels, in front of the values. */
  readonly levels: number
  readonly isCompressed: boolean
  readonly start: number
  readonly end: number
  readonly fullSize: number
}

/** Whether the values of a leaf are what its bytes are, as far as {@link flatCells} goes. */
export function isFlat({ num_children, repetition_type, logical_type, converted_type }: SchemaElement): boolean {
  if (num_children !== undefined || repetition_type === 'REPEATED') return false
  if (logical_type?.type === 'TIMESTAMP') return logical_type.unit === 'MICROS'
  if (logical_type?.type === 'INTEGER') return logical_type.isSigned
  if (logical_type?.type === 'FLOAT16') return false
  return !/^(?:TIMESTAMP_MILLIS|UINT_.*|INTERVAL)$/.test(converted_type ?? '')
}

/**
 * @param chunk the bytes of the column chunk
 * @param convert what the general reader's values go through; values of a dictionary go through it once
 * @returns undefined for a chunk that is laid out otherwise, or that contradicts itself
 */
export function flatCells(
  chunk: Uint8Array,
  outline: ChunkOutline,
  element: SchemaElement,
  convert: Convert,
): Cell[] | undefined {
  const codec = codecs[outline.codec]
  if (codec === undefined || outline.type === 3) return undefined
  try {
    let cells: Cell[] | undefined
    let dictionary: Cell[] | undefined
    let row = 0
    let nulls = 0
    for (let at = 0; row < outline.values; ) {
      const header = pageAt(chunk, at)
      if (header === undefined || row + header.values > outline.values) return undefined
      at = header.end
      const levels = chunk.subarray(header.start, header.start + header.levels)
      const bytes = uncompressed(chunk, header, codec)
      if (bytes === undefined) return undefined
      if (header.type === page.dictionary) {
        if (header.encoding !== encoding.plain && header.encoding !== encoding.plainDictionary) return undefined
        dictionary = plain(bytes, header.values, outline.type, element, convert)
        if (dictionary === undefined) return undefined
        continue
      }
      const present = header.values - header.nulls
      const values = present === 0 ? [] : valuesOf(bytes, header, present, outline.type, element, dictionary, convert)
      if (values === undefined) return undefined
      // Mostly there is one page and no null, and then these are all.
      if (values.length === outline.values) cells = values
      else {
        cells ??= new Array<Cell>(outline.values)
        fill(cells, row, header, values, levels)
      }
      row += header.values
      nulls += header.nulls
    }
    return outline.nulls === undefined || outline.nulls === nulls ? (cells ?? []) : undefined
  } catch {
    // The general reader says what is wrong with it.
    return undefined
  }
}

function fill(
  cells: Cell[],
  from: number,
  { values: count, nulls }: Page,
  values: readonly Cell[],
  levels: Uint8Array,
): void {
  if (nulls === 0) for (let index = 0; index < count; index++) cells[from + index] = values[index]
  else if (nulls === count) cells.fill(null, from, from + count)
  else {
    const defined = readHybrid(levels, 0, 1, count)
    let next = 0
    for (let index = 0; index < count; index++) cells[from + index] = defined[index] === 1 ? values[next++] : null
    if (next !== count - nulls) throw new RangeError('levels that say something else than the header')
  }
}

function valuesOf(
  bytes: Uint8Array,
  header: Page,
  count: number,
  type: number,
  element: SchemaElement,
  dictionary: readonly Cell[] | undefined,
  convert: Convert,
): Cell[] | undefined {
  switch (header.encoding) {
    case encoding.plain:
      return plain(bytes, count, type, element, convert)
    case encoding.plainDictionary:
    case encoding.dictionary: {
      if (dictionary === undefined) return undefined
      return lookedUp(readHybrid(bytes, 1, bytes[0] ?? 0, count), dictionary)
    }
    case encoding.rle:
      return type === physical.boolean ? Array.from(readHybrid(bytes, 4, 1, count), bit => bit === 1) : undefined
    default:
      return undefined
  }
}

function lookedUp(indexes: Hybrid, dictionary: readonly Cell[]): Cell[] {
  const cells = new Array<Cell>(indexes.length)
  for (let index = 0; index < indexes.length; index++) {
    const at = indexes[index] as number
    if (at >= dictionary.length) throw new RangeError('an index beyond the dictionary')
    cells[index] = dictionary[at]
  }
  return cells
}

function plain(
  bytes: Uint8Array,
  count: number,
  type: number,
  element: SchemaElement,
  convert: Convert,
): Cell[] | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const cells = new Array<Cell>(count)
  switch (type) {
    case physical.boolean:
      for (let index = 0; index < count; index++)
        cells[index] = convert((view.getUint8(index >> 3) & (1 << (index & 7))) !== 0)
      return cells
    case physical.int32:
      for (let index = 0; index < count; index++) cells[index] = convert(view.getInt32(4 * index, true))
      return cells
    case physical.int64:
      for (let index = 0; index < count; index++) cells[index] = convert(view.getBigInt64(8 * index, true))
      return cells
    case physical.float:
      for (let index = 0; index < count; index++) cells[index] = convert(view.getFloat32(4 * index, true))
      return cells
    case physical.double:
      for (let index = 0; index < count; index++) cells[index] = convert(view.getFloat64(8 * index, true))
      return cells
    case physical.bytes:
    case physical.fixed: {
      const length = type === physical.fixed ? (element.type_length ?? 0) : undefined
      let at = 0
      for (let index = 0; index < count; index++) {
        const size = length ?? view.getUint32(at, true)
        if (length === undefined) at += 4
        cells[index] = convert(new Uint8Array(bytes.buffer, bytes.byteOffset + at, size))
        at += size
      }
      return at > bytes.byteLength ? undefined : cells
    }
    default:
      return undefined
  }
}

function uncompressed(chunk: Uint8Array, header: Page, codec: 'UNCOMPRESSED' | 'SNAPPY'): Uint8Array | undefined {
  const stored = chunk.subarray(header.start + header.levels, header.end)
  if (codec === 'UNCOMPRESSED' || !header.isCompressed || stored.byteLength === 0) return stored
  const size = header.fullSize - header.levels
  const bytes = compressors.SNAPPY?.(stored, size)
  return bytes?.byteLength === size ? bytes : undefined
}

function pageAt(chunk: Uint8Array, at: number): Page | undefined {
  const reader = new ThriftReader(chunk, at)
  let [type, fullSize, size, values, nulls, levels, form] = [-1, 0, 0, 0, 0, 0, -1]
  let isCompressed = true
  reader.struct((id, kind) => {
    if (id === field.type) type = reader.integer()
    else if (id === field.fullSize) fullSize = reader.integer()
    else if (id === field.size) size = reader.integer()
    else if (id === field.dictionary)
      reader.struct((idInside, kindInside) => {
        if (idInside === field.values) values = reader.integer()
        else if (idInside === field.ofDictionary.encoding) form = reader.integer()
        else reader.skip(kindInside)
      })
    else if (id === field.pageV2)
      reader.struct((idInside, kindInside) => {
        if (idInside === field.values) values = reader.integer()
        else if (idInside === field.ofPage.nulls) nulls = reader.integer()
        else if (idInside === field.ofPage.encoding) form = reader.integer()
        else if (idInside === field.ofPage.levels) levels = reader.integer()
        else if (idInside === field.ofPage.repetition) {
          if (reader.integer() !== 0) type = -1
        } else {
          if (idInside === field.ofPage.isCompressed) isCompressed = kindInside !== thrift.false
          reader.skip(kindInside)
        }
      })
    else reader.skip(kind)
  })
  const end = reader.at + size
  if ((type !== page.dictionary && type !== page.dataV2) || end > chunk.byteLength || nulls > values) return undefined
  return { type, values, nulls, encoding: form, levels, isCompressed, start: reader.at, end, fullSize }
}
