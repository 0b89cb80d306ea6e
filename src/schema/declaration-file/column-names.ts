import { reservedColumnNames } from '../../iceberg/schema-rules.ts'
import type { ColumnDeclaration, Declaration, DeclaredType, PartitionDeclaration } from '../declaration.ts'
import { partitionName } from '../evolve/partition-name.ts'
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
    for (const { text, node } of renamedFrom) {
      const rival = origins.get(text)
      if (text === name?.text) {
        report(node, 'bad-rename', `"${text}" cannot be renamed from itself.`, 'Leave `renamedFrom` out.')
      } else if (declared.has(text)) {
        const advice = 'Leave one of the two out: a rename keeps one column under a new name.'
        report(node, 'bad-rename', `"${text}" is still declared, so nothing was renamed from it.`, advice)
      } else if (rival !== undefined && rival === name?.text) {
        report(
          node,
          'bad-rename',
          `"${text}" stands twice among the earlier names.`,
          'Each name once, the newest first.',
        )
      } else if (rival !== undefined) {
        report(node, 'bad-rename', `"${text}" was renamed to "${rival}" already; one column cannot become two.`)
      } else if (name !== undefined) {
        origins.set(text, name.text)
      }
    }
  }
}

/** Names that no column at the top may have: those the format keeps, and those of other partition fields. */
export function checkReservedNames(
  entries: readonly ColumnEntry[],
  partitionBy: readonly PartitionDeclaration[],
  report: Report,
): void {
  const partitionFields = new Set(
    partitionBy.flatMap(({ column, transform }) => (transform === 'identity' ? [] : partitionName(column, transform))),
  )
  for (const { name } of entries) {
    if (name === undefined) continue
    const { text, node } = name
    if (reservedColumnNames.has(foldName(text)))
      report(node, 'reserved-name', `Iceberg keeps the name "${text}" for a metadata column.`, 'Choose another name.')
    if (partitionFields.has(text))
      report(node, 'partition-name', `"${text}" is a field of the table’s partitions.`, 'Choose another name.')
  }
}

/** Names of a user's columns against those of the built-in table. */
export function checkBuiltinNames(entries: readonly ColumnEntry[], base: Declaration, report: Report): void {
  const builtin = new Map(base.columns.map(column => [foldName(column.name), column.name]))
  for (const { name, renamedFrom } of entries) {
    for (const { text, node } of renamedFrom) {
      if (!base.columns.some(column => column.name === text)) continue
      const advice = 'Leave `renamedFrom` out; a query can call the column by another name with AS.'
      report(node, 'bad-rename', `"${text}" is a built-in column and keeps its name.`, advice)
    }
    if (name === undefined) continue
    const { text, node } = name
    const twin = builtin.get(foldName(text))
    if (twin === text) {
      const advice = 'Built-in columns need no entry; choose another name.'
      report(node, 'builtin-name', `"${text}" is a built-in column.`, advice)
    } else if (twin !== undefined) {
      report(node, 'builtin-name', differsByCase(text, `the built-in column "${twin}"`), caseAdvice)
    }
  }
}

/**
 * Full names, which join nested names with dots: the format forbids two equal
 * ones, as a column `a.b` beside the field `b` of a column `a` would be.
 */
export function checkFullNames(
  entries: readonly ColumnEntry[],
  others: readonly ColumnDeclaration[],
  report: Report,
): void {
  const seen = new Map<string, string>()
  for (const column of others) for (const path of fullNames(column)) seen.set(path.join('.'), path.join('\0'))
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
  return (['key', 'value'] as const).flatMap(part => [[part], ...namesInside(type[part]).map(path => [part, ...path])])
}

function differsByCase(name: string, other: string): string {
  return `"${name}" differs from ${other} only by case.`
}

const caseAdvice = 'Choose another name: DuckDB, Spark and others read both as one column.'
