import type { SortField } from '../iceberg/types.ts'
import type { SortDeclaration } from './declaration.ts'

type SortManner = Omit<SortField, 'source-id'>

/** A declared sort with everything said that may be left out. */
export function sortFieldOf(entry: SortDeclaration): SortManner & { readonly column: string } {
  if (typeof entry === 'string') return sortFieldOf({ column: entry })
  const { column, transform = 'identity', direction = 'asc', nulls = 'first' } = entry
  return { column, transform, direction, 'null-order': `nulls-${nulls}` }
}

/** A sort as a person reads it: just the column where nothing is out of the ordinary. */
export function printSort({ transform, direction, 'null-order': nulls }: SortManner, column: string): string {
  const by = transform === 'identity' ? column : `${transform}(${column})`
  return [by, ...(direction === 'asc' ? [] : ['desc']), ...(nulls === 'nulls-first' ? [] : ['nulls last'])].join(' ')
}
