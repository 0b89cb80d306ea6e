import type { AppendContext } from '../../iceberg/append.ts'
import type { Catalog, Table } from '../../iceberg/catalog/catalog.ts'
import { IcebergError } from '../../iceberg/errors.ts'
import type { Row } from '../../iceberg/types.ts'
import type { Declaration } from '../../schema/declaration.ts'
import { isAnother } from '../another-table.ts'
import { faultyRows, isOfRows } from '../flush/faulty-rows.ts'
import { type Appended, appendOnce } from '../keys/append-once.ts'
import { type FirstKeys, readFirstKeys } from '../keys/first-keys.ts'
import { rowKey } from '../keys/row-key.ts'
import type { ReadTombstones } from '../tombstones/tombstones.ts'
import { firstLines } from './first-lines.ts'
import { faultsOf, noneTaken, type RowSink } from './row-sink.ts'

export interface TableSinkOptions {
  readonly catalog: Catalog
  /** The table that rows are made for. */
  readonly begun: Pick<Table, 'metadata'>
  readonly declaration: Declaration
  /** What was deleted from the table and does not come back; without it everything is taken. */
  readonly tombstones?: ReadTombstones | undefined
  readonly context: AppendContext
}

/** The table itself: each batch is one commit, and each row key is in the table once. Rows that it cannot hold are left out. */
export function tableSink({ catalog, begun, declaration, tombstones, context }: TableSinkOptions): RowSink {
  const key = rowKey(declaration.identifier)
  const lines = firstLines(declaration, key)
  let known: FirstKeys | undefined
  return {
    take: async batch => {
      const base = await catalog.load()
      check(base)
      const firstKeys = (known ??= await readFirstKeys(base, key))
      await firstKeys.follow(base)
      const faults = new Map<number, string>()
      const { rows, duplicates, deleted } = await append(base, batch.rows, firstKeys, faults)
      return {
        ...noneTaken,
        rows,
        duplicates,
        deleted,
        refused: faults.size,
        commits: rows > 0 ? 1 : 0,
        faults: faultsOf(batch, faults),
      }
    },
  }

  /** Under another schema values would have no column, and the row keys would keep them out for ever. */
  function check(now: Table): void {
    if (isAnother(begun, now))
      throw new IcebergError('COMMIT_CONFLICT', 'the table was changed while a history was read for it as it was')
  }

  /** @param faults where rows that the table cannot hold are noted */
  async function append(
    base: Table,
    rows: readonly Row[],
    firstKeys: FirstKeys,
    faults: Map<number, string>,
  ): Promise<Appended> {
    try {
      return await appendFirst(base, rows, firstKeys)
    } catch (error) {
      if (!isOfRows(error)) throw error
      const found = await faultyRows(base, rows)
      if (found.size === 0) throw error
      for (const [row, { message }] of found) faults.set(row, message)
      const sound = rows.filter((_row, index) => !found.has(index))
      return appendFirst(base, sound, firstKeys)
    }
  }

  async function appendFirst(base: Table, rows: readonly Row[], firstKeys: FirstKeys): Promise<Appended> {
    const first = lines?.among(rows) ?? rows
    const appended = await appendOnce(catalog, base, first, key, context, {
      firstKeys,
      leftOut: lines?.leftOut,
      tombstones,
      check,
    })
    return { ...appended, duplicates: appended.duplicates + rows.length - first.length }
  }
}
