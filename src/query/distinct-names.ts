import { IcebergError } from '../iceberg/errors.ts'
import type { Field, Type } from '../iceberg/types.ts'

/**
 * Refuses names that SQL does not tell apart: the engine takes `a` and `A` for
 * one name (other letters than those of ASCII it does tell apart), and would
 * call the second column something else.
 * @throws IcebergError FORMAT_UNSUPPORTED
 */
export function checkNames(table: string, fields: readonly Field[]): void {
  const names = new Map<string, string>()
  for (const { name, type } of fields) {
    const folded = name.replace(/[A-Z]/g, letter => letter.toLowerCase())
    const other = names.get(folded)
    if (other !== undefined) {
      throw new IcebergError(
        'FORMAT_UNSUPPORTED',
        `${table} has ${other} and ${name}: a query cannot tell them apart, as SQL does not distinguish case`,
        { names: [other, name] },
      )
    }
    names.set(folded, name)
    checkInside(table, name, type)
  }
}

function checkInside(table: string, name: string, type: Type): void {
  if (typeof type === 'string') return
  if (type.type === 'struct') checkNames(`${table}.${name}`, type.fields)
  else if (type.type === 'list') checkInside(table, `${name}.element`, type.element)
  else {
    checkInside(table, `${name}.key`, type.key)
    checkInside(table, `${name}.value`, type.value)
  }
}
