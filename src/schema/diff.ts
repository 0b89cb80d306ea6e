import { matchFields } from '../iceberg/matching.ts'
import { isPromotion, isV3Primitive, printType, sameJson, sameType } from '../iceberg/primitive.ts'
import { indexById } from '../iceberg/schema-index.ts'
import { reservedColumnNames } from '../iceberg/schema-rules.ts'
import type { Field, PartitionSpec, Schema, SortOrder, Type } from '../iceberg/types.ts'
import type { ColumnDeclaration, Declaration, DeclaredType } from './declaration.ts'
import { doubledFullNames } from './full-names.ts'
import type { RuleCode } from './rules.ts'
import { printSort, sortFieldOf } from './sort.ts'
import { printDeclaredType } from './wanted.ts'

/** A table at one point of its life, as far as a declaration can differ from it. */
export interface TableState {
  readonly formatVersion: number
  readonly schema: Schema
  readonly spec: PartitionSpec
  /** Every spec that files may still be written under. */
  readonly allSpecs: readonly PartitionSpec[]
  readonly sortOrder: SortOrder
}

/** One difference between a declaration and a table, named by its rule. */
export interface Finding {
  readonly code: RuleCode
  /** Full name of the column as declared, with `element`, `key` and `value` inside lists and maps, or what of the table it concerns. */
  readonly path: string
  /** Field id in the table; null for what is not there yet. */
  readonly fieldId: number | null
  /** What changes, e.g. `optional string`, `int -> long`. */
  readonly change: string
  /** The type that the column has once this is done, or as it is; null for what is not a column. */
  readonly type: string | null
  /** True where the table is only wider or laxer than declared: tolerable, if the declaration did not ask for it. */
  readonly isSlack: boolean
}

/** All differences, and which column of the table each declared one is. */
export interface Comparison {
  readonly findings: readonly Finding[]
  /** Field ids by declared path. */
  readonly fieldIds: ReadonlyMap<string, number>
}

/**
 * Compares a declaration with a table as it is. Says nothing about how it came to be so.
 * @param former declared paths by field id, for fields that the table has under names that nobody declared
 */
export function diff(
  declaration: Declaration,
  table: TableState,
  former: ReadonlyMap<number, string> = new Map(),
): Comparison {
  const scope: Scope = { table, former, findings: [], fieldIds: new Map(), isInKey: false }
  compareFields(declaration.columns, table.schema.fields, undefined, scope)
  compareFullNames(declaration, scope)
  compareIdentifier(declaration, scope)
  comparePartition(declaration, scope)
  compareSortOrder(declaration, scope)
  return scope
}

interface Scope extends Comparison {
  readonly table: TableState
  readonly former: ReadonlyMap<number, string>
  readonly findings: Finding[]
  readonly fieldIds: Map<string, number>
  /** Inside the key of a map, in which nothing may change: it decides which entries are the same. */
  readonly isInKey: boolean
}

interface Place {
  readonly path: string
  readonly fieldId: number | null
  readonly type: string | null
}

function report(scope: Scope, code: RuleCode, place: Place, change: string, isSlack = false): void {
  const isRefused = scope.isInKey && code !== 'TO301'
  scope.findings.push({ ...place, code: isRefused ? 'BR202' : code, change, isSlack: isSlack && !isRefused })
}

function compareFields(
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
    if (column.default !== undefined && !sameJson(column.default, field['write-default']))
      report(
        scope,
        scope.table.formatVersion >= 3 ? 'AD109' : 'BR211',
        place,
        `default ${JSON.stringify(column.default)}`,
      )
  })
  const added = declared.filter((_, index) => matches[index] === undefined)
  for (const field of undeclared) compareUndeclared(field, added, parent, scope)
  compareOrder(matches, current, parent, scope)
}

/** Names as an engine sees them that does not tell upper from lower case. */
function byFoldedName(fields: readonly { readonly name: string }[]): ReadonlyMap<string, readonly string[]> {
  const names = new Map<string, string[]>()
  for (const { name } of fields) names.set(name.toLowerCase(), [...(names.get(name.toLowerCase()) ?? []), name])
  return names
}

/** What may be wrong with a name that the table does not have yet. */
function checkName(
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
      const isOwn = source === field?.id && (transform === 'identity' || transform === 'void')
      return name === place.path && !isOwn
    })
  if (partition !== undefined) report(scope, 'BR208', place, `partition field ${partition['field-id']}`)
}

function compareAddition(column: ColumnDeclaration, place: Place, scope: Scope): void {
  const hasDefault = column.default !== undefined
  const withDefault = hasDefault && scope.table.formatVersion >= 3
  const change = `${column.required === true ? 'required' : 'optional'} ${place.type}`
  if (withDefault) report(scope, 'AD108', place, `${change} default ${JSON.stringify(column.default)}`)
  else report(scope, column.required === true ? 'BR201' : 'AD101', place, change)
  if (hasDefault && !withDefault) report(scope, 'BR211', place, `default ${JSON.stringify(column.default)}`)
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
      if (field.default !== undefined && scope.table.formatVersion < 3)
        report(scope, 'BR211', at, `default ${JSON.stringify(field.default)}`)
      inside(field.name, field.type)
    }
  }
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

function compareFullNames(declaration: Declaration, scope: Scope): void {
  for (const path of doubledFullNames(declaration, scope.table.schema.fields))
    report(scope, 'BR214', { path, fieldId: null, type: null }, 'two columns')
}

/** What a column of the table is called in the declaration; its present name where nobody declares it. */
function naming(scope: Scope): (id: number) => string {
  const declared = new Map([...scope.fieldIds].map(([path, id]) => [id, path]))
  const present = indexById(scope.table.schema)
  return id => declared.get(id) ?? scope.former.get(id) ?? present.get(id)?.path ?? `#${id}`
}

function reportTable(
  scope: Scope,
  code: RuleCode,
  path: string,
  now: readonly string[],
  declared: readonly string[],
): void {
  const place = { path, fieldId: null, type: null }
  report(scope, code, place, `${now.join(', ') || 'none'} -> ${declared.join(', ') || 'none'}`)
}

function compareIdentifier({ identifier, columns }: Declaration, scope: Scope): void {
  for (const path of identifier) {
    const optional = optionalOnTheWay(columns, path)
    if (optional !== undefined)
      report(scope, 'BR216', { path, fieldId: scope.fieldIds.get(path) ?? null, type: null }, `${optional} is optional`)
  }
  const now = (scope.table.schema['identifier-field-ids'] ?? []).map(naming(scope))
  const isSame = now.length === identifier.length && identifier.every(name => now.includes(name))
  if (!isSame) reportTable(scope, 'BR206', '(identifier)', now, identifier)
}

/** The first of a column and the structs around it that is declared optional. */
function optionalOnTheWay(columns: readonly ColumnDeclaration[], path: string, parent?: string): string | undefined {
  for (const { name, type, required } of columns) {
    const here = join(parent, name)
    if (path !== here && !path.startsWith(`${here}.`)) continue
    if (required !== true) return here
    return typeof type === 'object' && type.type === 'struct' ? optionalOnTheWay(type.fields, path, here) : undefined
  }
  return undefined
}

function comparePartition({ partitionBy }: Declaration, scope: Scope): void {
  const nameOf = naming(scope)
  const now = scope.table.spec.fields
    .filter(field => field.transform !== 'void')
    .map(field => `${field.transform}(${nameOf(field['source-id'])})`)
  const declared = partitionBy.map(field => `${field.transform}(${field.column})`)
  if (now.join() !== declared.join()) reportTable(scope, 'BR205', '(partition)', now, declared)
}

function compareSortOrder({ sortBy }: Declaration, scope: Scope): void {
  const nameOf = naming(scope)
  const now = scope.table.sortOrder.fields.map(field => printSort(field, nameOf(field['source-id'])))
  const declared = sortBy.map(entry => {
    const { column, ...field } = sortFieldOf(entry)
    return printSort(field, column)
  })
  if (now.join() !== declared.join()) reportTable(scope, 'AD107', '(sort order)', now, declared)
}

function join(parent: string | undefined, name: string): string {
  return parent === undefined ? name : `${parent}.${name}`
}
