import { createHash } from 'node:crypto'
import type { Table } from '../../iceberg/catalog/catalog.ts'
import { cellText } from '../../iceberg/cell-text.ts'
import { currentSchema } from '../../iceberg/ids.ts'
import { visitColumns } from '../../iceberg/scan.ts'
import { liveFiles } from '../../iceberg/snapshot.ts'
import type { Cell } from '../../iceberg/types.ts'
import { findRows } from './find-rows.ts'
import type { RowSelection } from './selection.ts'

/** Another session that has something of a deleted one. */
export interface Copies {
  readonly session: string
  readonly rows: number
}

/**
 * The sessions of agents that a session spawned, those with the most rows first. A client that gives them a session of their
 * own, as early versions of Codex do, names the thread that they are of.
 * @returns none for a table that does not say so
 * @throws as `scanColumns`
 */
export async function spawnedBy(table: Table, session: string): Promise<Copies[]> {
  const fields = currentSchema(table.metadata).fields
  const columns = ['parent_thread_id', 'session_id', 'conversation_id'].flatMap(
    name => fields.find(field => field.name === name) ?? [],
  )
  const [parent, ...holders] = columns
  const found = new Map<string, number>()
  if (parent?.name !== 'parent_thread_id' || holders.length === 0) return []
  await visitColumns(table, { columns: columns.map(({ name }) => name) }, rows => {
    const parents = rows.columns.get(parent.id)
    const cells = holders.map(({ id }) => rows.columns.get(id))
    for (let index = 0; index < rows.rowCount; index++) {
      if (parents?.[index] !== session) continue
      const holder = cells.map(column => column?.[index]).find(cell => typeof cell === 'string')
      if (typeof holder === 'string' && holder !== session) found.set(holder, (found.get(holder) ?? 0) + 1)
    }
  })
  return byRows(found)
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
  return byRows(found)
}

function byRows(found: ReadonlyMap<string, number>): Copies[] {
  return Array.from(found, ([session, rows]) => ({ session, rows })).sort((a, b) => b.rows - a.rows)
}

function digest(cell: Cell): string {
  return createHash('sha256').update(cellText(cell)).digest('binary').slice(0, 16)
}
