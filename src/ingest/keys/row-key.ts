import { cellText } from '../../iceberg/cell-text.ts'
import { memberOf } from '../../iceberg/parquet/columns.ts'
import type { Cell, Row } from '../../iceberg/types.ts'

/**
 * The row key of a table: its identifier, as one string. The first column is
 * the one the table is partitioned by, so that looking for a key in the files
 * of its partition is looking everywhere. Without columns there is no key, and
 * no row is the same as another.
 */
export interface RowKey {
  /** Full names: a member of a struct is `origin.host`. */
  readonly columns: readonly string[]
  of(row: Row): string
  /** The first column alone, likewise as a text. */
  firstOf(row: Row): string
}

export function rowKey(columns: readonly string[]): RowKey {
  const takes = columns.map(cellAt)
  return {
    columns,
    of: row => {
      let text = ''
      for (const take of takes) text += keyPart(take(row))
      return text
    },
    firstOf: row => keyPart(takes[0]?.(row)),
  }
}

/** What a cell adds to the text of a key. Length-prefixed, so that no two keys are one text. */
export function keyPart(cell: Cell): string {
  // As the file will have it.
  const text = typeof cell === 'string' ? (cell as string & { toWellFormed(): string }).toWellFormed() : cellText(cell)
  return `${text.length}:${text}`
}

/** Takes the cell of a full name out of a row. No two columns of a schema have one full name, but a dot can be in a name. */
export function cellAt(path: string): (row: Row) => Cell {
  if (!path.includes('.')) return memberOf(path)
  return row => find(row, path)
}

function find(holder: Readonly<Record<string, Cell>>, path: string): Cell {
  if (Object.hasOwn(holder, path)) return holder[path]
  for (let dot = path.indexOf('.'); dot >= 0; dot = path.indexOf('.', dot + 1)) {
    const name = path.slice(0, dot)
    const inner = Object.hasOwn(holder, name) ? holder[name] : undefined
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner) || inner instanceof Uint8Array) continue
    const found = find(inner as Readonly<Record<string, Cell>>, path.slice(dot + 1))
    if (found !== undefined) return found
  }
  return undefined
}

/** The first row of every key, in order, and how many others there were. Without a key every row is the first. */
export function firstOfEachKey(
  rows: readonly Row[],
  key: RowKey,
): { readonly rows: ReadonlyMap<string, Row>; readonly duplicates: number } {
  if (key.columns.length === 0) return { rows: new Map(rows.map((row, index) => [String(index), row])), duplicates: 0 }
  const first = new Map<string, Row>()
  for (const row of rows) {
    const text = key.of(row)
    if (!first.has(text)) first.set(text, row)
  }
  return { rows: first, duplicates: rows.length - first.size }
}
