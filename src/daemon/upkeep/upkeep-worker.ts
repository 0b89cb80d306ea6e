import { fileCatalog } from '../../iceberg/catalog/file-catalog.ts'
import { localFileIO } from '../../iceberg/file-io/local.ts'
import { keepDeleted } from '../../ingest/deletion/keep-deleted.ts'
import { yieldToOthers } from '../../ingest/low-priority.ts'
import { serveTasks } from '../../ingest/task-thread.ts'
import { leasedSnapshots } from '../../stores/leases.ts'
import { recordPlace } from '../../stores/records/place.ts'
import { systemContext } from '../../stores/table/catalog.ts'
import { type Tended, tendTable } from '../../stores/table/upkeep/tend.ts'
import type { UpkeepTask } from './upkeep-thread.ts'

/*
 * The thread that keeps tables fast and small: it reads, rewrites and commits beside those who write, and gives way to
 * whoever needs the processor.
 */

yieldToOthers()

serveTasks(
  ({ home, name, directory, steps, dryRun, sweptMs, writingSinceMs }: UpkeepTask, { signal }): Promise<Tended> => {
    const catalog = fileCatalog({ io: localFileIO, directory, ...systemContext })
    return tendTable(catalog, {
      name,
      steps: steps === undefined ? undefined : new Set(steps),
      dryRun,
      sweptMs,
      writingSinceMs,
      leased: uuid => leasedSnapshots(home, uuid),
      records: recordPlace(home),
      home,
      deletions: keepDeleted({ home, catalog, table: name, context: systemContext, signal }),
      context: systemContext,
      signal,
    })
  },
)
