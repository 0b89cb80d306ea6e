import { formatResult, type ResultFormat } from '../../query/format/format.ts'
import { openQuerySession, type QuerySession } from '../../query/session.ts'
import { usageView } from '../../query/usage-view.ts'
import { builtinTable } from '../../schema/builtin.ts'
import type { CommandContext } from '../context.ts'
import { type QueryTables, queryTables } from '../query-tables.ts'
import { visible } from '../render/visible.ts'

/**
 * Runs one SELECT over the tables as they are now, and the rows on their way to
 * them. Takes no lock.
 */
export async function runQuery(context: CommandContext, sql: string, format: ResultFormat = 'table'): Promise<number> {
  const { io } = context
  const { tables, absent, notices, close } = await queryTables(context)
  try {
    const missed = tables.length === 0 ? absent[0] : absent.find(({ name }) => isNamed(name, sql))
    if (missed !== undefined) throw missed.error
    for (const { text, command } of notices) io.stderr(`${visible(text)}\nhint: ${context.pasteable(command)}\n`)
    const session = await open(tables, sql)
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
async function open(tables: QueryTables['tables'], sql: string): Promise<QuerySession> {
  const named = tables.filter(({ name }) => isNamed(name, sql))
  try {
    return await sessionOf(tables)
  } catch (error) {
    if (named.length === tables.length) throw error
    return sessionOf(named)
  }
}

function sessionOf(tables: QueryTables['tables']): Promise<QuerySession> {
  return openQuerySession({ tables: Object.fromEntries(tables.map(table => [table.name, table])) })
}

/** Whether a table can be meant: its name stands in the query, or that of the view over it. */
function isNamed(name: string, sql: string): boolean {
  const text = sql.toLowerCase()
  return text.includes(name.toLowerCase()) || (name === builtinTable && text.includes(usageView))
}
