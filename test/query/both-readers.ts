import { expect } from 'vitest'
import type { Table } from '../../src/iceberg/catalog/catalog.ts'
import { currentSchema } from '../../src/iceberg/ids.ts'
import type { Cell, Field, Row, Type } from '../../src/iceberg/types.ts'
import type { ResultValue } from '../../src/query/result.ts'
import { whyFooters } from '../../src/query/why-footers.ts'
import { readRows } from '../support/table.ts'
import { session } from './real-table.ts'

/** The rows of a table as a query gives them, in the cells of the scanner, in the order of a column. */
export async function queriedRows(table: Table, orderBy = 'id'): Promise<Row[]> {
  const { fields } = currentSchema(table.metadata)
  const query = await session({ tables: { t: table } })
  const { batches } = await query.run(`SELECT * FROM t ORDER BY "${orderBy}"`)
  const rows: Row[] = []
  for await (const { columns, rowCount } of batches) {
    for (let index = 0; index < rowCount; index++)
      rows.push(
        rowOf(
          fields,
          columns.map(column => column[index] ?? null),
        ),
      )
  }
  return rows
}

/** The table as somebody sees it who does not know who made it. */
export function asForeign(table: Table): Table {
  const properties = Object.entries(table.metadata.properties).filter(([name]) => !name.startsWith('hyp.'))
  return { ...table, metadata: { ...table.metadata, properties: Object.fromEntries(properties) } }
}

/**
 * Holds what queries give against what the scanner reads, the files found by
 * metadata alone where that is enough, and in any case by their footers.
 * @returns the rows, and whether metadata was enough
 */
export async function expectSameRows(table: Table, orderBy = 'id'): Promise<{ rows: Row[]; byMetadata: boolean }> {
  const scanned = (await readRows(table)).sort((a, b) => Number(a[orderBy]) - Number(b[orderBy]))
  const byMetadata = whyFooters(table.metadata) === undefined
  if (byMetadata) expect(await queriedRows(table, orderBy)).toEqual(scanned)
  expect(await queriedRows(asForeign(table), orderBy)).toEqual(scanned)
  return { rows: scanned, byMetadata }
}

function rowOf(fields: readonly Field[], values: readonly ResultValue[]): Row {
  return Object.fromEntries(fields.map(({ name, type }, index) => [name, cellOf(type, values[index] ?? null)]))
}

export function cellOf(type: Type, value: ResultValue): Cell {
  // A Buffer is not equal to the bytes that it is.
  if (value instanceof Uint8Array) return new Uint8Array(value)
  if (value === null || typeof type === 'string') return value
  const items = value as readonly ResultValue[]
  if (type.type === 'struct') return rowOf(type.fields, items)
  if (type.type === 'list') return items.map(item => cellOf(type.element, item))
  return (value as readonly (readonly [ResultValue, ResultValue])[]).map(([key, mapped]) => [
    cellOf(type.key, key),
    cellOf(type.value, mapped),
  ])
}
