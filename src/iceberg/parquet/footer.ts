import { type AsyncBuffer, type FileMetaData, parquetMetadata, type SchemaElement } from 'hyparquet'
import { ThriftReader, thrift } from './thrift.ts'

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

/** Fields of the structs `FileMetaData`, `SchemaElement` and `RowGroup` of parquet.thrift. */
const field = { schema: 2, rowGroups: 4, texts: 5, children: 5, columns: 1 } as const

/** Takes what hyparquet takes for parsing, and gives what it does. */
export type ParseFooter = (footer: Uint8Array) => FileMetaData

/** What is wanted of files, by their schemas as they are written: mostly all files of a table have one. */
export type FooterPlans = Map<string, Wanted>

/**
 * Reads what a footer tells of some columns, as if the file had no others, and
 * no texts of its writer.
 * @param isWanted asked of the columns of the file
 * @param plans what was found out for other files, with the same `isWanted`
 * @returns undefined for a file that is not laid out as expected: all of its footer has to be parsed
 */
export async function readFooter(
  file: AsyncBuffer,
  isWanted: (column: SchemaElement) => boolean,
  parse: ParseFooter = parquetMetadata,
  plans: FooterPlans = new Map(),
): Promise<FileMetaData | undefined> {
  const footer = await footerOf(file)
  if (footer === undefined) return undefined
  try {
    const written = schemaIn(footer)
    let wanted = plans.get(written)
    if (wanted === undefined) {
      wanted = wantedParts(parse(withoutGroups(footer)).schema, isWanted)
      plans.set(written, wanted)
    }
    return parse(withTail(cut(footer, wanted)))
  } catch {
    return undefined
  }
}

/** The bytes of a footer's schema as a text. */
export function schemaIn(footer: Uint8Array): string {
  const reader = new ThriftReader(footer)
  let text = ''
  reader.struct((id, type) => {
    const start = reader.at
    reader.skip(type)
    if (id === field.schema)
      text = Buffer.from(footer.buffer, footer.byteOffset + start, reader.at - start).toString('latin1')
    return id !== field.schema
  })
  return text
}

/** The bytes of a file's footer; undefined for a file that has none. */
export async function footerOf(file: AsyncBuffer): Promise<Uint8Array | undefined> {
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

/** A footer as if there were no row groups and no texts of the writer, in the form that is parsed. */
export function withoutGroups(footer: Uint8Array): Uint8Array {
  return withTail(cut(footer, undefined))
}

function withTail(footer: readonly Uint8Array[]): Uint8Array {
  const tail = Buffer.alloc(tailLength)
  tail.writeUInt32LE(footer.reduce((sum, { byteLength }) => sum + byteLength, 0))
  tail.write(magic, 4, 'latin1')
  return Buffer.concat([...footer, tail])
}

/** What stays of a footer. */
export interface Wanted {
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
  const reader = new ThriftReader(footer)
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
    else if (id === field.texts) {
      const from = reader.at
      reader.skip(type)
      replace(from, listHeader(0))
    } else if (id === field.schema && wanted !== undefined) filter(wanted.elements, [() => root(wanted.columns)])
    else if (id === field.rowGroups) {
      const from = reader.at
      const groups = reader.listSize()
      if (wanted === undefined) {
        for (let group = 0; group < groups; group++) reader.skip(thrift.struct)
        replace(from, listHeader(0))
        return
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
