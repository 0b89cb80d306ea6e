import { IcebergError } from './errors.ts'
import { currentSchema } from './ids.ts'
import type { ManifestEntry } from './manifest/data-file.ts'
import { compareCells } from './parquet/metrics.ts'
import type { GroupFilter } from './parquet/read.ts'
import { decodeSingleValue } from './single-value.ts'
import { bindTransform, parseTransform } from './transform.ts'
import type { Cell, TableMetadata } from './types.ts'

/** Rows in which a top-level column has one of these values. */
export interface KeyFilter {
  readonly column: string
  readonly values: ReadonlySet<NonNullable<Cell>>
}

/** A filter that knows where in a table its values can be. */
export interface BoundFilter extends GroupFilter {
  readonly values: ReadonlySet<NonNullable<Cell>>
  mayMatchFile(entry: ManifestEntry): boolean
}

/** @throws IcebergError ROW_INVALID for a column that rows cannot be filtered by */
export function bindFilter(filter: KeyFilter, metadata: TableMetadata): BoundFilter {
  const field = currentSchema(metadata).fields.find(candidate => candidate.name === filter.column)
  // Bytes are not equal to other bytes in a Set.
  if (field === undefined || typeof field.type !== 'string' || /^(?:binary|fixed)/.test(field.type))
    throw new IcebergError('ROW_INVALID', `there is no column ${filter.column} that rows can be filtered by`)
  const type = field.type
  const sorted = [...filter.values].sort(compareCells)
  const partitionValues = new Map(
    metadata['partition-specs'].map(spec => {
      const transforms = spec.fields.flatMap(candidate => {
        const transform = candidate['source-id'] === field.id ? parseTransform(candidate.transform) : undefined
        if (transform === undefined) return []
        const apply = bindTransform(transform, type)
        return [{ id: candidate['field-id'], possible: new Set(sorted.map(value => apply(value))) }]
      })
      return [spec['spec-id'], transforms] as const
    }),
  )
  // Rows that follow one another have mostly the same value.
  let previous: Cell
  let wasWanted = false
  const isWanted = (cell: Cell): boolean => {
    if (cell !== previous) {
      previous = cell
      wasWanted = filter.values.has(cell as NonNullable<Cell>)
    }
    return wasWanted
  }
  return {
    id: field.id,
    values: filter.values,
    range: cells => {
      let from = 0
      let to = cells.length
      while (from < to && !isWanted(cells[from])) from++
      while (to > from && !isWanted(cells[to - 1])) to--
      return from === to ? undefined : [from, to]
    },
    mayMatchFile: entry => {
      for (const { id, possible } of partitionValues.get(entry.specId) ?? []) {
        if (entry.file.partition.has(id) && !possible.has(entry.file.partition.get(id) ?? null)) return false
      }
      const lower = entry.file.lowerBounds.get(field.id)
      const upper = entry.file.upperBounds.get(field.id)
      return overlaps(
        sorted,
        lower === undefined ? undefined : decodeSingleValue(lower, type),
        upper === undefined ? undefined : decodeSingleValue(upper, type),
      )
    },
    mayMatch: group => {
      const bounds = group.bounds(field.id)
      if (bounds === undefined || typeof bounds.lower !== 'string' || typeof bounds.upper !== 'string') return true
      return overlaps(sorted, bounds.lower, bounds.upper)
    },
  }
}

/** Whether any of the sorted values lies within the bounds; an absent bound excludes nothing. */
function overlaps(
  sorted: readonly NonNullable<Cell>[],
  lower: NonNullable<Cell> | undefined,
  upper: NonNullable<Cell> | undefined,
): boolean {
  let from = 0
  let to = sorted.length
  while (from < to) {
    const middle = (from + to) >> 1
    if (lower !== undefined && compareCells(sorted[middle] as NonNullable<Cell>, lower) < 0) from = middle + 1
    else to = middle
  }
  const first = sorted[from]
  return first !== undefined && (upper === undefined || compareCells(first, upper) <= 0)
}
