/** Types in Thrift's compact protocol. */
export const thrift = {
  stop: 0,
  false: 2,
  byte: 3,
  i32: 5,
  i64: 6,
  double: 7,
  binary: 8,
  list: 9,
  set: 10,
  struct: 12,
} as const

/** Goes through what is written in Thrift's compact protocol. Its methods throw RangeError where that is not so. */
export class ThriftReader {
  /** The place of what is read next. */
  at: number
  readonly #bytes: Uint8Array

  constructor(bytes: Uint8Array, at = 0) {
    this.#bytes = bytes
    this.at = at
  }

  /** Calls `visit` for each field, which has to read or skip its value; false ends it. */
  struct(visit: (id: number, type: number) => boolean | void): void {
    let id = 0
    for (;;) {
      const byte = this.#byte()
      const type = byte & 0x0f
      if (type === thrift.stop) return
      const delta = byte >> 4
      id = delta === 0 ? this.#zigzag() : id + delta
      if (visit(id, type) === false) return
    }
  }

  /** Reads the header of a list of structs. */
  listSize(): number {
    const byte = this.#byte()
    if ((byte & 0x0f) !== thrift.struct) throw new RangeError('a list of something else')
    return byte >> 4 === 15 ? this.#varint() : byte >> 4
  }

  /** Reads how many there are of something. */
  length(): number {
    return this.#varint()
  }

  /** Reads an integer of 16 or 32 bits. */
  integer(): number {
    return this.#zigzag()
  }

  skip(type: number): void {
    this.at = skipped(this.#bytes, this.at, type)
    if (this.at > this.#bytes.byteLength) throw new RangeError('the bytes end early')
  }

  #byte(): number {
    const byte = this.#bytes[this.at++]
    if (byte === undefined) throw new RangeError('the bytes end early')
    return byte
  }

  #varint(): number {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const byte = this.#byte()
      value += (byte & 0x7f) * 2 ** shift
      if (byte <= 0x7f) return value
    }
  }

  #zigzag(): number {
    const value = this.#varint()
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }
}

/**
 * The place behind a value. Nearly all bytes of a footer go by in here. Beyond
 * the end bytes read as 0, which ends every struct and number.
 */
function skipped(bytes: Uint8Array, start: number, type: number): number {
  let at = start
  switch (type) {
    case 1:
    case thrift.false:
      return at
    case thrift.byte:
      return at + 1
    case 4:
    case thrift.i32:
    case thrift.i64:
      while ((bytes[at++] as number) > 0x7f);
      return at
    case thrift.double:
      return at + 8
    case thrift.binary: {
      let byte = bytes[at++] as number
      let length = byte & 0x7f
      for (let shift = 7; byte > 0x7f; shift += 7) {
        byte = bytes[at++] as number
        length += (byte & 0x7f) * 2 ** shift
      }
      return at + length
    }
    case thrift.list:
    case thrift.set: {
      const head = bytes[at++] as number
      let size = head >> 4
      if (size === 15) {
        const after = new ThriftReader(bytes, at)
        size = after.length()
        at = after.at
      }
      const item = head & 0x0f
      // A boolean in a list is a byte.
      const inner = item <= thrift.false ? thrift.byte : item
      for (let index = 0; index < size && at < bytes.length; index++) at = skipped(bytes, at, inner)
      return at
    }
    case thrift.struct:
      for (;;) {
        const head = bytes[at++]
        if (head === undefined) return bytes.length + 1
        const inner = head & 0x0f
        if (inner === thrift.stop) return at
        // The number of the field, where it is not the distance to the one before.
        if (head < 0x10) while ((bytes[at++] as number) > 0x7f);
        // What nearly all fields are, without another call.
        if (inner === thrift.i32 || inner === thrift.i64) while ((bytes[at++] as number) > 0x7f);
        else at = skipped(bytes, at, inner)
      }
    default:
      throw new RangeError(`type ${type}, which Parquet has none of`)
  }
}
