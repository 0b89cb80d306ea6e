import type { Table } from '../../iceberg/catalog/catalog.ts'
import type { ManifestEntry } from '../../iceberg/manifest/data-file.ts'
import { visitColumns } from '../../iceberg/scan.ts'
import type { LiveFiles } from '../../iceberg/snapshot.ts'
import type { RowSelection, SelectedColumns } from './selection.ts'

/** A file that holds selected rows. */
export interface HitFile {
  readonly entry: ManifestEntry
  readonly rows: number
}

/** Told of each run of rows that holds selected ones. */
export type OnRows = (rows: SelectedColumns, isSelected: (index: number) => boolean) => void

export interface FindOptions {
  /** Top-level columns that `onRows` looks at besides. */
  readonly columns?: readonly string[]
  /** With it every file is read that may hold a selected row. */
  readonly onRows?: OnRows
}

/**
 * Looks for the selected rows among the live ones of a table: reads no more than the columns that tell them, and no file
 * of which the manifests say enough. The files come in the order of the manifests.
 * @throws as `scanColumns`
 */
export async function findRows(
  table: Table,
  live: LiveFiles,
  selection: RowSelection,
  { columns = [], onRows }: FindOptions = {},
): Promise<HitFile[]> {
  const found = new Map<string, number>()
  const unread: ManifestEntry[] = []
  for (const entry of live.data) {
    const verdict = selection.judge(entry)
    if (verdict === 'all' && live.deletes.length === 0 && onRows === undefined)
      found.set(entry.file.location, entry.file.recordCount)
    else if (verdict !== 'none') unread.push(entry)
  }
  if (unread.length > 0) {
    const options = {
      columns: [...selection.columns, ...columns],
      files: unread,
      ...(selection.where === undefined ? {} : { where: selection.where }),
    }
    await visitColumns(table, options, rows => {
      const isSelected = selection.bind(rows)
      let count = 0
      for (let index = 0; index < rows.rowCount; index++) if (isSelected(index)) count++
      if (count === 0) return
      const { location } = rows.entry.file
      found.set(location, (found.get(location) ?? 0) + count)
      onRows?.(rows, isSelected)
    })
  }
  return live.data.flatMap(entry => {
    const rows = found.get(entry.file.location)
    return rows === undefined ? [] : [{ entry, rows }]
  })
}
