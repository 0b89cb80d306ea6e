import { printJson } from '../../iceberg/json.ts'
import { sameJson } from '../../iceberg/primitive.ts'
import type { Field } from '../../iceberg/types.ts'
import type { ColumnDeclaration } from '../declaration.ts'
import { fitsType } from '../default-value.ts'
import type { RuleCode } from '../rules.ts'
import { type Place, report, type Scope } from './scope.ts'

export function hasDefault(column: ColumnDeclaration): boolean {
  return column.default !== undefined && column.default !== null
}

export function compareDefault(column: ColumnDeclaration, field: Field, place: Place, scope: Scope): void {
  if (!hasDefault(column) || sameJson(column.default, field['write-default'])) return
  report(scope, defaultFault(column, scope) ?? 'AD109', place, printDefault(column))
}

export function checkDefault(column: ColumnDeclaration, place: Place, scope: Scope): void {
  const fault = defaultFault(column, scope)
  if (fault !== undefined) report(scope, fault, place, printDefault(column))
}

/** Why the table cannot have the default that a column declares. */
export function defaultFault(column: ColumnDeclaration, scope: Scope): RuleCode | undefined {
  if (column.default === undefined || column.default === null) return undefined
  if (scope.table.formatVersion < 3) return 'BR211'
  return fitsType(column.default, column.type) ? undefined : 'BR217'
}

export function printDefault(column: ColumnDeclaration): string {
  return `default ${printJson(column.default)}`
}
