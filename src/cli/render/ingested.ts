import type { RowError } from '../../ingest/batch/row-error.ts'
import type { IntakeAnswer } from '../../ingest/intake.ts'
import { plural } from './text.ts'
import { visible } from './visible.ts'

/** What an ingest came to: the sums of the answers to its parts. */
export interface Ingested extends IntakeAnswer {
  /** Requests that were answered before under the same key. */
  readonly replayed: number
}

/** What became of the rows of an ingest, for a person. */
export function renderIngested({ table, rows, held, discarded, refused, replayed }: Ingested): string {
  const lines = [
    `${plural(rows, 'row')} stored in ${table}${held ? '; held until the table takes rows again, see `hyp spool`' : ''}`,
    ...(discarded.rows + discarded.values === 0
      ? []
      : [
          `${plural(discarded.rows, 'row')} and ${plural(discarded.values, 'value')} discarded, as the declaration says`,
        ]),
    ...(refused === 0 ? [] : [`${plural(refused, 'row')} refused`]),
    ...(replayed === 0
      ? []
      : ['of these, what came before under the same idempotency key was stored then, and not again']),
  ]
  return `${lines.map(visible).join('\n')}\n`
}

/** What is wrong with rows, one line each; their places count from 1. */
export function renderRowErrors(errors: readonly RowError[], refused: number): string {
  const lines = errors.map(
    ({ index, column, reason }) => `row ${index + 1}${column === null ? '' : `, ${column}`}: ${reason}`,
  )
  const more = refused - new Set(errors.map(({ index }) => index)).size
  return `${[...lines, ...(more > 0 ? [`… and ${plural(more, 'row')} more`] : [])].map(visible).join('\n')}\n`
}
