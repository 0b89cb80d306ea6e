import { currentSchema } from '../../iceberg/ids.ts'
import { indexById, walkFields } from '../../iceberg/schema-index.ts'
import type { TableMetadata } from '../../iceberg/types.ts'
import type { ColumnDeclaration, Declaration, DeclaredType } from '../../schema/declaration.ts'

/*
 * Rows wait under the names that their columns had when they were taken. A
 * column may be renamed meanwhile, and its name given to another: which one was
 * meant is told by its field id, which is kept beside the name.
 */

/** A declaration that says which field of the table each of its columns is now, as what is spooled under it will. Pure. */
export function withFieldIds(declaration: Declaration, metadata: TableMetadata): Declaration {
  const ids = new Map(
    walkFields({ type: 'struct', fields: currentSchema(metadata).fields }).map(({ path, id }) => [path, id]),
  )
  return { ...declaration, columns: mapColumns(declaration.columns, '', (_, path) => ids.get(path)) }
}

/**
 * Columns with those of their field ids that are sure: some schema of the table has the id at that very name. A table
 * that was made anew, or evolved another way after a copy was put back, may use the numbers for other columns. Pure.
 */
export function confirmedIds(columns: readonly ColumnDeclaration[], metadata: TableMetadata): ColumnDeclaration[] {
  if (!columns.some(({ fieldId }) => fieldId !== undefined)) return [...columns]
  const schemas = metadata.schemas.map(schema => indexById(schema))
  return mapColumns(columns, '', ({ fieldId }, path) =>
    fieldId !== undefined && schemas.some(byId => byId.get(fieldId)?.path === path) ? fieldId : undefined,
  )
}

type IdOf = (column: ColumnDeclaration, path: string) => number | undefined

function mapColumns(columns: readonly ColumnDeclaration[], prefix: string, idOf: IdOf): ColumnDeclaration[] {
  return columns.map(column => {
    const { fieldId: _, ...others } = column
    const path = `${prefix}${column.name}`
    const id = idOf(column, path)
    return { ...others, type: mapType(column.type, path, idOf), ...(id === undefined ? {} : { fieldId: id }) }
  })
}

function mapType(type: DeclaredType, path: string, idOf: IdOf): DeclaredType {
  if (typeof type === 'string') return type
  if (type.type === 'struct') return { ...type, fields: mapColumns(type.fields, `${path}.`, idOf) }
  if (type.type === 'list') return { ...type, element: mapType(type.element, `${path}.element`, idOf) }
  return { ...type, key: mapType(type.key, `${path}.key`, idOf), value: mapType(type.value, `${path}.value`, idOf) }
}
