import { holdsUnsafeInteger } from '../../iceberg/json.ts'
import type { Cell } from '../../iceberg/types.ts'
import type { ColumnDeclaration, DeclaredType } from '../../schema/declaration.ts'
import { cellFromJson } from '../../schema/json-cell.ts'
import { lookup, parsePointer } from '../../schema/pointer.ts'

/** A record as it was captured: one JSON object. */
export type CapturedRecord = Readonly<Record<string, unknown>>

/**
 * A row that cannot be written although it was taken. Says which column and
 * why, and nothing of its content.
 */
export class RowFault extends Error {
  /** Undefined where it is the row as a whole. */
  readonly column: string | undefined
  readonly reason: string

  constructor(column: string | undefined, reason: string) {
    super(column === undefined ? `the row ${reason}` : `column ${column} ${reason}`)
    this.column = column
    this.reason = reason
  }
}

/** Thrown where a number lost digits in `JSON.parse` and they count: the record has to be parsed exactly. */
export const Inexact: Error = new Error('the record has to be parsed exactly')

/** The value of a column in a record, as a cell of its type. */
export type Reading = (record: CapturedRecord, exact: boolean) => Cell

/**
 * @returns takes the member of the column's name, where there is one, else what `from` points at
 */
export function readingOf({ name, type, from }: ColumnDeclaration): Reading {
  const pointer = from === undefined ? undefined : parsePointer(from)
  const convert = conversionOf(type, name)
  const isSpecial = name in Object.prototype
  return (record, exact) => {
    const member = isSpecial && !Object.hasOwn(record, name) ? undefined : record[name]
    const value = member === undefined && pointer !== undefined ? lookup(record, pointer) : member
    return value === null || value === undefined ? null : convert(value, exact)
  }
}

function conversionOf(type: DeclaredType, column: string): (value: unknown, exact: boolean) => Cell {
  const shortcut = shortcutOf(type)
  const isExact = isExactType(type)
  return (value, exact) => {
    const cell = shortcut(value)
    if (cell !== undefined) return cell
    if (!exact && isExact && typeof value !== 'string' && holdsUnsafeInteger(value)) throw Inexact
    const result = cellFromJson(value, type)
    if ('illTyped' in result) throw new RowFault(column, 'has a value of another type')
    return result.cell
  }
}

/** What `cellFromJson` makes of nearly all values, without a word about the others. */
function shortcutOf(type: DeclaredType): (value: unknown) => Cell {
  switch (type) {
    case 'string':
      return value =>
        typeof value === 'string' ? (value as string & { toWellFormed(): string }).toWellFormed() : undefined
    case 'boolean':
      return value => (typeof value === 'boolean' ? value : undefined)
    case 'int':
      return value => (typeof value === 'number' && (value | 0) === value ? value | 0 : undefined)
    case 'long':
      return value => (typeof value === 'number' && Number.isSafeInteger(value) ? BigInt(value) : undefined)
    case 'double':
      return value => (typeof value === 'number' && Number.isFinite(value) ? value : undefined)
    default:
      return () => undefined
  }
}

/** Whether every digit of a number counts: floating point rounds, a text keeps the number as it was written. */
function isExactType(type: DeclaredType): boolean {
  return type !== 'double' && type !== 'float' && type !== 'boolean' && type !== 'int'
}
