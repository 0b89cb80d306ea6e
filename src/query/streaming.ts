import {
  type DuckDBConnection,
  type DuckDBDataChunk,
  type DuckDBResult,
  type DuckDBType,
  ResultReturnType,
} from '@duckdb/node-api'
import { HypError } from '../errors.ts'
import { messageOf } from './engine-error.ts'
import { type Reading, readAll, readingOf } from './engine-value.ts'
import type { ResultBatch, ResultColumn } from './result.ts'
import type { Watch } from './watch.ts'

/** The rows of a result as the engine makes them, some two thousand at a time. */
export interface Streaming {
  readonly columns: readonly ResultColumn[]
  batches(): AsyncGenerator<ResultBatch>
}

/** Reads the streaming result of a query. */
export function streaming(result: DuckDBResult, sql: string, connection: DuckDBConnection, watch: Watch): Streaming {
  const types = result.columnTypes()
  const readings = types.map(readingOf)
  const names = distinct(result.columnNames())
  return {
    columns: names.map((name, index) => ({
      name,
      type: (readings[index] as Reading).type,
      sqlType: String(types[index] as DuckDBType),
    })),
    async *batches() {
      for (;;) {
        const chunk = await watch.call(() => result.fetchChunk())
        if (chunk === null || chunk.rowCount === 0) break
        yield batchOf(chunk, readings)
      }
      // A streaming result that fails on its way comes to an end like any other, only that it is no result then.
      if (result.returnType === ResultReturnType.INVALID) throw await watch.call(() => whyItFailed(connection, sql))
    },
  }
}

function batchOf(chunk: DuckDBDataChunk, readings: readonly Reading[]): ResultBatch {
  return {
    rowCount: chunk.rowCount,
    columns: readings.map((reading, index) => readAll(chunk.getColumnValues(index), reading)),
  }
}

/** The bindings do not say why a streaming result failed, so the query is run again without handing out rows. */
async function whyItFailed(connection: DuckDBConnection, sql: string): Promise<unknown> {
  try {
    await connection.run(`SELECT bit_xor(hash(r)) FROM (${sql.replace(/[;\s]+$/, '')}\n) AS r`)
  } catch (error) {
    if (!/^(?:Parser|Binder) Error/.test(messageOf(error))) return error
  }
  return new HypError('QUERY_FAILED', 'the query failed after some rows, and the engine gives no reason')
}

/** Names as they are, repeated ones with a number: `a`, `a_1`. */
function distinct(names: readonly string[]): string[] {
  const taken = new Set(names)
  const seen = new Set<string>()
  return names.map(name => {
    let unique = name
    for (let count = 1; seen.has(unique); count++) {
      unique = `${name}_${count}`
      if (taken.has(unique)) unique = name
    }
    seen.add(unique)
    return unique
  })
}
