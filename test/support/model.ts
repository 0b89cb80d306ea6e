import type { Cell, Row } from '../../src/iceberg/types.ts'
import type { ColumnDeclaration, Declaration } from '../../src/schema/declaration.ts'
import { declare, key } from './crash-table.ts'

/*
 * A table as simple as it can be: rows by key, columns by name. What the real
 * one does in a sequence of appends and evolutions is compared with it.
 */

/** How a table is declared at one time. */
export interface Shape {
  readonly extra: readonly ColumnDeclaration[]
  readonly countIsLong: boolean
  readonly textIsOptional: boolean
}

export const firstShape: Shape = { extra: [], countIsLong: false, textIsOptional: false }

export function declarationOf({ extra, countIsLong, textIsOptional }: Shape): Declaration {
  return declare(extra, {
    ...(countIsLong ? { count: { type: 'long' } } : {}),
    ...(textIsOptional ? { text: { required: false } } : {}),
  })
}

/** A row as a source would give it, with a number for everything that is free to choose. */
export interface Seed {
  readonly session: number
  readonly part: number
  readonly value: number
}

const valueOf: Readonly<Record<string, (value: number) => Cell>> = {
  string: value => `text ${value} ü😀`,
  int: value => value,
  long: value => BigInt(value) * 4_000_000_000n,
  double: value => value / 3,
  boolean: value => value % 2 === 0,
  timestamptz: value => BigInt(value) * 1_000_001n,
}

export const columnTypes: readonly string[] = Object.keys(valueOf)

/** The row of a seed under a shape; every third value of an optional column is null. */
export function rowOf({ session, part, value }: Seed, shape: Shape): Row {
  const cells = shape.extra.map((column, index): [string, Cell] => [
    column.name,
    (value + index) % 3 === 0 ? null : (valueOf[column.type as string]?.(value) ?? null),
  ])
  return {
    session_id: `session ${session}`,
    part_id: `part ${part}`,
    count: shape.countIsLong ? BigInt(value) : value,
    text: shape.textIsOptional && value % 2 === 0 ? null : `text ${value}`,
    ...Object.fromEntries(cells),
  }
}

export class Model {
  shape: Shape = firstShape
  readonly #rows = new Map<string, Row>()

  /** Adds rows; the first of a key stays. Gives how many were new. */
  append(rows: readonly Row[]): number {
    const before = this.#rows.size
    for (const row of rows) if (!this.#rows.has(key.of(row))) this.#rows.set(key.of(row), row)
    return this.#rows.size - before
  }

  /** All rows by key, as they are read under the present shape. */
  rows(): Map<string, Row> {
    const names = declarationOf(this.shape).columns.map(column => column.name)
    return new Map(
      [...this.#rows].map(([text, row]) => [
        text,
        Object.fromEntries(names.map((name): [string, Cell] => [name, this.#read(name, row[name] ?? null)])),
      ]),
    )
  }

  #read(name: string, cell: Cell): Cell {
    return name === 'count' && this.shape.countIsLong && typeof cell === 'number' ? BigInt(cell) : cell
  }
}
