/** A table of FlatBuffers, in which the messages of an Arrow stream are written. What lies outside of it throws a RangeError. */
export interface FlatTable {
  /** @throws RangeError for what is no length of anything here: below 0 or beyond 2^53 */
  readonly length: (field: number) => number
  readonly int16: (field: number) => number
  readonly byte: (field: number) => number
  readonly table: (field: number) => FlatTable | undefined
  /** All elements fit into the bytes that there are; none where the field is not set. */
  readonly vector: (field: number, elementBytes: number) => FlatVector
  readonly text: (field: number) => string
}

/** Elements of equal size, one behind the other. */
export interface FlatVector {
  readonly count: number
  /** A 64-bit integer so many bytes into an element. @throws RangeError as `FlatTable.length` */
  readonly length: (index: number, at?: number) => number
  /** The table that an element points at. */
  readonly table: (index: number) => FlatTable
}

/** The table that a buffer begins with. @throws RangeError for bytes that are none */
export function rootTable(bytes: Uint8Array): FlatTable {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return tableAt(view, view.getUint32(0, true))
}

const none: FlatVector = {
  count: 0,
  length: () => outside(),
  table: () => outside(),
}

function tableAt(view: DataView, start: number): FlatTable {
  const fields = start - view.getInt32(start, true)
  const fieldsEnd = fields + view.getUint16(fields, true)

  /** Where a field stands; 0 where it is not set. */
  function place(field: number): number {
    const entry = fields + 4 + field * 2
    const offset = entry < fieldsEnd ? view.getUint16(entry, true) : 0
    return offset === 0 ? 0 : start + offset
  }

  /** Where what a field points at stands; 0 where it is not set. */
  function target(field: number): number {
    const at = place(field)
    return at === 0 ? 0 : at + view.getUint32(at, true)
  }

  function vector(field: number, elementBytes: number): FlatVector {
    const at = target(field)
    return at === 0 ? none : vectorAt(view, at, elementBytes)
  }

  return {
    length: field => {
      const at = place(field)
      return at === 0 ? 0 : lengthAt(view, at)
    },
    int16: field => {
      const at = place(field)
      return at === 0 ? 0 : view.getInt16(at, true)
    },
    byte: field => {
      const at = place(field)
      return at === 0 ? 0 : view.getUint8(at)
    },
    table: field => {
      const at = target(field)
      return at === 0 ? undefined : tableAt(view, at)
    },
    vector,
    text: field => {
      const { count } = vector(field, 1)
      const from = view.byteOffset + target(field) + 4
      return count === 0 ? '' : Buffer.from(view.buffer, from, count).toString()
    },
  }
}

function vectorAt(view: DataView, at: number, elementBytes: number): FlatVector {
  const count = view.getUint32(at, true)
  const start = at + 4
  if (start + count * elementBytes > view.byteLength) outside()
  return {
    count,
    length: (index, offset = 0) => lengthAt(view, start + index * elementBytes + offset),
    table: index => {
      const pointer = start + index * elementBytes
      return tableAt(view, pointer + view.getUint32(pointer, true))
    },
  }
}

function lengthAt(view: DataView, at: number): number {
  const length = view.getBigInt64(at, true)
  return length < 0n || length > Number.MAX_SAFE_INTEGER ? outside() : Number(length)
}

function outside(): never {
  throw new RangeError('outside of the buffer')
}
