import type { ColumnDeclaration } from '../declaration.ts'

/** A built-in column: a primitive that always says what it means and which release brought it. */
export type BuiltinColumn = ColumnDeclaration & { readonly type: string; readonly since: number; readonly doc: string }
