import { join } from 'node:path'
import { localFileIO } from '../../iceberg/file-io/local.ts'
import { countRejects } from '../../ingest/batch/rejects.ts'
import type { PurgedRejects } from '../../ingest/deletion/purge-rejects.ts'
import type { DeletionReport } from '../../ingest/deletion/report.ts'
import type { DeletionRequest } from '../../ingest/deletion/request.ts'
import { countQuarantine } from '../../ingest/spool/quarantine.ts'
import type { SpoolStatus } from '../../ingest/spool-report.ts'
import type { Grave } from '../../ingest/tombstones/row-matcher.ts'
import { builtinTable } from '../../schema/builtin.ts'
import type { Home } from '../../stores/home.ts'
import { queryFoldersIn } from '../../stores/query-folder.ts'
import type { DeletionOutcome } from './deletion-task.ts'
import { backupsWithRows } from './kept-backups.ts'
import { keptRows } from './kept-rows.ts'
import { transcriptsOf } from './kept-transcripts.ts'
import { foldersBeside, removeLeftovers } from './leftovers.ts'

/** What a deletion needs of whoever holds the lock. */
export interface DeletionSite {
  /** Writes what waits into the table, as far as it goes. Never throws. */
  readonly flush: () => Promise<void>
  /** What waits after that. */
  readonly waiting: () => Promise<Pick<SpoolStatus, 'rows' | 'held'>>
  /** Deletes from the table itself. @throws as `runDeletion` */
  readonly run: () => Promise<DeletionOutcome>
  readonly purgeRejects: (graves: readonly Grave[], dryRun: boolean) => Promise<PurgedRejects>
}

export interface DeletionOptions {
  readonly home: Home
  readonly table: string
  /** Where the table lies. */
  readonly directory: string
  readonly request: DeletionRequest
  readonly site: DeletionSite
  /** Milliseconds, on a clock that only goes forward. */
  readonly monotonic: () => number
}

/**
 * Deletes rows from everything that holds them, as far as it was asked to, and says where they are still. What waits in
 * the spool goes into the table first, so that a condition is asked of it too.
 * @throws as `runDeletion`, and errors of the disk
 */
export async function performDeletion(options: DeletionOptions): Promise<DeletionReport> {
  const { home, table, directory, request, site, monotonic } = options
  const { unwanted, dryRun, purge } = request
  const start = monotonic()
  if (!dryRun) await site.flush()
  const outcome = await site.run()
  if (!dryRun && table === builtinTable) await removeSessions(home)
  const purgedRejects = purge ? await site.purgeRejects(outcome.graves, dryRun) : undefined
  if (purge && !dryRun) await removeLeftovers(home)
  const rejects = await countRejects(localFileIO, join(home.spool, table, 'rejects'))
  const quarantine = await countQuarantine(localFileIO, join(home.quarantine, table))
  const { rows, files, snapshotId, remembered } = outcome
  return {
    formatVersion: 1,
    table,
    dryRun,
    session: unwanted.kind === 'session' ? unwanted.session : null,
    before: unwanted.kind === 'before' ? unwanted.before : null,
    where: unwanted.kind === 'where' ? unwanted.where : null,
    rows,
    files,
    snapshotId,
    remembered,
    purged: purgedOf(outcome, purgedRejects),
    kept: keptRows({
      table,
      request,
      outcome,
      waiting: await site.waiting(),
      rejects: purgedRejects?.unknown ?? rejects.rows + rejects.values,
      quarantine,
      folders: await foldersBeside(home, table, directory),
      queries: purge && !dryRun ? (await queryFoldersIn(home)).length : 0,
      backups: purge ? await backupsWithRows(home, table, outcome.graves) : [],
      transcripts:
        purge && unwanted.kind === 'session' && table === builtinTable
          ? await transcriptsOf(home, unwanted.session)
          : [],
    }),
    ms: Math.round(monotonic() - start),
  }
}

/** Which sessions there are is noted for speed alone. */
async function removeSessions({ run, sessionsFile }: Home): Promise<void> {
  for (const name of await localFileIO.list(run)) {
    const path = join(run, name)
    if (path.startsWith(sessionsFile)) await localFileIO.remove(path)
  }
}

function purgedOf({ purge }: DeletionOutcome, rejects: PurgedRejects | undefined): DeletionReport['purged'] {
  if (purge === null) return null
  const { snapshots, refs, files, bytes } = purge
  return { snapshots, refs, files, bytes, rejectedRows: rejects?.rows ?? 0 }
}
