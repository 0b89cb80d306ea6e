import { IcebergError } from './errors.ts'
import type { Type } from './types.ts'

/** The primitives without parameters (spec "Primitive Types"). */
export const simplePrimitives = [
  'boolean',
  'int',
  'long',
  'float',
  'double',
  'date',
  'time',
  'timestamp',
  'timestamptz',
  'string',
  'uuid',
  'binary',
] as const

type SimplePrimitive = (typeof simplePrimitives)[number]

/** A primitive type taken apart. */
export type Primitive =
  | { readonly kind: SimplePrimitive }
  | { readonly kind: 'decimal'; readonly precision: number; readonly scale: number }
  | { readonly kind: 'fixed'; readonly length: number }

const simple: ReadonlySet<string> = new Set(simplePrimitives)
const v3Only = /^(?:timestamp_ns|timestamptz_ns|variant|unknown|geometry(?:\(.*\))?|geography(?:\(.*\))?)$/

/** The primitives of format versions 1 and 2 (spec "Primitive Types"); undefined for any other name. */
export function parsePrimitive(name: string): Primitive | undefined {
  if (simple.has(name)) return { kind: name } as Primitive
  const decimal = /^decimal\(\s*(\d+)\s*,\s*(\d+)\s*\)$/.exec(name)
  if (decimal) {
    const precision = Number(decimal[1])
    const scale = Number(decimal[2])
    return precision >= 1 && precision <= 38 && scale <= precision ? { kind: 'decimal', precision, scale } : undefined
  }
  const fixed = /^fixed\[\s*(\d+)\s*\]$/.exec(name)
  return fixed && Number(fixed[1]) > 0 ? { kind: 'fixed', length: Number(fixed[1]) } : undefined
}

export function isV3Primitive(name: string): boolean {
  return v3Only.test(name)
}

/** Whether two names mean one primitive type: Java writes `decimal(9, 2)`, others `decimal(9,2)`. */
export function sameType(a: string, b: string): boolean {
  return a === b || (parsePrimitive(a) !== undefined && sameJson(parsePrimitive(a), parsePrimitive(b)))
}

/** The primitive of a column that has to be one. @throws IcebergError FORMAT_UNSUPPORTED */
export function primitiveOf(type: Type): Primitive {
  const primitive = typeof type === 'string' ? parsePrimitive(type) : undefined
  if (primitive === undefined) {
    throw new IcebergError('FORMAT_UNSUPPORTED', `type ${printType(type)} is not a primitive of format version 2`)
  }
  return primitive
}

/**
 * Whether a column may change from one type to the other without a rewrite
 * (spec "Schema Evolution"): int→long, float→double, more decimal digits at
 * the same scale; from version 3 on also date→timestamp, date→timestamp_ns and
 * unknown→anything. Equal types are not a promotion.
 */
export function isPromotion(from: Type, to: Type, formatVersion = 2): boolean {
  if (formatVersion >= 3 && from === 'unknown') return to !== 'unknown'
  if (typeof from !== 'string' || typeof to !== 'string') return false
  if (formatVersion >= 3 && from === 'date') return to === 'timestamp' || to === 'timestamp_ns'
  if (from === 'int' && to === 'long') return true
  if (from === 'float' && to === 'double') return true
  const narrow = parsePrimitive(from)
  const wide = parsePrimitive(to)
  return (
    narrow?.kind === 'decimal' &&
    wide?.kind === 'decimal' &&
    narrow.scale === wide.scale &&
    narrow.precision < wide.precision
  )
}

/** Bytes that hold any decimal of so many digits. */
export function decimalSize(precision: number): number {
  const largest = 10n ** BigInt(precision) - 1n
  let bytes = 1
  while (BigInt.asIntN(bytes * 8, largest) !== largest) bytes++
  return bytes
}

/** A type as a person reads it: `list<struct<x: long, y: optional long>>`. */
export function printType(type: Type): string {
  if (typeof type === 'string') return type
  if (type.type === 'list') return `list<${printType(type.element)}>`
  if (type.type === 'map') return `map<${printType(type.key)}, ${printType(type.value)}>`
  return `struct<${type.fields.map(field => `${field.name}: ${printType(field.type)}`).join(', ')}>`
}

/** Equality with everything that has meaning: ids, names, order, requiredness, docs and defaults. */
export function sameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a) !== Array.isArray(b)) return false
  const keysOfA = Object.keys(a).filter(key => (a as Record<string, unknown>)[key] !== undefined)
  const keysOfB = Object.keys(b).filter(key => (b as Record<string, unknown>)[key] !== undefined)
  return (
    keysOfA.length === keysOfB.length &&
    keysOfA.every(
      key =>
        Object.hasOwn(b, key) && sameJson((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]),
    )
  )
}
