import type { Table } from '../../iceberg/catalog/catalog.ts'
import { IcebergError } from '../../iceberg/errors.ts'
import { currentSchema } from '../../iceberg/ids.ts'
import { memberOf } from '../../iceberg/parquet/columns.ts'
import { indexById, walkFields } from '../../iceberg/schema-index.ts'
import type { Cell, Field, PrimitiveType } from '../../iceberg/types.ts'
import { keyPart, type RowKey } from './row-key.ts'

/** A row key with the ids that its columns have in a table: they stay when a column gets another name. */
export interface TableKey extends RowKey {
  readonly ids: readonly number[]
}

/** @throws IcebergError ROW_INVALID for a key with a column that the table has not */
export function tableKey(key: RowKey, table: Table): TableKey {
  const idByPath = new Map(walkFields(currentSchema(table.metadata)).map(({ path, id }) => [path, id]))
  const ids = key.columns.map(path => {
    const id = idByPath.get(path)
    if (id === undefined) throw new IcebergError('ROW_INVALID', `the table has no column ${path} to tell rows apart by`)
    return id
  })
  return { ...key, ids }
}

/** A key column where a table has it. */
export interface KeyField {
  /** Its name in the rows that are asked for. */
  readonly path: string
  /** The column of the table that it is, or is in. */
  readonly top: Field
  readonly type: PrimitiveType
  /** From the cell of the top column; undefined where that is it. */
  readonly take: ((cell: Cell) => Cell) | undefined
}

/** Where a table has the columns of its key, now or later. @throws IcebergError ROW_INVALID for one that it has no more */
export function keyFields({ columns, ids }: TableKey, table: Table): KeyField[] {
  const byId = indexById(currentSchema(table.metadata))
  return ids.map((id, index) => {
    const path = columns[index] as string
    const node = byId.get(id)
    if (node === undefined)
      throw new IcebergError('ROW_INVALID', `the table has no column ${path} any more, by which rows are told apart`)
    let top = node
    const steps: string[] = []
    for (; top.parent !== undefined; top = top.parent) steps.unshift(top.name)
    return { path, top: top.field as Field, type: node.type as PrimitiveType, take: stepsInto(steps) }
  })
}

function stepsInto(names: readonly string[]): KeyField['take'] {
  if (names.length === 0) return undefined
  const steps = names.map(memberOf)
  return cell =>
    steps.reduce<Cell>(
      (inner, step) => (inner === null || inner === undefined ? null : step(inner as Record<string, Cell>)),
      cell,
    )
}

/** Key parts of a column's cells; rows that follow one another have mostly the same. */
export function keyParts(cells: readonly Cell[], take: KeyField['take']): (index: number) => string {
  let previous: Cell
  let text: string | undefined
  return index => {
    const cell = cells[index]
    if (text === undefined || cell !== previous) {
      previous = cell
      text = keyPart(take === undefined ? cell : take(cell))
    }
    return text
  }
}
