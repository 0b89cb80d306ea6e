import { currentSchema } from '../../iceberg/ids.ts'
import type { TableMetadata } from '../../iceberg/types.ts'
import { readApplied } from '../../schema/applied.ts'
import { builtinDeclaration, builtinReleases, builtinTable } from '../../schema/builtin.ts'
import type { ColumnDeclaration, Declaration } from '../../schema/declaration.ts'
import { withFieldIds } from '../flush/captured-ids.ts'
import { Misfit, promotion } from '../flush/shape-types.ts'

/**
 * What rows of the built-in table are made under while it refuses a declaration: the release that is applied to it, with
 * those columns of the user that it has. Whatever the table becomes, it becomes it from here, and these rows can follow:
 * under what is refused they could only wait for the very declaration that the table cannot take. Pure.
 * @param refused what is declared; also what comes back where the table is of no release that is known
 */
export function heldDeclaration(refused: Declaration, metadata: TableMetadata): Declaration {
  const { release } = readApplied(metadata.properties)
  if (refused.table !== builtinTable || release === undefined || !builtinReleases.includes(release)) return refused
  const base = builtinDeclaration(release)
  const names = new Set(base.columns.map(({ name }) => name))
  const own = refused.columns.filter(({ name, from }) => from !== undefined && !names.has(name))
  const columns = [...base.columns, ...own].filter(column => isHeld(column, metadata))
  const isWhole = base.identifier.every(name => columns.some(column => column.name === name))
  const location = refused.location === undefined ? {} : { location: refused.location }
  return isWhole ? withFieldIds({ ...base, ...location, columns }, metadata) : refused
}

/** Whether the table has a column that the declared one goes into. */
function isHeld({ name, type, required }: ColumnDeclaration, metadata: TableMetadata): boolean {
  const field = currentSchema(metadata).fields.find(each => each.name === name)
  if (field === undefined || (field.required && required !== true)) return false
  try {
    promotion(type, type, field.type, name, metadata['format-version'])
    return true
  } catch (error) {
    if (error instanceof Misfit) return false
    throw error
  }
}
