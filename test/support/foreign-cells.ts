import { cellText } from '../../src/iceberg/cell-text.ts'
import { parsePrimitive } from '../../src/iceberg/primitive.ts'
import type { Cell, Type } from '../../src/iceberg/types.ts'

/*
 * Engines spell one value in many ways. Here every value has one spelling that
 * loses nothing, and each engine's deviations from what is stored are told one
 * by one; test/interop/deviations.test.ts shows that they are the engine's.
 */

/** A value as JSON: integers as digits, instants as microseconds, bytes as hex. */
export type Plain = null | boolean | number | string | readonly Plain[] | { readonly [name: string]: Plain }

/** The kind of a type, without its parameters. */
export function kindOf(type: Type): string {
  return typeof type === 'string' ? (parsePrimitive(type)?.kind ?? type) : type.type
}

/** How a cell is spelled. */
export function spelled(type: Type, cell: Cell): Plain {
  if (cell === null || cell === undefined) return null
  if (typeof type !== 'string') return nested(type, cell, spelled)
  switch (kindOf(type)) {
    case 'int':
    case 'long':
      return { integer: cellText(cell) }
    case 'float':
    case 'double':
      return floating(cell as number)
    case 'date':
      return { days: cell as number }
    case 'time':
    case 'timestamp':
    case 'timestamptz':
      return { micros: cellText(cell) }
    case 'decimal':
      return { decimal: decimalText(cell as bigint, scaleOf(type)) }
    case 'uuid':
      return { uuid: cell as string }
    case 'binary':
    case 'fixed':
      return { bytes: Buffer.from(cell as Uint8Array).toString('hex') }
    default:
      return cell as boolean | string
  }
}

/** Spells the members of a struct by name, the elements of a list, the entries of a map as pairs. */
export function nested(
  type: Exclude<Type, string>,
  cell: NonNullable<Cell>,
  spell: (type: Type, cell: Cell) => Plain,
): Plain {
  if (type.type === 'struct') {
    const members = type.fields.map(field => [
      field.name,
      spell(field.type, (cell as Record<string, Cell>)[field.name]),
    ])
    return { struct: Object.fromEntries(members) as Record<string, Plain> }
  }
  if (type.type === 'list') return (cell as readonly Cell[]).map(item => spell(type.element, item))
  return (cell as readonly (readonly [Cell, Cell])[]).map(([key, value]) => [
    spell(type.key, key),
    spell(type.value, value),
  ])
}

export function floating(value: number): Plain {
  return { floating: Object.is(value, -0) ? '-0' : String(value) }
}

/** Digits with as many behind the point as the scale says. */
export function decimalText(unscaled: bigint, scale: number): string {
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0')
  const whole = scale === 0 ? digits : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`
  return `${unscaled < 0n ? '-' : ''}${whole}`
}

export function scaleOf(type: string): number {
  const primitive = parsePrimitive(type)
  return primitive?.kind === 'decimal' ? primitive.scale : 0
}

/** A type in one line, `!` behind what cannot be null. */
export function typeText(type: Type, required = false): string {
  return `${bareTypeText(type)}${required ? '!' : ''}`
}

function bareTypeText(type: Type): string {
  if (typeof type === 'string') return type.replaceAll(' ', '')
  if (type.type === 'list') return `list<${typeText(type.element, type['element-required'])}>`
  if (type.type === 'map') return `map<${typeText(type.key)}, ${typeText(type.value, type['value-required'])}>`
  return `struct<${type.fields.map(field => `${field.name}: ${typeText(field.type, field.required)}`).join(', ')}>`
}

/** A floating point number as Python and ClickHouse print it. */
export function floatOf(text: string): number {
  const word = /^([+-]?)(inf|nan)/i.exec(text)
  if (word === null) return Number(text)
  return word[2]?.toLowerCase() === 'nan'
    ? Number.NaN
    : word[1] === '-'
      ? Number.NEGATIVE_INFINITY
      : Number.POSITIVE_INFINITY
}

/** Rows in an order that does not depend on the engine. */
export function inOrder<Row>(rows: readonly Row[]): Row[] {
  return rows
    .map(row => ({ row, text: stable(row) }))
    .sort((a, b) => (a.text < b.text ? -1 : a.text > b.text ? 1 : 0))
    .map(({ row }) => row)
}

function stable(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(stable).join()}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${members.map(([name, item]) => `${JSON.stringify(name)}:${stable(item)}`).join()}}`
}
