import type { Node } from 'jsonc-parser'
import type { ColumnDeclaration } from '../declaration.ts'

/** A text and where it stands. */
export interface Placed {
  readonly text: string
  readonly node: Node
}

/** What could be read of one column, or of one field of a struct. */
export interface ColumnEntry {
  readonly what: 'A column' | 'A field'
  readonly name: Placed | undefined
  /** The names before, the newest first. */
  readonly renamedFrom: readonly Placed[]
  /** Where `"required": true` stands. */
  readonly required: Node | undefined
  /** Undefined when a mistake leaves it without a name or a type. */
  readonly column: ColumnDeclaration | undefined
}
