import type { BackfillEvent, BackfillSummary, SourceName } from '../ingest/backfill.ts'
import type { Receipt } from '../stores/table/store.ts'
import type { DaemonStatus } from './status.ts'

/** A running daemon. */
export interface Daemon {
  /** The built-in release it runs as. */
  readonly release: number
  /** Loads what the histories have; at most one runs at a time, and a caller who comes meanwhile joins it. */
  backfill(source: SourceName, onEvent: (event: BackfillEvent) => void): Promise<BackfillSummary>
  /** Reads the declaration again and applies it. @throws HypError SCHEMA_BREAKING, STORE_NEWER, PLAN_CHANGED, DECLARATION_INVALID */
  apply(expect?: string): Promise<Receipt>
  status(): Promise<DaemonStatus>
  stop(signal: string | null): Promise<void>
}
