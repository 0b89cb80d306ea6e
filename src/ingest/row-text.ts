import { parsePrimitive } from '../iceberg/primitive.ts'
import type { Cell, Row } from '../iceberg/types.ts'
import type { ColumnDeclaration, DeclaredType } from '../schema/declaration.ts'
import { pointerOf } from '../schema/json-cell.ts'
import { clockText, dayText, timestampText } from './batch/arrow/time-text.ts'

/*
 * Rows of a table as the JSON texts in which they are handed to its spool. What is taken of such a text is the row it
 * was made of, cell by cell.
 */

/** Prints a cell that is not null. */
type Print = (cell: NonNullable<Cell>) => string

/**
 * The printer of a declaration's rows: one JSON object in one line, without its end. Columns that a row does not have,
 * and those that are null, are left out, but for columns that would then be looked for elsewhere.
 *
 * @example
 * const print = rowPrinter(declaration)
 * const body = Buffer.from(rows.map(row => `${print(row)}\n`).join(''))
 */
export function rowPrinter({ columns }: { readonly columns: readonly ColumnDeclaration[] }): (row: Row) => string {
  const members = columns.map(({ name, type, from }) => ({
    name,
    print: printerOf(type),
    label: `${JSON.stringify(name)}:`,
    isPointer: from !== undefined,
  }))
  return row => {
    let text = ''
    for (const { name, print, label, isPointer } of members) {
      const cell = row[name]
      const isNull = cell === null || cell === undefined
      if (isNull && !isPointer) continue
      text += `${text === '' ? '' : ','}${label}${isNull ? 'null' : print(cell)}`
    }
    return `{${text}}`
  }
}

function printerOf(type: DeclaredType): Print {
  if (typeof type === 'string') return primitivePrinter(type)
  if (type.type === 'struct') return structPrinter(type.fields)
  if (type.type === 'list') {
    const element = nullable(printerOf(type.element))
    return cell => `[${(cell as readonly Cell[]).map(element).join(',')}]`
  }
  const key = printerOf(type.key)
  const value = nullable(printerOf(type.value))
  return cell =>
    `{${(cell as readonly (readonly [NonNullable<Cell>, Cell])[])
      .map(([name, entry]) => `${asName(key(name))}:${value(entry)}`)
      .join(',')}}`
}

/** The names of a JSON object are texts. */
function asName(printed: string): string {
  return printed.startsWith('"') ? printed : `"${printed}"`
}

function primitivePrinter(type: string): Print {
  switch (type) {
    case 'boolean':
    case 'int':
      return cell => `${cell as boolean | number}`
    case 'long':
      // Beyond that a number of JSON loses digits.
      return cell => (Number.isSafeInteger(Number(cell)) ? `${cell as bigint}` : `"${cell as bigint}"`)
    case 'float':
    case 'double':
      return cell => (Object.is(cell, -0) ? '-0' : `${cell as number}`)
    case 'date':
      return cell => `"${dayText(cell as number) as string}"`
    case 'time':
      return cell => `"${clockText(Number(cell), 6) as string}"`
    case 'timestamp':
      return cell => `"${timestampText(cell as bigint, 6, false) as string}"`
    case 'timestamptz':
      return cell => `"${momentText(cell as bigint)}"`
  }
  const primitive = parsePrimitive(type)
  if (primitive?.kind === 'decimal') return cell => `"${decimalText(cell as bigint, primitive.scale)}"`
  if (primitive?.kind === 'binary' || primitive?.kind === 'fixed')
    return cell => `"${Buffer.from(cell as Uint8Array).toString('base64')}"`
  return cell => JSON.stringify(cell)
}

/** Nearly all have whole milliseconds. */
function momentText(micros: bigint): string {
  return micros % 1000n === 0n
    ? new Date(Number(micros / 1000n)).toISOString()
    : (timestampText(micros, 6, true) as string)
}

function decimalText(unscaled: bigint, scale: number): string {
  if (scale === 0) return String(unscaled)
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0')
  return `${unscaled < 0n ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`
}

function nullable(print: Print): (cell: Cell) => string {
  return cell => (cell === null || cell === undefined ? 'null' : print(cell))
}

/** A field of a struct is looked for where it points to, so that is where it is put. */
function structPrinter(fields: readonly ColumnDeclaration[]): Print {
  const members = fields
    .map(field => ({ name: field.name, pointer: pointerOf(field), print: printerOf(field.type) }))
    .sort((a, b) => a.pointer.length - b.pointer.length)
  return cell => {
    let whole = empty()
    for (const { name, pointer, print } of members) {
      const value = (cell as Readonly<Record<string, Cell>>)[name]
      if (value !== null && value !== undefined) whole = put(whole, pointer, print(value))
    }
    return printTree(whole)
  }
}

/** A JSON value that is being put together: a text where it is whole, else its members. */
type Tree = string | { readonly isList: boolean; readonly members: Map<string, Tree> }

const empty = (): Tree => ({ isList: false, members: new Map() })

/** Puts a text at its place. What another field took whole is taken apart again: both are of one value. */
function put(tree: Tree, pointer: readonly string[], text: string): Tree {
  const [token, ...rest] = pointer
  if (token === undefined) return text
  const open = typeof tree === 'string' ? takenApart(tree) : tree
  open.members.set(token, put(open.members.get(token) ?? empty(), rest, text))
  return open
}

function takenApart(text: string): Exclude<Tree, string> {
  const value: unknown = JSON.parse(text)
  // A column of texts has an object as its JSON text.
  const inner = (typeof value === 'string' ? JSON.parse(value) : value) as object
  const members = Object.entries(inner).map(([name, member]) => [name, JSON.stringify(member)] as const)
  return { isList: Array.isArray(inner), members: new Map(members) }
}

function printTree(tree: Tree): string {
  if (typeof tree === 'string') return tree
  if (tree.isList) return `[${Array.from(tree.members.values(), printTree).join(',')}]`
  return `{${Array.from(tree.members, ([name, member]) => `${JSON.stringify(name)}:${printTree(member)}`).join(',')}}`
}
