import type { Table } from '../catalog/catalog.ts'
import { applicableDeletes } from '../deletes/applicable.ts'
import type { EqualityDeletes } from '../deletes/equality.ts'
import { readDeletedPositions } from '../deletes/positions.ts'
import type { ManifestEntry } from '../manifest/data-file.ts'
import { specById } from '../metadata.ts'
import { openBatchFile } from '../open-file.ts'
import type { KnownSchemas } from '../parquet/outline.ts'
import type { ColumnBatch } from '../parquet/read.ts'
import { absentValues } from '../projection.ts'
import type { Cell, Field } from '../types.ts'
import type { RowOrder } from './order.ts'

/** Rows that are left out. */
export interface RowsToDrop {
  /** The columns that it looks at; members of structs come with their column. */
  readonly columns: readonly string[]
  /** A function that says of a row of a batch whether it is left out. */
  bind(batch: DropBatch): (index: number) => boolean
}

export interface DropBatch {
  readonly entry: ManifestEntry
  /** By field id. */
  readonly columns: ReadonlyMap<number, readonly Cell[]>
  readonly rowCount: number
  /** The place of a row in its file. */
  readonly positionAt: (index: number) => number
}

/** Rows [from, to) of a data file. */
export interface Part {
  readonly entry: ManifestEntry
  /** Of equal rows those of the part with the lower number come first. */
  readonly number: number
  readonly from: number
  readonly to: number
  /** No row of it comes before this value of the first sort key; undefined: nobody knows. */
  readonly start: Cell
}

/** Rows in memory, in their order. */
export interface Batch {
  readonly columns: readonly (readonly Cell[])[]
  /** Values of the sort keys. */
  readonly keys: readonly (readonly Cell[])[]
  /** Places in the columns of the rows that are left, in order. */
  readonly rows: Int32Array
  readonly rowStart: number
  readonly rowCount: number
  /** Rows that `drop` wanted to be left out. */
  readonly dropped: number
}

/** What all parts of one rewriting have in common. */
export interface PartContext {
  readonly table: Table
  readonly fields: readonly Field[]
  readonly order: RowOrder
  readonly deletes: readonly ManifestEntry[]
  readonly equality: (entries: readonly ManifestEntry[]) => Promise<EqualityDeletes>
  readonly drop: RowsToDrop | undefined
  readonly dropFields: readonly Field[]
  /** Bytes that the rows of one batch may take. */
  readonly batchBytes: number
  readonly known: KnownSchemas
}

/** A part that is being read. */
export interface OpenPart {
  readonly part: Part
  /** What a row and a batch of it take in memory, in bytes, about. */
  readonly rowBytes: number
  readonly bytes: number
  /** The most rows of a batch. */
  readonly atMost: number
  /** The next rows that are left; undefined at the end, and then it is closed. */
  next(): Promise<Batch | undefined>
  close(): Promise<void>
}

/** @throws IcebergError as `openDataFile` and `readDeletedPositions` */
export async function openPart(part: Part, context: PartContext): Promise<OpenPart> {
  const { table, fields, order, dropFields, batchBytes } = context
  const { entry } = part
  const { file, close } = await openBatchFile(table, entry, context.known)
  try {
    const { position, equality } = applicableDeletes(entry, context.deletes, table.metadata['partition-specs'])
    const positions =
      position.length === 0
        ? undefined
        : await readDeletedPositions(table, position, entry.file.location, file.rowCount)
    const equal = equality.length === 0 ? undefined : await context.equality(equality)
    const keyFields = order.keys.flatMap(({ beside }) => beside ?? [])
    const whole = file.groupRows * file.rowBytes <= batchBytes
    const atMost = Math.max(1, whole ? file.groupRows : Math.floor(batchBytes / file.rowBytes))
    const to = Math.min(part.to, file.rowCount)
    const batches = file.read(fields, {
      absent: absentValues(entry, specById(table.metadata, entry.specId)),
      beside: [...keyFields, ...dropFields, ...(equal?.fields ?? [])],
      rows: { from: part.from, to, atMost },
    })
    return {
      part,
      rowBytes: file.rowBytes,
      bytes: Math.min(to - part.from, atMost) * file.rowBytes,
      atMost,
      close: async () => {
        await batches.return(undefined)
        await close()
      },
      next: async () => {
        for (;;) {
          const { value: read } = await batches.next()
          // What has been read to the end is not kept in memory until the last of its rows is written.
          if (read === undefined || read.rowStart + read.rowCount >= to) {
            await batches.return(undefined)
            await close()
          }
          if (read === undefined) return undefined
          const batch = batchOf(read)
          if (batch.rows.length > 0 || batch.dropped > 0) return batch
        }
      },
    }

    function batchOf(read: ColumnBatch): Batch {
      const { rowStart, rowCount, beside } = read
      const columns = fields.map(({ id }) => read.columns.get(id) as readonly Cell[])
      const ofEqual = beside.slice(keyFields.length + dropFields.length)
      const isDropped = context.drop?.bind({
        entry,
        columns: new Map(dropFields.map(({ id }, index) => [id, beside[keyFields.length + index] as readonly Cell[]])),
        rowCount,
        positionAt: index => rowStart + index,
      })
      const left = new Int32Array(rowCount)
      let count = 0
      let dropped = 0
      for (let index = 0; index < rowCount; index++) {
        if (positions?.has(rowStart + index) === true || equal?.isDeleted(ofEqual, index) === true) continue
        if (isDropped?.(index) === true) dropped++
        else left[count++] = index
      }
      let besides = 0
      const keys = order.keys.map(({ beside: field, id, keyOf }) =>
        field === undefined ? (read.columns.get(id) ?? []) : (beside[besides++] ?? []).map(keyOf),
      )
      const rows = inOrder(left.subarray(0, count), keys, order)
      return { columns, keys, rows, rowStart, rowCount, dropped }
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** Compares two rows by their keys. */
export function compareRows(order: RowOrder, a: Batch['keys'], rowA: number, b: Batch['keys'], rowB: number): number {
  const { keys } = order
  for (let index = 0; index < keys.length; index++) {
    const difference = (keys[index] as RowOrder['keys'][number]).compare(a[index]?.[rowA], b[index]?.[rowB])
    if (difference !== 0) return difference
  }
  return 0
}

/** The rows as they are where they are in order, which those of our files are. */
function inOrder(rows: Int32Array, keys: Batch['keys'], order: RowOrder): Int32Array {
  if (keys.length === 0) return rows
  for (let at = 1; at < rows.length; at++) {
    if (compareRows(order, keys, rows[at - 1] as number, keys, rows[at] as number) > 0)
      return rows.toSorted((a, b) => compareRows(order, keys, a, keys, b) || a - b)
  }
  return rows
}
