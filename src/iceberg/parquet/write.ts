import { ByteWriter, ParquetWriter } from 'hyparquet-writer'
import { snappyCompressor } from 'hysnappy'
import type { FileIO, OutputFile } from '../file-io/file-io.ts'
import { printJson } from '../json.ts'
import type { Row, Schema } from '../types.ts'
import { columnOf } from './columns.ts'
import { parquetElements } from './elements.ts'
import { type Metrics, metricsOf } from './metrics.ts'

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
  /** Ends the file and makes its bytes durable. */
  finish(): Promise<WrittenFile>
  /** Closes and removes the file. Never throws. */
  abandon(): Promise<void>
}

let snappy: ((input: Uint8Array) => Uint8Array) | undefined

/** Creates a Parquet file of a schema: snappy, field ids on every element, the schema in its metadata. */
export async function createDataFile(
  io: Pick<FileIO, 'create' | 'remove'>,
  path: string,
  schema: Schema,
): Promise<DataFileWriter> {
  snappy ??= snappyCompressor()
  const columns = schema.fields.map(field => ({ name: field.name, take: columnOf(field) }))
  const elements = parquetElements(schema)
  const file = await io.create(path)
  // Begins with what a row group needs as a rule: growing is copying.
  const bytes = new ByteWriter(1 << 20)
  const parquet = new ParquetWriter({
    writer: bytes,
    schema: elements,
    codec: 'SNAPPY',
    compressors: { SNAPPY: snappy },
    kvMetadata: [{ key: 'iceberg.schema', value: printJson(schema) }],
    createdBy: encoder,
  })
  return {
    writeRowGroup: async rows => {
      if (rows.length === 0) return
      const columnData = columns.map(({ name, take }) => ({ name, data: take(rows) }))
      await parquet.write({ columnData, rowGroupSize: rows.length })
      await drain(bytes, file)
    },
    finish: async () => {
      await parquet.finish()
      await drain(bytes, file)
      await file.finish()
      return { recordCount: Number(parquet.num_rows), fileSize: bytes.offset, ...metricsOf(parquet.row_groups, schema) }
    },
    abandon: async () => {
      await file.abandon()
      await io.remove(path).catch(() => undefined)
    },
  }
}

/** Hands the encoder's bytes to the file and reuses its buffer. */
async function drain(bytes: ByteWriter, file: OutputFile): Promise<void> {
  await file.write(new Uint8Array(bytes.buffer, 0, bytes.index))
  bytes.index = 0
}
