import { cellText } from '../../src/iceberg/cell-text.ts'
import type { Cell, Type } from '../../src/iceberg/types.ts'
import { kindOf, type Plain, scaleOf } from './foreign-cells.ts'

/** As icebird gives it, in the words of icebird-reader.ts. */
export function asIcebird(type: Type, cell: Cell): Plain {
  if (cell === null || cell === undefined) return null
  if (typeof type !== 'string') return nestedAsIcebird(type, cell)
  switch (kindOf(type)) {
    case 'long':
    case 'time':
      return { bigint: cellText(cell) }
    case 'int':
    case 'float':
    case 'double':
      return { number: Object.is(cell, -0) ? '-0' : cellText(cell) }
    case 'date':
      return { date: (cell as number) * 86_400_000 }
    case 'timestamp':
    case 'timestamptz':
      return { date: Number((cell as bigint) / 1000n) }
    case 'decimal':
      return { number: String(Number(cell) * 10 ** -scaleOf(type)) }
    case 'uuid':
      return { bytes: (cell as string).replaceAll('-', '') }
    case 'fixed':
      return { bytes: Buffer.from(cell as Uint8Array).toString('hex') }
    case 'binary':
      return new TextDecoder().decode(cell as Uint8Array)
    case 'string':
      return (cell as string).replace(/^\ufeff/, '')
    default:
      return cell as boolean
  }
}

function nestedAsIcebird(type: Exclude<Type, string>, cell: NonNullable<Cell>): Plain {
  if (type.type === 'list') return (cell as readonly Cell[]).map(item => asIcebird(type.element, item))
  if (type.type === 'map') {
    const entries = cell as readonly (readonly [Cell, Cell])[]
    return { object: Object.fromEntries(entries.map(([key, value]) => [cellText(key), asIcebird(type.value, value)])) }
  }
  const members = type.fields.map(field => [
    field.name,
    asIcebird(field.type, (cell as Record<string, Cell>)[field.name]),
  ])
  return { object: Object.fromEntries(members) as Record<string, Plain> }
}

/** What icebird told, undefined as null, and the numbers of a column that is 64 bits wide now as bigints. */
export function fromIcebird(type: Type, told: Plain): Plain {
  if (told === null || (typeof told === 'object' && 'undefined' in told)) return null
  if (type === 'long' && typeof told === 'object' && 'number' in told) return { bigint: told['number'] as string }
  if (typeof type === 'string') return told
  if (type.type === 'list') return (told as readonly Plain[]).map(item => fromIcebird(type.element, item))
  const { object } = told as { object: Readonly<Record<string, Plain>> }
  const typeOf = (name: string): Type =>
    type.type === 'map' ? type.value : (type.fields.find(field => field.name === name)?.type ?? 'string')
  return {
    object: Object.fromEntries(Object.entries(object).map(([name, item]) => [name, fromIcebird(typeOf(name), item)])),
  }
}
