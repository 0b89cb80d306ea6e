import type { Row } from '../iceberg/types.ts'
import type {
  CapturedRow,
  HistoryFile,
  MalformedLine,
  ReadCounts,
  ReadPoint,
  SourceReader,
  Unreadable,
} from '../sources/source.ts'
import { isInRange, type TimeRange } from './backfill/time-range.ts'
import type { RowShaper } from './rows.ts'

/** How files become rows of a table. */
export interface FileReading {
  readonly reader: SourceReader
  readonly shaper: RowShaper
  /** Only messages of this time. */
  readonly range?: TimeRange | undefined
}

export interface ReadFileOptions {
  readonly signal?: AbortSignal | undefined
  /** Where an earlier reading of the file ended; its beginning where left out. */
  readonly from?: ReadPoint | undefined
  /** Default 64 MiB. */
  readonly maxLineBytes?: number | undefined
  /** Takes the rows of a line, with what was counted so far; what it promises is waited for. */
  readonly take: (rows: readonly Row[], counts: Readonly<ReadCounts>) => void | Promise<void>
  /** Told after each line that gave rows, with what was counted so far. */
  readonly onLine?: (counts: Readonly<ReadCounts>) => void | Promise<void>
}

/** What reading a file came to: `lines = linesWithRows + Σ skipped`. */
export interface FileOutcome {
  readonly lines: number
  readonly linesWithRows: number
  /** Bytes that were read. */
  readonly bytes: number
  /** Rows that were handed over. */
  readonly rows: number
  readonly skipped: ReadCounts['skipped']
  /** The first of the lines that are damaged. */
  readonly malformed: readonly MalformedLine[]
  readonly unreadable: readonly Unreadable[]
  /** Where reading on begins. */
  readonly end: ReadPoint | undefined
  /** All rows that can be had of the file as it is were handed over: it need not be read again while it stays so. */
  readonly isWhole: boolean
  /** Threads whose files are not there, and would say more of this one. */
  readonly waitsFor: readonly string[]
}

/**
 * Reads a file to its end, and hands over its rows as those of the table.
 * What cannot be read is told in the outcome: only `take` and the signal make it throw.
 *
 * @example
 * const batch: Row[] = []
 * const outcome = await readFile(file, { reader, shaper }, { take: rows => void batch.push(...rows) })
 */
export async function readFile(
  file: HistoryFile,
  { reader, shaper, range }: FileReading,
  { take, onLine, ...options }: ReadFileOptions,
): Promise<FileOutcome> {
  const read = reader.read(file, options)
  let rows = 0
  let linesWithRows = 0
  let outOfRange = 0
  for await (const captured of read.captured) {
    const wanted = range === undefined ? captured : captured.filter(each => isInRange(timeOf(each), range))
    if (wanted.length === 0) outOfRange++
    else {
      linesWithRows++
      rows += wanted.length
      const taken = take(
        wanted.map(each => shaper.shape(each)),
        read.counts,
      )
      if (taken !== undefined) await taken
    }
    const told = onLine?.(read.counts)
    if (told !== undefined) await told
  }
  const { counts, malformed, unreadable, end } = read
  const skipped = { ...counts.skipped, 'out-of-range': counts.skipped['out-of-range'] + outOfRange }
  return {
    lines: counts.lines,
    linesWithRows,
    bytes: counts.bytes,
    rows,
    skipped,
    malformed,
    unreadable,
    end,
    isWhole: range === undefined && (unreadable.length === 0 || read.isDamaged === true),
    waitsFor: read.waitsFor ?? [],
  }
}

/** Every row has one: the column is required. */
function timeOf({ row }: CapturedRow): bigint {
  return row['message_created_at'] as bigint
}
