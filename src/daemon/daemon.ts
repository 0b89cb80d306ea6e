import type { BackfillRequest } from '../ingest/backfill/backfill-request.ts'
import type { BackfillEvent, BackfillSummary } from '../ingest/backfill/backfill-summary.ts'
import type { DeletionReport } from '../ingest/deletion/report.ts'
import type { DeletionRequest } from '../ingest/deletion/request.ts'
import type { Accepted, IntakeRequest } from '../ingest/intake.ts'
import type { BackupReport } from '../stores/backup/backup.ts'
import type { AdoptionRequest } from '../stores/table/adopt/target.ts'
import type { Adoption } from '../stores/table/adopt.ts'
import type { Outcome } from '../stores/table/apply-tables.ts'
import type { RelocationReport } from '../stores/table/relocate.ts'
import type { UpkeepReport } from '../stores/table/upkeep/report.ts'
import type { RelocateRequest } from './backups.ts'
import type { DaemonStatus } from './status.ts'
import type { ApplyRequest } from './tables.ts'
import type { TaskDesk } from './task-desk.ts'
import type { UpkeepRequest } from './upkeep.ts'

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
  /** Compacts or expires a table now, or says what that would do. @throws HypError as {@link Upkeep.run} */
  maintain(request: UpkeepRequest): Promise<UpkeepReport>
  /** Deletes rows of a table, or says what that would do. @throws HypError as {@link Deletions.run} */
  delete(table: string, request: DeletionRequest): Promise<DeletionReport>
  /** Copies the home to a directory that is not there yet. @throws HypError as {@link Backups.backUp} */
  backUp(directory: string): Promise<BackupReport>
  /** Makes tables say where they lie. @throws HypError as {@link Backups.relocate} */
  relocate(request: RelocateRequest): Promise<RelocationReport>
  status(): Promise<DaemonStatus>
  stop(signal: string | null): Promise<void>
}
