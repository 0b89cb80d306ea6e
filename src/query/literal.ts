import { cellText } from '../iceberg/cell-text.ts'
import { primitiveOf } from '../iceberg/primitive.ts'
import type { Cell, Type } from '../iceberg/types.ts'
import { columnType } from './column-type.ts'
import { quoteName, quoteText } from './quote.ts'

/** A cell as SQL text, of the DuckDB type of its Iceberg type. */
export function cellSql(cell: Cell, type: Type): string {
  if (cell === null || cell === undefined) return `CAST(NULL AS ${columnType(type)})`
  if (typeof type !== 'string') {
    switch (type.type) {
      case 'struct': {
        const holder = cell as Readonly<Record<string, Cell>>
        const members = type.fields.map(({ name, type: of }) => `${quoteName(name)} := ${cellSql(holder[name], of)}`)
        return `struct_pack(${members.join(', ')})`
      }
      case 'list': {
        const items = (cell as readonly Cell[]).map(item => cellSql(item, type.element))
        return `CAST([${items.join(', ')}] AS ${columnType(type)})`
      }
      case 'map': {
        const entries = (cell as readonly (readonly [Cell, Cell])[]).map(
          ([key, value]) => `struct_pack(k := ${cellSql(key, type.key)}, v := ${cellSql(value, type.value)})`,
        )
        return entries.length === 0
          ? `CAST(MAP {} AS ${columnType(type)})`
          : `CAST(map_from_entries([${entries.join(', ')}]) AS ${columnType(type)})`
      }
    }
  }
  const primitive = primitiveOf(type)
  const cast = (text: string): string => `CAST(${text} AS ${columnType(type)})`
  switch (primitive.kind) {
    case 'date':
      return `(DATE '1970-01-01' + ${cell as number})`
    case 'time':
    case 'timestamp':
    case 'timestamptz':
      // Years beyond 9999 and before Christ have no text that is sure to be read.
      return cast(`make_timestamp(CAST(${cell as bigint} AS BIGINT))`)
    case 'decimal':
      return cast(quoteText(decimalText(cell as bigint, primitive.scale)))
    case 'binary':
    case 'fixed':
      return bytesSql(cell as Uint8Array)
    case 'string':
      return textSql(cell as string)
    default:
      // The sign of −0 is not in its text.
      return cast(quoteText(Object.is(cell, -0) ? '-0' : cellText(cell)))
  }
}

function bytesSql(bytes: Uint8Array): string {
  return `unhex('${Buffer.from(bytes).toString('hex')}')`
}

/** The engine takes the text of a query up to its first NUL. */
function textSql(text: string): string {
  return text.includes('\0') ? `decode(${bytesSql(Buffer.from(text, 'utf8'))})` : quoteText(text)
}

function decimalText(unscaled: bigint, scale: number): string {
  const digits = (unscaled < 0n ? -unscaled : unscaled).toString().padStart(scale + 1, '0')
  const text = scale === 0 ? digits : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`
  return unscaled < 0n ? `-${text}` : text
}
