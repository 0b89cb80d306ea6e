import { isV3Primitive } from '../../iceberg/primitive.ts'
import { reservedColumnNames } from '../../iceberg/schema-rules.ts'
import type { Field } from '../../iceberg/types.ts'
import type { ColumnDeclaration, DeclaredType } from '../declaration.ts'
import { printDeclaredType } from '../wanted.ts'
import { checkDefault, defaultFault, hasDefault, printDefault } from './defaults.ts'
import { type Place, report, type Scope } from './scope.ts'

/** Names as an engine sees them that does not tell upper from lower case. */
export function byFoldedName(fields: readonly { readonly name: string }[]): ReadonlyMap<string, readonly string[]> {
  const names = new Map<string, string[]>()
  for (const { name } of fields) names.set(name.toLowerCase(), [...(names.get(name.toLowerCase()) ?? []), name])
  return names
}

/** What may be wrong with a name that the table does not have yet. */
export function checkName(
  column: ColumnDeclaration,
  field: Field | undefined,
  parent: string | undefined,
  place: Place,
  siblings: ReadonlyMap<string, readonly string[]>,
  scope: Scope,
): void {
  const twin = (siblings.get(column.name.toLowerCase()) ?? []).find(name => name !== column.name)
  if (twin !== undefined) report(scope, 'BR207', place, `beside ${twin}`)
  if (parent === undefined && reservedColumnNames.has(column.name)) report(scope, 'BR209', place, 'reserved')
  const partition = scope.table.allSpecs
    .flatMap(spec => spec.fields)
    .find(({ name, transform, 'source-id': source }) => {
      // Also a name that another program took from the column is its own.
      const isSource = source === field?.id || scope.former.get(source) === place.path
      const isOwn = isSource && (transform === 'identity' || transform === 'void')
      return name === place.path && !isOwn
    })
  if (partition !== undefined) report(scope, 'BR208', place, `partition field ${partition['field-id']}`)
}

/** A column that the table does not have. */
export function compareAddition(column: ColumnDeclaration, place: Place, scope: Scope): void {
  const change = `${column.required === true ? 'required' : 'optional'} ${place.type}`
  if (hasDefault(column) && defaultFault(column, scope) === undefined)
    report(scope, 'AD108', place, `${change} ${printDefault(column)}`)
  else report(scope, column.required === true ? 'BR201' : 'AD101', place, change)
  checkDefault(column, place, scope)
  checkNewType(column.type, place, scope)
}

/** What may be wrong inside a type that is new as a whole. */
function checkNewType(type: DeclaredType, place: Place, scope: Scope): void {
  const inside = (name: string, part: DeclaredType): void =>
    checkNewType(part, { path: `${place.path}.${name}`, fieldId: null, type: printDeclaredType(part) }, scope)
  if (typeof type === 'string') {
    if (scope.table.formatVersion < 3 && isV3Primitive(type)) report(scope, 'BR212', place, type)
  } else if (type.type === 'list') {
    inside('element', type.element)
  } else if (type.type === 'map') {
    inside('key', type.key)
    inside('value', type.value)
  } else {
    const siblings = byFoldedName(type.fields)
    for (const field of type.fields) {
      const path = `${place.path}.${field.name}`
      const at = { path, fieldId: null, type: printDeclaredType(field.type) }
      checkName(field, undefined, place.path, at, siblings, scope)
      checkDefault(field, at, scope)
      inside(field.name, field.type)
    }
  }
}
