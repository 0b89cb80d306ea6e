import type { Declaration } from '../../schema/declaration.ts'
import type { IntakeAnswer } from '../intake.ts'
import { rowPrinter } from '../row-text.ts'
import { faultsOf, filesIn, noneTaken, type RowBatch, type RowSink } from './row-sink.ts'

/** Hands NDJSON to the spool of the table: durable when it resolves. The bytes are its own from then on. */
export type AcceptRows = (body: Uint8Array<ArrayBuffer>) => Promise<IntakeAnswer>

/** So much text goes at once: it stands in memory as such beside the rows. */
const bodyCharacters = 8 * 1024 * 1024

/** The spool of a table that refuses rows now: they wait there, and the transcripts may go meanwhile. */
export function spoolSink(declaration: Declaration, accept: AcceptRows): RowSink {
  const print = rowPrinter(declaration)
  return {
    take: async batch => {
      const faults = new Map<number, string>()
      let spooled = 0
      for (const { firstRow, rows, body } of bodies(batch)) {
        const answer = await accept(body)
        spooled += answer.rows + answer.discarded.rows
        const told = new Map(answer.errors.map(({ index, reason }) => [firstRow + index, reason]))
        for (const [row, reason] of told) faults.set(row, reason)
        // Of very many an answer does not say which they are: they may be of any of the files.
        if (answer.refused > told.size)
          for (const file of filesIn(batch, firstRow, firstRow + rows)) {
            const row = Math.max(file.firstRow, firstRow)
            faults.set(row, faults.get(row) ?? 'others beside it do not fit')
          }
      }
      return { ...noneTaken, spooled, refused: batch.rows.length - spooled, faults: faultsOf(batch, faults) }
    },
  }

  function* bodies({ rows }: RowBatch): Generator<{ firstRow: number; rows: number; body: Uint8Array<ArrayBuffer> }> {
    let text = ''
    let firstRow = 0
    for (const [index, row] of rows.entries()) {
      text += `${print(row)}\n`
      if (text.length < bodyCharacters && index < rows.length - 1) continue
      yield { firstRow, rows: index + 1 - firstRow, body: new TextEncoder().encode(text) }
      text = ''
      firstRow = index + 1
    }
  }
}
