import type { QueryResult, ResultBatch, ResultColumn, ResultValue } from '../result.ts'
import { type Plain, plain } from './plain.ts'

/** A row of a result by column name, its values as JSON has them. */
export type PlainRow = Readonly<Record<string, Plain>>

/** The rows of a result, for a program that wants to go through them. */
export async function* resultRows(result: QueryResult): AsyncGenerator<PlainRow> {
  for await (const batch of result.batches) {
    for (let index = 0; index < batch.rowCount; index++) {
      const row = Object.create(null) as Record<string, Plain>
      result.columns.forEach((column, position) => {
        row[column.name] = plain(cell(batch, position, index), column.type)
      })
      yield row
    }
  }
}

/** The rows of a batch as JSON objects; columns in their order, also where a name is a number. */
export function* jsonRows(batch: ResultBatch, columns: readonly ResultColumn[]): Generator<string> {
  const names = columns.map(column => JSON.stringify(column.name))
  for (let index = 0; index < batch.rowCount; index++) {
    const members = columns.map(
      ({ type }, position) => `${names[position]}:${JSON.stringify(plain(cell(batch, position, index), type))}`,
    )
    yield `{${members.join(',')}}`
  }
}

/** One value of a batch. */
export function cell(batch: ResultBatch, column: number, row: number): ResultValue {
  return batch.columns[column]?.[row] ?? null
}
