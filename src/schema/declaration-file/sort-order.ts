import type { Node } from 'jsonc-parser'
import type { SortDeclaration } from '../declaration.ts'
import type { Report } from './document.ts'
import { type Keys, kindOf, readItems, readMembers, readText } from './members.ts'
import { checkSource, type FindColumn } from './source.ts'
import { readWord } from './word.ts'

export const sortKeys: Keys = {
  allowed: ['column', 'transform', 'direction', 'nulls'],
  advice: {
    order: 'Did you mean `direction`?',
    'null-order': 'Did you mean `nulls`?',
    'source-id': 'Name the column with `column`.',
  },
}

export const directions = ['asc', 'desc'] as const
export const nullPlaces = ['first', 'last'] as const

const form = 'Write the name of a column, or {"column": "at", "direction": "desc"}.'

/** What rows are sorted by within a file. */
export function readSortOrder(node: Node | undefined, find: FindColumn, report: Report): readonly SortDeclaration[] {
  const seen = new Set<string>()
  return readItems(node, 'sortBy', report).flatMap(item => {
    const entry = readEntry(item, find, report)
    if (entry === undefined) return []
    const { column, transform = 'identity' } = typeof entry === 'string' ? { column: entry } : entry
    const key = `${transform}(${column})`
    if (seen.has(key)) report(item, 'duplicate-column', `Rows are sorted by "${column}" already.`)
    seen.add(key)
    return [entry]
  })
}

function readEntry(item: Node, find: FindColumn, report: Report): SortDeclaration | undefined {
  if (item.type === 'string') {
    const column = item.value as string
    checkSource('sorted', find(column, item), 'identity', { column: item, transform: item }, report)
    return column
  }
  if (item.type !== 'object') {
    report(item, 'wrong-kind', `An entry of the sort order is a text or an object, not ${kindOf(item)}.`, form)
    return undefined
  }
  const members = readMembers(item, 'An entry of the sort order', sortKeys, report)
  const column = readText(members, 'column', report)
  const transform = readText(members, 'transform', report)
  const direction = readWord(members, 'direction', directions, report)
  const nulls = readWord(members, 'nulls', nullPlaces, report)
  const columnNode = members.get('column')?.value
  if (columnNode === undefined) report(item, 'missing-key', 'An entry of the sort order has no `column`.', form)
  if (column === undefined || columnNode === undefined) return undefined
  const nodes = { column: columnNode, transform: members.get('transform')?.value ?? columnNode }
  checkSource('sorted', find(column, columnNode), transform ?? 'identity', nodes, report)
  return {
    column,
    ...(transform === undefined ? {} : { transform }),
    ...(direction === undefined ? {} : { direction }),
    ...(nulls === undefined ? {} : { nulls }),
  }
}
