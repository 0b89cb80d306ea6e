import { formatResult, type ResultFormat } from '../../query/format/format.ts'
import { openQuerySession } from '../../query/session.ts'
import { builtinTable } from '../../schema/builtin.ts'
import { openCatalog } from '../../stores/table/catalog.ts'
import type { CommandContext } from '../context.ts'

/** Runs one SELECT over the table as it is now. Takes no lock. */
export async function runQuery(context: CommandContext, sql: string, format: ResultFormat = 'table'): Promise<number> {
  const { io } = context
  const table = await openCatalog(context.home, builtinTable).load()
  const session = await openQuerySession({ tables: { [builtinTable]: table } })
  try {
    const result = await session.run(sql, { signal: io.signal })
    await formatResult(result, format, io.stdout, { width: io.columns })
    return 0
  } finally {
    await session.close()
  }
}
