import type { Table } from '../../iceberg/catalog/catalog.ts'
import { partitionRows, rowGroups, sortRows } from '../../iceberg/data-files.ts'
import { IcebergError } from '../../iceberg/errors.ts'
import type { FileIO, OutputFile } from '../../iceberg/file-io/file-io.ts'
import { currentSchema } from '../../iceberg/ids.ts'
import { specById } from '../../iceberg/metadata.ts'
import { createDataFile } from '../../iceberg/parquet/write.ts'
import type { Row } from '../../iceberg/types.ts'
import { RowFault } from './captured-value.ts'

/** Few enough not to hold much memory. */
const rowGroupRows = 2500

/** Whether an error can come from what is in the rows, and not from the disk or the table. */
export function isOfRows(error: unknown): boolean {
  if (error instanceof IcebergError) return error.code === 'ROW_INVALID'
  return error instanceof RangeError || error instanceof TypeError
}

/**
 * Finds the rows that a data file of the table cannot hold, by their places. It
 * writes them to nowhere, in halves, until it has each that fails by itself.
 * @throws whatever is not of the rows
 */
export async function faultyRows(table: Table, rows: readonly Row[]): Promise<Map<number, RowFault>> {
  const faults = new Map<number, RowFault>()
  const search = async (from: number, to: number): Promise<void> => {
    const error = await tryRows(table, rows.slice(from, to))
    if (error === undefined) return
    if (to - from === 1) return void faults.set(from, faultOf(error))
    const middle = (from + to) >> 1
    await search(from, middle)
    await search(middle, to)
  }
  if (rows.length > 0) await search(0, rows.length)
  return faults
}

async function tryRows({ metadata }: Table, rows: readonly Row[]): Promise<unknown> {
  const schema = currentSchema(metadata)
  const order = metadata['sort-orders'].find(({ 'order-id': id }) => id === metadata['default-sort-order-id'])
  try {
    partitionRows(rows, specById(metadata, metadata['default-spec-id']), schema)
    if (order !== undefined && order.fields.length > 0) sortRows(rows, order, schema)
    const writer = await createDataFile(nowhere, 'nowhere', schema)
    for (const group of rowGroups(rows, schema, rowGroupRows)) await writer.writeRowGroup(group)
    await writer.finish()
    return undefined
  } catch (error) {
    if (!isOfRows(error)) throw error
    return error
  }
}

/** Says what is known without a word of the row: only messages of our own are sure to have none. */
function faultOf(error: unknown): RowFault {
  if (!(error instanceof IcebergError)) return new RowFault(undefined, `cannot be encoded (${(error as Error).name})`)
  const { column } = error.details
  const message = error.message.replace(/^row \d+: /, '')
  return typeof column === 'string'
    ? new RowFault(column, `cannot be written: ${message}`)
    : new RowFault(undefined, `cannot be written: ${message}`)
}

const sink: OutputFile = {
  write: async () => undefined,
  sync: async () => undefined,
  finish: async () => undefined,
  abandon: async () => undefined,
}

/** A disk that keeps nothing. */
const nowhere: Pick<FileIO, 'create' | 'remove'> = { create: async () => sink, remove: async () => undefined }
