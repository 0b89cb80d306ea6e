import { createHash } from 'node:crypto'
import type { Table } from '../../iceberg/catalog/catalog.ts'
import { cellText } from '../../iceberg/cell-text.ts'
import { currentSchema } from '../../iceberg/ids.ts'
import { visitColumns } from '../../iceberg/scan.ts'
import { liveFiles } from '../../iceberg/snapshot.ts'
import type { Cell } from '../../iceberg/types.ts'
import { findRows } from './find-rows.ts'
import type { RowSelection } from './selection.ts'

/** Another session that has some of the same messages: a fork copies those before it. */
export interface Copies {
  readonly session: string
  readonly rows: number
}

/**
 * The sessions that have parts of messages in common with the selected rows, those with the most first. Memory holds a
 * digest of each part.
 * @returns none for a table that does not say which part of which session a row is
 * @throws as `scanColumns`
 */
export async function copiesOf(table: Table, selection: RowSelection, session: string): Promise<Copies[]> {
  const fields = currentSchema(table.metadata).fields
  const [part, holder] = ['part_id', 'session_id'].map(name => fields.find(field => field.name === name))
  if (part === undefined || holder === undefined) return []
  const live = await liveFiles(table)
  const parts = new Set<string>()
  await findRows(table, live, selection, {
    columns: [part.name],
    onRows: ({ columns, rowCount }, isSelected) => {
      const cells = columns.get(part.id)
      for (let index = 0; index < rowCount; index++) if (isSelected(index)) parts.add(digest(cells?.[index]))
    },
  })
  const found = new Map<string, number>()
  if (parts.size > 0)
    await visitColumns(table, { columns: [part.name, holder.name], files: live.data }, ({ columns, rowCount }) => {
      const [cells, sessions] = [columns.get(part.id), columns.get(holder.id)]
      for (let index = 0; index < rowCount; index++) {
        const other = cellText(sessions?.[index])
        if (other !== session && parts.has(digest(cells?.[index]))) found.set(other, (found.get(other) ?? 0) + 1)
      }
    })
  return Array.from(found, ([other, rows]) => ({ session: other, rows })).sort((a, b) => b.rows - a.rows)
}

function digest(cell: Cell): string {
  return createHash('sha256').update(cellText(cell)).digest('binary').slice(0, 16)
}
