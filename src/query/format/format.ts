import type { QueryResult } from '../result.ts'
import { writeCsv } from './csv.ts'
import { writeJson } from './json.ts'
import { writeNdjson } from './ndjson.ts'
import { writeTable } from './table.ts'
import type { Write } from './write.ts'

/** The forms a result can be written in. */
export const resultFormats = ['table', 'json', 'ndjson', 'csv', 'arrow'] as const
export type ResultFormat = (typeof resultFormats)[number]

export interface FormatOptions {
  /** Columns of the terminal that a `table` should fit; 100 when left out. */
  readonly width?: number
}

/**
 * Writes a result to its end as its rows come, holding few of them at a time,
 * and gives their number.
 * @throws HypError whatever reading the result throws; part of it has been written then
 */
export async function formatResult(
  result: QueryResult,
  format: ResultFormat,
  write: Write,
  options: FormatOptions = {},
): Promise<number> {
  switch (format) {
    case 'table':
      return writeTable(result, write, options.width)
    case 'json':
      return writeJson(result, write)
    case 'ndjson':
      return writeNdjson(result, write)
    case 'csv':
      return writeCsv(result, write)
    case 'arrow': {
      // Only who asks for it waits until it is loaded.
      const { writeArrow } = await import('./arrow.ts')
      return writeArrow(result, write)
    }
  }
}
