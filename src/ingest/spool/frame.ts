import { crc32 } from 'node:zlib'
import { parseJson, printJson } from '../../iceberg/json.ts'
import type { Json } from '../../iceberg/types.ts'

/*
 * What a segment is made of. A frame is one acknowledged batch: a head of 24
 * bytes, then JSON about the batch, then its rows.
 *
 *    0  'HYPF', or 'HYPH' for the header of a segment, which has no rows
 *    4  length of the JSON   8  length of the rows   12  number of rows
 *   16  CRC-32 of bytes 0 to 15 and the JSON
 *   20  CRC-32 of the rows
 *
 * Numbers are unsigned, little-endian, of 4 bytes. The JSON is shorter than
 * 2^24 bytes, so that byte 7 is zero: no row can hold what looks like a frame,
 * as no JSON text holds that byte.
 */

export type FrameKind = 'header' | 'batch'

/** Bytes of a head. */
export const headLength = 24
/** What every frame begins with, before the letter that says its kind. */
export const magic = 'HYP'
const letters: Readonly<Record<FrameKind, number>> = { header: 0x48, batch: 0x46 }
const metaLimit = 2 ** 24
const rowsLimit = 2 ** 32
/** A checksum of so many bytes is computed at once: a third of a millisecond. */
const checksumPiece = 2 ** 20

/** What a frame says of its batch. */
export interface BatchMeta {
  /** When the batch came, in milliseconds since 1970. */
  readonly at: number
  /** SHA-256 of the idempotency key, in hexadecimal. */
  readonly key?: string
  /** SHA-256 of the request, in hexadecimal: the same key with another one is a mistake. */
  readonly digest?: string
  /** What the client was answered. */
  readonly answer?: Json
}

/** The lengths that stand in a head. */
export interface FrameHead {
  readonly kind: FrameKind
  readonly metaLength: number
  readonly rowsLength: number
  readonly rowCount: number
  readonly rowsChecksum: number
}

/** The rows of a frame, as far as its head tells of them. */
export interface FrameRows {
  readonly count: number
  readonly byteLength: number
  readonly checksum: number
}

const noRows: FrameRows = { count: 0, byteLength: 0, checksum: 0 }

/**
 * The head of a frame and its JSON; the rows follow it as they are.
 * @throws RangeError where one of them is longer than a frame can be
 */
export function encodeHead(kind: FrameKind, meta: Uint8Array, rows: FrameRows = noRows): Uint8Array {
  assertFits(meta, rows)
  const bytes = Buffer.allocUnsafe(headLength + meta.byteLength)
  bytes.write(magic, 0, 'latin1')
  bytes[3] = letters[kind]
  bytes.writeUInt32LE(meta.byteLength, 4)
  bytes.writeUInt32LE(rows.byteLength, 8)
  bytes.writeUInt32LE(rows.count, 12)
  bytes.set(meta, headLength)
  bytes.writeUInt32LE(metaChecksum(bytes), 16)
  bytes.writeUInt32LE(rows.checksum, 20)
  return bytes
}

function encodeMeta(meta: BatchMeta): Uint8Array {
  return Buffer.from(printJson(meta))
}

/**
 * The head of a batch; later, where its rows are many.
 * @throws RangeError at once, where a frame cannot hold them
 */
export function encodeBatchHead(meta: BatchMeta, rows: Uint8Array, count: number): Uint8Array | Promise<Uint8Array> {
  const json = encodeMeta(meta)
  const { byteLength } = rows
  assertFits(json, { count, byteLength })
  if (byteLength <= checksumPiece) return encodeHead('batch', json, { count, byteLength, checksum: crc32(rows) })
  return checksumOf(rows).then(checksum => encodeHead('batch', json, { count, byteLength, checksum }))
}

/** A frame that keeps what was answered to a batch, and not its rows. */
export function encodeKeyFrame(meta: BatchMeta): Uint8Array {
  return encodeHead('batch', encodeMeta(meta))
}

/** What 24 bytes say as a head, not verified; undefined where they are none. */
export function parseHead(bytes: Uint8Array): FrameHead | undefined {
  if (bytes.byteLength < headLength) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let index = 0; index < magic.length; index++) if (bytes[index] !== magic.charCodeAt(index)) return undefined
  const kind = bytes[3] === letters.batch ? 'batch' : bytes[3] === letters.header ? 'header' : undefined
  const metaLength = view.getUint32(4, true)
  if (kind === undefined || metaLength >= metaLimit) return undefined
  return {
    kind,
    metaLength,
    rowsLength: view.getUint32(8, true),
    rowCount: view.getUint32(12, true),
    rowsChecksum: view.getUint32(20, true),
  }
}

/** Whether a head and the JSON after it are what was written. */
export function isIntact(headAndMeta: Uint8Array): boolean {
  const view = new DataView(headAndMeta.buffer, headAndMeta.byteOffset, headAndMeta.byteLength)
  return view.getUint32(16, true) === metaChecksum(headAndMeta)
}

/** What a frame says of its batch; undefined where that is not what a batch says. */
export function parseMeta(meta: Uint8Array): BatchMeta | undefined {
  const value = parsed(meta)
  if (typeof value !== 'object' || value === null || !('at' in value) || typeof value.at !== 'number') return undefined
  return value as unknown as BatchMeta
}

/** CRC-32, computed in pieces so that nothing waits long for a large batch. */
export async function checksumOf(bytes: Uint8Array): Promise<number> {
  let sum = crc32(bytes.subarray(0, checksumPiece))
  for (let start = checksumPiece; start < bytes.byteLength; start += checksumPiece) {
    await new Promise(resolve => setImmediate(resolve))
    sum = crc32(bytes.subarray(start, start + checksumPiece), sum)
  }
  return sum
}

function assertFits(meta: Uint8Array, { byteLength, count }: Omit<FrameRows, 'checksum'>): void {
  if (meta.byteLength >= metaLimit || byteLength >= rowsLimit || count >= rowsLimit)
    throw new RangeError(`a frame cannot hold ${meta.byteLength} and ${byteLength} bytes, ${count} rows`)
}

function metaChecksum(headAndMeta: Uint8Array): number {
  return crc32(headAndMeta.subarray(headLength), crc32(headAndMeta.subarray(0, 16)))
}

function parsed(json: Uint8Array): Json | undefined {
  try {
    return parseJson(Buffer.from(json.buffer, json.byteOffset, json.byteLength).toString())
  } catch {
    return undefined
  }
}
