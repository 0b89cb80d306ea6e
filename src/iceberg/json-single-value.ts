import { IcebergError } from './errors.ts'
import { printJson } from './json.ts'
import { type Primitive, parsePrimitive, printType } from './primitive.ts'
import type { Cell, Json, Type } from './types.ts'

/*
 * Single values as JSON, for the defaults of fields (spec "Appendix D: JSON
 * single-value serialization").
 */

/**
 * The cell of a value; null stays null. A struct is an object by field id, and
 * gives only the members it holds: the others have defaults of their own.
 * @throws IcebergError METADATA_INVALID for a value that is none of the type
 */
export function cellFromJson(value: Json | undefined, type: Type): Cell {
  if (value === undefined || value === null) return null
  const cell = typeof type === 'string' ? primitiveFromJson(value, type) : nestedFromJson(value, type)
  if (cell === undefined)
    throw new IcebergError('METADATA_INVALID', `a default of type ${printType(type)} is ${printJson(value)}`)
  return cell
}

function nestedFromJson(value: Json, type: Exclude<Type, string>): Cell {
  if (type.type === 'list')
    return Array.isArray(value) ? value.map(item => cellFromJson(item as Json, type.element)) : undefined
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const members = value as { readonly [key: string]: Json }
  if (type.type === 'struct') {
    return Object.fromEntries(
      type.fields
        .filter(field => members[field.id] !== undefined)
        .map(field => [field.name, cellFromJson(members[field.id], field.type)]),
    )
  }
  const { keys, values } = members
  if (!Array.isArray(keys) || !Array.isArray(values) || keys.length !== values.length) return undefined
  return keys.map((key, index) => [
    cellFromJson(key as Json, type.key),
    cellFromJson(values[index] as Json, type.value),
  ])
}

/** undefined for a value that is none of the type. */
function primitiveFromJson(value: NonNullable<Json>, type: string): Cell {
  const primitive = parsePrimitive(type)
  switch (primitive?.kind) {
    case 'boolean':
      return typeof value === 'boolean' ? value : undefined
    case 'int':
      return Number.isInteger(value) && BigInt.asIntN(32, BigInt(value as number)) === BigInt(value as number)
        ? value
        : undefined
    case 'long':
      return typeof value === 'bigint' || Number.isInteger(value)
        ? inRange(BigInt(value as number | bigint))
        : undefined
    case 'float':
    case 'double':
      return typeof value === 'number' || typeof value === 'bigint' ? finite(Number(value)) : undefined
    default:
      return typeof value === 'string' ? textual(value, primitive) : undefined
  }
}

function inRange(value: bigint): bigint | undefined {
  return value === BigInt.asIntN(64, value) ? value : undefined
}

function finite(value: number): number | undefined {
  return Number.isFinite(value) ? value : undefined
}

function textual(text: string, primitive: Primitive | undefined): Cell {
  switch (primitive?.kind) {
    case 'string':
      return text
    case 'uuid':
      return /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i.test(text) ? text.toLowerCase() : undefined
    case 'date':
      return days(text)
    case 'time':
      return micros(text)
    case 'timestamp':
    case 'timestamptz':
      return instant(text, primitive.kind === 'timestamptz')
    case 'decimal':
      return unscaled(text, primitive)
    case 'binary':
      return fromHex(text)
    case 'fixed': {
      const bytes = fromHex(text)
      return bytes?.byteLength === primitive.length ? bytes : undefined
    }
    default:
      return undefined
  }
}

/** `2017-11-16` as days since 1970; years may have more digits, after a sign. */
function days(text: string): number | undefined {
  const [, year, month, day] = /^([+-]?\d{4,6})-(\d\d)-(\d\d)$/.exec(text) ?? []
  if (year === undefined) return undefined
  const date = new Date(0)
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day))
  const isReal = date.getUTCMonth() === Number(month) - 1 && date.getUTCDate() === Number(day)
  return isReal ? date.getTime() / 86_400_000 : undefined
}

/** `22:31:08.123456` as microseconds since midnight. */
function micros(text: string): bigint | undefined {
  const [, hours, minutes, seconds = '0', fraction = ''] =
    /^(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,6}))?)?$/.exec(text) ?? []
  if (hours === undefined || Number(hours) > 23 || Number(minutes) > 59 || Number(seconds) > 59) return undefined
  const whole = (Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)
  return BigInt(whole) * 1_000_000n + BigInt(fraction.padEnd(6, '0'))
}

/** `2017-11-16T22:31:08.123456`, with a zone exactly `+00:00`, as microseconds since 1970. */
function instant(text: string, hasZone: boolean): bigint | undefined {
  const [, date = '', time = '', zone] = /^([^T]+)T([\d:.]+)(\+00:00|Z)?$/.exec(text) ?? []
  const day = days(date)
  const moment = micros(time)
  if (day === undefined || moment === undefined || (zone !== undefined) !== hasZone) return undefined
  return BigInt(day) * 86_400_000_000n + moment
}

/** `14.20` at scale 2 as 1420; a negative scale of the text, as in `2E+20`, is none of the table's. */
function unscaled(text: string, { precision, scale }: Extract<Primitive, { kind: 'decimal' }>): bigint | undefined {
  const [, sign = '', whole, fraction = ''] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text) ?? []
  if (whole === undefined || fraction.length !== scale) return undefined
  const digits = BigInt(`${whole}${fraction}`)
  return digits < 10n ** BigInt(precision) ? (sign === '-' ? -digits : digits) : undefined
}

function fromHex(text: string): Uint8Array | undefined {
  return /^(?:[\da-f]{2})*$/i.test(text) ? Uint8Array.from(Buffer.from(text, 'hex')) : undefined
}
