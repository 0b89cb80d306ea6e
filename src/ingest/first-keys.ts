import type { Table } from '../iceberg/catalog/catalog.ts'
import { currentSchema } from '../iceberg/ids.ts'
import { currentSnapshot } from '../iceberg/metadata.ts'
import { scanColumns } from '../iceberg/scan.ts'
import type { Cell, Long, Row } from '../iceberg/types.ts'
import type { RowKey } from './row-key.ts'

/**
 * Which values the first key column has in a table, as of one snapshot: rows of
 * a session that is new need not be looked for in every file there is. It holds
 * one text for each session, and says nothing about a table that moved on.
 */
export interface FirstKeys {
  /** The candidates that can be in the table. */
  suspects(table: Table, candidates: ReadonlyMap<string, Row>): ReadonlyMap<string, Row>
  /** Takes note of rows that a commit added; a commit of somebody else in between ends the knowledge. */
  added(table: Table, rows: Iterable<Row>): void
}

/** Reads the first key column of the whole table. */
export async function readFirstKeys(table: Table, key: RowKey): Promise<FirstKeys> {
  const name = key.columns[0] ?? ''
  const id = currentSchema(table.metadata).fields.find(field => field.name === name)?.id as number
  const values = new Set<Cell>()
  for await (const { columns } of scanColumns(table, { columns: [name] }))
    for (const cell of columns.get(id) ?? []) values.add(cell)
  let asOf = snapshotId(table)

  return {
    suspects: (now, candidates) =>
      snapshotId(now) === asOf ? new Map([...candidates].filter(([, row]) => values.has(row[name]))) : candidates,
    added: (now, rows) => {
      if (currentSnapshot(now.metadata)?.['parent-snapshot-id'] !== asOf) return
      for (const row of rows) values.add(row[name])
      asOf = snapshotId(now)
    },
  }
}

function snapshotId(table: Table): Long | undefined {
  return currentSnapshot(table.metadata)?.['snapshot-id']
}
