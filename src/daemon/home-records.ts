import type { Home } from '../stores/home.ts'
import { migrateRecords } from '../stores/records/migrate.ts'
import { recordPlace } from '../stores/records/place.ts'
import type { DaemonEvent } from './event.ts'
import { openTasks, type Tasks } from './tasks.ts'

/**
 * Brings the records of a home to the present version, and opens its tasks. Records that cannot be used are told, and
 * left as they are; those that are as they should be are nothing to tell of.
 */
export async function openHomeRecords(home: Home, onEvent: (event: DaemonEvent) => void): Promise<Tasks> {
  const place = recordPlace(home)
  const { migrated, problems } = await migrateRecords(place)
  const tasks = await openTasks(place)
  if (migrated.length > 0) onEvent({ type: 'records-migrated', records: migrated.length })
  for (const { kind, id, error } of [...problems, ...tasks.unmarked]) {
    const { code, message, hint } = error
    onEvent({ type: 'record-unusable', kind, id, code, message, hint })
  }
  return tasks
}
