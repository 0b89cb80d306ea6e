import type { QueryResult } from '../result.ts'
import { jsonRows } from './rows.ts'
import type { Write } from './write.ts'

/** A JSON object on each line. */
export async function writeNdjson({ columns, batches }: QueryResult, write: Write): Promise<number> {
  let rowCount = 0
  for await (const batch of batches) {
    await write([...jsonRows(batch, columns), ''].join('\n'))
    rowCount += batch.rowCount
  }
  return rowCount
}
