import type { ErrorDocument } from '../../../errors.ts'
import type { Home } from '../../home.ts'
import type { UpkeepFacts } from './due.ts'
import { recallUpkeep } from './memory.ts'
import type { UpkeepReport } from './report.ts'

/** What is known of the maintenance of a table. */
export interface MaintenanceStatus {
  /** Whether something is done just now that nobody asked for. */
  readonly running: boolean
  /** When the table was last looked at, RFC 3339, UTC; null: not since the daemon runs, or none does. */
  readonly lookedAt: string | null
  /** What was found then. */
  readonly waiting: UpkeepFacts | null
  /** The last that was done. */
  readonly last: UpkeepReport | null
  /** Why the last try failed; null where it did not. */
  readonly failure: ErrorDocument | null
}

/** What is known where no daemon runs. Never throws. */
export async function rememberedMaintenance(home: Home, table: string): Promise<MaintenanceStatus> {
  const { last } = await recallUpkeep(home, table)
  return { running: false, lookedAt: null, waiting: null, last, failure: null }
}
