import { IcebergError } from '../errors.ts'
import { type Primitive, parsePrimitive, printType } from '../primitive.ts'
import type { Cell, Field, PrimitiveType, Row, StructType, Type } from '../types.ts'

/*
 * Rows to columns, each cell checked and brought into the form the Parquet
 * encoder takes.
 */

type Convert = (cell: NonNullable<Cell>) => unknown

/** A function that takes one column out of rows. Its error names the row's index and the column. */
export function columnOf(field: Field): (rows: readonly Row[]) => unknown[] {
  const convert = converter(field.type, field.name)
  const { name, required } = field
  const take = memberOf(name)
  return rows => {
    const column = new Array<unknown>(rows.length)
    let index = 0
    try {
      for (; index < rows.length; index++) {
        const cell = take(rows[index] as Row)
        if (cell !== null && cell !== undefined) column[index] = convert(cell)
        else if (!required) column[index] = null
        else throw new IcebergError('ROW_INVALID', `required column ${name} has no value`)
      }
    } catch (error) {
      throw error instanceof IcebergError ? invalid(`row ${index}: ${error.message}`, index, name) : error
    }
    return column
  }
}

/**
 * A function that checks the cells of one column and gives them as the encoder takes them; a text may come as its UTF-8
 * bytes, which are believed. Its error names the cell's index and the column.
 */
export function cellsOf(field: Field): (cells: readonly Cell[]) => readonly unknown[] {
  const convert = converter(field.type, field.name)
  const { name, required, type } = field
  const isText = type === 'string'
  return cells => {
    // Mostly what was read from a file is what is written.
    let column: readonly unknown[] = cells
    let index = 0
    const put = (value: unknown): void => {
      if (column === cells) column = [...cells]
      ;(column as unknown[])[index] = value
    }
    try {
      for (; index < cells.length; index++) {
        const cell = cells[index]
        if (cell === null || cell === undefined) {
          if (required) throw new IcebergError('ROW_INVALID', `required column ${name} has no value`)
          if (cell === undefined) put(null)
          continue
        }
        if (isText && cell instanceof Uint8Array) continue
        const value = convert(cell)
        if (!Object.is(value, cell)) put(value)
      }
    } catch (error) {
      throw error instanceof IcebergError ? invalid(`row ${index}: ${error.message}`, index, name) : error
    }
    return column
  }
}

/** A function that takes a member of a row or struct by its name. What every object has, such as `toString`, is none. */
export function memberOf(name: string): (holder: Readonly<Record<string, Cell>>) => Cell {
  return name in Object.prototype
    ? holder => (Object.hasOwn(holder, name) ? holder[name] : undefined)
    : holder => holder[name]
}

/** A function that checks one cell of a primitive type and gives it in its one form. It throws IcebergError ROW_INVALID. */
export function primitiveCell(type: PrimitiveType, path: string): (cell: Cell) => Cell {
  const convert = converter(type, path)
  return cell => (cell === null || cell === undefined ? null : (convert(cell) as Cell))
}

function invalid(message: string, row: number, column: string): IcebergError {
  return new IcebergError('ROW_INVALID', message, { row, column })
}

function converter(type: Type, path: string): Convert {
  if (typeof type === 'string') {
    const primitive = parsePrimitive(type)
    if (primitive === undefined)
      throw new IcebergError(
        'FORMAT_UNSUPPORTED',
        `column ${path} has type ${type}, which format version 2 does not know`,
      )
    const accept = acceptors(primitive)
    return cell => {
      const value = accept(cell)
      if (value === undefined)
        throw new IcebergError('ROW_INVALID', `column ${path} takes ${type}, not ${describe(cell)}`)
      return value
    }
  }
  if (type.type === 'struct') return structConverter(type, path)
  if (type.type === 'list') {
    const element = nullable(converter(type.element, `${path}.element`), type['element-required'], `${path}.element`)
    return cell => {
      if (!Array.isArray(cell))
        throw new IcebergError('ROW_INVALID', `column ${path} takes ${printType(type)}, not ${describe(cell)}`)
      return cell.map(element)
    }
  }
  const key = nullable(converter(type.key, `${path}.key`), true, `${path}.key`)
  const value = nullable(converter(type.value, `${path}.value`), type['value-required'], `${path}.value`)
  return cell => {
    if (!Array.isArray(cell))
      throw new IcebergError('ROW_INVALID', `column ${path} takes ${printType(type)}, not ${describe(cell)}`)
    return (cell as readonly (readonly [Cell, Cell])[]).map(pair => ({ key: key(pair[0]), value: value(pair[1]) }))
  }
}

function structConverter(type: StructType, path: string): Convert {
  const members = type.fields.map(field => ({
    name: field.name,
    take: memberOf(field.name),
    convert: nullable(converter(field.type, `${path}.${field.name}`), field.required, `${path}.${field.name}`),
  }))
  return cell => {
    if (typeof cell !== 'object' || Array.isArray(cell) || cell instanceof Uint8Array) {
      throw new IcebergError('ROW_INVALID', `column ${path} takes a struct, not ${describe(cell)}`)
    }
    return Object.fromEntries(
      members.map(({ name, take, convert }) => [name, convert(take(cell as Record<string, Cell>))]),
    )
  }
}

function nullable(convert: Convert, required: boolean, path: string): (cell: Cell) => unknown {
  return cell => {
    if (cell !== null && cell !== undefined) return convert(cell)
    if (required) throw new IcebergError('ROW_INVALID', `${path} is required and has no value`)
    return null
  }
}

/** The value as the encoder takes it; undefined when it is of another type. */
function acceptors(primitive: Primitive): (cell: NonNullable<Cell>) => unknown {
  switch (primitive.kind) {
    case 'boolean':
      return cell => (typeof cell === 'boolean' ? cell : undefined)
    case 'int':
    case 'date':
      return cell =>
        typeof cell === 'number' && Number.isInteger(cell) && cell >= -0x80000000 && cell <= 0x7fffffff
          ? cell
          : undefined
    case 'long':
    case 'time':
    case 'timestamp':
    case 'timestamptz':
      return cell => {
        if (typeof cell === 'bigint') return BigInt.asIntN(64, cell) === cell ? cell : undefined
        return typeof cell === 'number' && Number.isSafeInteger(cell) ? BigInt(cell) : undefined
      }
    case 'float':
    case 'double':
      return cell => (typeof cell === 'number' ? cell : undefined)
    case 'string':
      return cell => (typeof cell === 'string' ? wellFormed(cell) : undefined)
    case 'uuid':
      return cell =>
        typeof cell === 'string' && /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(cell) ? cell : undefined
    case 'binary':
      return cell => (cell instanceof Uint8Array ? cell : undefined)
    case 'fixed':
      return cell => (cell instanceof Uint8Array && cell.byteLength === primitive.length ? cell : undefined)
    case 'decimal': {
      const limit = 10n ** BigInt(primitive.precision)
      return cell => (typeof cell === 'bigint' && cell < limit && cell > -limit ? cell : undefined)
    }
  }
}

/** The text that UTF-8 will hold: half a surrogate pair becomes U+FFFD now, so that bounds and partitions know of it. */
function wellFormed(text: string): string {
  // Node has it, the library of types of ES2023 has not.
  return (text as string & { toWellFormed(): string }).toWellFormed()
}

/** What a value is, without its content: messages reach logs, contents must not. */
function describe(cell: NonNullable<Cell>): string {
  if (Array.isArray(cell)) return 'an array'
  if (cell instanceof Uint8Array) return `${cell.byteLength} bytes`
  if (typeof cell === 'object') return 'an object'
  return typeof cell === 'number' && !Number.isInteger(cell) ? 'a number with a fraction' : `a ${typeof cell}`
}
