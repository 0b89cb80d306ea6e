import { randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import type { SchemaElement } from 'hyparquet'
import { ByteWriter, ParquetWriter } from 'hyparquet-writer'
import { commitAppend, prepareAppend } from '../../src/iceberg/append.ts'
import { type DataFile, fileContent } from '../../src/iceberg/manifest/data-file.ts'
import type { Cell } from '../../src/iceberg/types.ts'
import { context, type TestTable } from './table.ts'

/*
 * Parquet files as other writers make them: without field ids, with lists and
 * maps of old forms, with annotations that the product never writes.
 */

/** A file: its elements after the root, and the values of its columns. */
export interface ParquetContent {
  readonly elements: readonly SchemaElement[]
  readonly columns: Readonly<Record<string, readonly unknown[]>>
  /**
   * What the footer says instead of `elements`. Levels and bytes of the pages stay, so that it has to be the same in
   * another spelling: a required element of a three-level list is the repeated node of a two-level one.
   */
  readonly footer?: readonly SchemaElement[]
}

export function parquetBytes({ elements, columns, footer }: ParquetContent): Uint8Array {
  const bytes = new ByteWriter()
  const root = (count: number): SchemaElement => ({ name: 'schema', num_children: count })
  const topLevel = (list: readonly SchemaElement[]): number => {
    let count = 0
    for (let index = 0; index < list.length; index = after(list, index)) count++
    return count
  }
  const parquet = new ParquetWriter({
    writer: bytes,
    schema: [root(topLevel(elements)), ...elements],
    codec: 'UNCOMPRESSED',
    statistics: footer === undefined,
  })
  void parquet.write({ columnData: Object.entries(columns).map(([name, data]) => ({ name, data: [...data] })) })
  if (footer !== undefined) {
    parquet.schema = [root(topLevel(footer)), ...footer]
    const paths = leaves(footer)
    for (const group of parquet.row_groups) {
      for (const [index, { meta_data: meta }] of group.columns.entries()) {
        const leaf = paths[index]
        if (meta === undefined || leaf === undefined) continue
        meta.path_in_schema = [...leaf.path]
        meta.type = leaf.type as NonNullable<typeof leaf.type>
      }
    }
  }
  void parquet.finish()
  return bytes.getBytes()
}

/** The index behind an element and all below it. */
function after(elements: readonly SchemaElement[], index: number): number {
  let next = index + 1
  for (let child = elements[index]?.num_children ?? 0; child > 0; child--) next = after(elements, next)
  return next
}

function leaves(elements: readonly SchemaElement[]): { path: string[]; type: SchemaElement['type'] }[] {
  const found: { path: string[]; type: SchemaElement['type'] }[] = []
  const visit = (index: number, parents: readonly string[]): number => {
    const element = elements[index] as SchemaElement
    const path = [...parents, element.name]
    let next = index + 1
    if (element.num_children === undefined) found.push({ path, type: element.type })
    for (let child = element.num_children ?? 0; child > 0; child--) next = visit(next, path)
    return next
  }
  for (let index = 0; index < elements.length; ) index = visit(index, [])
  return found
}

/** Appends a file of another writer to a table, in one commit; nothing is known of its columns. */
export async function addFile(
  target: TestTable,
  content: ParquetContent,
  partition: ReadonlyMap<number, Cell> = new Map(),
  change: (file: DataFile) => DataFile = file => file,
): Promise<TestTable> {
  const { catalog, table } = target
  const location = `${table.metadata.location}/data/${randomUUID()}-foreign.parquet`
  const bytes = parquetBytes(content)
  await writeFile(table.path(location), bytes)
  const none = new Map<number, never>()
  const file: DataFile = {
    content: fileContent.data,
    location,
    format: 'PARQUET',
    partition,
    recordCount: Object.values(content.columns)[0]?.length ?? 0,
    fileSize: bytes.byteLength,
    columnSizes: none,
    valueCounts: none,
    nullValueCounts: none,
    nanValueCounts: none,
    lowerBounds: none,
    upperBounds: none,
    splitOffsets: undefined,
    equalityIds: undefined,
    sortOrderId: undefined,
  }
  const prepared = await prepareAppend(table, [change(file)], context)
  const committed = await commitAppend(catalog, table, prepared, context, async (_fresh, _stale, again) => again)
  return { ...target, table: committed }
}
