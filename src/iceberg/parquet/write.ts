import type { RowGroup } from 'hyparquet'
import { ByteWriter, ParquetWriter } from 'hyparquet-writer'
import { snappyCompressor } from 'hysnappy'
import type { FileIO, OutputFile } from '../file-io/file-io.ts'
import { printJson } from '../json.ts'
import type { Cell, Row, Schema } from '../types.ts'
import { cellsOf, columnOf } from './columns.ts'
import { blankHash, contentHash } from './content-hash.ts'
import { parquetElements } from './elements.ts'
import { type Metrics, metricsOf } from './metrics.ts'
import { encodingOf } from './negative-zero.ts'

/** `name version x.y.z`: parquet-mr uses statistics only of writers whose version it can read. A test holds it against package.json. */
export const encoder = 'hyparquet-writer version 0.17.0'

/** A finished data file: what a manifest needs to know of it. */
export interface WrittenFile extends Metrics {
  readonly recordCount: number
  readonly fileSize: number
}

/** Writes one Parquet file, a row group at a time; memory holds one row group. */
export interface DataFileWriter {
  /** Writes the rows as one row group. @throws IcebergError ROW_INVALID; the file is then to be abandoned */
  writeRowGroup(rows: readonly Row[]): Promise<void>
  /**
   * The same for rows that come as columns, in the order of the schema; texts of top-level columns may come as their
   * UTF-8 bytes, then all of the column in the whole file.
   * @throws IcebergError ROW_INVALID; the file is then to be abandoned
   */
  writeColumns(columns: readonly (readonly Cell[])[]): Promise<void>
  /** Bytes written so far. */
  size(): number
  /** Ends the file and makes its bytes durable, unless told otherwise. */
  finish(options?: { readonly durable: boolean }): Promise<WrittenFile>
  /** Closes and removes the file. Never throws. */
  abandon(): Promise<void>
}

let snappy: ((input: Uint8Array) => Uint8Array) | undefined

/** Creates a Parquet file of a schema: snappy, field ids on every element, the schema and the hash of the file in its metadata. */
export async function createDataFile(
  io: Pick<FileIO, 'create' | 'remove'>,
  path: string,
  schema: Schema,
): Promise<DataFileWriter> {
  snappy ??= snappyCompressor()
  const columns = schema.fields.map(field => ({
    name: field.name,
    take: columnOf(field),
    check: cellsOf(field),
    encoding: encodingOf(field),
  }))
  const elements = parquetElements(schema)
  const file = await io.create(path)
  // Begins with what a row group needs as a rule: growing is copying.
  const bytes = new ByteWriter(1 << 20)
  const parquet = new ParquetWriter({
    writer: bytes,
    schema: elements,
    codec: 'SNAPPY',
    compressors: { SNAPPY: snappy },
    kvMetadata: [{ key: 'iceberg.schema', value: printJson(schema) }, blankHash],
    createdBy: encoder,
  })
  const hash = contentHash()
  const write = async (data: readonly (readonly unknown[])[], rowCount: number): Promise<void> => {
    const columnData = columns.map(({ name, encoding }, index) => {
      const values = data[index] ?? []
      const wanted = encoding(values)
      return { name, data: values as unknown[], ...(wanted === undefined ? {} : { encoding: wanted }) }
    })
    await parquet.write({ columnData, rowGroupSize: rowCount })
    hash.add(bytes.getBytes())
    await drain(bytes, file)
  }
  return {
    writeRowGroup: async rows => {
      if (rows.length === 0) return
      await write(
        columns.map(({ take }) => take(rows)),
        rows.length,
      )
    },
    writeColumns: async given => {
      const rowCount = given[0]?.length ?? 0
      if (rowCount === 0) return
      await write(
        columns.map(({ check }, index) => check(given[index] ?? [])),
        rowCount,
      )
      const [group] = parquet.row_groups.slice(-1)
      if (group !== undefined) releaseBytes(group, schema)
    },
    size: () => bytes.offset,
    finish: async options => {
      await parquet.finish()
      hash.finish(bytes.getBytes())
      await drain(bytes, file)
      await file.finish(options)
      return { recordCount: Number(parquet.num_rows), fileSize: bytes.offset, ...metricsOf(parquet.row_groups, schema) }
    },
    abandon: async () => {
      await file.abandon()
      await io.remove(path).catch(() => undefined)
    },
  }
}

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })

/** The least and the greatest value are a view of the page that they were read from, which until then stays in memory. */
function releaseBytes({ columns }: RowGroup, schema: Schema): void {
  const texts = new Set(schema.fields.flatMap(({ name, type }) => (type === 'string' ? name : [])))
  for (const { meta_data: meta } of columns) {
    const { statistics, path_in_schema: path } = meta ?? {}
    if (statistics === undefined) continue
    const isText = path?.length === 1 && texts.has(path[0] as string)
    for (const which of ['min_value', 'max_value'] as const) {
      const value: unknown = statistics[which]
      if (value instanceof Uint8Array) statistics[which] = isText ? utf8.decode(value) : value.slice()
    }
  }
}

/** Hands the encoder's bytes to the file and reuses its buffer. */
async function drain(bytes: ByteWriter, file: OutputFile): Promise<void> {
  await file.write(new Uint8Array(bytes.buffer, 0, bytes.index))
  bytes.index = 0
}
