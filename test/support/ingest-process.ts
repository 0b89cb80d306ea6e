import { toHypError } from '../../src/errors.ts'
import type { Catalog } from '../../src/iceberg/catalog/catalog.ts'
import { fileCatalog, tableLocation } from '../../src/iceberg/catalog/file-catalog.ts'
import type { FileIO } from '../../src/iceberg/file-io/file-io.ts'
import { type BatchLimits, flush } from '../../src/ingest/flush/flush.ts'
import type { Flusher } from '../../src/ingest/flush/flush-thread.ts'
import { openTableIntake, type TableIntake } from '../../src/ingest/table-intake.ts'
import type { Home } from '../../src/stores/home.ts'
import { applyTable, type Receipt } from '../../src/stores/table/store.ts'
import { seededContext, type WorkContext } from './crash-table.ts'
import { directories } from './ingest-check.ts'
import type { IngestDisk } from './ingest-disk.ts'
import type { Ledger } from './ingest-ledger.ts'
import { declarationOf, table, type Version } from './ingest-versions.ts'

/* One process: all that lies between rows that arrive and the table, on a disk that is given. */

export interface ProcessOptions {
  readonly limits: BatchLimits
  readonly segmentBytes: number
}

/** How the next flush is to go. */
export interface FlushManner {
  /** Only so many of the segments that wait. */
  most: number
  /** Interrupted after its first commit. */
  interrupted: boolean
}

export interface IngestProcess {
  readonly intake: TableIntake
  readonly manner: FlushManner
}

/** What a process goes by, as the daemon does: the last declaration that could be applied, else one that could not. */
export interface Kept {
  readonly version: Version
  readonly refused: boolean
}

export function newContext(ledger: Ledger): WorkContext {
  return seededContext(++ledger.seeds, () => ledger.now)
}

export function catalogOn(io: FileIO, context: WorkContext): Catalog {
  return fileCatalog({ io, directory: directories.table, ...context })
}

/** Brings the table to a version. @throws as `applyTable` */
export function applyVersion(io: FileIO, version: Version, ledger: Ledger, context: WorkContext): Promise<Receipt> {
  return applyTable({
    catalog: catalogOn(io, context),
    declaration: declarationOf(version, ledger.kind),
    location: tableLocation(directories.table),
    context,
  })
}

export async function openProcess(
  io: FileIO,
  home: Home,
  context: WorkContext,
  { limits, segmentBytes }: ProcessOptions,
): Promise<IngestProcess> {
  const manner: FlushManner = { most: Number.POSITIVE_INFINITY, interrupted: false }
  const flusher: Flusher = {
    flush: ({ table: directory, spool, segments, ...task }) => {
      const abort = new AbortController()
      return flush({
        ...task,
        segments: segments.slice(0, manner.most),
        catalog: fileCatalog({ io, directory, ...context }),
        io,
        rejects: `${spool}/rejects`,
        context,
        limits,
        signal: abort.signal,
        onEvent: () => {
          if (manner.interrupted) abort.abort()
        },
      })
    },
    close: async () => undefined,
  }
  const machine = {
    io,
    segmentBytes,
    now: context.now,
    randomBytes: (count: number) => Uint8Array.from({ length: count }, () => Math.floor(context.random() * 256)),
  }
  const intake = await openTableIntake({ home, declaration: { table }, flusher, machine })
  return { intake, manner }
}

/** Applies the declaration of the file. A table that is well goes on under the declaration that it has. */
export async function keep(
  disk: IngestDisk,
  version: Version,
  ledger: Ledger,
  before: Kept | undefined,
): Promise<Kept> {
  const failed = disk.failed.length
  try {
    await applyVersion(disk.io, version, ledger, newContext(ledger))
    return { version, refused: false }
  } catch (error) {
    if (toHypError(error).code !== 'STORE_NEWER' && disk.failed.length === failed) throw error
    return before === undefined || before.refused ? { version, refused: true } : before
  }
}
