/** The bytes of an Avro file, read from front to back. Every read past the end is an error that says so. */
export class Input {
  readonly bytes: Uint8Array
  readonly view: DataView
  offset = 0

  constructor(bytes: Uint8Array) {
    // Never Node's Buffer, which is what files and zlib give: values taken out of it would be Buffers too.
    this.bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** Zig-zag varint. Up to 49 bits in plain numbers, beyond that as bigint. */
  long(): number | bigint {
    let low = 0
    let scale = 1
    for (let count = 0; count < 7; count++) {
      const byte = this.byte()
      low += (byte & 0x7f) * scale
      if (byte < 0x80) return low % 2 === 0 ? low / 2 : -(low + 1) / 2
      scale *= 128
    }
    let wide = BigInt(low)
    for (let shift = 49n; ; shift += 7n) {
      const byte = this.byte()
      wide |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) break
      if (shift >= 63n) throw new Error('varint is too long')
    }
    const value = BigInt.asIntN(64, (wide >> 1n) ^ -(wide & 1n))
    const number = Number(value)
    return Number.isSafeInteger(number) ? number : value
  }

  int(): number {
    return Number(this.long())
  }

  byte(): number {
    const byte = this.bytes[this.offset++]
    if (byte === undefined) throw new Error('unexpected end of data')
    return byte
  }

  /** Reads past a varint. */
  passLong(): void {
    while (this.byte() >= 0x80);
  }

  take(length: number): Uint8Array {
    const end = this.offset + length
    if (length < 0 || end > this.bytes.byteLength) throw new Error('unexpected end of data')
    const part = this.bytes.subarray(this.offset, end)
    this.offset = end
    return part
  }
}
