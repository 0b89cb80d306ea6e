import { isPromotion, printType } from '../iceberg/primitive.ts'
import { reservedColumnNames } from '../iceberg/schema-rules.ts'
import type { Field, PartitionSpec, Schema, SortOrder, Type } from '../iceberg/types.ts'
import type { ColumnDeclaration, Declaration, DeclaredType } from './declaration.ts'
import type { RuleCode } from './rules.ts'
import { printDeclaredType } from './wanted.ts'

/** One difference between what is declared and what the table is, as the rules name it. */
export interface Difference {
  readonly code: RuleCode
  /** Full name of the column, or what of the table it concerns. */
  readonly path: string
  /** Field id in the table; null for what is not there yet. */
  readonly fieldId: number | null
  /** What changes, e.g. `optional string`, `int -> long`. */
  readonly change: string
  readonly origin: 'pending' | 'drift'
}

/** The table as far as a declaration can differ from it. */
export interface TableShape {
  readonly current: Schema
  /** The schema that was current when a declaration was last applied; undefined for a table nobody applied one to. */
  readonly applied: Schema | undefined
  readonly spec: PartitionSpec
  readonly allSpecs: readonly PartitionSpec[]
  readonly sortOrder: SortOrder
  /** Paths where an earlier evolution left the table wider or laxer than it was declared. */
  readonly tolerated: ReadonlySet<string>
}

/**
 * Compares three ways: what is declared, what the table is, and what was last
 * applied. Where only the table moved since, that is drift; where the
 * declaration moved, it is pending.
 */
export function diff(declaration: Declaration, shape: TableShape): Difference[] {
  return [
    ...diffFields(declaration.columns, shape.current.fields, shape.applied?.fields, '', shape),
    ...diffIdentifier(declaration, shape),
    ...diffPartition(declaration, shape),
    ...diffSortOrder(declaration, shape),
  ]
}

type Fields = readonly Field[]

function diffFields(
  declared: readonly ColumnDeclaration[],
  current: Fields,
  applied: Fields | undefined,
  prefix: string,
  shape: TableShape,
): Difference[] {
  const found: Difference[] = []
  const matched = new Set<Field>()
  for (const column of declared) {
    const path = `${prefix}${column.name}`
    const byName = current.find(field => field.name === column.name)
    const field = byName ?? current.find(candidate => candidate.name === column.renamedFrom)
    if (field === undefined) {
      found.push(...addition(column, path, current, prefix === '' ? shape : undefined))
      continue
    }
    matched.add(field)
    const base = applied?.find(candidate => candidate.id === field.id)
    if (byName === undefined) {
      found.push(pending(prefix === '' ? 'AD106' : 'BR210', path, field.id, `renamed from ${field.name}`))
    }
    found.push(...diffType(column.type, field.type, base?.type, path, field.id, shape))
    found.push(
      ...nullability(column.required ?? false, field.required, wasLaxer(base?.required, path, shape), path, field.id),
    )
    if (column.doc !== undefined && column.doc !== field.doc) {
      found.push(pending('AD104', path, field.id, field.doc === undefined ? 'documented' : 'documentation changed'))
    }
  }
  for (const field of current) {
    if (matched.has(field)) continue
    const path = `${prefix}${field.name}`
    const origin = applied === undefined || applied.some(candidate => candidate.id === field.id) ? 'pending' : 'drift'
    const hint = field.required ? undefined : renameHint(field, declared, current)
    found.push({
      code: field.required ? 'BR204' : 'TO301',
      path,
      fieldId: field.id,
      change: `${field.required ? 'required' : 'optional'} ${printType(field.type)} is not declared${hint === undefined ? '' : ` (renamed to ${hint}?)`}`,
      origin,
    })
  }
  const order = orderOf(declared, current)
  if (order !== undefined) found.push(pending('AD105', prefix === '' ? '(columns)' : prefix.slice(0, -1), null, order))
  return found
}

/** A new column of the same type right where an undeclared one stands looks like a rename. */
function renameHint(field: Field, declared: readonly ColumnDeclaration[], current: Fields): string | undefined {
  const added = declared.filter(
    column =>
      !current.some(candidate => candidate.name === column.name) &&
      printDeclaredType(column.type) === printType(field.type),
  )
  return added.length === 1 ? added[0]?.name : undefined
}

function addition(
  column: ColumnDeclaration,
  path: string,
  siblings: Fields,
  top: TableShape | undefined,
): Difference[] {
  const type = `${column.required === true ? 'required' : 'optional'} ${printDeclaredType(column.type)}`
  const found: Difference[] = [pending(column.required === true ? 'BR201' : 'AD101', path, null, type)]
  const twin = siblings.find(field => field.name.toLowerCase() === column.name.toLowerCase())
  if (twin !== undefined) found.push(pending('BR207', path, null, `the table has ${twin.name}`))
  if (top !== undefined && reservedColumnNames.has(column.name)) found.push(pending('BR209', path, null, type))
  const partition = top?.allSpecs.flatMap(spec => spec.fields).find(field => field.name === column.name)
  if (partition !== undefined) found.push(pending('BR208', path, null, `partition field ${partition['field-id']}`))
  return found
}

function diffType(
  declared: DeclaredType,
  current: Type,
  applied: Type | undefined,
  path: string,
  id: number,
  shape: TableShape,
): Difference[] {
  if (typeof declared === 'string' || typeof current === 'string' || declared.type !== current.type) {
    const wanted = printDeclaredType(declared)
    const now = printType(current)
    if (typeof declared === 'string' && typeof current === 'string') {
      if (normal(declared) === normal(current)) return []
      if (isPromotion(current, declared)) return [pending('AD102', path, id, `${now} -> ${wanted}`)]
      if (isPromotion(declared, current) && (applied === declared || shape.tolerated.has(path)))
        return [drift('TO302', path, id, `table has ${now}, declared ${wanted}`)]
    }
    return [pending('BR202', path, id, `${now} -> ${wanted}`)]
  }
  if (declared.type === 'struct' && current.type === 'struct') {
    const base = typeof applied === 'object' && applied.type === 'struct' ? applied.fields : undefined
    return diffFields(declared.fields, current.fields, base, `${path}.`, shape)
  }
  if (declared.type === 'list' && current.type === 'list') {
    const base = typeof applied === 'object' && applied.type === 'list' ? applied : undefined
    return [
      ...diffType(declared.element, current.element, base?.element, `${path}.element`, current['element-id'], shape),
      ...nullability(
        declared.elementRequired ?? false,
        current['element-required'],
        wasLaxer(base?.['element-required'], `${path}.element`, shape),
        `${path}.element`,
        current['element-id'],
      ),
    ]
  }
  if (declared.type === 'map' && current.type === 'map') {
    const base = typeof applied === 'object' && applied.type === 'map' ? applied : undefined
    // Map keys decide which entries are the same: nothing in them may change.
    const keyChanges = diffType(declared.key, current.key, base?.key, `${path}.key`, current['key-id'], shape)
    return [
      ...keyChanges.map(change => ({ ...change, code: 'BR202' as const })),
      ...diffType(declared.value, current.value, base?.value, `${path}.value`, current['value-id'], shape),
      ...nullability(
        declared.valueRequired ?? false,
        current['value-required'],
        wasLaxer(base?.['value-required'], `${path}.value`, shape),
        `${path}.value`,
        current['value-id'],
      ),
    ]
  }
  return []
}

/** Type names compare without the blanks that some writers put into them. */
function normal(type: string): string {
  return type.replaceAll(/\s+/g, '')
}

/** Whether it was another program, now or before an earlier evolution, that made something optional which is declared required. */
function wasLaxer(applied: boolean | undefined, path: string, shape: TableShape): boolean {
  return applied === true || shape.tolerated.has(path)
}

function nullability(declared: boolean, current: boolean, byOthers: boolean, path: string, id: number): Difference[] {
  if (declared === current) return []
  if (current) return [pending('AD103', path, id, 'required -> optional')]
  return byOthers
    ? [drift('TO302', path, id, 'table has it optional, declared required')]
    : [pending('BR203', path, id, 'optional -> required')]
}

/** The declared order of columns that are there already, when it differs from the table's. */
function orderOf(declared: readonly ColumnDeclaration[], current: Fields): string | undefined {
  const position = new Map(current.map((field, index) => [field.name, index]))
  const order = declared.flatMap(column => {
    const index =
      position.get(column.name) ?? (column.renamedFrom === undefined ? undefined : position.get(column.renamedFrom))
    return index === undefined ? [] : [{ name: column.name, index }]
  })
  const moved = order.find((entry, at) => at > 0 && entry.index < (order[at - 1]?.index ?? -1))
  return moved === undefined ? undefined : `order changed from ${moved.name} on`
}

function diffIdentifier(declaration: Declaration, shape: TableShape): Difference[] {
  const names = (shape.current['identifier-field-ids'] ?? []).map(id => nameOf(id, shape.current))
  const renamed = new Map(
    declaration.columns.flatMap(column =>
      column.renamedFrom === undefined ? [] : [[column.renamedFrom, column.name] as const],
    ),
  )
  const now = names.map(name => renamed.get(name) ?? name)
  const same = now.length === declaration.identifier.length && declaration.identifier.every(name => now.includes(name))
  return same
    ? []
    : [pending('BR206', '(identifier)', null, `(${names.join(', ')}) -> (${declaration.identifier.join(', ')})`)]
}

function diffPartition(declaration: Declaration, shape: TableShape): Difference[] {
  const renamed = new Map(declaration.columns.map(column => [column.renamedFrom, column.name]))
  const now = shape.spec.fields
    .filter(field => field.transform !== 'void')
    .map(field => {
      const name = nameOf(field['source-id'], shape.current)
      return `${field.transform}(${renamed.get(name) ?? name})`
    })
  const declared = declaration.partitionBy.map(field => `${field.transform}(${field.column})`)
  return now.join() === declared.join()
    ? []
    : [pending('BR205', '(partition)', null, `${now.join(', ') || 'none'} -> ${declared.join(', ') || 'none'}`)]
}

function diffSortOrder(declaration: Declaration, shape: TableShape): Difference[] {
  const renamed = new Map(declaration.columns.map(column => [column.renamedFrom, column.name]))
  const now = shape.sortOrder.fields.map(field => {
    const name = nameOf(field['source-id'], shape.current)
    return renamed.get(name) ?? name
  })
  return now.join() === declaration.sortBy.join()
    ? []
    : [
        pending(
          'AD107',
          '(sort order)',
          null,
          `${now.join(', ') || 'none'} -> ${declaration.sortBy.join(', ') || 'none'}`,
        ),
      ]
}

function nameOf(id: number, schema: Schema): string {
  return schema.fields.find(field => field.id === id)?.name ?? `#${id}`
}

function pending(code: RuleCode, path: string, fieldId: number | null, change: string): Difference {
  return { code, path, fieldId, change, origin: 'pending' }
}

function drift(code: RuleCode, path: string, fieldId: number | null, change: string): Difference {
  return { code, path, fieldId, change, origin: 'drift' }
}
