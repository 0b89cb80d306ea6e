import { IcebergError } from '../errors.ts'
import { currentSchema } from '../ids.ts'
import type { DataFile } from '../manifest/data-file.ts'
import { memberOf } from '../parquet/columns.ts'
import { compareCells } from '../parquet/metrics.ts'
import { type IndexedField, indexById } from '../schema-index.ts'
import { decodeSingleValue } from '../single-value.ts'
import { bindTransform, parseTransform } from '../transform.ts'
import type { Cell, Field, SortField, SortOrder, TableMetadata } from '../types.ts'

/** One field of a sort order: where its values come from. */
export interface SortKey {
  /** The column to read besides, decoded; undefined where the values are those of a column as it is read anyway. */
  readonly beside: Field | undefined
  /** The column, where they are. */
  readonly id: number
  /** From the value of the column to the one that is compared. */
  readonly keyOf: (cell: Cell) => Cell
  readonly compare: (left: Cell, right: Cell) => number
}

/** The order that the rows of a new file have. */
export interface RowOrder {
  readonly id: number
  readonly keys: readonly SortKey[]
  /**
   * A value of the first key that no row of the file comes before, in the form of the key; undefined where the
   * manifest does not say.
   */
  startOf(file: DataFile): Cell
}

/** @throws IcebergError FORMAT_UNSUPPORTED for an order by what cannot be computed */
export function rowOrder(metadata: TableMetadata): RowOrder {
  const order = metadata['sort-orders'].find(
    candidate => candidate['order-id'] === metadata['default-sort-order-id'],
  ) as SortOrder
  const fields = indexById(currentSchema(metadata))
  const keys = order.fields.map(field => sortKey(field, order, fields))
  const [first] = order.fields
  const source = first === undefined ? undefined : fields.get(first['source-id'])
  const type = first !== undefined && keys[0]?.beside === undefined ? source?.type : undefined
  return {
    id: order['order-id'],
    keys,
    startOf: file => (first !== undefined && typeof type === 'string' ? startOf(file, first, type) : undefined),
  }
}

/** A file with as much of its column metrics as {@link RowOrder.startOf} looks at. */
export function startingAt(file: DataFile, metadata: TableMetadata): DataFile {
  const order = metadata['sort-orders'].find(each => each['order-id'] === metadata['default-sort-order-id'])
  const id = order?.fields[0]?.['source-id']
  const only = <Value>(values: ReadonlyMap<number, Value>): ReadonlyMap<number, Value> => {
    const value = id === undefined ? undefined : values.get(id)
    return value === undefined ? none : new Map([[id as number, value]])
  }
  return {
    ...file,
    columnSizes: none,
    valueCounts: none,
    nullValueCounts: only(file.nullValueCounts),
    nanValueCounts: only(file.nanValueCounts),
    lowerBounds: only(file.lowerBounds),
    upperBounds: only(file.upperBounds),
  }
}

const none: ReadonlyMap<number, never> = new Map<number, never>()

function sortKey(field: SortField, order: SortOrder, fields: ReadonlyMap<number, IndexedField>): SortKey {
  const source = fields.get(field['source-id'])
  const transform = parseTransform(field.transform)
  if (source === undefined || transform === undefined || typeof source.type !== 'string')
    throw new IcebergError(
      'FORMAT_UNSUPPORTED',
      `sort order ${order['order-id']} cannot be computed: ${field.transform}(${field['source-id']})`,
    )
  const sign = field.direction === 'desc' ? -1 : 1
  const nulls = field['null-order'] === 'nulls-first' ? -1 : 1
  const compare = (left: Cell, right: Cell): number => {
    // Of a dictionary both are the same object.
    if (left === right) return 0
    const isNull = left === null || left === undefined
    if (isNull || right === null || right === undefined) {
      if (isNull && (right === null || right === undefined)) return 0
      return isNull ? nulls : -nulls
    }
    return compareCells(left, right) * sign
  }
  const path = pathTo(source)
  const [top] = path as [IndexedField]
  if (transform.kind === 'identity' && path.length === 1)
    return { beside: undefined, id: top.id, keyOf: cell => cell, compare }
  const steps = path.slice(1).map(({ name }) => memberOf(name))
  const apply = bindTransform(transform, source.type)
  return {
    beside: top.field,
    id: top.id,
    keyOf: cell =>
      apply(
        steps.reduce<Cell>(
          (holder, step) => (holder === null || holder === undefined ? null : step(holder as Record<string, Cell>)),
          cell,
        ),
      ),
    compare,
  }
}

function pathTo(node: IndexedField): IndexedField[] {
  return node.parent === undefined ? [node] : [...pathTo(node.parent), node]
}

/** From the bounds of a manifest: the lower one, or the upper one where the order goes down. */
function startOf(file: DataFile, { 'source-id': id, direction, 'null-order': nulls }: SortField, type: string): Cell {
  if (nulls === 'nulls-first' && file.nullValueCounts.get(id) !== 0) return undefined
  const isDown = direction === 'desc'
  // Values that are no number come last, or first where the order goes down, and no bound speaks of them.
  if (isDown && /^(?:float|double)$/.test(type) && file.nanValueCounts.get(id) !== 0) return undefined
  const bound = (isDown ? file.upperBounds : file.lowerBounds).get(id)
  if (bound === undefined) return undefined
  return type === 'string' ? bound : decodeSingleValue(bound, type)
}
