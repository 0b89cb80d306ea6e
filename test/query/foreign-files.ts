import { randomUUID } from 'node:crypto'
import { ByteWriter, ParquetWriter } from 'hyparquet-writer'
import { commitAppend, prepareAppend } from '../../src/iceberg/append.ts'
import { writeFile } from '../../src/iceberg/file-io/file-io.ts'
import type { DataFile } from '../../src/iceberg/manifest/data-file.ts'
import { columnOf } from '../../src/iceberg/parquet/columns.ts'
import { parquetElements } from '../../src/iceberg/parquet/elements.ts'
import type { Cell, Field, Row } from '../../src/iceberg/types.ts'
import { context, type TestTable } from '../support/table.ts'

/*
 * Data files as other programs write them: without field ids, without the
 * columns that their directory tells, with columns of their own.
 */

export type Element = ReturnType<typeof parquetElements>[number]

export interface ForeignFile {
  /** What the file has, under the names it has there. */
  readonly fields: readonly Field[]
  readonly rows: readonly Row[]
  /** Partition values by partition field id. */
  readonly partition?: ReadonlyMap<number, Cell>
  /** Below the table's own directory. */
  readonly name?: string
  /** Changes the elements of the Parquet schema; without it field ids are left out. */
  readonly element?: (element: Element) => Element
  /** The Parquet schema and the columns as the writer takes them, in the place of `fields` and `rows`. */
  readonly raw?: { readonly schema: Element[]; readonly columns: { name: string; data: unknown[] }[] }
}

/** A file without field ids. */
export function withoutId({ field_id: _id, ...element }: Element): Element {
  return element
}

/** Adds files to a table in one commit. */
export async function addFiles(target: TestTable, files: readonly ForeignFile[]): Promise<TestTable> {
  const { catalog, table } = target
  const described: DataFile[] = []
  for (const file of files) {
    const { fields, rows, partition = new Map(), name = `data/${randomUUID()}.parquet`, element = withoutId } = file
    const { schema, columns } = file.raw ?? {
      schema: parquetElements({ type: 'struct', 'schema-id': 0, fields }).map(element),
      columns: fields.map(field => ({ name: field.name, data: columnOf(field)(rows) })),
    }
    const bytes = new ByteWriter()
    const writer = new ParquetWriter({ writer: bytes, schema, codec: 'UNCOMPRESSED' })
    await writer.write({ columnData: columns })
    await writer.finish()
    const location = `${table.metadata.location}/${name}`
    const path = table.path(location)
    await table.io.makeDirectory(path.slice(0, path.lastIndexOf('/')))
    await writeFile(table.io, path, bytes.getBytes())
    described.push({
      content: 0,
      location,
      format: 'PARQUET',
      partition,
      recordCount: rows.length,
      fileSize: bytes.getBytes().byteLength,
      columnSizes: new Map(),
      valueCounts: new Map(),
      nullValueCounts: new Map(),
      nanValueCounts: new Map(),
      lowerBounds: new Map(),
      upperBounds: new Map(),
      splitOffsets: undefined,
      equalityIds: undefined,
      sortOrderId: undefined,
    })
  }
  const prepared = await prepareAppend(table, described, context)
  return { ...target, table: await commitAppend(catalog, table, prepared, context, async (_now, _then, same) => same) }
}

/** Sets properties of a table. */
export async function setProperties(
  target: TestTable,
  properties: Readonly<Record<string, string>>,
): Promise<TestTable> {
  const { catalog, table } = target
  const updates = [{ action: 'set-properties' as const, updates: properties }]
  return { ...target, table: await catalog.commit(table, { requirements: [], updates }) }
}
