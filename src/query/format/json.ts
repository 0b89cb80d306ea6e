import type { QueryResult } from '../result.ts'
import { jsonRows } from './rows.ts'
import type { Write } from './write.ts'

/** One document: `{formatVersion, columns: [{name, type}], rows: [{…}], rowCount}`, a row on a line. */
export async function writeJson({ columns, batches }: QueryResult, write: Write): Promise<number> {
  const head = columns.map(({ name, sqlType }) => JSON.stringify({ name, type: sqlType }))
  await write(`{"formatVersion":1,"columns":[${head.join(',')}],"rows":[`)
  let rowCount = 0
  for await (const batch of batches) {
    const rows = [...jsonRows(batch, columns)].join(',\n')
    await write(rowCount === 0 ? `\n${rows}` : `,\n${rows}`)
    rowCount += batch.rowCount
  }
  await write(`${rowCount === 0 ? '' : '\n'}],"rowCount":${rowCount}}\n`)
  return rowCount
}
