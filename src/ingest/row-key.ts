import type { Table } from '../iceberg/catalog/catalog.ts'
import { cellText } from '../iceberg/cell-text.ts'
import { currentSchema } from '../iceberg/ids.ts'
import type { ManifestEntry } from '../iceberg/manifest/data-file.ts'
import { scanColumns } from '../iceberg/scan.ts'
import type { Cell, Row } from '../iceberg/types.ts'

/**
 * The row key of a table: its identifier, as one string. The first column is
 * the one the table is partitioned by, so that looking for a key in the files
 * of its partition is looking everywhere.
 */
export interface RowKey {
  readonly columns: readonly string[]
  of(row: Row): string
}

export function rowKey(columns: readonly string[]): RowKey {
  return { columns, of: row => keyText(columns.map(name => row[name])) }
}

/** Length-prefixed, so that no two keys are one text. */
function keyText(cells: readonly Cell[]): string {
  let key = ''
  for (const cell of cells) {
    const text = cellText(cell)
    key += `${text.length}:${text}`
  }
  return key
}

/** The first row of every key, in order, and how many others there were. */
export function firstOfEachKey(
  rows: readonly Row[],
  key: RowKey,
): { readonly rows: ReadonlyMap<string, Row>; readonly duplicates: number } {
  const first = new Map<string, Row>()
  for (const row of rows) {
    const text = key.of(row)
    if (!first.has(text)) first.set(text, row)
  }
  return { rows: first, duplicates: rows.length - first.size }
}

/**
 * The keys that are stored already. Reads only the key columns, and only of
 * files and row groups that can hold one of the wanted values of the first key
 * column. Memory grows with the candidates, not with the table.
 * @param files look only into these files of the table
 */
export async function storedKeys(
  table: Table,
  candidates: ReadonlyMap<string, Row>,
  key: RowKey,
  files?: readonly ManifestEntry[],
): Promise<Set<string>> {
  const stored = new Set<string>()
  const [partitioned] = key.columns
  if (candidates.size === 0 || partitioned === undefined) return stored
  const values = new Set(Array.from(candidates.values(), row => row[partitioned] as NonNullable<Cell>))
  const ids = key.columns.map(
    name => currentSchema(table.metadata).fields.find(field => field.name === name)?.id as number,
  )
  const scan = scanColumns(table, {
    columns: key.columns,
    where: { column: partitioned, values },
    ...(files === undefined ? {} : { files }),
  })
  for await (const { columns, rowCount, keep } of scan) {
    const cells = ids.map(id => columns.get(id) ?? [])
    for (let index = 0; index < rowCount; index++) {
      if (!keep(index)) continue
      const text = keyText(cells.map(column => column[index]))
      if (candidates.has(text)) stored.add(text)
    }
  }
  return stored
}
