import type { QueryResult, ResultBatch, ResultColumn } from '../result.ts'
import { cutToWidth, displayWidth } from './display-width.ts'
import { plainText } from './plain.ts'
import { cell } from './rows.ts'
import type { Write } from './write.ts'

/** Rows that decide how wide the columns are; those after them are cut to it. */
const measuredRows = 1000
/** A column of text is not made narrower than this. */
const narrowest = 8
const gap = '  '

interface Column {
  readonly right: boolean
  /** Text may be cut; a number or a time would be another one then. */
  readonly elastic: boolean
  width: number
}

/** Aligned columns for a person, without lines between them: cells on one line, cut with `…`, and the number of rows. */
export async function writeTable({ columns, batches }: QueryResult, write: Write, width = 100): Promise<number> {
  const header = columns.map(({ name }) => visible(name))
  const waiting: (readonly string[])[] = []
  let layout: readonly Column[] | undefined
  let rowCount = 0
  const flush = async (): Promise<void> => {
    const first = layout === undefined
    layout ??= layOut(columns, header, waiting, width)
    const head = first ? [header, layout.map(column => '-'.repeat(column.width))] : []
    const lines = [...head, ...waiting].map(cells => `${aligned(cells, layout as readonly Column[])}\n`)
    waiting.length = 0
    await write(lines.join(''))
  }
  for await (const batch of batches) {
    rowCount += batch.rowCount
    waiting.push(...cellsOf(batch, columns, width))
    if (layout !== undefined || waiting.length >= measuredRows) await flush()
  }
  await flush()
  await write(`(${rowCount} ${rowCount === 1 ? 'row' : 'rows'})\n`)
  return rowCount
}

function* cellsOf(batch: ResultBatch, columns: readonly ResultColumn[], width: number): Generator<readonly string[]> {
  // Of a text of megabytes only so much is looked at.
  const looked = 4 * width
  for (let index = 0; index < batch.rowCount; index++) {
    yield columns.map(({ type }, position) => {
      const value = cell(batch, position, index)
      if (value === null) return 'NULL'
      const text = plainText(value, type)
      return cutToWidth(visible(text.length > looked ? `${text.slice(0, looked)}…` : text), width)
    })
  }
}

/** As wide as what is in them; text columns give way, the widest first, until the line fits. */
function layOut(
  columns: readonly ResultColumn[],
  header: readonly string[],
  rows: readonly (readonly string[])[],
  width: number,
): readonly Column[] {
  const layout = columns.map(({ type }, position) => ({
    right: ['integer', 'float', 'decimal'].includes(type.kind),
    elastic: ['text', 'binary', 'list', 'struct', 'map'].includes(type.kind),
    width: Math.max(
      displayWidth(header[position] as string),
      ...rows.map(row => displayWidth(row[position] as string)),
    ),
  }))
  const elastic = layout.filter(column => column.elastic)
  for (;;) {
    const excess = layout.reduce((sum, column) => sum + column.width + gap.length, -gap.length) - width
    const [widest, next] = elastic.toSorted((a, b) => b.width - a.width)
    if (excess <= 0 || widest === undefined || widest.width <= narrowest) return layout
    // Down to the next one at a time, so that all end up equally wide.
    const step = next === undefined || next.width === widest.width ? 1 : widest.width - next.width
    widest.width = Math.max(narrowest, widest.width - Math.min(excess, step))
  }
}

/** A line. */
function aligned(cells: readonly string[], layout: readonly Column[]): string {
  const parts = cells.map((text, position) => {
    const { right, elastic, width } = layout[position] as Column
    const cut = elastic ? cutToWidth(text, width) : text
    const space = ' '.repeat(Math.max(0, width - displayWidth(cut)))
    return right ? space + cut : cut + space
  })
  return parts.join(gap).trimEnd()
}

/**
 * A text that shows what is in it and does nothing to the terminal: control
 * characters, and those that turn around or hide their surroundings, as escapes.
 */
function visible(text: string): string {
  return text.replaceAll(hidden, character => {
    const name = named[character]
    if (name !== undefined) return name
    return `\\u{${(character.codePointAt(0) as number).toString(16)}}`
  })
}

const hidden = /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]/gu
const named: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }
