import { deflateRawSync } from 'node:zlib'
import { blankHash, hashKey, sealBytes } from './content-hash.ts'
import { type AvroSchema, avroMagic } from './schema.ts'

/** A value to encode: records by field name, maps as `Map`, null where a union allows it. */
export type AvroInput =
  | null
  | undefined
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly AvroInput[]
  | ReadonlyMap<AvroInput, AvroInput>
  | { readonly [name: string]: AvroInput }

/** Grows as it is written. */
class Output {
  bytes: Uint8Array = new Uint8Array(4096)
  length = 0

  reserve(size: number): void {
    if (this.length + size <= this.bytes.byteLength) return
    const grown = new Uint8Array(Math.max(this.bytes.byteLength * 2, this.length + size))
    grown.set(this.bytes.subarray(0, this.length))
    this.bytes = grown
  }

  raw(piece: Uint8Array | readonly number[]): void {
    this.reserve(piece.length)
    this.bytes.set(piece, this.length)
    this.length += piece.length
  }

  /** Zig-zag varint; numbers that fit 31 bits, which are nearly all, avoid bigint arithmetic. */
  long(value: number | bigint): void {
    this.reserve(10)
    if (typeof value === 'number' && value >= -0x40000000 && value < 0x40000000) {
      let rest = (value << 1) ^ (value >> 31)
      while (rest > 0x7f) {
        this.bytes[this.length++] = (rest & 0x7f) | 0x80
        rest >>>= 7
      }
      this.bytes[this.length++] = rest
      return
    }
    const wide = BigInt(value)
    let rest = BigInt.asUintN(64, (wide << 1n) ^ (wide >> 63n))
    while (rest > 0x7fn) {
      this.bytes[this.length++] = Number(rest & 0x7fn) | 0x80
      rest >>= 7n
    }
    this.bytes[this.length++] = Number(rest)
  }

  take(): Uint8Array {
    return this.bytes.subarray(0, this.length)
  }
}

type Writer = (output: Output, value: AvroInput) => void

const utf8 = new TextEncoder()

/**
 * Encodes records as an Avro object container file, which carries a hash of itself.
 * @param metadata further key-value metadata of the file, e.g. `partition-spec`
 */
export function encodeAvro(
  schema: AvroSchema,
  records: Iterable<AvroInput>,
  metadata: Readonly<Record<string, string>>,
  sync: Uint8Array,
): Uint8Array {
  const write = writerOf(schema)
  const body = new Output()
  let count = 0
  for (const record of records) {
    write(body, record)
    count++
  }
  const file = new Output()
  file.raw(avroMagic)
  const own = { 'avro.schema': JSON.stringify(schema), 'avro.codec': 'deflate' }
  const entries = Object.entries({ ...own, ...metadata, [hashKey]: blankHash })
  file.long(entries.length)
  for (const [key, value] of entries) {
    string(file, key)
    string(file, value)
  }
  file.long(0)
  file.raw(sync)
  if (count > 0) {
    const block = deflateRawSync(body.take())
    file.long(count)
    file.long(block.byteLength)
    file.raw(block)
    file.raw(sync)
  }
  const whole = file.take().slice()
  sealBytes(whole)
  return whole
}

function string(output: Output, value: string): void {
  bytes(output, utf8.encode(value))
}

function bytes(output: Output, value: Uint8Array): void {
  output.long(value.byteLength)
  output.raw(value)
}

/** Compiles a schema to a function that writes its values. */
function writerOf(schema: AvroSchema): Writer {
  if (Array.isArray(schema)) return unionWriter(schema as readonly AvroSchema[])
  const kind = typeof schema === 'string' ? schema : (schema as { type: string }).type
  switch (kind) {
    case 'null':
      return () => undefined
    case 'boolean':
      return (output, value) => output.raw([value === true ? 1 : 0])
    case 'int':
    case 'long':
      return (output, value) => output.long(value as number | bigint)
    case 'float':
      return (output, value) => output.raw(new Uint8Array(new Float32Array([value as number]).buffer))
    case 'double':
      return (output, value) => output.raw(new Uint8Array(new Float64Array([value as number]).buffer))
    case 'bytes':
      return (output, value) => bytes(output, value as Uint8Array)
    case 'string':
      return (output, value) => string(output, value as string)
    case 'fixed':
      return (output, value) => output.raw(value as Uint8Array)
    case 'record':
      return recordWriter(schema as Extract<AvroSchema, { type: 'record' }>)
    case 'array':
      return arrayWriter(schema as Extract<AvroSchema, { type: 'array' }>)
    default:
      throw new TypeError(`cannot write Avro type ${kind}`)
  }
}

/** Only the unions Iceberg uses: null and one other. */
function unionWriter(branches: readonly AvroSchema[]): Writer {
  const nullIndex = branches.indexOf('null')
  const valueIndex = 1 - nullIndex
  const write = writerOf(branches[valueIndex] as AvroSchema)
  return (output, value) => {
    if (value === null || value === undefined) return output.long(nullIndex)
    output.long(valueIndex)
    write(output, value)
  }
}

function recordWriter(schema: Extract<AvroSchema, { type: 'record' }>): Writer {
  const fields = schema.fields.map(field => ({ name: field.name, write: writerOf(field.type) }))
  return (output, value) => {
    for (const field of fields) field.write(output, (value as Record<string, AvroInput>)[field.name])
  }
}

/** Arrays, and maps with other than string keys, which Iceberg writes as arrays of key-value records. */
function arrayWriter(schema: Extract<AvroSchema, { type: 'array' }>): Writer {
  const write = writerOf(schema.items)
  return (output, value) => {
    const items =
      value instanceof Map
        ? Array.from(value as ReadonlyMap<AvroInput, AvroInput>, ([key, item]) => ({ key, value: item }))
        : (value as readonly AvroInput[])
    if (items.length > 0) output.long(items.length)
    for (const item of items) write(output, item)
    output.long(0)
  }
}
