import type { AsyncBuffer, ColumnChunk } from 'hyparquet'
import { codecs } from './codecs.ts'
import { ThriftReader, thrift } from './thrift.ts'

/*
 * Of a column of texts that nearly all differ, such as ids, somebody may want a
 * few. A general reader makes an object of each; this one looks at their bytes
 * where they lie, and leaves alone what is not laid out in the plainest way.
 */

/** Fields of `PageHeader` and `DataPageHeaderV2` of parquet.thrift. */
const field = { type: 1, fullSize: 2, size: 3, pageV2: 8, values: 1, encoding: 4, levels: [5, 6], isCompressed: 7 }
const pageV2 = 3
const plain = 0

interface Page {
  readonly values: number
  readonly bytes: Uint8Array
  /** Where in the chunk the next page begins. */
  readonly end: number
}

/**
 * Reads rows [from, to) of a row group's column of texts that has a value in
 * every row.
 * @param isWanted whether the text in these bytes, [start, end), is; the others come as null
 * @returns undefined for a chunk that is not laid out as expected: it has to be read in the general way
 */
export async function readTexts(
  file: AsyncBuffer,
  { meta_data: meta }: ColumnChunk,
  from: number,
  to: number,
  isWanted: (bytes: Uint8Array, start: number, end: number) => boolean,
): Promise<(string | null)[] | undefined> {
  if (meta?.codec !== 'SNAPPY' || meta.type !== 'BYTE_ARRAY' || meta.dictionary_page_offset !== undefined)
    return undefined
  const start = Number(meta.data_page_offset)
  const chunk = new Uint8Array(await file.slice(start, start + Number(meta.total_compressed_size)))
  const texts = new Array<string | null>(to - from).fill(null)
  try {
    let row = 0
    for (let at = 0; row < to; ) {
      const page = pageAt(chunk, at)
      if (page === undefined) return undefined
      const bytes = Buffer.from(page.bytes.buffer, page.bytes.byteOffset, page.bytes.byteLength)
      let next = 0
      for (const end = row + page.values; row < end; row++) {
        const first = next + 4
        next = first + lengthAt(bytes, next)
        if (next > bytes.length) return undefined
        if (row >= from && row < to && isWanted(bytes, first, next))
          texts[row - from] = bytes.toString('utf8', first, next)
      }
      at = page.end
    }
    return texts
  } catch {
    // The general reader says what is wrong with it.
    return undefined
  }
}

/** More than any page is long where the bytes end before. */
function lengthAt(bytes: Uint8Array, at: number): number {
  if (at + 4 > bytes.length) return Number.POSITIVE_INFINITY
  const low = (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16)
  return low + (bytes[at + 3] as number) * 0x100_0000
}

function pageAt(chunk: Uint8Array, at: number): Page | undefined {
  const reader = new ThriftReader(chunk, at)
  let isPlain = false
  let isCompressed = true
  let type = -1
  let values = 0
  const size = { full: 0, stored: 0, levels: 0 }
  reader.struct((id, kind) => {
    if (id === field.type) type = reader.integer()
    else if (id === field.fullSize) size.full = reader.integer()
    else if (id === field.size) size.stored = reader.integer()
    else if (id !== field.pageV2) reader.skip(kind)
    else
      reader.struct((idInPage, kindInPage) => {
        if (idInPage === field.values) values = reader.integer()
        else if (idInPage === field.encoding) isPlain = reader.integer() === plain
        else if (field.levels.includes(idInPage)) size.levels += reader.integer()
        else {
          if (idInPage === field.isCompressed) isCompressed = kindInPage !== thrift.false
          reader.skip(kindInPage)
        }
      })
  })
  const end = reader.at + size.stored
  if (type !== pageV2 || !isPlain || size.levels !== 0 || end > chunk.byteLength) return undefined
  const stored = chunk.subarray(reader.at, end)
  const bytes = isCompressed ? codecs.SNAPPY?.(stored, size.full) : stored
  return bytes && { values, bytes, end }
}
