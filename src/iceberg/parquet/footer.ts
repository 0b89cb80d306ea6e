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
/** Fields of the structs `FileMetaData`, `SchemaElement` and `RowGroup` of parquet.thrift. */
const field = { schema: 2, rowGroups: 4, children: 5, columns: 1 } as const

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
  const footer = await footerOf(file)
  if (footer === undefined) return undefined
  try {
    const { schema } = parse(withTail(cut(footer, undefined)))
    return parse(withTail(cut(footer, wantedParts(schema, isWanted))))
  } catch {
    return undefined
  }
}

async function footerOf(file: AsyncBuffer): Promise<Uint8Array | undefined> {
  const { byteLength: size } = file
  const last = new Uint8Array(await file.slice(Math.max(0, size - footerBytes), size))
  if (last.byteLength < tailLength) return undefined
  const tail = Buffer.from(last.buffer, last.byteOffset + last.byteLength - tailLength, tailLength)
  const length = tail.readUInt32LE(0)
  if (tail.toString('latin1', 4) !== magic || length + tailLength > size) return undefined
  const end = size - tailLength
  if (length + tailLength > last.byteLength) return new Uint8Array(await file.slice(end - length, end))
  return last.subarray(last.byteLength - tailLength - length, last.byteLength - tailLength)
}

function withTail(footer: readonly Uint8Array[]): Uint8Array {
  const tail = Buffer.alloc(tailLength)
  tail.writeUInt32LE(footer.reduce((sum, { byteLength }) => sum + byteLength, 0))
  tail.write(magic, 4, 'latin1')
  return Buffer.concat([...footer, tail])
}

/** What stays of a footer. */
interface Wanted {
  readonly columns: number
  /** For each element of the schema below its root. */
  readonly elements: readonly boolean[]
  /** For each leaf of the schema, which is a column of a row group. */
  readonly leaves: readonly boolean[]
}

function wantedParts([, ...schema]: readonly SchemaElement[], isWanted: (column: SchemaElement) => boolean): Wanted {
  const elements: boolean[] = []
  const leaves: boolean[] = []
  let columns = 0
  const visit = (wanted: boolean): void => {
    const element = schema[elements.length]
    if (element === undefined) throw new RangeError('the schema ends early')
    elements.push(wanted)
    const children = element.num_children ?? 0
    if (children === 0) leaves.push(wanted)
    for (let child = 0; child < children; child++) visit(wanted)
  }
  while (elements.length < schema.length) {
    const wanted = isWanted(schema[elements.length] as SchemaElement)
    if (wanted) columns++
    visit(wanted)
  }
  return { columns, elements, leaves }
}

/** The parts of a footer without row groups, or of what is wanted of it. @throws RangeError */
function cut(footer: Uint8Array, wanted: Wanted | undefined): Uint8Array[] {
  const parts: Uint8Array[] = []
  let copied = 0
  const reader = new Reader(footer)
  /** Puts something in the place of what was read since. */
  const replace = (from: number, by: Uint8Array): void => {
    parts.push(footer.subarray(copied, from), by)
    copied = reader.at
  }
  /** Reads a list of structs and leaves out those that are not kept; `first` reads those before them. */
  const filter = (kept: readonly boolean[], first: readonly (() => void)[] = []): void => {
    const from = reader.at
    if (reader.listSize() !== first.length + kept.length) throw new RangeError('a list of another length')
    replace(from, listHeader(first.length + kept.filter(Boolean).length))
    for (const read of first) read()
    for (const isKept of kept) {
      const start = reader.at
      reader.skip(thrift.struct)
      if (!isKept) replace(start, new Uint8Array())
    }
  }
  /** The root of the schema, which has as many children as columns are wanted. */
  const root = (columns: number): void =>
    reader.struct((id, type) => {
      const start = reader.at
      reader.skip(type)
      if (id === field.children) replace(start, varint(2 * columns))
    })
  reader.struct((id, type) => {
    if (type !== thrift.list) reader.skip(type)
    else if (id === field.schema && wanted !== undefined) filter(wanted.elements, [() => root(wanted.columns)])
    else if (id === field.rowGroups) {
      const from = reader.at
      const groups = reader.listSize()
      if (wanted === undefined) {
        for (let group = 0; group < groups; group++) reader.skip(thrift.struct)
        return replace(from, listHeader(0))
      }
      for (let group = 0; group < groups; group++) {
        reader.struct((idInGroup, typeInGroup) => {
          if (idInGroup === field.columns && typeInGroup === thrift.list) filter(wanted.leaves)
          else reader.skip(typeInGroup)
        })
      }
    } else reader.skip(type)
  })
  parts.push(footer.subarray(copied))
  return parts
}

function listHeader(size: number): Uint8Array {
  if (size < 15) return Uint8Array.of((size << 4) | thrift.struct)
  return Uint8Array.of(0xf0 | thrift.struct, ...varint(size))
}

function varint(value: number): Uint8Array {
  const bytes: number[] = []
  let rest = value
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
