import type { FlatTable } from './flat-table.ts'

/** What a batch, or a batch of a dictionary, says of itself. */
export interface BatchOutline {
  readonly rows: number
  /** The lengths of its columns and of those inside them, in the order of the schema. */
  readonly lengths: readonly number[]
  /** Bytes of its columns when they are no longer compressed. */
  readonly contentBytes: number
}

/** No column is longer, whatever it says: the places in one are 32-bit integers for the package. */
const longestColumn = 2 ** 31 - 1
/** Stands before a compressed buffer in place of its length when it is not compressed after all. */
const notCompressed = -1n
const lengthBytes = 8

/**
 * Reads a batch's account of itself, and checks that it fits into the message.
 * @throws RangeError for a damaged batch
 */
export function outlineOf(batch: FlatTable, body: DataView): BatchOutline {
  const rows = batch.length(0)
  const nodes = batch.vector(1, 16)
  const buffers = batch.vector(2, 16)
  const isCompressed = batch.table(3) !== undefined
  const lengths: number[] = []
  for (let index = 0; index < nodes.count; index++) {
    const length = nodes.length(index)
    if (length > longestColumn || nodes.length(index, 8) > length) throw new RangeError('a column of no length')
    lengths.push(length)
  }
  let contentBytes = 0
  for (let index = 0; index < buffers.count; index++) {
    const offset = buffers.length(index)
    const length = buffers.length(index, 8)
    if (offset + length > body.byteLength) throw new RangeError('a buffer outside of the message')
    contentBytes += isCompressed && length > 0 ? contentLength(body, offset, length) : length
  }
  checkVariadic(batch, buffers.count)
  return { rows, lengths, contentBytes }
}

function contentLength(body: DataView, offset: number, length: number): number {
  const content = length < lengthBytes ? undefined : body.getBigInt64(offset, true)
  if (content === notCompressed) return length
  if (content === undefined || content < 0n) throw new RangeError('a buffer of no length')
  return Number(content)
}

/** Columns of views say how many buffers each has. */
function checkVariadic(batch: FlatTable, buffers: number): void {
  const counts = batch.vector(4, 8)
  let sum = 0
  for (let index = 0; index < counts.count; index++) sum += counts.length(index)
  if (sum > buffers) throw new RangeError('more buffers than there are')
}
