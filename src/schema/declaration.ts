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
  /** JSON Pointer (RFC 6901) into the captured record, e.g. `/message/stop_reason`. */
  readonly from?: string
  /** The column's name before a declared rename. */
  readonly renamedFrom?: string
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

/** What a table should be: the whole of it, built-in and user columns together. */
export interface Declaration {
  readonly table: string
  /** The built-in release this declaration stands on. */
  readonly release: number
  readonly columns: readonly ColumnDeclaration[]
  /** The row key. */
  readonly identifier: readonly string[]
  readonly partitionBy: readonly PartitionDeclaration[]
  readonly sortBy: readonly string[]
}
