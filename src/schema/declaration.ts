import type { Json } from '../iceberg/types.ts'

/** A column as it is declared; ids are the table's business, never the declaration's. */
export interface ColumnDeclaration {
  readonly name: string
  /** An Iceberg type: a primitive's name, or a nested type in its JSON form with names in place of ids. */
  readonly type: DeclaredType
  readonly required?: boolean
  /** One sentence that says what the column means; written into the table's schema. */
  readonly doc?: string
  /** The built-in release that brought the column. */
  readonly since?: number
  /** The table's field, where rows that wait were captured under this declaration; never in a file of declarations. */
  readonly fieldId?: number
  /** JSON Pointer (RFC 6901) into the captured record, e.g. `/message/stop_reason`. */
  readonly from?: string
  /** The column's name before a declared rename; after several, all its names, the newest first. */
  readonly renamedFrom?: string | readonly string[]
  /** Value for rows that give none, in the JSON form of the spec's "Single-value serialization"; format version 3 only. */
  readonly default?: Json
  /** What becomes of a value of another type; only at a column of the table itself, where it goes before {@link Contract}. */
  readonly illTypedValues?: ContractMode
}

export type DeclaredType =
  | string
  | { readonly type: 'struct'; readonly fields: readonly ColumnDeclaration[] }
  | { readonly type: 'list'; readonly element: DeclaredType; readonly elementRequired?: boolean }
  | { readonly type: 'map'; readonly key: DeclaredType; readonly value: DeclaredType; readonly valueRequired?: boolean }

export interface PartitionDeclaration {
  readonly column: string
  /** A transform by its name in the spec, e.g. `bucket[16]`, `identity`, `day`. */
  readonly transform: string
}

/** What rows are sorted by within a file: a column, or a column and how. */
export type SortDeclaration =
  | string
  | {
      readonly column: string
      /** `identity` when left out. */
      readonly transform?: string
      /** Ascending when left out. */
      readonly direction?: 'asc' | 'desc'
      /** First when left out. */
      readonly nulls?: 'first' | 'last'
    }

/** What becomes of a row that does not fit: it is refused, goes on without the value, or is discarded whole. */
export type ContractMode = 'freeze' | 'discard_value' | 'discard_row'

/** How rows that arrive are held against the declaration; `freeze` where it says nothing. It decides nothing of the table. */
export interface Contract {
  /** Of a member that is no column. */
  readonly unknownFields?: ContractMode
  /** Of a value that its column cannot hold. */
  readonly illTypedValues?: ContractMode
}

/** What a table should be: the whole of it, built-in and user columns together. */
export interface Declaration {
  readonly table: string
  /** The built-in release this declaration stands on; for another table a number of its own that only grows. */
  readonly release: number
  /** The table's directory, an absolute path, where it is not `tables/<table>` of the home. */
  readonly location?: string
  readonly columns: readonly ColumnDeclaration[]
  /** The row key. Like all names of columns below, a name in a struct is a path: `origin.host`. */
  readonly identifier: readonly string[]
  readonly partitionBy: readonly PartitionDeclaration[]
  readonly sortBy: readonly SortDeclaration[]
  readonly contract?: Contract
}
