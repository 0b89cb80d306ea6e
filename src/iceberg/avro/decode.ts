import { inflateRawSync } from 'node:zlib'
import { Input } from './input.ts'
import { type AvroField, type AvroSchema, avroMagic } from './schema.ts'

/**
 * A decoded value. Records are keyed by Iceberg field id, or by name where a
 * field has none: names in manifests changed over the years, ids never did.
 * Longs are numbers while they are safe.
 */
export type AvroValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | AvroValue[]
  | Map<AvroValue, AvroValue>
  | AvroRecordValue

export interface AvroRecordValue {
  [idOrName: string | number]: AvroValue
}

export interface AvroFile {
  readonly metadata: Readonly<Record<string, string>>
  readonly records: readonly AvroRecordValue[]
}

type Reader = (input: Input) => AvroValue

// A byte order mark at the start of a string is part of it.
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })

/**
 * Decodes an Avro object container file (codecs null and deflate).
 * @param unwanted ids of fields that are null in the records, whatever the file has
 * @throws Error that says what is wrong with the bytes
 */
export function decodeAvro(bytes: Uint8Array, unwanted?: ReadonlySet<number>): AvroFile {
  const input = new Input(bytes)
  if (!avroMagic.every((byte, index) => bytes[index] === byte)) throw new Error('not an Avro file')
  input.offset = avroMagic.length
  const entries: (readonly [key: string, value: string])[] = []
  eachBlock(input, () => void entries.push([text(input), text(input)]))
  // Not by assignment, which takes one of the names for the prototype.
  const metadata: Record<string, string> = Object.fromEntries(entries)
  const sync = input.take(16)
  const codec = metadata['avro.codec'] ?? 'null'
  if (codec !== 'null' && codec !== 'deflate') throw new Error(`Avro codec ${codec} is not supported`)
  const read = readerOf(metadata['avro.schema'] ?? 'null', unwanted)
  const records: AvroRecordValue[] = []
  while (input.offset < bytes.byteLength) {
    const count = input.int()
    const packed = input.take(input.int())
    const block = new Input(codec === 'deflate' ? inflateRawSync(packed) : packed)
    for (let index = 0; index < count; index++) records.push(read(block) as AvroRecordValue)
    if (!input.take(16).every((byte, index) => byte === sync[index])) throw new Error('Avro sync marker does not match')
  }
  return { metadata, records }
}

interface KnownReader {
  readonly json: string
  readonly unwanted: ReadonlySet<number> | undefined
  readonly read: Reader
}

/** The last used first. */
let latest: readonly KnownReader[] = []
/** Whoever reads snapshots one after the other reads a list, manifests, a list: each kind has a schema of its own. */
const kept = 4

/** The manifests of a table have mostly one schema, and understanding it takes as long as reading a small manifest. */
function readerOf(json: string, unwanted: ReadonlySet<number> | undefined): Reader {
  const known = latest.find(each => each.json === json && each.unwanted === unwanted)
  if (known !== undefined && known === latest[0]) return known.read
  const used = known ?? { json, unwanted, read: compile(parseSchema(json, unwanted), new Map()) }
  latest = [used, ...latest.filter(each => each !== known).slice(0, kept - 1)]
  return used.read
}

/** The schema, with the types of unwanted fields wrapped. */
function parseSchema(json: string, unwanted: ReadonlySet<number> | undefined): AvroSchema {
  if (unwanted === undefined) return JSON.parse(json) as AvroSchema
  return JSON.parse(json, (_key, node: AvroField | null) =>
    unwanted.has(node?.['field-id'] as number) ? { ...node, type: { type: 'unwanted', of: node?.type } } : node,
  ) as AvroSchema
}

function text(input: Input): string {
  return utf8.decode(input.take(input.int()))
}

/** Avro's blocks of array items and map entries: counted, ended by an empty one; a negative count is followed by a size. */
function eachBlock(input: Input, item: () => void): void {
  for (let count = input.int(); count !== 0; count = input.int()) {
    if (count < 0) input.long()
    for (let index = Math.abs(count); index > 0; index--) item()
  }
}

function compile(schema: AvroSchema, named: Map<string, Reader>): Reader {
  if (Array.isArray(schema)) {
    const branches = (schema as readonly AvroSchema[]).map(branch => compile(branch, named))
    return input => {
      const branch = branches[input.int()]
      if (branch === undefined) throw new Error('Avro union branch does not exist')
      return branch(input)
    }
  }
  const kind = typeof schema === 'string' ? schema : (schema as { type: string }).type
  switch (kind) {
    case 'null':
      return () => null
    case 'boolean':
      return input => input.byte() === 1
    case 'int':
    case 'long':
      return input => input.long()
    case 'float':
      return input => input.view.getFloat32(advance(input, 4), true)
    case 'double':
      return input => input.view.getFloat64(advance(input, 8), true)
    case 'bytes':
      return input => input.take(input.int())
    case 'string':
      return text
    default:
      return typeof schema === 'string' ? reference(schema, named) : compileComplex(schema, kind, named)
  }
}

function compileComplex(schema: AvroSchema, kind: string, named: Map<string, Reader>): Reader {
  switch (kind) {
    case 'fixed': {
      const { name, size } = schema as Extract<AvroSchema, { type: 'fixed' }>
      return remember(named, name, input => input.take(size))
    }
    case 'enum': {
      const { name, symbols } = schema as Extract<AvroSchema, { type: 'enum' }>
      return remember(named, name, input => symbols[input.int()] ?? null)
    }
    case 'record':
      return compileRecord(schema as Extract<AvroSchema, { type: 'record' }>, named)
    case 'array':
      return compileArray(schema as Extract<AvroSchema, { type: 'array' }>, named)
    case 'map': {
      const value = compile((schema as Extract<AvroSchema, { type: 'map' }>).values, named)
      return input => {
        const map = new Map<AvroValue, AvroValue>()
        eachBlock(input, () => map.set(text(input), value(input)))
        return map
      }
    }
    case 'unwanted':
      return compilePassing((schema as unknown as { of: AvroSchema }).of, named)
    default:
      // A type object around another schema: {"type": {"type": "array", …}}.
      return compile((schema as { type: AvroSchema }).type, named)
  }
}

function compileRecord(schema: Extract<AvroSchema, { type: 'record' }>, named: Map<string, Reader>): Reader {
  const fields: { key: string | number; read: Reader }[] = []
  const reader: Reader = input => {
    const record: AvroRecordValue = {}
    for (const field of fields) record[field.key] = field.read(input)
    return record
  }
  remember(named, schema.name, reader)
  for (const field of schema.fields)
    fields.push({ key: field['field-id'] ?? field.name, read: compile(field.type, named) })
  return reader
}

function compileArray(schema: Extract<AvroSchema, { type: 'array' }>, named: Map<string, Reader>): Reader {
  const pair = schema.logicalType === 'map' ? (schema.items as { fields?: readonly AvroField[] }).fields : undefined
  if (pair?.length === 2) {
    const key = compile((pair[0] as AvroField).type, named)
    const value = compile((pair[1] as AvroField).type, named)
    return input => {
      const map = new Map<AvroValue, AvroValue>()
      eachBlock(input, () => map.set(key(input), value(input)))
      return map
    }
  }
  const item = compile(schema.items, named)
  return input => {
    const items: AvroValue[] = []
    eachBlock(input, () => items.push(item(input)))
    return items
  }
}

/** Reads past a value and gives null: of what manifests hold most are statistics, which take long to put into maps. */
function compilePassing(schema: AvroSchema, named: Map<string, Reader>): Reader {
  if (Array.isArray(schema)) {
    const branches = (schema as readonly AvroSchema[]).map(branch => compilePassing(branch, named))
    return input => {
      const branch = branches[input.int()]
      if (branch === undefined) throw new Error('Avro union branch does not exist')
      return branch(input)
    }
  }
  const { type, items } = schema as { readonly type?: string; readonly items?: AvroSchema }
  if (schema === 'int' || schema === 'long') {
    return input => {
      input.passLong()
      return null
    }
  }
  if (schema === 'bytes' || schema === 'string') {
    return input => {
      advance(input, input.int())
      return null
    }
  }
  if (type === 'record') {
    const fields = (schema as Extract<AvroSchema, { type: 'record' }>).fields.map(field =>
      compilePassing(field.type, named),
    )
    return input => {
      for (const pass of fields) pass(input)
      return null
    }
  }
  if (type === 'array' && items !== undefined) {
    const item = compilePassing(items, named)
    return input => {
      eachBlock(input, () => item(input))
      return null
    }
  }
  const read = compile(schema, named)
  return input => {
    read(input)
    return null
  }
}

function advance(input: Input, size: number): number {
  const at = input.offset
  const end = at + size
  if (size < 0 || end > input.bytes.byteLength) throw new Error('unexpected end of data')
  input.offset = end
  return at
}

function remember(named: Map<string, Reader>, name: string, reader: Reader): Reader {
  named.set(name, reader)
  return reader
}

/** A type used by its name; looked up when first read, as a record may hold itself. */
function reference(name: string, named: ReadonlyMap<string, Reader>): Reader {
  return input => {
    const reader = named.get(name)
    if (reader === undefined) throw new Error(`Avro type ${name} is not defined`)
    return reader(input)
  }
}
