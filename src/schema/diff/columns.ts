import { contestedNames, matchFields } from '../../iceberg/matching.ts'
import { isPromotion, isV3Primitive, printType, sameType } from '../../iceberg/primitive.ts'
import type { Field, Type } from '../../iceberg/types.ts'
import type { ColumnDeclaration, DeclaredType } from '../declaration.ts'
import { printDeclaredType } from '../wanted.ts'
import { byFoldedName, checkName, compareAddition } from './additions.ts'
import { compareDefault } from './defaults.ts'
import { join, type Place, report, type Scope, type TableState } from './scope.ts'

/** Columns against those of the table, or members of a struct against those it has. */
export function compareFields(
  declared: readonly ColumnDeclaration[],
  current: readonly Field[],
  parent: string | undefined,
  scope: Scope,
): void {
  const matches = matchFields(declared, current)
  const matched = new Set(matches)
  const undeclared = current.filter(field => !matched.has(field))
  const siblings = byFoldedName([...declared, ...undeclared])
  declared.forEach((column, index) => {
    const path = join(parent, column.name)
    const field = matches[index]
    const place = { path, fieldId: field?.id ?? null, type: printDeclaredType(column.type) }
    if (field?.name !== column.name) checkName(column, field, parent, place, siblings, scope)
    if (field === undefined) return compareAddition(column, place, scope)
    scope.fieldIds.set(path, field.id)
    if (field.name !== column.name) report(scope, 'AD106', place, `renamed from ${field.name}`)
    compareType(column.type, field.type, place, scope)
    compareNullability(column.required ?? false, field.required, place, scope)
    if (column.doc !== undefined && column.doc !== field.doc)
      report(scope, 'AD104', place, field.doc === undefined ? 'documented' : 'documentation changed')
    compareDefault(column, field, place, scope)
  })
  for (const { name, contested } of contestedNames(declared, current))
    report(scope, 'BR218', { path: join(parent, name), fieldId: null, type: null }, `renamed from ${contested}`)
  const added = declared.filter((_, index) => matches[index] === undefined)
  for (const field of undeclared) compareUndeclared(field, added, parent, scope)
  compareOrder(matches, current, parent, scope)
}

function compareType(declared: DeclaredType, current: Type, place: Place, scope: Scope): void {
  if (typeof declared === 'string' || typeof current === 'string' || declared.type !== current.type)
    return compareKind(declared, current, place, scope)
  if (declared.type === 'struct' && current.type === 'struct') {
    compareFields(declared.fields, current.fields, place.path, scope)
  } else if (declared.type === 'list' && current.type === 'list') {
    const element = partOf(place, 'element', current['element-id'], declared.element)
    compareType(declared.element, current.element, element, scope)
    compareNullability(declared.elementRequired ?? false, current['element-required'], element, scope)
  } else if (declared.type === 'map' && current.type === 'map') {
    const key = partOf(place, 'key', current['key-id'], declared.key)
    compareType(declared.key, current.key, key, { ...scope, isInKey: true })
    const value = partOf(place, 'value', current['value-id'], declared.value)
    compareType(declared.value, current.value, value, scope)
    compareNullability(declared.valueRequired ?? false, current['value-required'], value, scope)
  }
}

function partOf(place: Place, name: string, fieldId: number, type: DeclaredType): Place {
  return { path: `${place.path}.${name}`, fieldId, type: printDeclaredType(type) }
}

/** Two types of which one at least is a primitive, or which are nested in different ways. */
function compareKind(declared: DeclaredType, current: Type, place: Place, scope: Scope): void {
  const change = `${printType(current)} -> ${place.type}`
  const { formatVersion } = scope.table
  if (typeof declared === 'string' && typeof current === 'string') {
    if (sameType(current, declared)) return
    const isPromoted = isPromotion(current, declared, formatVersion)
    const source = isPromoted ? changedPartition(current, declared, place.fieldId, scope.table) : undefined
    if (source !== undefined) return report(scope, 'BR202', place, `${change}, partitioned by ${source}`)
    if (isPromoted) return report(scope, 'AD102', place, change)
    if (formatVersion < 3 && isV3Primitive(declared)) report(scope, 'BR212', place, declared)
    return report(scope, 'BR202', place, change, isPromotion(declared, current, formatVersion))
  }
  if (isPromotion(current, declared as Type, formatVersion)) return report(scope, 'AD102', place, change)
  report(scope, 'BR202', place, change)
}

/**
 * The transform by which some spec partitions a column and which would give another value after the promotion (spec
 * "Schema Evolution"). The promotions of version 2 change no transform's value; a date as a timestamp does.
 */
function changedPartition(from: string, to: string, id: number | null, table: TableState): string | undefined {
  if (from !== 'date' || to === from) return undefined
  return table.allSpecs
    .flatMap(spec => spec.fields)
    .find(field => field['source-id'] === id && field.transform !== 'void')?.transform
}

function compareNullability(declared: boolean, current: boolean, place: Place, scope: Scope): void {
  if (declared === current) return
  if (current) report(scope, 'AD103', place, 'required -> optional')
  else report(scope, 'BR203', place, 'optional -> required', true)
}

function compareUndeclared(
  field: Field,
  added: readonly ColumnDeclaration[],
  parent: string | undefined,
  scope: Scope,
): void {
  const type = printType(field.type)
  const place = { path: join(parent, field.name), fieldId: field.id, type }
  // A single new column of the same type, where an undeclared one stands, looks like a rename.
  const alike = field.required ? [] : added.filter(column => printDeclaredType(column.type) === type)
  const hint = alike.length === 1 ? ` (renamed to ${alike[0]?.name}?)` : ''
  const change = `${field.required ? 'required' : 'optional'} ${type} is not declared${hint}`
  report(scope, field.required ? 'BR204' : 'TO301', place, change)
}

/** The declared order of columns that are there already, when it differs from the table's. */
function compareOrder(
  matches: readonly (Field | undefined)[],
  current: readonly Field[],
  parent: string | undefined,
  scope: Scope,
): void {
  const position = new Map(current.map((field, index) => [field, index]))
  const order = matches.filter(field => field !== undefined)
  const moved = order.find((field, at) => {
    const before = order[at - 1]
    return before !== undefined && (position.get(field) ?? 0) < (position.get(before) ?? 0)
  })
  if (moved === undefined) return
  report(
    scope,
    'AD105',
    { path: parent ?? '(columns)', fieldId: null, type: null },
    `order changed from ${moved.name} on`,
  )
}
