import { parsePrimitive } from '../../src/iceberg/primitive.ts'
import type { Cell, Type } from '../../src/iceberg/types.ts'
import { floating, floatOf, kindOf, nested, type Plain, scaleOf, spelled } from './foreign-cells.ts'

/** As ClickHouse gives it: it has no null lists, maps and structs, and takes times for whole seconds. */
export function asClickHouse(type: Type, cell: Cell): Plain {
  if (typeof type !== 'string') {
    if (cell === null || cell === undefined) return type.type === 'struct' ? nested(type, {}, asClickHouse) : []
    return nested(type, cell, asClickHouse)
  }
  if (kindOf(type) === 'time' && cell !== null && cell !== undefined)
    return { micros: String(((cell as bigint) / 1_000_000n) * 1_000_000n) }
  return spelled(type, cell)
}

/** The type that ClickHouse gives to a column. */
export function clickHouseType(type: Type, required: boolean): string {
  if (typeof type === 'string') return required ? clickHousePrimitive(type) : `Nullable(${clickHousePrimitive(type)})`
  if (type.type === 'list') return `Array(${clickHouseType(type.element, type['element-required'])})`
  if (type.type === 'map')
    return `Map(${clickHouseType(type.key, true)}, ${clickHouseType(type.value, type['value-required'])})`
  return `Tuple(${type.fields.map(field => `${quoted(field.name)} ${clickHouseType(field.type, field.required)}`).join(', ')})`
}

const clickHousePrimitives: Readonly<Record<string, string>> = {
  boolean: 'Bool',
  int: 'Int32',
  long: 'Int64',
  float: 'Float32',
  double: 'Float64',
  date: 'Date32',
  time: 'Int64',
  timestamp: 'DateTime64(6)',
  timestamptz: "DateTime64(6, 'UTC')",
  string: 'String',
  uuid: 'UUID',
  binary: 'String',
}

function clickHousePrimitive(type: string): string {
  const primitive = parsePrimitive(type)
  if (primitive?.kind === 'decimal') return `Decimal(${primitive.precision}, ${primitive.scale})`
  if (primitive?.kind === 'fixed') return `FixedString(${primitive.length})`
  return clickHousePrimitives[type] ?? type
}

/** A name as ClickHouse prints and takes it. */
export function quoted(name: string): string {
  return /^[A-Za-z_]\w*$/.test(name) ? name : `\`${name.replaceAll('\\', '\\\\').replaceAll('`', '\\`')}\``
}

/** SQL that gives a value of ClickHouse as text or arrays of text, from which {@link fromClickHouse} spells it. */
export function clickHouseSql(type: Type, expression: string, depth = 0): string {
  const inner = `x${depth}`
  if (typeof type !== 'string') {
    if (type.type === 'list')
      return `arrayMap(${inner} -> ${clickHouseSql(type.element, inner, depth + 1)}, ${expression})`
    if (type.type === 'map') {
      const pair = `(${clickHouseSql(type.key, `k${depth}`, depth + 1)}, ${clickHouseSql(type.value, `v${depth}`, depth + 1)})`
      return `arrayMap((k${depth}, v${depth}) -> ${pair}, mapKeys(${expression}), mapValues(${expression}))`
    }
    const members = type.fields.map((field, index) =>
      clickHouseSql(field.type, `tupleElement(${expression}, ${index + 1})`, depth + 1),
    )
    return `tuple(${members.join(', ')})`
  }
  switch (kindOf(type)) {
    case 'boolean':
    case 'string':
      return expression
    case 'float':
    case 'double':
      return `toString(toFloat64(${expression}))`
    case 'date':
      return `toString(toInt32(${expression}))`
    case 'timestamp':
    case 'timestamptz':
      return `toString(toUnixTimestamp64Micro(${expression}))`
    case 'binary':
    case 'fixed':
      return `lower(hex(${expression}))`
    default:
      return `toString(${expression})`
  }
}

export function fromClickHouse(type: Type, value: unknown): Plain {
  if (value === null) return null
  if (typeof type !== 'string') {
    const items = value as readonly unknown[]
    if (type.type === 'list') return items.map(item => fromClickHouse(type.element, item))
    if (type.type === 'map')
      return (items as readonly (readonly unknown[])[]).map(([key, item]) => [
        fromClickHouse(type.key, key),
        fromClickHouse(type.value, item),
      ])
    const members = type.fields.map((field, index) => [field.name, fromClickHouse(field.type, items[index])])
    return { struct: Object.fromEntries(members) as Record<string, Plain> }
  }
  switch (kindOf(type)) {
    case 'boolean':
    case 'string':
      return value as boolean | string
    case 'int':
    case 'long':
      return { integer: value as string }
    case 'float':
    case 'double':
      return floating(floatOf(value as string))
    case 'date':
      return { days: Number(value) }
    case 'time':
      return { micros: String(BigInt(value as string) * 1_000_000n) }
    case 'timestamp':
    case 'timestamptz':
      return { micros: value as string }
    case 'decimal': {
      const [whole = '', fraction = ''] = (value as string).split('.')
      const scale = scaleOf(type)
      return { decimal: scale === 0 ? whole : `${whole}.${fraction.padEnd(scale, '0')}` }
    }
    case 'uuid':
      return { uuid: value as string }
    default:
      return { bytes: value as string }
  }
}
