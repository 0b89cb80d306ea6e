import type { Table } from '../../iceberg/catalog/catalog.ts'
import { currentSchema } from '../../iceberg/ids.ts'
import { bindFilter, type KeyFilter } from '../../iceberg/key-filter.ts'
import type { ManifestEntry } from '../../iceberg/manifest/data-file.ts'
import type { ScannedColumns } from '../../iceberg/scan.ts'
import { decodeSingleValue } from '../../iceberg/single-value.ts'
import type { Field } from '../../iceberg/types.ts'
import { keyFields, tableKey } from '../keys/key-fields.ts'
import { rowKey } from '../keys/row-key.ts'
import { columnsIn, type Grave, limitOf, matchersOf, type RowMatcher } from '../tombstones/row-matcher.ts'

/** Rows of a run, with their file and their places in it. */
export type SelectedColumns = Pick<ScannedColumns, 'entry' | 'columns' | 'rowCount' | 'positionAt'>

/** Which rows of a table as it is are to go. */
export interface RowSelection {
  /** Top-level columns that it looks at. */
  readonly columns: readonly string[]
  /** Spares reading files and row groups that hold none. */
  readonly where?: KeyFilter | undefined
  /** What is known of a file without reading it. */
  readonly judge: (entry: ManifestEntry) => 'none' | 'some' | 'all'
  /** A function that says of each row of a run whether it is one of them. */
  readonly bind: (rows: SelectedColumns) => (index: number) => boolean
}

/** What tells a session where it is known, and not only its hash. */
export interface KnownSession {
  readonly session: string
}

/**
 * The rows of tombstones.
 * @param known spares looking into files that cannot have the session
 */
export function gravesSelection(table: Table, graves: readonly Grave[], known?: KnownSession): RowSelection {
  const { metadata } = table
  const matchers = matchersOf(graves, metadata)
  const bound = matchers.map(matcher => bindMatcher(matcher, table))
  const [only, ...others] = graves
  const judge = only === undefined || others.length > 0 ? undefined : judgeOf(table, only)
  const where = known === undefined ? undefined : whereOf(table, matchers, known)
  const filter = where === undefined ? undefined : bindFilter(where, metadata)
  return {
    columns: [...new Set(bound.flatMap(({ columns }) => columns))],
    where,
    judge: entry => {
      if (matchers.length === 0 || filter?.mayMatchFile(entry) === false) return 'none'
      return judge?.(entry) ?? 'some'
    },
    bind: rows => {
      const tests = bound.map(({ test }) => test(rows))
      return index => tests.some(test => test(index))
    },
  }
}

interface BoundMatcher {
  readonly columns: readonly string[]
  readonly test: (rows: SelectedColumns) => (index: number) => boolean
}

function bindMatcher(matcher: RowMatcher, table: Table): BoundMatcher {
  const fields = keyFields(tableKey(rowKey(matcher.columns), table), table)
  return {
    columns: fields.map(({ top }) => top.name),
    test: ({ columns }) =>
      matcher.bind<number>(
        fields.map(({ top, take }) => {
          const cells = columns.get(top.id) ?? []
          return take === undefined ? index => cells[index] : index => take(cells[index])
        }),
      ),
  }
}

/** Only where the session of every row is in one column of texts. */
function whereOf(
  { metadata }: Table,
  matchers: readonly RowMatcher[],
  { session }: KnownSession,
): KeyFilter | undefined {
  const [matcher, ...others] = matchers
  const [column, ...more] = matcher?.columns ?? []
  if (column === undefined || more.length > 0 || others.length > 0) return undefined
  const field = currentSchema(metadata).fields.find(({ name }) => name === column)
  return field?.type === 'string' ? { column, values: new Set([session]) } : undefined
}

/** Of times the bounds of a file tell much. */
function judgeOf({ metadata }: Table, { tableUuid, what }: Grave): RowSelection['judge'] | undefined {
  if (what.kind !== 'before') return undefined
  const [column] = columnsIn(metadata, what, tableUuid)
  const field = currentSchema(metadata).fields.find(({ name }) => name === column)
  const limit = field === undefined ? undefined : limitOf(field.type, what.instant)
  if (field === undefined || limit === undefined) return undefined
  return ({ file }) => {
    const lower = boundOf(field, file.lowerBounds)
    const upper = boundOf(field, file.upperBounds)
    if (lower !== undefined && lower >= limit) return 'none'
    const hasNone = file.nullValueCounts.get(field.id) === 0
    return upper !== undefined && upper < limit && hasNone ? 'all' : 'some'
  }
}

/** A bound of a file for a column of times, as its cells have it. */
export function boundOf({ id, type }: Field, bounds: ReadonlyMap<number, Uint8Array>): bigint | number | undefined {
  const bytes = bounds.get(id)
  return bytes === undefined || typeof type !== 'string'
    ? undefined
    : (decodeSingleValue(bytes, type) as bigint | number)
}

/** Rows by their places in files; files by their locations. */
export type RowPlaces = ReadonlyMap<string, ReadonlySet<number>>

/** Rows that somebody named by their places in the files of the table as it is. */
export function placesSelection(places: RowPlaces, table: Table): RowSelection {
  // A column has to be read for rows to be seen at all: one that costs little.
  const [first] = currentSchema(table.metadata).fields.toSorted((a, b) => weightOf(a) - weightOf(b))
  return {
    columns: first === undefined ? [] : [first.name],
    judge: ({ file }) => {
      const rows = places.get(file.location)?.size ?? 0
      return rows === 0 ? 'none' : 'some'
    },
    bind: ({ entry, positionAt }) => {
      const own = places.get(entry.file.location)
      return index => own?.has(positionAt(index)) === true
    },
  }
}

function weightOf({ type }: Field): number {
  if (typeof type !== 'string') return 3
  if (type === 'string' || type === 'binary') return 2
  return type === 'boolean' || type === 'int' ? 0 : 1
}
