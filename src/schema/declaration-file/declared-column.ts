import type { ColumnDeclaration, DeclaredType } from '../declaration.ts'

/** A declared column, at any depth, as the row key, partitions and sort order look at it. */
export interface DeclaredColumn {
  readonly path: string
  readonly type: DeclaredType
  readonly required: boolean
  readonly parent: DeclaredColumn | undefined
  /** Inside a list or a map, where a row has any number of values. */
  readonly isRepeated: boolean
}

/** All columns by their full names. */
export function declaredColumns(columns: readonly ColumnDeclaration[]): ReadonlyMap<string, DeclaredColumn> {
  const found = new Map<string, DeclaredColumn>()
  for (const column of columns) visit(column.name, column.type, column.required ?? false, undefined)
  return found

  function visit(name: string, type: DeclaredType, required: boolean, parent: DeclaredColumn | undefined): void {
    const path = parent === undefined ? name : `${parent.path}.${name}`
    const isRepeated = parent !== undefined && (parent.isRepeated || !isStruct(parent.type))
    const node: DeclaredColumn = { path, type, required, parent, isRepeated }
    found.set(path, node)
    if (typeof type === 'string') return
    if (type.type === 'struct')
      for (const field of type.fields) visit(field.name, field.type, field.required ?? false, node)
    else if (type.type === 'list') visit('element', type.element, type.elementRequired ?? false, node)
    else {
      visit('key', type.key, true, node)
      visit('value', type.value, type.valueRequired ?? false, node)
    }
  }
}

function isStruct(type: DeclaredType): boolean {
  return typeof type !== 'string' && type.type === 'struct'
}
