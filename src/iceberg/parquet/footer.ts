import { type AsyncBuffer, type FileMetaData, parquetMetadata, type SchemaElement } from 'hyparquet'

/*
 * A footer tells of every column of every row group. Who reads two columns of
 * fifty in each of a thousand files spends most of the time on what it tells of
 * the others, so those are cut out before it is parsed.
 */

/** As much of the end of a file as is read at first; the footer of a file of ours with some row groups is in it. */
export const footerBytes: number = 1 << 16

const magic = 'PAR1'
/** The length of the footer and the magic. */
const tailLength = 8

/** Thrift's compact protocol. */
const thrift = {
  stop: 0,
  false: 2,
  byte: 3,
  i64: 6,
  double: 7,
  binary: 8,
  list: 9,
  set: 10,
  map: 11,
  struct: 12,
} as const
/** Fields of the structs `FileMetaData` and `RowGroup` of parquet.thrift. */
const field = { rowGroups: 4, columns: 1 } as const

/** Takes what hyparquet takes for parsing, and gives what it does. */
export type ParseFooter = (footer: Uint8Array) => FileMetaData

/**
 * Reads what a footer tells of some columns, as if the file had no others.
 * @param isWanted asked of the columns of the file
 * @returns undefined for a file that is not laid out as expected: all of its footer has to be parsed
 */
export async function readFooter(
  file: AsyncBuffer,
  isWanted: (column: SchemaElement) => boolean,
  parse: ParseFooter = parquetMetadata,
): Promise<FileMetaData | undefined> {
  const start = Math.max(0, file.byteLength - footerBytes)
  const end = new Uint8Array(await file.slice(start, file.byteLength))
  const length = footerLength(end)
  if (length === undefined || length + tailLength > end.byteLength) return undefined
  const footer = end.subarray(end.byteLength - tailLength - length, end.byteLength - tailLength)
  try {
    const { schema } = parse(withTail(cut(footer, undefined)))
    const { elements, leaves } = only(schema, isWanted)
    return { ...parse(withTail(cut(footer, leaves))), schema: elements }
  } catch {
    return undefined
  }
}

function footerLength(end: Uint8Array): number | undefined {
  if (end.byteLength < tailLength) return undefined
  const tail = Buffer.from(end.buffer, end.byteOffset + end.byteLength - tailLength, tailLength)
  return tail.toString('latin1', 4) === magic ? tail.readUInt32LE(0) : undefined
}

function withTail(footer: readonly Uint8Array[]): Uint8Array {
  const tail = Buffer.alloc(tailLength)
  tail.writeUInt32LE(footer.reduce((sum, { byteLength }) => sum + byteLength, 0))
  tail.write(magic, 4, 'latin1')
  return Buffer.concat([...footer, tail])
}

/** A schema with the wanted columns, and for each leaf of the whole one whether it is, or is in, one of them. */
function only(
  [root, ...schema]: readonly SchemaElement[],
  isWanted: (column: SchemaElement) => boolean,
): { readonly elements: SchemaElement[]; readonly leaves: boolean[] } {
  const elements: SchemaElement[] = []
  const leaves: boolean[] = []
  let columns = 0
  let next = 0
  const visit = (wanted: boolean): void => {
    const element = schema[next++]
    if (element === undefined) throw new RangeError('the schema ends early')
    const children = element.num_children ?? 0
    if (wanted) elements.push(element)
    if (children === 0) leaves.push(wanted)
    for (let child = 0; child < children; child++) visit(wanted)
  }
  while (next < schema.length) {
    const wanted = isWanted(schema[next] as SchemaElement)
    if (wanted) columns++
    visit(wanted)
  }
  return { elements: [{ ...(root as SchemaElement), num_children: columns }, ...elements], leaves }
}

/** The parts of a footer without row groups, or with the wanted columns of each. @throws RangeError */
function cut(footer: Uint8Array, wanted: readonly boolean[] | undefined): Uint8Array[] {
  const parts: Uint8Array[] = []
  let copied = 0
  const reader = new Reader(footer)
  const replace = (from: number, by: Uint8Array): void => {
    parts.push(footer.subarray(copied, from), by)
    copied = reader.at
  }
  reader.struct((id, type) => {
    if (id !== field.rowGroups || type !== thrift.list) return reader.skip(type)
    const from = reader.at
    const groups = reader.listSize()
    if (wanted === undefined) {
      for (let group = 0; group < groups; group++) reader.skip(thrift.struct)
      return replace(from, listHeader(0))
    }
    for (let group = 0; group < groups; group++) {
      reader.struct((idInGroup, typeInGroup) => {
        if (idInGroup !== field.columns || typeInGroup !== thrift.list) return reader.skip(typeInGroup)
        const header = reader.at
        const columns = reader.listSize()
        if (columns !== wanted.length) throw new RangeError(`${columns} columns, ${wanted.length} leaves`)
        replace(header, listHeader(wanted.filter(Boolean).length))
        for (let column = 0; column < columns; column++) {
          const start = reader.at
          reader.skip(thrift.struct)
          if (wanted[column] === false) replace(start, new Uint8Array())
        }
      })
    }
  })
  parts.push(footer.subarray(copied))
  return parts
}

function listHeader(size: number): Uint8Array {
  if (size < 15) return Uint8Array.of((size << 4) | thrift.struct)
  const bytes = [0xf0 | thrift.struct]
  let rest = size
  for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80)
  return Uint8Array.from([...bytes, rest])
}

class Reader {
  at = 0
  readonly #bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /** Calls `visit` for each field, which has to read or skip its value. */
  struct(visit: (id: number, type: number) => void): void {
    let id = 0
    for (;;) {
      const byte = this.#byte()
      const type = byte & 0x0f
      if (type === thrift.stop) return
      const delta = byte >> 4
      id = delta === 0 ? this.#zigzag() : id + delta
      visit(id, type)
    }
  }

  /** Reads the header of a list of structs. */
  listSize(): number {
    const byte = this.#byte()
    if ((byte & 0x0f) !== thrift.struct) throw new RangeError('a list of something else')
    return byte >> 4 === 15 ? this.#varint() : byte >> 4
  }

  skip(type: number): void {
    if (type === thrift.struct) this.#skipStruct()
    else if (type === thrift.binary) this.#skipBytes(this.#varint())
    else if (type > thrift.byte && type <= thrift.i64) while (this.#byte() > 0x7f);
    else if (type === thrift.byte) this.#skipBytes(1)
    else if (type === thrift.double) this.#skipBytes(8)
    else if (type === thrift.list || type === thrift.set) this.#skipList()
    else if (type === thrift.map) throw new RangeError('a map, which no footer has')
    else if (type > thrift.false) throw new RangeError(`type ${type}`)
  }

  #skipStruct(): void {
    for (;;) {
      const byte = this.#byte()
      const type = byte & 0x0f
      if (type === thrift.stop) return
      if (byte < 0x10) while (this.#byte() > 0x7f);
      this.skip(type)
    }
  }

  #skipList(): void {
    const byte = this.#byte()
    const type = byte & 0x0f
    const size = byte >> 4 === 15 ? this.#varint() : byte >> 4
    // A boolean in a list is a byte.
    for (let index = 0; index < size; index++) this.skip(type <= thrift.false ? thrift.byte : type)
  }

  #skipBytes(count: number): void {
    this.at += count
    if (this.at > this.#bytes.byteLength) throw new RangeError('the footer ends early')
  }

  #byte(): number {
    const byte = this.#bytes[this.at++]
    if (byte === undefined) throw new RangeError('the footer ends early')
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
