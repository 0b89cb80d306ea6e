import type { SchemaElement } from 'hyparquet'
import { IcebergError } from '../errors.ts'
import { type Primitive, parsePrimitive, printType } from '../primitive.ts'
import { decimalFromBytes, uuidText } from '../single-value.ts'
import type { Cell, Field, Type } from '../types.ts'
import type { FileNode } from './file-schema.ts'

/*
 * Values as a file has them to the cells of the asked type: members by id,
 * promoted, in the form of `Cell`.
 */

/** From one value that is not null. */
export type Convert = (value: unknown) => Cell

export interface ConvertContext {
  /** Of the file, for errors. */
  readonly location: string
  /** Full name of the field, for errors. */
  readonly path: string
  /** The value of a struct member that the file lacks; without it null. */
  readonly absent: ((field: Field) => Cell) | undefined
}

/** @throws IcebergError DATA_INVALID when what the file has cannot be read as the type */
export function converter(node: FileNode, type: Type, context: ConvertContext): Convert {
  if (type === 'unknown') return () => null
  if (typeof type === 'string') return primitiveConverter(node, type, context)
  if (typeof node.type === 'string' || node.type.type !== type.type) throw unreadable(node, type, context)
  if (type.type === 'struct') return structConverter(node, type.fields, context)
  const [first, second] = node.children
  const items = itemsOf(node)
  if (type.type === 'list') {
    const convert = nullable(converter(first as FileNode, type.element, inside(context, 'element')))
    return value => items(value).map(convert)
  }
  const key = converter(first as FileNode, type.key, inside(context, 'key'))
  const mapped = nullable(converter(second as FileNode, type.value, inside(context, 'value')))
  const names = [first?.name ?? '', second?.name ?? ''] as const
  return value =>
    (items(value) as readonly Record<string, unknown>[]).map(entry => [key(entry[names[0]]), mapped(entry[names[1]])])
}

function structConverter(node: FileNode, fields: readonly Field[], context: ConvertContext): Convert {
  const members = fields.map(field => {
    const child = field.type === 'unknown' ? undefined : node.children.find(candidate => candidate.id === field.id)
    if (child === undefined) {
      const value = context.absent?.(field) ?? null
      return { name: field.name, of: () => value }
    }
    const convert = nullable(converter(child, field.type, inside(context, field.name)))
    return { name: field.name, of: (value: Record<string, unknown>) => convert(value[child.name]) }
  })
  return value => Object.fromEntries(members.map(({ name, of }) => [name, of(value as Record<string, unknown>)]))
}

/** How the items of a list or map are found in its value (see `exactly`). */
function itemsOf({ type, items }: FileNode): (value: unknown) => readonly unknown[] {
  const isPlainList = typeof type !== 'string' && type.type === 'list' && items?.threeLevel === true
  if (isPlainList) return value => value as readonly unknown[]
  const name = items?.name ?? ''
  return value => (value as Record<string, readonly unknown[]>)[name] ?? []
}

function nullable(convert: Convert): Convert {
  return value => (value === null || value === undefined ? null : convert(value))
}

function inside(context: ConvertContext, name: string): ConvertContext {
  return { ...context, path: `${context.path}.${name}` }
}

const toUtf8 = new TextEncoder()

/** The bytes of a text; mostly it comes as them. */
export function bytesOf(value: unknown): Cell {
  return typeof value === 'string' ? toUtf8.encode(value) : (value as Cell)
}

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })
const dayMicros = 86_400_000_000n

function primitiveConverter(node: FileNode, type: string, context: ConvertContext): Convert {
  const to = parsePrimitive(type)
  const from = typeof node.type === 'string' ? parsePrimitive(node.type) : undefined
  if (node.type === 'unknown') return () => null
  if (to === undefined || from === undefined || !isReadableAs(from, to)) throw unreadable(node, type, context)
  switch (to.kind) {
    case 'time':
      return isMillis(node.element) ? value => integer(value) * 1000n : integer
    case 'timestamp':
      return from.kind === 'date' ? value => midnight(value as number, context) : integer
    case 'long':
    case 'timestamptz':
      return integer
    case 'int':
    case 'date':
      return value => Number(value)
    case 'decimal':
      return value => (value instanceof Uint8Array ? decimalFromBytes(value) : integer(value))
    case 'string':
      return value => (value instanceof Uint8Array ? utf8.decode(value) : (value as string))
    case 'uuid':
      return value => (value instanceof Uint8Array ? uuidText(value) : (value as string))
    default:
      return value => value as Cell
  }
}

function integer(value: unknown): bigint {
  return typeof value === 'bigint' ? value : BigInt(value as number)
}

/** Days as microseconds (spec "Schema Evolution": values out of range fail). */
function midnight(days: number, { location, path }: ConvertContext): bigint {
  const micros = BigInt(days) * dayMicros
  if (BigInt.asIntN(64, micros) === micros) return micros
  throw new IcebergError(
    'DATA_INVALID',
    `data file ${location}: column ${path} has a date that no timestamp can hold`,
    {
      file: location,
    },
  )
}

function isMillis({ converted_type: converted, logical_type: logical }: SchemaElement): boolean {
  return logical?.type === 'TIME' ? logical.unit === 'MILLIS' : converted === 'TIME_MILLIS'
}

/**
 * Whether values of the file's type are values of the table's: promotions, and
 * annotations that writers leave out or, for times without a zone, put wrongly.
 */
function isReadableAs(from: Primitive, to: Primitive): boolean {
  if (from.kind === 'decimal' && to.kind === 'decimal') return from.scale === to.scale && from.precision <= to.precision
  if (from.kind === 'fixed') {
    if (to.kind === 'fixed') return from.length === to.length
    return to.kind === 'binary' || (to.kind === 'uuid' && from.length === 16)
  }
  return from.kind === to.kind || (readableAs[to.kind]?.includes(from.kind) ?? false)
}

const readableAs: { readonly [Kind in Primitive['kind']]?: readonly Primitive['kind'][] } = {
  long: ['int'],
  double: ['float'],
  date: ['int'],
  time: ['long'],
  timestamp: ['date', 'timestamptz', 'long'],
  timestamptz: ['timestamp', 'long'],
  string: ['binary'],
}

function unreadable(node: FileNode, type: Type, { location, path }: ConvertContext): IcebergError {
  return new IcebergError(
    'DATA_INVALID',
    `data file ${location}: column ${path} is ${printType(node.type)}, which cannot be read as ${printType(type)}`,
    { file: location, column: path },
  )
}
