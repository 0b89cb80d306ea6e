import type { Cell, Type } from '../../src/iceberg/types.ts'
import { floating, floatOf, kindOf, nested, type Plain, spelled } from './foreign-cells.ts'

/** As PyIceberg gives it: a list of structs that is null is empty. */
export function asPyIceberg(type: Type, cell: Cell): Plain {
  if (cell === null || cell === undefined)
    return kindOf(type) === 'list' && kindOf((type as Extract<Type, { type: 'list' }>).element) === 'struct' ? [] : null
  return typeof type === 'string' ? spelled(type, cell) : nested(type, cell, asPyIceberg)
}

/** Python's spelling of floating point, in JavaScript's. */
export function fromPython(value: Plain): Plain {
  if (Array.isArray(value)) return value.map(fromPython)
  if (typeof value !== 'object' || value === null) return value
  const { floating: text } = value as { floating?: string }
  if (text !== undefined) return floating(floatOf(text))
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, fromPython(item)]))
}
