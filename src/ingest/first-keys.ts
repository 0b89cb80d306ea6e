import type { Table } from '../iceberg/catalog/catalog.ts'
import { currentSnapshot } from '../iceberg/metadata.ts'
import { scanColumns } from '../iceberg/scan.ts'
import type { Long, Row } from '../iceberg/types.ts'
import { keyFields, keyParts, tableKey } from './key-fields.ts'
import type { RowKey } from './row-key.ts'

/**
 * Which values the first key column has in a table, as of one snapshot: rows of
 * a session that is new need not be looked for in every file there is. It holds
 * one text for each session, and says nothing about a table that moved on or
 * has very many of them.
 */
export interface FirstKeys {
  /** The candidates that can be in the table. */
  suspects(table: Table, candidates: ReadonlyMap<string, Row>): ReadonlyMap<string, Row>
  /** Takes note of rows that a commit added; a commit of somebody else in between ends the knowledge. */
  added(table: Table, rows: Iterable<Row>): void
}

/** Some 25 MB of texts. */
const mostValues = 250_000

/** Reads the first key column of the whole table. */
export async function readFirstKeys(table: Table, key: RowKey): Promise<FirstKeys> {
  const values = new Set<string>()
  let asOf = snapshotId(table)
  let isKnown = await readValues(table, key, values)

  return {
    suspects: (now, candidates) =>
      isKnown && snapshotId(now) === asOf
        ? new Map([...candidates].filter(([, row]) => values.has(key.firstOf(row))))
        : candidates,
    added: (now, rows) => {
      if (!isKnown || currentSnapshot(now.metadata)?.['parent-snapshot-id'] !== asOf) return
      for (const row of rows) values.add(key.firstOf(row))
      asOf = snapshotId(now)
      isKnown = values.size <= mostValues
      if (!isKnown) values.clear()
    },
  }
}

/** @returns whether there were not too many */
async function readValues(table: Table, key: RowKey, values: Set<string>): Promise<boolean> {
  const [first] = keyFields(tableKey(key, table), table)
  if (first === undefined) return true
  for await (const { columns, rowCount } of scanColumns(table, { columns: [first.top.name] })) {
    const partAt = keyParts(columns.get(first.top.id) ?? [], first.take)
    for (let index = 0; index < rowCount; index++) values.add(partAt(index))
    if (values.size <= mostValues) continue
    values.clear()
    return false
  }
  return true
}

function snapshotId(table: Table): Long | undefined {
  return currentSnapshot(table.metadata)?.['snapshot-id']
}
