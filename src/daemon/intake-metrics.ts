import type { FlushResult } from '../ingest/flush/flush.ts'
import type { IntakeAnswer } from '../ingest/intake.ts'
import type { SpoolStatus } from '../ingest/spool-report.ts'
import type { Metrics } from './metrics/metrics.ts'

/** What is counted of rows on their way to the tables. */
export interface IntakeMetrics {
  readonly ingested: (table: string, answer: IntakeAnswer) => void
  /** Rows that came in a request that was refused as a whole. */
  readonly refused: (table: string, rows: number) => void
  readonly flushed: (table: string, result: FlushResult) => void
  readonly flushFailed: (table: string) => void
}

/** @param waiting what waits for each table, asked for whenever metrics are read */
export function intakeMetrics(
  metrics: Metrics,
  waiting: () => Iterable<readonly [table: string, status: SpoolStatus]>,
): IntakeMetrics {
  metrics.onReading(() => {
    for (const [table, { rows, bytes, held }] of waiting()) {
      metrics.set('hyp_spool_rows', { table }, rows)
      metrics.set('hyp_spool_bytes', { table }, bytes)
      metrics.set('hyp_spool_held_rows', { table }, held)
    }
  })
  return {
    ingested: (table, { rows, refused, discarded }) => {
      countIngested(table, 'stored', rows)
      countIngested(table, 'refused', refused)
      countIngested(table, 'discarded', discarded.rows)
    },
    refused: (table, rows) => countIngested(table, 'refused', rows),
    flushed,
    flushFailed: table => metrics.count('hyp_flush_failures_total', { table }),
  }

  function countIngested(table: string, outcome: string, rows: number): void {
    if (rows > 0) metrics.count('hyp_ingest_rows_total', { table, outcome }, rows)
  }

  function flushed(table: string, { commits, rows, duplicates, deleted, setAside, ms }: FlushResult): void {
    if (commits === 0) return
    metrics.observe('hyp_flush_duration_seconds', { table }, ms / 1000)
    metrics.count('hyp_flush_rows_total', { table, outcome: 'stored' }, rows)
    metrics.count('hyp_flush_rows_total', { table, outcome: 'duplicate' }, duplicates)
    metrics.count('hyp_flush_rows_total', { table, outcome: 'deleted' }, deleted)
    metrics.count('hyp_flush_rows_total', { table, outcome: 'set-aside' }, setAside)
  }
}
