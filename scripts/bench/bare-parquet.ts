import { closeSync, openSync, writeSync } from 'node:fs'
import { ByteWriter, ParquetWriter } from 'hyparquet-writer'
import { snappyCompressor } from 'hysnappy'
import { parquetElements } from '../../src/iceberg/parquet/elements.ts'
import type { Row, Schema } from '../../src/iceberg/types.ts'

let snappy: ((input: Uint8Array) => Uint8Array) | undefined

/**
 * Rows as one Parquet file by hyparquet-writer and nothing else: no checks, no
 * partitions, no order, no statistics of ours, no fsync.
 */
export function writeBare(path: string, rows: readonly Row[], schema: Schema, rowGroupRows: number): void {
  snappy ??= snappyCompressor()
  const file = openSync(path, 'w')
  const bytes = new ByteWriter()
  const drain = (): void => {
    writeSync(file, new Uint8Array(bytes.buffer, 0, bytes.index))
    bytes.index = 0
  }
  const parquet = new ParquetWriter({
    writer: bytes,
    schema: parquetElements(schema),
    codec: 'SNAPPY',
    compressors: { SNAPPY: snappy },
  })
  for (let start = 0; start < rows.length; start += rowGroupRows) {
    const group = rows.slice(start, start + rowGroupRows)
    const columnData = schema.fields.map(({ name, type }) => ({
      name,
      data:
        type === 'long'
          ? group.map(row => (typeof row[name] === 'number' ? BigInt(row[name]) : (row[name] ?? null)))
          : group.map(row => row[name] ?? null),
    }))
    void parquet.write({ columnData, rowGroupSize: group.length })
    drain()
  }
  void parquet.finish()
  drain()
  closeSync(file)
}
