import { isUtf8 } from 'node:buffer'
import { setImmediate } from 'node:timers/promises'
import { HypError } from '../../errors.ts'
import type { Json } from '../../iceberg/types.ts'
import { valuesInside } from '../values-inside.ts'
import type { Finding, RowChecker, RowRecord } from './contract.ts'
import type { BatchFormat } from './format.ts'
import { kindOf } from './ill-typed.ts'
import { jsonRows } from './json-rows.ts'
import { keptRows } from './kept-rows.ts'
import { largestRow, mostErrors, mostInside, mostRows } from './limits.ts'
import { ndjsonRows } from './ndjson-rows.ts'
import { openAtEnd } from './open-at-end.ts'
import { type RawRow, type RawRows, type RowFlaw, tooLarge } from './raw-row.ts'
import type { Reject } from './reject.ts'
import type { RowError } from './row-error.ts'
import { parseRow, printRow, type RowText } from './row-text.ts'

export type { BatchFormat } from './format.ts'

/** What became of the rows of a body: `kept + refused + discardedRows` is their number. */
export interface CheckedBatch {
  readonly rows: number
  readonly kept: number
  /** The rows that are kept as NDJSON, each line ended by `\n`; those that nothing was discarded of as they came. */
  readonly bytes: Uint8Array
  /** Why rows were refused: all there is to say of a row, of the first rows, {@link mostErrors} at most. */
  readonly errors: readonly RowError[]
  /** How many rows were refused. */
  readonly refused: number
  readonly discardedRows: number
  /** Values that were discarded of rows that are kept. */
  readonly discardedValues: number
  readonly rejects: readonly Reject[]
}

export interface CheckOptions {
  /** Awaited after each slice of work, so that others have their turn; by default they do. */
  readonly breathe?: () => Promise<void> | undefined
  /** Milliseconds, by which slices are measured. */
  readonly now?: () => number
}

/** Milliseconds of a slice of work. */
const slice = 8

let latestTurn: Promise<void> = Promise.resolve()

/** Waits for a turn of the event loop that no other check has: however many are under way, one slice is done in each. */
function nextTurn(): Promise<void> {
  latestTurn = latestTurn.then(() => setImmediate())
  return latestTurn
}

/**
 * Takes the rows of a body apart and holds each against the declaration: what
 * fits is kept, what does not is refused or discarded as the contract says.
 * A row that is no JSON object is refused whatever that says.
 * @throws HypError BODY_INVALID for a body that is not in its format, TOO_LARGE for too many rows
 */
export async function checkBatch(
  body: Uint8Array,
  format: BatchFormat,
  checker: RowChecker,
  { breathe = nextTurn, now = Date.now }: CheckOptions = {},
): Promise<CheckedBatch> {
  const batch = newBatch(checker)
  let since = now()
  await inSlices(await rowsOf(body, format), row => {
    if (row !== undefined) batch.add(row)
  })
  return { ...batch.counts(), bytes: await inSlices(batch.join()) }

  async function inSlices<Step, Result>(
    work: Generator<Step, Result, undefined>,
    take?: (step: Step) => void,
  ): Promise<Result> {
    for (;;) {
      const { done, value } = work.next()
      if (done === true) return value
      take?.(value)
      const elapsed = now() - since
      // The clock may have been put back.
      if (elapsed >= 0 && elapsed < slice) continue
      await breathe()
      since = now()
    }
  }
}

async function rowsOf(body: Uint8Array, format: BatchFormat): Promise<RawRows> {
  if (format === 'ndjson') return ndjsonRows(body)
  if (format === 'json') return jsonRows(body)
  // Only who sends it waits until it is loaded.
  const { arrowRows } = await import('./arrow/arrow-rows.ts')
  return arrowRows(body)
}

interface Batch {
  add(row: RawRow): void
  counts(): Omit<CheckedBatch, 'bytes'>
  join(): Generator<undefined, Uint8Array, undefined>
}

function newBatch(checker: RowChecker): Batch {
  const kept = keptRows()
  const errors: RowError[] = []
  const rejects: Reject[] = []
  const isNested = checker.declaration.columns.some(({ type }) => typeof type === 'object')
  let inside = 0
  const counts = { rows: 0, kept: 0, refused: 0, discardedRows: 0, discardedValues: 0 }

  return { add, counts: () => ({ ...counts, errors, rejects }), join: () => kept.join() }

  function add(row: RawRow): void {
    const index = counts.rows++
    if (counts.rows > mostRows) throw new HypError('TOO_LARGE', `The body has more than ${mostRows} rows.`)
    const flaw = flawOf(row)
    if (flaw !== undefined) return refuse(index, [flaw])
    const text = textOf(row)
    if (typeof text !== 'string') return refuse(index, [text])
    try {
      judge(index, row, text)
    } catch (error) {
      // The stack ended; nothing of the row was noted by then.
      if (!(error instanceof RangeError)) throw error
      refuse(index, [{ column: null, reason: 'nested too deeply' }])
    }
  }

  function judge(index: number, row: RawRow, text: string): void {
    const parsed = parsedOf(text, row)
    if ('reason' in parsed) return refuse(index, [parsed])
    const { value, exact } = parsed
    if (!isRecord(value)) return refuse(index, [{ column: null, reason: `${kindOf(value)}, not an object` }])
    if (isNested) inside += valuesInside(value)
    if (inside > mostInside)
      throw new HypError('TOO_LARGE', `The rows of the body hold more than ${mostInside} values in all.`)
    const findings = checker.check(value, exact)
    if (findings === undefined) return keep(row)
    const refusals = findings.filter(({ mode }) => mode === 'freeze')
    if (refusals.length > 0) return refuse(index, refusals)
    const discarding = findings.find(({ mode }) => mode === 'discard_row')
    if (discarding === undefined) return keepWithout(index, value, findings)
    const { column, reason } = discarding
    rejects.push({ index, column, reason, discarded: 'row', content: text })
    counts.discardedRows++
  }

  function keep({ bytes, start, end, next, isBroken }: RawRow): void {
    if (isBroken) kept.verbatim(inOneLine(bytes, start, end), 0, end - start)
    else kept.verbatim(bytes, start, next)
    counts.kept++
  }

  function keepWithout(index: number, record: RowRecord, findings: readonly Finding[]): void {
    const gone = new Set<string>()
    const discarded: Reject[] = []
    for (const { column, reason, value } of findings) {
      // What is unknown in a value goes with it.
      if (value === undefined || (value.inside !== undefined && gone.has(value.inside))) continue
      const content = printRow(value.value)
      const why = column === value.column ? reason : `${column}: ${reason}`
      discarded.push({ index, column: value.column, reason: why, discarded: 'value', content })
      if (value.inside === undefined) gone.add(value.column)
      if (value.staysNull) value.holder[value.name] = null
      else delete value.holder[value.name]
    }
    kept.text(printRow(record))
    counts.kept++
    counts.discardedValues += discarded.length
    rejects.push(...discarded)
  }

  function refuse(index: number, flaws: readonly RowFlaw[]): void {
    counts.refused++
    const told = new Set<string>()
    for (const { column, reason } of flaws) {
      if (errors.length === mostErrors) return
      // Elements of a list make one mistake many times.
      if (told.has(`${column} ${reason}`)) continue
      told.add(`${column} ${reason}`)
      errors.push({ index, column: column === null ? null : shortened(column), reason })
    }
  }
}

function flawOf({ flaw, start, end }: RawRow): RowFlaw | undefined {
  return flaw ?? (end - start > largestRow ? tooLarge : undefined)
}

/** The text of a row, or what is wrong with its bytes. */
function textOf({ bytes, start, end }: RawRow): string | RowFlaw {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString()
  // What is no UTF-8 is read as this character, which may as well stand there itself.
  const isSound = !text.includes('\uFFFD') || isUtf8(bytes.subarray(start, end))
  return isSound ? text : { column: null, reason: 'not UTF-8' }
}

/** The values of a row, or why it is no JSON. What `JSON.parse` says of it quotes the row, and is not passed on. */
function parsedOf(text: string, { bytes, start, end }: RawRow): RowText | RowFlaw {
  try {
    return parseRow(text)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    const holdsNaN = /[[:,]\s*-?(?:NaN|Infinity)\b/.test(text)
    if (holdsNaN) return { column: null, reason: 'not JSON, which has no NaN and no Infinity' }
    const isOpen = openAtEnd(bytes.subarray(start, end)) !== undefined
    return { column: null, reason: isOpen ? 'not JSON: it ends too soon' : 'not JSON' }
  }
}

function isRecord(value: Json): value is RowRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Ends of lines between the values of a row as spaces. */
function inOneLine(bytes: Uint8Array, start: number, end: number): Uint8Array {
  const line = new Uint8Array(bytes.subarray(start, end))
  for (let at = 0; at < line.length; at++) if (line[at] === 0x0a || line[at] === 0x0d) line[at] = 0x20
  return line
}

/** Whoever has such a name knows it by its beginning. */
function shortened(column: string): string {
  return column.length <= 200 ? column : `${column.slice(0, 200)}…`
}
