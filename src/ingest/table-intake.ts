import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { makeDurable } from '../iceberg/catalog/catalog.ts'
import { fileCatalog } from '../iceberg/catalog/file-catalog.ts'
import type { FileIO } from '../iceberg/file-io/file-io.ts'
import { localFileIO } from '../iceberg/file-io/local.ts'
import type { TableMetadata } from '../iceberg/types.ts'
import type { Declaration } from '../schema/declaration.ts'
import { type Home, tableDirectory } from '../stores/home.ts'
import { systemContext } from '../stores/table/catalog.ts'
import { observeTable } from '../stores/table/store.ts'
import type { Checks } from './batch/check-thread.ts'
import { openRejects, type Rejects } from './batch/rejects.ts'
import { type PurgedRejects, purgeRejects } from './deletion/purge-rejects.ts'
import type { FlushResult } from './flush/flush.ts'
import type { Flusher } from './flush/flush-thread.ts'
import { type Accepted, type IntakeRequest, type IntakeTarget, newIntake } from './intake.ts'
import { positionsOf } from './spool/position.ts'
import { removeParts } from './spool/replace-file.ts'
import { openSpool, type SpoolOptions, type SpoolState } from './spool/spool.ts'
import { newStreamId } from './spool/stream.ts'
import type { Grave } from './tombstones/row-matcher.ts'

/** Everything between rows that arrive for one table and rows that are in it. One per table, under the lock. */
export interface TableIntake {
  /** See {@link Intake.accept}. */
  readonly accept: (request: IntakeRequest, target: IntakeTarget) => Promise<Accepted>
  /**
   * Writes what is acknowledged by now into the table; one at a time.
   * @param declaration what is applied to the table
   */
  readonly flush: (declaration: Declaration) => Promise<FlushResult>
  readonly state: () => SpoolState
  /**
   * Removes rejected rows that were deleted; see {@link purgeRejects}. What is rejected meanwhile waits, and so does a
   * flush.
   */
  readonly purgeRejects: (graves: readonly Grave[], dryRun: boolean) => Promise<PurgedRejects>
  /** Closes the segment that batches are added to, after those that wait. */
  readonly rotate: () => Promise<void>
  /** See {@link Spool.active}. */
  readonly active: () => readonly string[]
  /** Waits for what is under way. */
  readonly close: () => Promise<void>
}

export interface TableIntakeOptions {
  readonly home: Home
  readonly declaration: Pick<Declaration, 'table' | 'location'>
  readonly flusher: Flusher
  /** Where large bodies are checked; without it on this thread. */
  readonly checks?: Pick<Checks, 'check'> | undefined
  readonly signal?: AbortSignal | undefined
  /** What comes from outside; the disk, the clock and the chance of this machine unless given. */
  readonly machine?: IntakeMachine
}

/** What a spool needs of a machine. */
export interface IntakeMachine extends Pick<SpoolOptions, 'now' | 'randomBytes' | 'segmentBytes'> {
  readonly io: FileIO
}

const thisMachine: IntakeMachine = { io: localFileIO, now: Date.now, randomBytes }

/** Opens the spool of a table, with what an earlier process left in it. @throws HypError of the disk and the table */
export async function openTableIntake(options: TableIntakeOptions): Promise<TableIntake> {
  const { home, declaration: place, flusher, checks, signal, machine = thisMachine } = options
  const { table } = place
  const { io } = machine
  const directory = join(home.spool, table)
  const spool = await openSpool({ ...machine, directory, table })
  const metadata = await metadataOf(io, tableDirectory(home, place))
  if (metadata !== undefined) await spool.release(positionsOf(metadata.properties))
  const newName = (): string => newStreamId(machine.now(), count => machine.randomBytes(count))
  const aside = join(directory, 'rejects')
  for (const written of [aside, join(home.quarantine, table)]) await removeParts(io, written)
  const rejects = pausableRejects(() => openRejects({ io, directory: aside, now: () => machine.now(), newName }))
  const intake = newIntake({ spool, rejects, checks })
  let flushing: Promise<unknown> = Promise.resolve()

  return {
    accept: intake.accept,
    flush: declaration => {
      const next = flushing.then(() => flush(declaration))
      flushing = next.catch(() => undefined)
      return next
    },
    purgeRejects: (graves, dryRun) => {
      const next = flushing.then(() => rejects.whileClosed(() => purgeRejects(io, aside, graves, dryRun)))
      flushing = next.catch(() => undefined)
      return next
    },
    state: () => spool.state(),
    rotate: async () => void (await spool.rotate()),
    active: () => spool.active(),
    close: async () => {
      await flushing
      await spool.close()
      await rejects.close()
    },
  }

  async function flush(declaration: Declaration): Promise<FlushResult> {
    const segments = await spool.rotate()
    const result = await flusher.flush(
      {
        table: tableDirectory(home, declaration),
        spool: directory,
        quarantine: join(home.quarantine, table),
        segments,
        streams: spool.state().streams.map(({ stream }) => stream),
        declaration,
        records: home.records,
      },
      signal,
    )
    await spool.release(result.positions)
    return result
  }
}

/** Rejects whose files can be written anew in between. */
function pausableRejects(
  open: () => Rejects,
): Rejects & { readonly whileClosed: <Result>(work: () => Promise<Result>) => Promise<Result> } {
  let current = open()
  let pause: Promise<unknown> = Promise.resolve()
  return {
    add: async rejects => {
      for (let waited: unknown; waited !== pause; ) await (waited = pause)
      return current.add(rejects)
    },
    close: async () => {
      await pause
      await current.close()
    },
    whileClosed: work => {
      const next = pause.then(async () => {
        await current.close()
        try {
          return await work()
        } finally {
          current = open()
        }
      })
      pause = next.catch(() => undefined)
      return next
    },
  }
}

/** What the table says of the spool; undefined where it cannot be asked now. The flush asks again. */
async function metadataOf(io: FileIO, directory: string): Promise<TableMetadata | undefined> {
  try {
    const found = await observeTable(fileCatalog({ io, directory, ...systemContext }))
    // What it says is flushed is let go of, and whoever said it may have died before its commit was durable.
    if (found !== null) await makeDurable(found)
    return found?.metadata
  } catch {
    return undefined
  }
}
