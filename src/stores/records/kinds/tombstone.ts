import { createHash } from 'node:crypto'
import { defineKind, type RawRecord, type RecordKind } from '../kind.ts'
import { countAt, listAt, objectAt, orNull, RecordMistake, textAt, timeAt, within, wordAt } from '../member.ts'

/** Rows that were deleted and are not taken again. Of what they held it has hashes only. */
export interface Tombstone {
  /** The name that the table is declared by. */
  readonly table: string
  /** The table that they were deleted from; what is hashed begins with it. */
  readonly tableUuid: string
  /** Counts the deletions of a table, from 1; `hyp.tombstones` of the table says which of them it knows of. */
  readonly generation: number
  readonly what: Buried
  /** How many rows were deleted; null until they are. */
  readonly rows: number | null
  /** RFC 3339, UTC, as everywhere here. */
  readonly createdAt: string
}

/** Which rows. */
export type Buried = BuriedRows & {
  /** Members that this version does not know. */
  readonly others?: RawRecord
}

type BuriedRows =
  | {
      readonly kind: 'session'
      /** The session of a row is in the first of these columns that the table has and that is not null. */
      readonly columns: readonly string[]
      /** Their field ids in that table, null for one that it did not have. Earlier tombstones have none. */
      readonly columnIds?: readonly (number | null)[]
      /** SHA-256 of the session, hexadecimal. */
      readonly hash: string
    }
  | {
      readonly kind: 'before'
      readonly column: string
      /** Its field id in that table. Earlier tombstones have none. */
      readonly columnId?: number
      /** Rows of this time and later are kept, and rows without one. */
      readonly instant: string
    }
  | {
      readonly kind: 'keys'
      /** Full names of the columns of the row key, and their field ids in that table. */
      readonly columns: readonly string[]
      readonly columnIds: readonly number[]
      /** How many hashes there are, of row keys and of lines. They lie beside the record, in `<id>.keys`. */
      readonly keys: number
      /** SHA-256 of that file, hexadecimal. */
      readonly digest: string
    }

export const tombstoneKind: RecordKind<Tombstone> = defineKind<Tombstone>({
  name: 'tombstone',
  version: 1,
  steps: {},
  print: ({ table, tableUuid, generation, what, rows, createdAt }) => ({
    table,
    table_uuid: tableUuid,
    generation,
    what: printBuried(what),
    rows,
    created_at: createdAt,
  }),
  parse: raw => ({
    table: textAt(raw, 'table'),
    tableUuid: textAt(raw, 'table_uuid'),
    generation: countAt(raw, 'generation'),
    what: within('what', () => parseBuried(objectAt(raw, 'what'))),
    rows: orNull(countAt, raw, 'rows'),
    createdAt: timeAt(raw, 'created_at'),
  }),
})

/** What the ids of all tombstones of a table begin with: one that cannot be read is in the way of that table only. */
export function tombstonePrefix(table: string): string {
  return `${createHash('sha256').update(table).digest('hex').slice(0, 16)}-`
}

/** A hash of a text as tombstones of a table have it. */
export function buriedHash(tableUuid: string, text: string): Buffer {
  return createHash('sha256').update(`${tableUuid}\n${text}`).digest()
}

const kinds = ['session', 'before', 'keys'] as const

function printBuried(what: Buried): RawRecord {
  const { others } = what
  if (what.kind === 'session') {
    const { kind, columns, columnIds, hash } = what
    return { kind, columns, ...(columnIds === undefined ? {} : { column_ids: columnIds }), hash, ...others }
  }
  if (what.kind === 'before') {
    const { kind, column, columnId, instant } = what
    return { kind, column, ...(columnId === undefined ? {} : { column_id: columnId }), instant, ...others }
  }
  const { kind, columns, columnIds, keys, digest } = what
  return { kind, columns, column_ids: columnIds, keys, digest, ...others }
}

function parseBuried(raw: RawRecord): Buried {
  const rows = parseRows(raw)
  const known = new Set(Object.keys(printBuried(rows)))
  const others = Object.entries(raw).filter(([member]) => !known.has(member))
  return others.length === 0 ? rows : { ...rows, others: Object.fromEntries(others) }
}

function parseRows(raw: RawRecord): BuriedRows {
  const kind = wordAt(raw, 'kind', kinds)
  if (kind === 'session') {
    const ids = raw['column_ids'] === undefined ? {} : { columnIds: idsAt(raw, 'column_ids') }
    return { kind, columns: textsAt(raw, 'columns'), ...ids, hash: textAt(raw, 'hash') }
  }
  if (kind === 'before') {
    const id = raw['column_id'] === undefined ? {} : { columnId: countAt(raw, 'column_id') }
    return { kind, column: textAt(raw, 'column'), ...id, instant: timeAt(raw, 'instant') }
  }
  const columnIds = idsAt(raw, 'column_ids').map(id => {
    if (id === null) throw new RecordMistake('has column_ids that are no list of numbers')
    return id
  })
  const columns = textsAt(raw, 'columns')
  return { kind, columns, columnIds, keys: countAt(raw, 'keys'), digest: textAt(raw, 'digest') }
}

function idsAt(raw: RawRecord, name: string): (number | null)[] {
  return listAt(raw, name).map(id => {
    if (id !== null && typeof id !== 'number') throw new RecordMistake(`has ${name} that are no list of numbers`)
    return id
  })
}

function textsAt(raw: RawRecord, name: string): string[] {
  return listAt(raw, name).map(text => {
    if (typeof text !== 'string') throw new RecordMistake(`has ${name} that are no list of texts`)
    return text
  })
}
