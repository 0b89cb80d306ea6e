import { cellText } from '../../iceberg/cell-text.ts'
import { currentSchema } from '../../iceberg/ids.ts'
import { parsePrimitive } from '../../iceberg/primitive.ts'
import { indexById, walkFields } from '../../iceberg/schema-index.ts'
import type { Cell, TableMetadata, Type } from '../../iceberg/types.ts'
import { micros } from '../../sources/time.ts'
import { type Buried, buriedHash } from '../../stores/records/kinds/tombstone.ts'
import { keyPart } from '../keys/row-key.ts'
import type { KeySet } from './key-set.ts'

/** Tells rows by the cells of some columns. */
export interface RowMatcher {
  /** Their full names in the table as it is. */
  readonly columns: readonly string[]
  /** @param takes what takes the cell of each column out of a row, whatever a row is to the caller */
  bind<Item>(takes: readonly ((row: Item) => Cell)[]): (row: Item) => boolean
}

/** A tombstone with what lies beside it. */
export interface Grave {
  readonly tableUuid: string
  readonly what: Buried
  /** Of row keys. */
  readonly keys?: KeySet | undefined
}

/**
 * What tells the rows of tombstones in a table. One matcher looks for all sessions, and one for all row keys, however
 * many there are. A tombstone whose columns the table does not have tells none.
 */
export function matchersOf(graves: readonly Grave[], metadata: TableMetadata): RowMatcher[] {
  const matchers: RowMatcher[] = []
  const sessions = new Map<string, { columns: string[]; tableUuid: string; hashes: Set<string> }>()
  for (const { tableUuid, what } of graves) {
    const columns = columnsIn(metadata, what, tableUuid)
    if (columns.length === 0) continue
    const group = JSON.stringify([tableUuid, columns])
    if (what.kind === 'session') {
      const known = sessions.get(group) ?? { columns, tableUuid, hashes: new Set() }
      known.hashes.add(what.hash)
      sessions.set(group, known)
    } else if (what.kind === 'before') {
      const matcher = beforeMatcher(columns[0] as string, what.instant, metadata)
      if (matcher !== undefined) matchers.push(matcher)
    }
  }
  for (const { columns, tableUuid, hashes } of sessions.values())
    matchers.push(sessionMatcher(columns, tableUuid, hashes))
  return [...matchers, ...buriedKeys(graves, metadata).map(keyMatcher)]
}

/** The row keys of all tombstones that are told by the same columns. */
export interface BuriedKeys {
  /** Full names in the table as it is. */
  readonly columns: readonly string[]
  /** Where the first of them has nothing, another one says what it said. */
  readonly instead: readonly string[]
  readonly has: (text: string) => boolean
}

/** The row keys of tombstones, for each table and its columns. A text is hashed once, however many tombstones there are. */
export function buriedKeys(graves: readonly Grave[], metadata: TableMetadata): BuriedKeys[] {
  const groups = new Map<string, { columns: string[]; tableUuid: string; sets: KeySet[] }>()
  for (const { tableUuid, what, keys } of graves) {
    const columns = what.kind === 'keys' ? columnsIn(metadata, what, tableUuid) : []
    if (keys === undefined || columns.length === 0) continue
    const group = JSON.stringify([tableUuid, columns])
    const known = groups.get(group) ?? { columns, tableUuid, sets: [] }
    known.sets.push(keys)
    groups.set(group, known)
  }
  const hasSession = currentSchema(metadata).fields.some(({ name }) => name === 'session_id')
  return Array.from(groups.values(), ({ columns, tableUuid, sets }) => ({
    columns,
    // A table that was made anew of a later release than 5 has there what was in `conversation_id` for Claude.
    instead: hasSession && columns[0] === 'conversation_id' ? ['session_id'] : [],
    has: text => {
      const hash = buriedHash(tableUuid, text)
      return sets.some(set => set.has(hash))
    },
  }))
}

/** The columns that a tombstone looks at, by the names they have; none where it cannot look. */
export function columnsIn(metadata: TableMetadata, what: Buried, tableUuid: string): string[] {
  const schema = currentSchema(metadata)
  const names = new Set(schema.fields.map(({ name }) => name))
  // A column keeps its id whatever it is called; in a table that was made anew it has another.
  const isSame = metadata['table-uuid'] === tableUuid
  const byId = indexById(schema)
  const nameNow = (name: string, id: number | null | undefined): string | undefined =>
    isSame && typeof id === 'number' ? byId.get(id)?.path : names.has(name) ? name : undefined
  if (what.kind === 'session') {
    const found = what.columns.flatMap((name, index) => nameNow(name, what.columnIds?.[index]) ?? [])
    // Behind a column that is never null nothing is looked for.
    const end = found.findIndex(name => schema.fields.some(field => field.name === name && field.required))
    return end === -1 ? found : found.slice(0, end + 1)
  }
  if (what.kind === 'before') {
    const now = nameNow(what.column, what.columnId)
    return now === undefined ? [] : [now]
  }
  const paths = new Set(walkFields(schema).map(({ path }) => path))
  const found = what.columns.flatMap((path, index) => {
    const now = isSame ? byId.get(what.columnIds[index] as number)?.path : path
    return now !== undefined && paths.has(now) ? [now] : []
  })
  return found.length === what.columns.length ? found : []
}

/** Rows that follow one another are mostly of one session. */
function sessionMatcher(columns: string[], tableUuid: string, hashes: ReadonlySet<string>): RowMatcher {
  return {
    columns,
    bind: takes => {
      let previous: Cell
      let was = false
      return row => {
        let cell: Cell = null
        for (const take of takes) {
          cell = take(row)
          if (cell !== null && cell !== undefined) break
        }
        if (cell === null || cell === undefined) return false
        if (cell === previous) return was
        previous = cell
        was = hashes.has(sessionHash(tableUuid, cell))
        return was
      }
    },
  }
}

/** The hash of a session, hexadecimal. */
export function sessionHash(tableUuid: string, session: Cell): string {
  // As the file will have it.
  const text =
    typeof session === 'string' ? (session as string & { toWellFormed(): string }).toWellFormed() : cellText(session)
  return buriedHash(tableUuid, text).toString('hex')
}

function keyMatcher({ columns, instead, has }: BuriedKeys): RowMatcher {
  return {
    columns: [...columns, ...instead],
    bind: takes => {
      const [first, ...others] = takes.slice(0, columns.length)
      const other = takes[columns.length]
      return row => {
        let text = keyPart(first?.(row) ?? other?.(row) ?? null)
        for (const take of others) text += keyPart(take(row))
        return has(text)
      }
    },
  }
}

function beforeMatcher(column: string, instant: string, metadata: TableMetadata): RowMatcher | undefined {
  const type = currentSchema(metadata).fields.find(({ name }) => name === column)?.type
  const limit = type === undefined ? undefined : limitOf(type, instant)
  if (limit === undefined) return undefined
  return {
    columns: [column],
    bind:
      ([take]) =>
      row => {
        const cell = take?.(row)
        return cell !== null && cell !== undefined && (cell as bigint | number) < limit
      },
  }
}

const microsPerDay = 86_400_000_000n

/**
 * An instant as the cells of a column have it; undefined for a column that holds no time. A day counts as before an
 * instant when all of it is.
 */
export function limitOf(type: Type, instant: string): bigint | number | undefined {
  const at = micros(instant)
  const kind = typeof type === 'string' ? parsePrimitive(type)?.kind : undefined
  if (at === null) return undefined
  if (kind === 'date') return Number(at / microsPerDay) - (at < 0n && at % microsPerDay !== 0n ? 1 : 0)
  if (kind === 'timestamp' || kind === 'timestamptz') return at
  return undefined
}
