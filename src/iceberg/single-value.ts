import { IcebergError } from './errors.ts'
import { primitiveOf } from './primitive.ts'
import type { Cell, Type } from './types.ts'

/*
 * Single values as bytes, for column and partition bounds (spec "Appendix D").
 */

const utf8 = new TextEncoder()
// A byte order mark at the start of a value is part of it.
const fromUtf8 = new TextDecoder('utf-8', { ignoreBOM: true })

/** The bytes of one non-null value. */
export function encodeSingleValue(cell: NonNullable<Cell>, type: Type): Uint8Array {
  const primitive = primitiveOf(type)
  switch (primitive.kind) {
    case 'boolean':
      return Uint8Array.of(cell === true ? 1 : 0)
    case 'int':
    case 'date':
      return fixedWidth(4, view => view.setInt32(0, Number(cell), true))
    case 'long':
    case 'time':
    case 'timestamp':
    case 'timestamptz':
      return fixedWidth(8, view => view.setBigInt64(0, BigInt(cell as bigint | number), true))
    case 'float':
      return fixedWidth(4, view => view.setFloat32(0, cell as number, true))
    case 'double':
      return fixedWidth(8, view => view.setFloat64(0, cell as number, true))
    case 'string':
      return utf8.encode(cell as string)
    case 'uuid':
      return uuidBytes(cell as string)
    case 'decimal':
      return decimalBytes(cell as bigint)
    case 'binary':
    case 'fixed':
      return cell as Uint8Array
  }
}

/**
 * The value of a bound. Bounds keep the width they were written with: 4 bytes
 * for a column that is a long now, or for a double or timestamp, are read as
 * promoted.
 */
export function decodeSingleValue(bytes: Uint8Array, type: Type): NonNullable<Cell> {
  const primitive = primitiveOf(type)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  switch (primitive.kind) {
    case 'boolean':
      return bytes[0] !== 0
    case 'int':
    case 'date':
      return view.getInt32(0, true)
    case 'timestamp':
      // Days, of when the column was a date.
      return bytes.byteLength === 4 ? BigInt(view.getInt32(0, true)) * 86_400_000_000n : view.getBigInt64(0, true)
    case 'long':
    case 'time':
    case 'timestamptz':
      return bytes.byteLength === 4 ? BigInt(view.getInt32(0, true)) : view.getBigInt64(0, true)
    case 'float':
      return view.getFloat32(0, true)
    case 'double':
      return bytes.byteLength === 4 ? view.getFloat32(0, true) : view.getFloat64(0, true)
    case 'string':
      return fromUtf8.decode(bytes)
    case 'uuid':
      return uuidText(bytes)
    case 'decimal':
      return decimalFromBytes(bytes)
    case 'binary':
    case 'fixed':
      return bytes
  }
}

/** The shortest two's-complement big-endian bytes of an unscaled decimal. */
export function decimalBytes(unscaled: bigint): Uint8Array {
  let length = 1
  while (BigInt.asIntN(length * 8, unscaled) !== unscaled) length++
  const bytes = new Uint8Array(length)
  let rest = BigInt.asUintN(length * 8, unscaled)
  for (let index = length - 1; index >= 0; index--) {
    bytes[index] = Number(rest & 0xffn)
    rest >>= 8n
  }
  return bytes
}

export function decimalFromBytes(bytes: Uint8Array): bigint {
  let value = 0n
  for (const byte of bytes) value = (value << 8n) | BigInt(byte)
  return BigInt.asIntN(bytes.byteLength * 8, value)
}

export function uuidBytes(text: string): Uint8Array {
  const hex = text.replaceAll('-', '')
  if (!/^[0-9a-fA-F]{32}$/.test(hex)) throw new IcebergError('ROW_INVALID', `${text} is not a uuid`)
  return Uint8Array.from({ length: 16 }, (_, index) => Number.parseInt(hex.slice(index * 2, index * 2 + 2), 16))
}

export function uuidText(bytes: Uint8Array): string {
  const hex = Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

/** Order of bytes, as string, binary, fixed and uuid bounds are compared. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.byteLength, b.byteLength)
  for (let index = 0; index < length; index++) {
    const difference = (a[index] as number) - (b[index] as number)
    if (difference !== 0) return difference
  }
  return a.byteLength - b.byteLength
}

function fixedWidth(length: number, write: (view: DataView) => void): Uint8Array {
  const bytes = new Uint8Array(length)
  write(new DataView(bytes.buffer))
  return bytes
}
