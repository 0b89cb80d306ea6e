import { formatResult, type ResultFormat } from '../../query/format/format.ts'
import type { Price } from '../../query/prices/price.ts'
import { openQuerySession, type QuerySession } from '../../query/session.ts'
import { type ViewName, viewNames } from '../../query/views/catalogue.ts'
import { builtinTable } from '../../schema/builtin.ts'
import type { CommandContext } from '../context.ts'
import { loadPrices } from '../prices.ts'
import { type QueryTables, queryTables } from '../query-tables.ts'
import { visible } from '../render/visible.ts'

const pricedViews: readonly ViewName[] = ['usage', 'sessions']

/**
 * Runs one SELECT over the tables as they are now, and the rows on their way to
 * them. Takes no lock.
 */
export async function runQuery(context: CommandContext, sql: string, format: ResultFormat = 'table'): Promise<number> {
  const { io, home } = context
  // A mistake among the prices keeps nobody from what has nothing to do with them.
  const prices = pricedViews.some(view => sql.toLowerCase().includes(view)) ? await loadPrices(home) : []
  const { tables, absent, notices, close } = await queryTables(context)
  try {
    const missed = tables.length === 0 ? absent[0] : absent.find(({ name }) => isNamed(name, sql))
    if (missed !== undefined) throw missed.error
    for (const { text, command } of notices) io.stderr(`${visible(text)}\nhint: ${context.pasteable(command)}\n`)
    const session = await open(tables, sql, prices)
    try {
      const result = await session.run(sql, { signal: io.signal })
      await formatResult(result, format, io.stdout, { width: io.columns })
      return 0
    } finally {
      await session.close()
    }
  } finally {
    await close()
  }
}

/** Opens all tables, so that they are listed; where one of them cannot be read, those that the query names. */
async function open(tables: QueryTables['tables'], sql: string, prices: readonly Price[]): Promise<QuerySession> {
  const named = tables.filter(({ name }) => isNamed(name, sql))
  try {
    return await sessionOf(tables, prices)
  } catch (error) {
    if (named.length === tables.length) throw error
    return sessionOf(named, prices)
  }
}

function sessionOf(tables: QueryTables['tables'], prices: readonly Price[]): Promise<QuerySession> {
  return openQuerySession({ tables: Object.fromEntries(tables.map(table => [table.name, table])), prices })
}

/** Whether a table can be meant: its name stands in the query, or that of a view over it. */
function isNamed(name: string, sql: string): boolean {
  const text = sql.toLowerCase()
  return text.includes(name.toLowerCase()) || (name === builtinTable && viewNames.some(view => text.includes(view)))
}
