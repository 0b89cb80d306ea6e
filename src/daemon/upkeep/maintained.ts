import type { UpkeepReport } from '../../stores/table/upkeep/report.ts'
import type { DaemonEvent } from '../event.ts'

/** What is told of a table that was looked after. Pure. */
export function maintained({ table, compacted, expired, swept, ms }: UpkeepReport): DaemonEvent {
  return {
    type: 'maintained',
    table,
    filesBefore: compacted?.before.files ?? 0,
    filesAfter: compacted?.after?.files ?? 0,
    snapshots: expired?.snapshots ?? 0,
    removed: (expired?.files ?? 0) + (swept?.files ?? 0),
    bytes: (expired?.bytes ?? 0) + (swept?.bytes ?? 0),
    ms,
  }
}
