import type { Price } from '../prices/price.ts'
import { filesTouchedView } from './files-touched.ts'
import { messagesView } from './messages.ts'
import { sessionsView } from './sessions.ts'
import { toolCallsView } from './tool-calls.ts'
import { usageView } from './usage.ts'
import { type View, type ViewName, viewNames } from './view.ts'

export { type View, type ViewName, viewNames } from './view.ts'

/** Every view over the built-in table. */
export const views: Readonly<Record<ViewName, View>> = {
  sessions: sessionsView,
  messages: messagesView,
  usage: usageView,
  tool_calls: toolCallsView,
  files_touched: filesTouchedView,
}

/**
 * The queries behind the views of a table with these columns, each complete by itself: a table that somebody named like
 * a view does not get into another one. A view is missing where a column that it needs is.
 */
export function viewQueries(columns: readonly string[], prices: readonly Price[]): ReadonlyMap<ViewName, string> {
  const has = new Set(columns)
  const queries = new Map<ViewName, string>()
  const isThere = ({ needs, over }: View): boolean =>
    (has.has('session_id') || has.has('conversation_id')) &&
    needs.every(name => has.has(name)) &&
    over.every(name => isThere(views[name]))
  const query = (name: ViewName): string =>
    views[name].sql({ columns: has, prices, olderRows: true, from: inner => `(\n${query(inner)}\n) AS ${inner}` })
  for (const name of viewNames) if (isThere(views[name])) queries.set(name, query(name))
  return queries
}

/** The view as other engines can make it, over the columns of a table, with those that it is made of by their names. */
export function viewForOthers(name: ViewName, columns: readonly string[], prices: readonly Price[]): string {
  const source = { columns: new Set(columns), prices, olderRows: false, from: (inner: ViewName) => inner }
  return `CREATE VIEW ${name} AS\n${views[name].sql(source)}`
}
