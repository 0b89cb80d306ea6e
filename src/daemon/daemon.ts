import type { BackfillRequest } from '../ingest/backfill/backfill-request.ts'
import type { BackfillEvent, BackfillSummary } from '../ingest/backfill/backfill-summary.ts'
import type { Accepted, IntakeRequest } from '../ingest/intake.ts'
import type { AdoptionRequest } from '../stores/table/adopt/target.ts'
import type { Adoption } from '../stores/table/adopt.ts'
import type { Outcome } from '../stores/table/apply-tables.ts'
import type { DaemonStatus } from './status.ts'
import type { ApplyRequest } from './tables.ts'
import type { TaskDesk } from './task-desk.ts'

/** A running daemon. */
export interface Daemon {
  /** The built-in release it runs as. */
  readonly release: number
  /** Its long work. */
  readonly tasks: TaskDesk
  /**
   * Loads what histories have, into the table or, while that refuses rows, into its spool. At most one runs at a time.
   */
  backfill(request: BackfillRequest, onEvent: (event: BackfillEvent) => void): Promise<BackfillSummary>
  /** Reads the declarations again and applies them. @throws HypError PLAN_CHANGED, DECLARATION_INVALID, USAGE */
  apply(request: ApplyRequest): Promise<Outcome[]>
  adopt(request: AdoptionRequest): Promise<Adoption>
  /** Takes rows for a table. @throws HypError as {@link Intakes.accept} */
  ingest(table: string, request: IntakeRequest): Promise<Accepted>
  status(): Promise<DaemonStatus>
  stop(signal: string | null): Promise<void>
}
