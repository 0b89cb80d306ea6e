import type { Row } from '../../src/iceberg/types.ts'
import { declared } from './tables.ts'

const times = new Set(declared.columns.flatMap(({ name, type }) => (type === 'timestamptz' ? name : [])))

/** A row as it lies in a spool: one line of JSON. */
export function lineOf(row: Row): string {
  const record = Object.entries(row).map(([name, cell]) => [
    name,
    times.has(name) && typeof cell === 'bigint' ? new Date(Number(cell / 1000n)).toISOString() : cell,
  ])
  return `${JSON.stringify(Object.fromEntries(record))}\n`
}
