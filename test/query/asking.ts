import { formatResult, type ResultFormat } from '../../src/query/format/format.ts'
import { type PlainRow, resultRows } from '../../src/query/format/rows.ts'
import { openQuerySession, type QuerySession } from '../../src/query/session.ts'

/** All rows of a query. */
export async function rowsOf(session: QuerySession, sql: string): Promise<PlainRow[]> {
  const rows: PlainRow[] = []
  for await (const row of resultRows(await session.run(sql))) rows.push({ ...row })
  return rows
}

/** What a query over no tables is written as. */
export async function formatted(sql: string, format: ResultFormat, width?: number): Promise<string> {
  const session = await openQuerySession({ tables: {} })
  try {
    let text = ''
    const options = width === undefined ? {} : { width }
    await formatResult(await session.run(sql), format, piece => void (text += String(piece)), options)
    return text
  } finally {
    await session.close()
  }
}

/** The error that something ends with; none is a failure of its own. */
export async function errorOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => new Error('nothing was thrown'),
    (error: unknown) => error,
  )
}
