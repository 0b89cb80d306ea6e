import { cellText } from '../../src/iceberg/cell-text.ts'
import { parsePrimitive } from '../../src/iceberg/primitive.ts'
import type { Cell, Field, Row, Type } from '../../src/iceberg/types.ts'
import type { Chance } from './differential-random.ts'

/** Random rows of a table: every null that may be, and values that a narrower type or another reader could spoil. */
export function randomRows(fields: readonly Field[], count: number, chance: Chance): Row[] {
  return Array.from({ length: count }, () => struct(fields, chance))
}

function struct(fields: readonly Field[], chance: Chance): Record<string, Cell> {
  return Object.fromEntries(fields.map(({ name, type, required }) => [name, cell(type, required, chance)]))
}

function cell(type: Type, required: boolean, chance: Chance): Cell {
  if (!required && chance.percent(25)) return null
  if (typeof type === 'string') return primitive(type, chance)
  if (type.type === 'struct') return struct(type.fields, chance)
  if (type.type === 'list') return items(chance, () => cell(type.element, type['element-required'], chance))
  const entries = items(chance, () => [cell(type.key, true, chance), cell(type.value, type['value-required'], chance)])
  // A key stands once in a map.
  return [...new Map(entries.map(entry => [keyText(entry[0]), entry])).values()]
}

function keyText(key: Cell): string {
  return JSON.stringify(key, (_name, part: unknown) => (typeof part === 'bigint' ? cellText(part) : part))
}

function items<Item>(chance: Chance, item: () => Item): Item[] {
  return Array.from({ length: chance.below(3) }, item)
}

const longs: readonly [bigint, ...bigint[]] = [0n, 1n, -1n, 2n ** 31n, -(2n ** 63n), 2n ** 63n - 1n]
// Python's instants reach from the year 1 to 9999.
const instants: readonly [bigint, ...bigint[]] = [
  0n,
  -1n,
  1n,
  1_700_000_000_123_456n,
  -62_135_596_800_000_000n,
  253_402_300_799_999_999n,
]

function primitive(type: string, chance: Chance): Cell {
  const parsed = parsePrimitive(type)
  switch (parsed?.kind) {
    case 'boolean':
      return chance.percent(50)
    case 'int':
      return chance.one([0, 1, -1, 2_147_483_647, -2_147_483_648, 42])
    case 'long':
      return chance.one(longs)
    case 'float':
      return Math.fround(chance.one([0, -0, 0.1, -1.5, 3.4e38, Number.NaN, Number.NEGATIVE_INFINITY]))
    case 'double':
      return chance.one([0, -0, 0.1, -1.5, 1.7e308, Number.NaN, Number.POSITIVE_INFINITY])
    case 'date':
      return chance.one([0, -1, 19_000, -719_162, 2_932_896])
    case 'time':
      return chance.one([0n, 1n, 86_399_999_999n])
    case 'timestamp':
    case 'timestamptz':
      return chance.one(instants)
    case 'string':
      return chance.one(['', 'a', 'ü☃😀', 'longer than sixteen characters', '\u0000\n"'])
    case 'uuid':
      return `f79c3e09-677c-4bbd-a479-3f349cb785e${chance.below(10)}`
    case 'binary':
      return Uint8Array.from({ length: chance.below(4) }, () => chance.below(256))
    case 'fixed':
      return Uint8Array.from({ length: parsed.length }, () => chance.below(256))
    case 'decimal': {
      const limit = 10n ** BigInt(parsed.precision) - 1n
      return chance.one([0n, 1n, -1n, limit, -limit, 12_345n])
    }
    default:
      throw new Error(`no value for ${type}`)
  }
}
