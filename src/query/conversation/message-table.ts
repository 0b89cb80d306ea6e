import { builtinTable } from '../../schema/builtin.ts'
import type { Price } from '../prices/price.ts'
import { quoteText } from '../quote.ts'
import { viewQueries } from '../views/catalogue.ts'
import type { ViewSource } from '../views/view.ts'
import type { SessionPlace } from './session-place.ts'

/** The built-in table as a release has it, for queries over one session. */
export interface MessageTable {
  readonly table: string
  readonly columns: ReadonlySet<string>
  readonly prices: readonly Price[]
  /** The column that holds the session. */
  readonly session: string
  /** The column that holds Codex's thread; undefined before release 6, where a thread is a session. */
  readonly thread: string | undefined
}

/** The table by the columns that it has. */
export function messageTable(columns: readonly string[], prices: readonly Price[]): MessageTable {
  const has = new Set(columns)
  const split = has.has('session_id')
  return {
    table: builtinTable,
    columns: has,
    prices,
    session: split ? 'session_id' : 'conversation_id',
    thread: split && has.has('conversation_id') ? 'conversation_id' : undefined,
  }
}

/** What the views are made of, where there are no others behind their names. */
export function viewSource({ columns, prices }: MessageTable): ViewSource {
  return { columns, prices, olderRows: true, from: name => name }
}

/** A beginning of a query under which the table's name means the rows of one session, or of some threads of it. */
export function onlyOf({ table, session, thread }: MessageTable, place: SessionPlace): string {
  const ofThread =
    place.threads === null || thread === undefined
      ? ''
      : ` AND ${thread} IN (${place.threads.map(quoteText).join(', ')})`
  return `WITH ${table} AS NOT MATERIALIZED (
  SELECT * FROM main.${table} WHERE ${session} = ${quoteText(place.session)}${ofThread}
)`
}

/** The query behind a view; under {@link onlyOf} it is that of one session. */
export function viewQuery({ columns, prices }: MessageTable, name: 'sessions'): string | undefined {
  return viewQueries([...columns], prices).get(name)
}
