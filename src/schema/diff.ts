import { redundantFields } from '../iceberg/spec-rules.ts'
import type { Declaration } from './declaration.ts'
import { compareFields } from './diff/columns.ts'
import { doubledFullNames } from './diff/full-names.ts'
import { compareKeys } from './diff/keys.ts'
import { type Comparison, type Finding, report, type Scope, type TableState } from './diff/scope.ts'
import { partitionName } from './evolve/partition-name.ts'
import type { RuleCode } from './rules.ts'

export type { Comparison, Finding, TableState } from './diff/scope.ts'

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
  compareKeys(declaration, scope)
  return scope
}

function compareFullNames(declaration: Declaration, scope: Scope): void {
  for (const path of doubledFullNames(declaration, scope.table.schema.fields))
    report(scope, 'BR214', { path, fieldId: null, type: null }, 'two columns')
}

/** Findings that are wrong in any table, one that is yet to be made included. */
const wrongAnyway: ReadonlySet<RuleCode> = new Set(['BR207', 'BR209', 'BR211', 'BR212', 'BR214', 'BR216', 'BR217'])

/** What of a declaration no table of format version 2 can be made of. */
export function impossible(declaration: Declaration): readonly Finding[] {
  const nothing: TableState = {
    formatVersion: 2,
    schema: { type: 'struct', 'schema-id': 0, fields: [] },
    spec: { 'spec-id': 0, fields: [] },
    allSpecs: [],
    sortOrder: { 'order-id': 0, fields: [] },
  }
  const { findings } = diff(declaration, nothing)
  return [...findings.filter(finding => wrongAnyway.has(finding.code)), ...redundantPartitions(declaration)]
}

function redundantPartitions({ partitionBy }: Declaration): Finding[] {
  const columns = [...new Set(partitionBy.map(part => part.column))]
  const fields = partitionBy.map(({ column, transform }, index) => ({
    name: partitionName(column, transform),
    transform,
    'source-id': columns.indexOf(column),
    'field-id': index,
  }))
  return redundantFields(fields, []).map(({ field, other }) => ({
    code: 'BR219',
    path: '(partition)',
    fieldId: null,
    change: `${field} beside ${other}`,
    type: null,
    isSlack: false,
  }))
}
