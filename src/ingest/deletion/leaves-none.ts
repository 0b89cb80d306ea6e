import type { Table } from '../../iceberg/catalog/catalog.ts'
import { currentSchema } from '../../iceberg/ids.ts'
import { liveFiles } from '../../iceberg/snapshot.ts'
import { limitOf } from '../tombstones/row-matcher.ts'
import { beforeGrave } from './request.ts'
import { boundOf } from './selection.ts'

/**
 * Whether a table has rows with a time, and all of them are from before one, as the bounds of its files tell: so it is
 * where nobody came for long, and where the clock is years ahead. Rows without a time say nothing of either.
 * @throws HypError USAGE as `beforeGrave`
 */
export async function leavesNone(table: Table, name: string, before: string): Promise<boolean> {
  const { columnId, instant } = beforeGrave(name, table, before)
  const field = currentSchema(table.metadata).fields.find(({ id }) => id === columnId)
  const limit = field === undefined ? undefined : limitOf(field.type, instant)
  if (field === undefined || limit === undefined) return false
  const { data } = await liveFiles(table)
  const timed = data.filter(({ file }) => file.nullValueCounts.get(field.id) !== file.recordCount)
  return timed.length > 0 && timed.every(({ file }) => (boundOf(field, file.upperBounds) ?? limit) < limit)
}
