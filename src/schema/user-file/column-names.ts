import { reservedColumnNames } from '../../iceberg/schema-rules.ts'
import type { ColumnDeclaration, Declaration, DeclaredType } from '../declaration.ts'
import { partitionName } from '../evolve.ts'
import { foldName } from './column-name.ts'
import type { Report } from './document.ts'
import type { ColumnEntry } from './entry.ts'

/** Names within one `columns` or `fields`: each once, in whatever case, and renames that can be told apart. */
export function checkNames(entries: readonly ColumnEntry[], report: Report): void {
  const seen = new Map<string, string>()
  const origins = new Map<string, string>()
  const declared = new Set(entries.map(entry => entry.name?.text))
  for (const { what, name, renamedFrom } of entries) {
    if (name !== undefined) {
      const other = seen.get(foldName(name.text))
      if (other === undefined) seen.set(foldName(name.text), name.text)
      else if (other === name.text) report(name.node, 'duplicate-name', `${what} "${other}" is declared already.`)
      else report(name.node, 'duplicate-name', differsByCase(name.text, `"${other}"`), caseAdvice)
    }
    if (renamedFrom === undefined) continue
    const { text, node } = renamedFrom
    const rival = origins.get(text)
    if (text === name?.text) {
      report(node, 'bad-rename', `"${text}" cannot be renamed from itself.`, 'Leave `renamedFrom` out.')
    } else if (declared.has(text)) {
      const advice = 'Leave one of the two out: a rename keeps one column under a new name.'
      report(node, 'bad-rename', `"${text}" is still declared, so nothing was renamed from it.`, advice)
    } else if (rival !== undefined) {
      report(node, 'bad-rename', `"${text}" was renamed to "${rival}" already; one column cannot become two.`)
    } else if (name !== undefined) {
      origins.set(text, name.text)
    }
  }
}

/** Names of a user's columns against everything the table has already. */
export function checkTableNames(entries: readonly ColumnEntry[], base: Declaration, report: Report): void {
  const builtin = new Map(base.columns.map(column => [foldName(column.name), column.name]))
  const partitionFields = new Set(
    base.partitionBy.flatMap(({ column, transform }) =>
      transform === 'identity' ? [] : partitionName(column, transform),
    ),
  )
  for (const { name, renamedFrom } of entries) {
    if (renamedFrom !== undefined && base.columns.some(column => column.name === renamedFrom.text)) {
      const advice = 'Leave `renamedFrom` out; a query can call the column by another name with AS.'
      report(renamedFrom.node, 'bad-rename', `"${renamedFrom.text}" is a built-in column and keeps its name.`, advice)
    }
    if (name === undefined) continue
    const { text, node } = name
    const twin = builtin.get(foldName(text))
    if (twin === text) {
      report(
        node,
        'builtin-name',
        `"${text}" is a built-in column.`,
        'Built-in columns need no entry; choose another name.',
      )
    } else if (twin !== undefined) {
      report(node, 'builtin-name', differsByCase(text, `the built-in column "${twin}"`), caseAdvice)
    }
    if (reservedColumnNames.has(foldName(text))) {
      report(node, 'reserved-name', `Iceberg keeps the name "${text}" for a metadata column.`, 'Choose another name.')
    }
    if (partitionFields.has(text)) {
      report(node, 'partition-name', `"${text}" is a field of the table’s partitions.`, 'Choose another name.')
    }
  }
}

/**
 * Full names, which join nested names with dots: the format forbids two equal
 * ones, as a column `a.b` beside the field `b` of a column `a` would be.
 */
export function checkFullNames(entries: readonly ColumnEntry[], base: Declaration, report: Report): void {
  const seen = new Map<string, string>()
  for (const column of base.columns) for (const path of fullNames(column)) seen.set(path.join('.'), path.join('\0'))
  for (const { name, column } of entries) {
    for (const path of column === undefined ? [] : fullNames(column)) {
      const other = seen.get(path.join('.'))
      seen.set(path.join('.'), path.join('\0'))
      if (name === undefined || other === undefined || other === path.join('\0')) continue
      const message = `"${path.join('.')}" is the full name of two columns, one of them inside another.`
      report(name.node, 'duplicate-name', message, 'Choose a name without a dot.')
    }
  }
}

function fullNames(column: ColumnDeclaration): readonly (readonly string[])[] {
  return [[column.name], ...namesInside(column.type).map(path => [column.name, ...path])]
}

function namesInside(type: DeclaredType): readonly (readonly string[])[] {
  if (typeof type === 'string') return []
  if (type.type === 'struct') return type.fields.flatMap(fullNames)
  if (type.type === 'list') return [['element'], ...namesInside(type.element).map(path => ['element', ...path])]
  return [['key'], ['value'], ...namesInside(type.value).map(path => ['value', ...path])]
}

function differsByCase(name: string, other: string): string {
  return `"${name}" differs from ${other} only by case.`
}

const caseAdvice = 'Choose another name: DuckDB, Spark and others read both as one column.'
