import type { Node } from 'jsonc-parser'
import type { PartitionDeclaration } from '../declaration.ts'
import { partitionName } from '../evolve/partition-name.ts'
import type { Report } from './document.ts'
import { type Keys, kindOf, readItems, readMembers, readText } from './members.ts'
import { checkSource, type FindColumn } from './source.ts'

export const partitionKeys: Keys = {
  allowed: ['column', 'transform'],
  advice: {
    name: 'Leave it out: a partition is named after its column and transform, e.g. `at_day`.',
    source: 'Did you mean `column`?',
    'source-id': 'Name the column with `column`.',
    'field-id': 'Leave it out: the table gives the ids.',
  },
}

const form = 'Write {"column": "at", "transform": "day"}.'

/** What the files of the table are laid out by. */
export function readPartition(
  node: Node | undefined,
  find: FindColumn,
  report: Report,
): readonly PartitionDeclaration[] {
  const seen = new Set<string>()
  return readItems(node, 'partitionBy', report).flatMap(item => {
    if (item.type !== 'object') {
      report(item, 'wrong-kind', `A partition is an object, not ${kindOf(item)}.`, form)
      return []
    }
    const members = readMembers(item, 'A partition', partitionKeys, report)
    const column = readText(members, 'column', report)
    const transform = readText(members, 'transform', report)
    for (const key of partitionKeys.allowed)
      if (!members.has(key)) report(item, 'missing-key', `A partition has no \`${key}\`.`, form)
    const nodes = { column: members.get('column')?.value, transform: members.get('transform')?.value }
    if (column === undefined || transform === undefined || !nodes.column || !nodes.transform) return []
    const { column: columnNode, transform: transformNode } = nodes
    const places = { column: columnNode, transform: transformNode }
    checkSource('partitioned', find(column, columnNode), transform, places, report)
    const name = partitionName(column, transform)
    if (seen.has(name))
      report(item, 'duplicate-column', `The table is partitioned by ${transform} of "${column}" already.`)
    seen.add(name)
    return [{ column, transform }]
  })
}
