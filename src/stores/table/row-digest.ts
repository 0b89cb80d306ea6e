import { createHash } from 'node:crypto'
import { sanitizeAvroName } from '../../iceberg/avro/schema.ts'
import { parsePrimitive } from '../../iceberg/primitive.ts'
import type { Field } from '../../iceberg/types.ts'

/**
 * A digest over a set of rows that does not depend on their order, so that two
 * readers can be compared without holding their rows. Two equal tables have
 * equal digests; two different ones practically never do.
 */
export interface RowDigest {
  add(row: Readonly<Record<string, unknown>>): void
  readonly rows: number
  readonly value: string
}

const modulus = 1n << 128n

const comparableKinds = new Set([
  'boolean',
  'int',
  'long',
  'float',
  'double',
  'date',
  'timestamp',
  'timestamptz',
  'string',
])

/**
 * The columns that icebird gives so that they can be compared. It finds no
 * column whose name Avro would spell differently, and gives the other types in
 * forms that have lost something (test/interop/deviations.test.ts shows each).
 */
export function comparableFields(fields: readonly Field[]): Field[] {
  return fields.filter(
    ({ name, type }) =>
      typeof type === 'string' &&
      comparableKinds.has(parsePrimitive(type)?.kind ?? '') &&
      sanitizeAvroName(name) === name,
  )
}

export function rowDigest(fields: readonly Field[]): RowDigest {
  const columns = comparableFields(fields).map(field => ({ name: field.name, text: textOf(field.type as string) }))
  let sum = 0n
  let rows = 0
  return {
    add: row => {
      const texts = columns.map(({ name, text }) => {
        const cell = row[name]
        return cell === null || cell === undefined ? '-' : text(cell)
      })
      const hash = createHash('sha256').update(JSON.stringify(texts)).digest()
      sum = (sum + hash.readBigUInt64BE(0) * (1n << 64n) + hash.readBigUInt64BE(8)) % modulus
      rows++
    },
    get rows() {
      return rows
    },
    get value() {
      return sum.toString(16).padStart(32, '0')
    },
  }
}

/** One spelling for the forms that readers give: milliseconds for times, because some know no microseconds. */
function textOf(type: string): (cell: unknown) => string {
  if (type === 'timestamp' || type === 'timestamptz')
    return cell => (cell instanceof Date ? String(cell.getTime()) : String((cell as bigint) / 1000n))
  if (type === 'date') return cell => (cell instanceof Date ? String(cell.getTime() / 86_400_000) : String(cell))
  // icebird drops a byte order mark at the beginning of a text.
  return cell => `=${String(cell).replace(/^\ufeff+/, '')}`
}
