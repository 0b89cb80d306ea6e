import type { Table } from '../../iceberg/catalog/catalog.ts'
import type { ManifestEntry } from '../../iceberg/manifest/data-file.ts'
import { primitiveCell } from '../../iceberg/parquet/columns.ts'
import { type ScanOptions, visitColumns } from '../../iceberg/scan.ts'
import type { Cell, Row } from '../../iceberg/types.ts'
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
  const heads = fields.slice(0, -1)
  const wanted = wantedKeys(candidates, heads, last)
  const options: ScanOptions = {
    columns: fields.map(({ top }) => top.name),
    ...whereOf(fields, candidates),
    // Without a filter it is not looked at.
    texts: { column: last.top.name, among: wanted.lasts as readonly string[] },
    ...(files === undefined ? {} : { files }),
  }
  await visitColumns(table, options, ({ columns, rowCount }) => {
    const parts = heads.map(({ top, take }) => keyParts(columns.get(top.id) ?? [], take))
    const cells = columns.get(last.top.id) ?? []
    for (let index = 0; index < rowCount; index++) {
      const cell = cells[index]
      if (cell === null) continue
      let head = ''
      for (const part of parts) head += part(index)
      const found = wanted.byHead.get(head)?.get(comparable(last.take === undefined ? cell : last.take(cell)))
      if (found !== undefined) stored.add(found)
    }
  })
  return stored
}

/** The keys that are looked for, as they are found fast. */
interface WantedKeys {
  /** By all parts but the last as one text, then by the last cell. */
  readonly byHead: ReadonlyMap<string, ReadonlyMap<Cell, string>>
  readonly lasts: readonly Cell[]
}

function wantedKeys(candidates: ReadonlyMap<string, Row>, heads: readonly KeyField[], last: KeyField): WantedKeys {
  const byHead = new Map<string, Map<Cell, string>>()
  const lasts: Cell[] = []
  const takeHeads = heads.map(({ path }) => cellAt(path))
  const takeLast = cellAt(last.path)
  const check = primitiveCell(last.type, last.path)
  let previous = ''
  let group: Map<Cell, string> | undefined
  for (const [text, row] of candidates) {
    let head = ''
    for (const take of takeHeads) head += keyPart(take(row))
    if (group === undefined || head !== previous) {
      group = byHead.get(head)
      if (group === undefined) byHead.set(head, (group = new Map()))
      previous = head
    }
    const cell = check(takeLast(row))
    group.set(comparable(cell), text)
    lasts.push(cell)
  }
  return { byHead, lasts }
}

/** Bytes are not equal to other bytes in a Map. */
function comparable(cell: Cell): Cell {
  return cell instanceof Uint8Array ? keyPart(cell) : cell
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
