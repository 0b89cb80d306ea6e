import type { Node } from 'jsonc-parser'
import type { Declaration } from '../declaration.ts'
import { checkFullNames, checkNames, checkReservedNames } from './column-names.ts'
import { contractAdvice, readContract } from './contract.ts'
import { declaredColumns } from './declared-column.ts'
import type { Document, Report } from './document.ts'
import { type Keys, keptAdvice, type Members, readMembers, readText } from './members.ts'
import { readPartition } from './partition.ts'
import { readEntries } from './root.ts'
import { readIdentifier } from './row-key.ts'
import { readSortOrder } from './sort-order.ts'
import { columnFinder } from './source.ts'
import { readTableName } from './table-name.ts'

export const wholeFileKeys: Keys = {
  allowed: ['table', 'release', 'location', 'columns', 'identifier', 'partitionBy', 'sortBy', 'contract', '$schema'],
  advice: {
    ...contractAdvice,
    fields: 'Did you mean `columns`?',
    name: 'Did you mean `table`?',
    version: 'Did you mean `release`?',
    path: 'Did you mean `location`?',
    rowKey: 'Did you mean `identifier`?',
    primaryKey: 'Did you mean `identifier`?',
    partitions: 'Did you mean `partitionBy`?',
    partitionedBy: 'Did you mean `partitionBy`?',
    orderBy: 'Did you mean `sortBy`?',
    drop: keptAdvice,
    dropped: keptAdvice,
  },
}

/** Reads a file that declares a table of its own. What it gives holds only where no mistake was reported. */
export function readWhole(root: Node, fileName: string | undefined, document: Document): Declaration {
  const { report } = document
  const members = readMembers(root, 'The file', wholeFileKeys, report)
  const table = readTableName(root, members, fileName, report)
  const release = readRelease(members, report)
  const location = readLocation(members, report)
  const entries = readEntries(root, members, { document, isWhole: true })
  checkNames(entries, report)
  const columns = entries.flatMap(entry => entry.column ?? [])
  checkFullNames(entries, [], report)
  const unread = entries.flatMap(({ name, column }) => (column === undefined && name !== undefined ? [name.text] : []))
  const find = columnFinder(declaredColumns(columns), unread, report)
  const identifier = readIdentifier(members.get('identifier')?.value, find, report)
  const partitionBy = readPartition(members.get('partitionBy')?.value, find, report)
  const sortBy = readSortOrder(members.get('sortBy')?.value, find, report)
  checkReservedNames(entries, partitionBy, report)
  const contract = readContract(members.get('contract')?.value, report)
  return {
    table: table ?? '',
    release: release ?? 1,
    ...(location === undefined ? {} : { location }),
    columns,
    identifier,
    partitionBy,
    sortBy,
    ...(contract === undefined ? {} : { contract }),
  }
}

function readRelease(members: Members, report: Report): number | undefined {
  const node = members.get('release')?.value
  if (node === undefined) return undefined
  const value: unknown = node.value
  if (node.type === 'number' && Number.isSafeInteger(value) && (value as number) >= 1) return value as number
  report(node, 'bad-release', '`release` is a whole number from 1.', 'It only grows: one more for each change.')
  return undefined
}

function readLocation(members: Members, report: Report): string | undefined {
  const location = readText(members, 'location', report)
  const node = members.get('location')?.value
  if (location === undefined || node === undefined) return undefined
  if (/^\/+[^/]/.test(location) && !location.includes('\0')) return location.replace(/\/+$/, '')
  const hint = location.startsWith('file:')
    ? 'Write the path alone, without `file:`.'
    : 'Write the whole path, from `/` on.'
  report(node, 'bad-location', `"${location}" is not the path of a directory.`, hint)
  return undefined
}
