import { printJson } from '../iceberg/json.ts'
import { parsePrimitive } from '../iceberg/primitive.ts'
import type { Cell } from '../iceberg/types.ts'
import type { ColumnDeclaration, DeclaredType } from './declaration.ts'
import { canonicalJson } from './fingerprint.ts'
import { daysFromIso, microsFromIso, microsOfDay } from './iso-time.ts'
import { lookup, type Pointer, parsePointer } from './pointer.ts'

/** A cell, or the news that the value does not fit the column's type. */
export type CellResult = { readonly cell: Cell } | { readonly illTyped: true }

const illTyped: CellResult = { illTyped: true }
const integer = /^(?:0|-?[1-9]\d*)$/
const decimal = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,4}))?$/
const base64 = /^[A-Za-z0-9+/]*={0,2}$/
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
const minLong = -(2n ** 63n)
const maxLong = 2n ** 63n - 1n

/**
 * A JSON value as a cell of a declared type. Nothing is bent to fit: a value
 * that the type cannot hold exactly is ill-typed, with three exceptions that
 * lose nothing a reader would miss. A `string` takes every value (other than
 * texts as JSON text), a `float` rounds, and lone surrogates become U+FFFD,
 * because no UTF-8 stands for them. Null and absent fit every type here.
 */
export function cellFromJson(value: unknown, type: DeclaredType): CellResult {
  if (value === null || value === undefined) return { cell: null }
  if (typeof type === 'string') return primitiveCell(value, type)
  if (type.type === 'struct') return structCell(value, type.fields)
  if (type.type === 'list') return listCell(value, type.element, type.elementRequired === true)
  return mapCell(value, type.key, type.value, type.valueRequired === true)
}

function primitiveCell(value: unknown, type: string): CellResult {
  switch (type) {
    case 'string':
      return textCell(value)
    case 'boolean':
      return typeof value === 'boolean' ? { cell: value } : illTyped
    case 'int': {
      const number = typeof value === 'bigint' ? Number(value) : value
      return typeof number === 'number' && (number | 0) === number ? { cell: number | 0 } : illTyped
    }
    case 'long':
      return result(longFrom(value))
    case 'float':
    case 'double': {
      const number = typeof value === 'bigint' ? Number(value) : value
      const cell = typeof number !== 'number' ? Number.NaN : type === 'float' ? Math.fround(number) : number
      return Number.isFinite(cell) ? { cell } : illTyped
    }
  }
  if (type.startsWith('decimal')) return result(decimalFrom(value, type))
  // All that is left is written as a text in JSON, so that a number in its place is in a unit nobody named.
  return typeof value === 'string' ? result(cellFromText(value, type)) : illTyped
}

function cellFromText(text: string, type: string): Cell {
  switch (type) {
    case 'date':
      return daysFromIso(text)
    case 'time':
      return microsOfDay(text)
    case 'timestamp':
      return microsFromIso(text, false)
    case 'timestamptz':
      return microsFromIso(text, true)
    case 'uuid':
      return uuid.test(text) ? text.toLowerCase() : undefined
  }
  const primitive = parsePrimitive(type)
  if (text.length % 4 !== 0 || !base64.test(text)) return undefined
  const bytes = new Uint8Array(Buffer.from(text, 'base64'))
  const fits = primitive?.kind === 'fixed' ? bytes.length === primitive.length : primitive?.kind === 'binary'
  return fits ? bytes : undefined
}

function textCell(value: unknown): CellResult {
  if (typeof value === 'string') return { cell: wellFormed(value) }
  try {
    // Inside JSON text a lone surrogate is an escape, at which other engines' JSON functions stop.
    const text = printJson(value)
    if (text.includes('null') && holdsInfinity(value)) return illTyped
    return { cell: text.includes('\\ud') ? text.replace(/\\(?:ud[89a-f][0-9a-f]{2}|.)/g, replaceSurrogate) : text }
  } catch (error) {
    // Nested more deeply than the stack is high, or longer than a string can be.
    if (error instanceof RangeError) return illTyped
    throw error
  }
}

/** JSON can say a number that is too large for a double, e.g. 1e400; printed again it would be null. */
function holdsInfinity(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return typeof value === 'number' && !Number.isFinite(value)
  return Object.values(value).some(holdsInfinity)
}

/** A list of counts has millions of them, and each bigint that is made is an object of its own. */
const smallLongs = Array.from({ length: 1024 }, (_, value) => BigInt(value))

/** A number beyond 2^53 was rounded when it was parsed, so it is not the number that was written. */
function longFrom(value: unknown): bigint | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? (smallLongs[value] ?? BigInt(value)) : undefined
  // 64-bit integers travel through JSON as texts, since JavaScript would round them.
  const long = typeof value === 'string' && value.length <= 20 && integer.test(value) ? BigInt(value) : value
  return typeof long === 'bigint' && long >= minLong && long <= maxLong ? long : undefined
}

/** The unscaled value, where the type has room for every digit. */
function decimalFrom(value: unknown, type: string): bigint | undefined {
  const primitive = parsePrimitive(type)
  if (primitive?.kind !== 'decimal') return undefined
  if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)) return undefined
  const isText = typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint'
  const parts = isText ? decimal.exec(String(value)) : null
  // 38 digits are the most a decimal has; far longer texts are not worth taking apart.
  if (parts === null || parts[0].length > 100) return undefined
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = parts
  const digits = `${whole}${fraction}`.replace(/^0+/, '')
  const significant = digits.replace(/0+$/, '')
  if (significant === '') return 0n
  const zeros = digits.length - significant.length + Number(exponent) - fraction.length + primitive.scale
  if (zeros < 0 || significant.length + zeros > primitive.precision) return undefined
  return BigInt(`${sign}${significant}${'0'.repeat(zeros)}`)
}

function structCell(value: unknown, fields: readonly ColumnDeclaration[]): CellResult {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return illTyped
  const cells: [string, Cell][] = []
  for (const field of fields) {
    // Inside a struct a pointer starts at the struct's own value.
    const found = cellFromJson(lookup(value, pointerOf(field)), field.type)
    if ('illTyped' in found || (field.required === true && isNull(found.cell))) return illTyped
    cells.push([field.name, found.cell])
  }
  return { cell: Object.fromEntries(cells) }
}

function listCell(value: unknown, element: DeclaredType, required: boolean): CellResult {
  if (!Array.isArray(value)) return illTyped
  const cells: Cell[] = []
  for (const item of value) {
    const found = cellFromJson(item, element)
    if ('illTyped' in found || (required && isNull(found.cell))) return illTyped
    cells.push(found.cell)
  }
  return { cell: cells }
}

function mapCell(value: unknown, key: DeclaredType, type: DeclaredType, required: boolean): CellResult {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return illTyped
  const entries: [Cell, Cell][] = []
  const seen = new Set<string>()
  for (const [name, member] of Object.entries(value)) {
    const keyFound = keyCell(name, key)
    const found = cellFromJson(member, type)
    if ('illTyped' in keyFound || 'illTyped' in found || (required && isNull(found.cell))) return illTyped
    // Two texts can name one key, e.g. `1` and `1.0`, and a map has each key once.
    const print = canonicalJson(keyFound.cell)
    if (seen.has(print)) return illTyped
    seen.add(print)
    entries.push([keyFound.cell, found.cell])
  }
  return { cell: entries }
}

/** The keys of a JSON object are texts; numbers and booleans stand in them as they would in JSON. */
function keyCell(name: string, type: DeclaredType): CellResult {
  const asText = cellFromJson(name, type)
  if ('cell' in asText) return asText
  if (name === 'true' || name === 'false') return cellFromJson(name === 'true', type)
  return decimal.test(name) ? cellFromJson(Number(name), type) : illTyped
}

/** Where in a struct's value that of a field is: what its `from` points at, else the member of its name. */
export function pointerOf(field: ColumnDeclaration): Pointer {
  return (field.from === undefined ? undefined : parsePointer(field.from)) ?? [field.name]
}

function result(cell: Cell): CellResult {
  return cell === undefined ? illTyped : { cell }
}

function isNull(cell: Cell): boolean {
  return cell === null || cell === undefined
}

function wellFormed(text: string): string {
  return text.replace(/\p{Surrogate}/gu, '\uFFFD')
}

function replaceSurrogate(escape: string): string {
  return escape.length === 6 ? '\uFFFD' : escape
}
