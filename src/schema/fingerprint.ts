import { createHash } from 'node:crypto'
import type { ColumnDeclaration, Declaration, DeclaredType } from './declaration.ts'

/**
 * JSON in one spelling: keys sorted by UTF-16 code units, no white space,
 * members without a value left out. Equal values give equal texts, on every
 * machine and in every release. A bigint is printed as the number it is.
 */
export function canonicalJson(value: unknown): string {
  if (typeof value === 'bigint') return value.toString()
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  const members = value as Readonly<Record<string, unknown>>
  const names = Object.keys(members)
    .filter(name => members[name] !== undefined)
    .sort()
  return `{${names.map(name => `${JSON.stringify(name)}:${canonicalJson(members[name])}`).join(',')}}`
}

/**
 * SHA-256 in hexadecimal over everything that decides the table: its name, the
 * columns in order with type, requiredness and doc, row key, partitions and
 * sort order. A doc counts because it is written into the table's schema. Not
 * counted: the release and `since`, which are about history; `from`, which is
 * about filling rows, and the contract, which is about taking them;
 * `renamedFrom`, which says how a table gets here and may go from the file once
 * it did.
 */
export function fingerprint(declaration: Declaration): string {
  let known = fingerprints.get(declaration)
  if (known === undefined) fingerprints.set(declaration, (known = compute(declaration)))
  return known
}

/** A declaration is data that never changes, and one plan asks several times. */
const fingerprints = new WeakMap<Declaration, string>()

function compute(declaration: Declaration): string {
  const { table, columns, identifier, partitionBy, sortBy } = declaration
  const decisive = {
    table,
    columns: columns.map(decisiveColumn),
    identifier,
    partitionBy: partitionBy.map(({ column, transform }) => ({ column, transform })),
    sortBy,
  }
  return createHash('sha256').update(canonicalJson(decisive)).digest('hex')
}

/**
 * Fingerprint of the built-in part alone: what a release went out with, without the user's columns. Undefined for a
 * table that hyp does not declare.
 */
export function builtinFingerprint(declaration: Declaration): string | undefined {
  let part = builtinParts.get(declaration)
  if (part === undefined) {
    part = { ...declaration, columns: declaration.columns.filter(column => column.since !== undefined) }
    builtinParts.set(declaration, part)
  }
  return part.columns.length === 0 ? undefined : fingerprint(part)
}

const builtinParts = new WeakMap<Declaration, Declaration>()

function decisiveColumn({ name, type, required = false, doc, default: value }: ColumnDeclaration): object {
  return { name, type: decisiveType(type), required, doc, default: value }
}

function decisiveType(type: DeclaredType): unknown {
  if (typeof type === 'string') return type
  if (type.type === 'struct') return { type: 'struct', fields: type.fields.map(decisiveColumn) }
  if (type.type === 'list') {
    return { type: 'list', element: decisiveType(type.element), elementRequired: type.elementRequired ?? false }
  }
  return {
    type: 'map',
    key: decisiveType(type.key),
    value: decisiveType(type.value),
    valueRequired: type.valueRequired ?? false,
  }
}
