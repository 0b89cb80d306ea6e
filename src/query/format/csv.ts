import type { QueryResult } from '../result.ts'
import { plainText } from './plain.ts'
import { cell } from './rows.ts'
import type { Write } from './write.ts'

/** CSV as RFC 4180 has it, with a header; null is nothing, empty text is `""`. */
export async function writeCsv({ columns, batches }: QueryResult, write: Write): Promise<number> {
  let rowCount = 0
  await write(line(columns.map(({ name }) => field(name))))
  for await (const batch of batches) {
    let text = ''
    for (let index = 0; index < batch.rowCount; index++) {
      text += line(
        columns.map(({ type }, position) => {
          const value = cell(batch, position, index)
          return value === null ? '' : field(plainText(value, type))
        }),
      )
    }
    await write(text)
    rowCount += batch.rowCount
  }
  return rowCount
}

function line(fields: readonly string[]): string {
  return `${fields.join(',')}\r\n`
}

/** Spaces at an end are quoted too: readers are known to drop them. */
function field(text: string): string {
  return text === '' || /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
