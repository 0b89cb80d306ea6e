import type { ShapedFile } from './file-shape.ts'
import { columnNames } from './projection.ts'
import { quotePattern, quoteText } from './quote.ts'

/*
 * Parts of queries. What a query has to know of files beside their columns
 * comes as a small relation that is joined by the file's path, so that a
 * thousand files with a value each are still one reading, and a condition on
 * the value spares the engine the other files.
 */

/** At least one. */
export type NonEmpty<Item> = readonly [Item, ...Item[]]

/** Rows of SQL texts as a relation: `(VALUES …) AS name(columns)`. */
export function valuesSql(name: string, columns: readonly string[], rows: readonly (readonly string[])[]): string {
  return `(VALUES ${rows.map(row => `(${row.join(', ')})`).join(', ')}) AS ${name}(${columns.join(', ')})`
}

/** Files of one shape as a relation of c0, c1, …; a directory that looks like a partition is no column. */
export function filesSql([first, ...others]: NonEmpty<ShapedFile>): string {
  const paths = [first, ...others].map(({ path }) => quotePattern(path))
  return `read_parquet([${paths.join(', ')}], hive_partitioning = false) AS f(${columnNames(first.shape).join(', ')})`
}

export function pathSql({ path }: ShapedFile): string {
  return quoteText(path)
}

export function sequenceSql({ entry }: ShapedFile): string {
  return `CAST(${entry.sequenceNumber} AS BIGINT)`
}

/** Groups, in the order of their first members. */
export function groupsOf<Item>(items: readonly Item[], keyOf: (item: Item) => unknown): NonEmpty<Item>[] {
  const groups = new Map<unknown, [Item, ...Item[]]>()
  for (const item of items) {
    const key = keyOf(item)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [item])
    else group.push(item)
  }
  return [...groups.values()]
}
