import { isUtf8 } from 'node:buffer'
import type {
  Binary,
  BinaryView,
  Data,
  DataType,
  FixedSizeBinary,
  LargeBinary,
  LargeUtf8,
  Utf8,
  Utf8View,
} from 'apache-arrow'
import { largestRow } from '../limits.ts'
import { tooLarge } from '../raw-row.ts'
import { outside, type Print, RowFault } from './print.ts'

/** The bytes of one value. */
type BytesAt = (index: number) => Buffer

/** A text as a JSON text. */
export function textPrinter(bytesAt: BytesAt, column: string): Print {
  return index => {
    const bytes = bytesAt(index)
    const text = bytes.toString()
    if (text.includes('\uFFFD') && !isUtf8(bytes)) throw new RowFault({ column, reason: 'a text that is not UTF-8' })
    return JSON.stringify(text)
  }
}

/** Bytes in base64. */
export function bytesPrinter(bytesAt: BytesAt): Print {
  return index => `"${bytesAt(index).toString('base64')}"`
}

/** 16 bytes that a stream says are a UUID. */
export function uuidPrinter(bytesAt: BytesAt): Print {
  return index => {
    const hex = bytesAt(index).toString('hex')
    return `"${[hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')}"`
  }
}

/** Values of any length, one behind the other. */
export function bytesBetween({ values, valueOffsets }: Data<Utf8 | LargeUtf8 | Binary | LargeBinary>): BytesAt {
  return index =>
    sliceOf(values, Number(valueOffsets[index] ?? outside()), Number(valueOffsets[index + 1] ?? outside()))
}

export function bytesOfWidth({ values, type }: Data<FixedSizeBinary>): BytesAt {
  return index => sliceOf(values, index * type.byteWidth, (index + 1) * type.byteWidth)
}

/** Values of which the short ones stand in the view itself, and the others where it says. */
export function bytesOfViews({ values, variadicBuffers }: Data<Utf8View | BinaryView>): BytesAt {
  const view = new DataView(values.buffer, values.byteOffset, values.byteLength)
  return index => {
    const at = index * 16
    const length = view.getInt32(at, true)
    if (length <= 12) return sliceOf(values, at + 4, at + 4 + length)
    const start = view.getInt32(at + 12, true)
    return sliceOf(variadicBuffers[view.getInt32(at + 8, true)] ?? outside(), start, start + length)
  }
}

function sliceOf(values: Uint8Array, start: number, end: number): Buffer {
  if (start < 0 || start > end || end > values.length) outside()
  if (end - start > largestRow) throw new RowFault(tooLarge)
  return Buffer.from(values.buffer, values.byteOffset + start, end - start)
}

/** What an Arrow field says of its type beyond Arrow's own types. */
export function isUuid(type: DataType, extension: string | undefined): boolean {
  return extension === 'arrow.uuid' && (type as FixedSizeBinary).byteWidth === 16
}
