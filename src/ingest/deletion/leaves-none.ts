import type { Table } from '../../iceberg/catalog/catalog.ts'
import { liveFiles } from '../../iceberg/snapshot.ts'
import { beforeGrave } from './request.ts'
import { gravesSelection } from './selection.ts'

/**
 * Whether a table has rows, and all of them are from before a time, as the bounds of its files tell: so it is where
 * nobody came for long, and where the clock is years ahead.
 * @throws HypError USAGE as `beforeGrave`
 */
export async function leavesNone(table: Table, name: string, before: string): Promise<boolean> {
  const grave = { tableUuid: table.metadata['table-uuid'], what: beforeGrave(name, table, before) }
  const { judge } = gravesSelection(table, [grave])
  const { data } = await liveFiles(table)
  return data.length > 0 && data.every(entry => judge(entry) === 'all')
}
