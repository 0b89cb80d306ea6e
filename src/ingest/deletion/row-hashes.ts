import type { Table } from '../../iceberg/catalog/catalog.ts'
import { currentSchema } from '../../iceberg/ids.ts'
import { indexById } from '../../iceberg/schema-index.ts'
import type { LiveFiles } from '../../iceberg/snapshot.ts'
import type { Cell } from '../../iceberg/types.ts'
import { buriedHash } from '../../stores/records/kinds/tombstone.ts'
import { keyFields, keyParts, type TableKey, tableKey } from '../keys/key-fields.ts'
import { rowKey } from '../keys/row-key.ts'
import { countKeys, encodeKeys } from '../tombstones/key-set.ts'
import { lineColumns, lineTexts } from '../tombstones/other-lines.ts'
import { digestOf } from '../tombstones/tombstones.ts'
import type { Burial } from './bury.ts'
import { findRows } from './find-rows.ts'
import type { RowSelection } from './selection.ts'

/** The row key of a table as it is; undefined where its rows have none. */
export function keyOf(table: Table): TableKey | undefined {
  const schema = currentSchema(table.metadata)
  const byId = indexById(schema)
  const paths = (schema['identifier-field-ids'] ?? []).flatMap(id => byId.get(id)?.path ?? [])
  return paths.length === 0 ? undefined : tableKey(rowKey(paths), table)
}

/** The tombstone of the row keys of selected rows, and of the lines that said them. @throws as `scanColumns` */
export async function keysGrave(
  table: Table,
  live: LiveFiles,
  selection: RowSelection,
  key: TableKey,
): Promise<Burial & { readonly keys: Buffer }> {
  const fields = keyFields(key, table)
  const line = lineColumns(table.metadata, key.columns)
  const idOf = new Map(currentSchema(table.metadata).fields.map(({ name, id }) => [name, id]))
  const hashes: Buffer[] = []
  const uuid = table.metadata['table-uuid']
  await findRows(table, live, selection, {
    columns: [...fields.map(({ top }) => top.name), ...(line ?? [])],
    onRows: ({ columns, rowCount }, isSelected) => {
      const parts = fields.map(({ top, take }) => keyParts(columns.get(top.id) ?? [], take))
      const cells = (line ?? []).map(name => columns.get(idOf.get(name) as number) ?? [])
      const lineOf = (index: number): string[] => {
        const [scope, message, attributes] = cells.map((column): Cell => column[index])
        return line === undefined ? [] : lineTexts(scope, message, attributes)
      }
      for (let index = 0; index < rowCount; index++)
        if (isSelected(index))
          for (const text of [parts.map(part => part(index)).join(''), ...lineOf(index)])
            hashes.push(buriedHash(uuid, text))
    },
  })
  const keys = encodeKeys(hashes)
  return {
    what: {
      kind: 'keys',
      columns: key.columns,
      columnIds: key.ids,
      keys: countKeys(keys) as number,
      digest: digestOf(keys),
    },
    keys,
  }
}
