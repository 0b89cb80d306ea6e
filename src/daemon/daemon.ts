import type { BackfillEvent, BackfillSummary, SourceName } from '../ingest/backfill.ts'
import type { AdoptionRequest } from '../stores/table/adopt/target.ts'
import type { Adoption } from '../stores/table/adopt.ts'
import type { Outcome } from '../stores/table/apply-tables.ts'
import type { DaemonStatus } from './status.ts'
import type { ApplyRequest } from './tables.ts'

/** A running daemon. */
export interface Daemon {
  /** The built-in release it runs as. */
  readonly release: number
  /** Loads what the histories have; at most one runs at a time, and a caller who comes meanwhile joins it. */
  backfill(source: SourceName, onEvent: (event: BackfillEvent) => void): Promise<BackfillSummary>
  /** Reads the declarations again and applies them. @throws HypError PLAN_CHANGED, DECLARATION_INVALID, USAGE */
  apply(request: ApplyRequest): Promise<Outcome[]>
  adopt(request: AdoptionRequest): Promise<Adoption>
  status(): Promise<DaemonStatus>
  stop(signal: string | null): Promise<void>
}
