import type { Node } from 'jsonc-parser'
import { parsePrimitive } from '../../iceberg/primitive.ts'
import { parseTransform, transformAccepts } from '../../iceberg/transform.ts'
import { printDeclaredType } from '../wanted.ts'
import type { DeclaredColumn } from './declared-column.ts'
import type { Report } from './document.ts'
import { suggestion } from './suggestion.ts'

/** Finds a column by its full name; one that is not there is reported, once its own mistakes cannot be the reason. */
export type FindColumn = (path: string, node: Node) => DeclaredColumn | undefined

/** @param unread names of columns with mistakes of their own, of which nothing more is said */
export function columnFinder(
  columns: ReadonlyMap<string, DeclaredColumn>,
  unread: readonly string[],
  report: Report,
): FindColumn {
  return (path, node) => {
    const column = columns.get(path)
    if (column !== undefined || unread.some(name => path === name || path.startsWith(`${name}.`))) return column
    const close = suggestion(path, [...columns.keys()])
    const hint = close === undefined ? 'A column inside a struct is named by its path: `origin.host`.' : undefined
    report(node, 'unknown-column', `There is no column "${path}".`, hint ?? `Did you mean "${close}"?`)
    return undefined
  }
}

/** Where a transform and its column stand; the column's where the transform is left out. */
export interface SourceNodes {
  readonly column: Node
  readonly transform: Node
}

/** Checks that a table can be partitioned or sorted by a transform of a column (spec "Partitioning", "Sorting"). */
export function checkSource(
  what: 'partitioned' | 'sorted',
  column: DeclaredColumn | undefined,
  transform: string,
  nodes: SourceNodes,
  report: Report,
): void {
  const parsed = parseTransform(transform)
  if (parsed === undefined || parsed.kind === 'void') {
    const hint = 'It is identity, bucket[N], truncate[W], year, month, day or hour.'
    const fault = parsed === undefined ? 'is not a transform' : 'is what a dropped partition leaves behind'
    report(nodes.transform, 'bad-transform', `"${transform}" ${fault}.`, hint)
    return
  }
  if (column === undefined) return
  const cannot = `A table cannot be ${what} by "${column.path}"`
  if (column.isRepeated) {
    report(nodes.column, 'bad-transform', `${cannot}: it is inside a list or map.`)
  } else if (typeof column.type !== 'string') {
    report(nodes.column, 'bad-transform', `${cannot}: it is a ${column.type.type}.`, 'Name a column inside it.')
  } else {
    // Those that count nanoseconds take the transforms of those that count microseconds.
    const source = parsePrimitive(column.type.replace(/_ns$/, ''))
    if (source !== undefined && transformAccepts(parsed, source)) return
    const type = printDeclaredType(column.type)
    report(nodes.transform, 'bad-transform', `${transform} cannot be taken of "${column.path}", which is ${type}.`)
  }
}
