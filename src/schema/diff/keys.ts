import { indexById } from '../../iceberg/schema-index.ts'
import type { ColumnDeclaration, Declaration } from '../declaration.ts'
import type { RuleCode } from '../rules.ts'
import { printSort, sortFieldOf } from '../sort.ts'
import { join, report, type Scope } from './scope.ts'

/** Row key, partition and sort order, which name columns: compared by field id, told by declared name. */
export function compareKeys(declaration: Declaration, scope: Scope): void {
  compareIdentifier(declaration, scope)
  comparePartition(declaration, scope)
  compareSortOrder(declaration, scope)
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
