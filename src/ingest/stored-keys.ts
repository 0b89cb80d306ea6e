import type { Table } from '../iceberg/catalog/catalog.ts'
import type { ManifestEntry } from '../iceberg/manifest/data-file.ts'
import { primitiveCell } from '../iceberg/parquet/columns.ts'
import { type ScanOptions, visitColumns } from '../iceberg/scan.ts'
import type { Cell, Row } from '../iceberg/types.ts'
import { type KeyField, keyFields, keyParts, type TableKey } from './key-fields.ts'
import { cellAt, keyPart } from './row-key.ts'

/**
 * The keys that are stored already. Reads only the key columns, and only of
 * files and row groups that can hold one of the wanted values of the first key
 * column; of rows with such a value the last key column decides which get a
 * text. Memory grows with the candidates, not with the table.
 * @param table the key's table, now or later
 * @param files look only into these files of the table
 * @throws IcebergError ROW_INVALID for a key that the table cannot hold, and as `scanColumns`
 */
export async function storedKeys(
  table: Table,
  candidates: ReadonlyMap<string, Row>,
  key: TableKey,
  files?: readonly ManifestEntry[],
): Promise<Set<string>> {
  const stored = new Set<string>()
  const fields = keyFields(key, table)
  const last = fields.at(-1)
  if (candidates.size === 0 || last === undefined) return stored
  const lasts = valuesOf(last, candidates)
  const options: ScanOptions = {
    columns: fields.map(({ top }) => top.name),
    ...whereOf(fields, candidates),
    // Without a filter it is not looked at.
    texts: { column: last.top.name, among: lasts as ReadonlySet<string> },
    ...(files === undefined ? {} : { files }),
  }
  await visitColumns(table, options, ({ columns, rowCount }) => {
    const heads = fields.slice(0, -1).map(({ top, take }) => keyParts(columns.get(top.id) ?? [], take))
    const cells = columns.get(last.top.id) ?? []
    for (let index = 0; index < rowCount; index++) {
      const cell = cells[index]
      if (cell === null) continue
      const tail = last.take === undefined ? cell : last.take(cell)
      // Bytes are not equal to other bytes in a Set.
      if (!(lasts.has(tail) || tail instanceof Uint8Array)) continue
      let text = ''
      for (const head of heads) text += head(index)
      text += keyPart(tail)
      if (candidates.has(text)) stored.add(text)
    }
  })
  return stored
}

/** The first key column that rows can be filtered by, with its values; none where all are in structs or are bytes. */
function whereOf(fields: readonly KeyField[], candidates: ReadonlyMap<string, Row>): Pick<ScanOptions, 'where'> {
  const field = fields.find(({ take, type }) => take === undefined && !/^(?:binary|fixed)/.test(type))
  if (field === undefined) return {}
  const values = valuesOf(field, candidates) as ReadonlySet<NonNullable<Cell>>
  return { where: { column: field.top.name, values } }
}

/** The values that rows have in a key column, in the form that a file gives them in. */
function valuesOf({ type, path }: KeyField, candidates: ReadonlyMap<string, Row>): Set<Cell> {
  const check = primitiveCell(type, path)
  const take = cellAt(path)
  const values = new Set<Cell>()
  let previous: Cell
  for (const row of candidates.values()) {
    const cell = take(row)
    if (cell !== previous || values.size === 0) values.add(check(cell))
    previous = cell
  }
  return values
}
