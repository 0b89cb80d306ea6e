import type { Table } from '../../iceberg/catalog/catalog.ts'
import { cellText } from '../../iceberg/cell-text.ts'
import { currentSchema } from '../../iceberg/ids.ts'
import type { ManifestEntry } from '../../iceberg/manifest/data-file.ts'
import { specById } from '../../iceberg/metadata.ts'
import { memberOf } from '../../iceberg/parquet/columns.ts'
import { compareCells } from '../../iceberg/parquet/metrics.ts'
import { parsePrimitive } from '../../iceberg/primitive.ts'
import { type IndexedField, indexById, isNested } from '../../iceberg/schema-index.ts'
import { decodeSingleValue } from '../../iceberg/single-value.ts'
import { bindTransform, parseTransform, transformAccepts } from '../../iceberg/transform.ts'
import type { Cell, PartitionField, PrimitiveType } from '../../iceberg/types.ts'

/** Values of some rows by field id. */
export type Columns = ReadonlyMap<number, readonly Cell[]>

/** Holds the values of all rows of a data file against what its manifest entry says of them. */
export interface ColumnChecks {
  add(columns: Columns): void
  /** A sentence for each thing that is not as the manifest says. */
  problems(): string[]
}

/** What a manifest entry says of columns, and the partition that it says the rows are of. */
export function columnChecks({ metadata }: Table, entry: ManifestEntry): ColumnChecks {
  const byId = indexById(currentSchema(metadata))
  const checks = [
    ...[...byId.values()].flatMap(node => (isReached(node) && !isNested(node.type) ? valueCheck(node, entry) : [])),
    ...specById(metadata, entry.specId).fields.flatMap(field => partitionCheck(field, entry, byId) ?? []),
  ]
  return {
    add: columns => checks.forEach(check => check.add(columns)),
    problems: () => checks.flatMap(check => check.problems()),
  }
}

/** The values of a column, or of a member of one: null where what holds it is. */
export function cellsOf(node: IndexedField, columns: Columns): readonly Cell[] | undefined {
  if (node.parent === undefined) return columns.get(node.id)
  const member = memberOf(node.name)
  return cellsOf(node.parent, columns)?.map(holder =>
    holder === null || holder === undefined ? null : member(holder as Readonly<Record<string, Cell>>),
  )
}

/** Whether each row has one value of it: of lists and maps nothing is said by row. */
function isReached({ role, parent }: IndexedField): boolean {
  return role === 'field' && (parent === undefined || isReached(parent))
}

function valueCheck(node: IndexedField, { file }: ManifestEntry): ColumnChecks {
  const { id, path } = node
  const type = node.type as PrimitiveType
  const bound = (bytes: Uint8Array | undefined): Cell => (bytes === undefined ? null : decodeSingleValue(bytes, type))
  const lower = bound(file.lowerBounds.get(id))
  const upper = bound(file.upperBounds.get(id))
  const found = { values: 0, nulls: 0, nans: 0 }
  let outside = 0
  let isThere = false
  return {
    add: columns => {
      const cells = cellsOf(node, columns)
      if (cells === undefined) return
      isThere = true
      found.values += cells.length
      for (const cell of cells) {
        if (cell === null || cell === undefined) found.nulls++
        // No bound speaks of them.
        else if (Number.isNaN(cell)) found.nans++
        else if (isBefore(cell, lower) || isBefore(upper, cell)) outside++
      }
    },
    problems: () => {
      const said = {
        values: file.valueCounts.get(id),
        nulls: file.nullValueCounts.get(id),
        nans: file.nanValueCounts.get(id),
      }
      // Writers count members of a struct that is null in more than one way.
      const counted = isThere && node.parent === undefined ? (['values', 'nulls', 'nans'] as const) : []
      return [
        ...counted.flatMap(what =>
          said[what] === undefined || said[what] === found[what]
            ? []
            : [`column ${path} has ${found[what]} ${what}, the manifest says ${said[what]}`],
        ),
        ...(outside > 0 ? [`column ${path} has ${outside} values outside the bounds of the manifest`] : []),
      ]
    },
  }
}

/** Whether a value is before another; what is not there, or no number, is before and after nothing. */
export function isBefore(a: Cell, b: Cell): boolean {
  const isSaid = (cell: Cell): cell is NonNullable<Cell> => cell !== null && cell !== undefined && !Number.isNaN(cell)
  return isSaid(a) && isSaid(b) && compareCells(a, b) < 0
}

/** Whether rows are of the partition that readers look for them in; undefined for a field that says nothing of them. */
function partitionCheck(
  { 'source-id': source, 'field-id': id, name, transform: given }: PartitionField,
  { file }: ManifestEntry,
  byId: ReadonlyMap<number, IndexedField>,
): ColumnChecks | undefined {
  const node = byId.get(source)
  const transform = parseTransform(given)
  const type = typeof node?.type === 'string' ? parsePrimitive(node.type) : undefined
  if (node === undefined || type === undefined || transform === undefined || transform.kind === 'void') return undefined
  if (!isReached(node) || !transformAccepts(transform, type)) return undefined
  const apply = bindTransform(transform, node.type as PrimitiveType)
  const said = cellText(file.partition.get(id))
  let last: Cell
  let isLastOf = said === cellText(null)
  let others = 0
  return {
    add: columns => {
      for (const cell of cellsOf(node, columns) ?? []) {
        if (!Object.is(cell ?? undefined, last)) {
          last = cell ?? undefined
          isLastOf = cellText(apply(last)) === said
        }
        if (!isLastOf) others++
      }
    },
    problems: () =>
      others > 0 ? [`${others} rows are not of the partition ${name}=${said} that the manifest says`] : [],
  }
}
