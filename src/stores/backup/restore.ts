import { randomBytes } from 'node:crypto'
import { lstat, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type ErrorDocument, errorDocument, HypError, toHypError } from '../../errors.ts'
import { fileCatalog } from '../../iceberg/catalog/file-catalog.ts'
import type { FileIO } from '../../iceberg/file-io/file-io.ts'
import { localFileIO } from '../../iceberg/file-io/local.ts'
import { relocateTable } from '../../iceberg/relocate.ts'
import { type Home, homeAt } from '../home.ts'
import { systemContext } from '../table/catalog.ts'
import { movedFrom } from '../table/moved.ts'
import { copyTablesTo } from './backup.ts'
import { type BackedUpTable, type BackupFile, readBackupFile } from './backup-file.ts'
import { newCopier } from './copier.ts'
import { copyWaiting } from './copy-home.ts'
import { realPlace } from './destination.ts'
import { carryNotes, noteBackup } from './noted-backups.ts'
import { homeParts } from './parts.ts'
import { removeFolder } from './remove-folder.ts'
import { noWriters } from './spools.ts'
import { decide, finishRestore, preparing, undecidedIn } from './swap.ts'

/** What a restore came to. */
export interface RestoreReport {
  readonly formatVersion: 1
  readonly directory: string
  readonly home: string
  /** When the backup was made: RFC 3339, UTC. What came after that is not in the home any more. */
  readonly createdAt: string
  /** Where what was in the home is now; null where nothing was. */
  readonly before: string | null
  readonly tables: readonly RestoredTable[]
  /** Tables that rows were deleted from after the backup was made. */
  readonly deletions: readonly LaterDeletions[]
  readonly elapsed_ms: number
}

export interface RestoredTable extends BackedUpTable {
  /** Where it said that it lies, if it was relocated; null where it lies there still. */
  readonly relocatedFrom: string | null
  /** Why it could not be relocated: other programs look for its files where they were. */
  readonly failure: ErrorDocument | null
}

/** What became of what was deleted from a table after a backup was made that is being restored. */
export interface LaterDeletions {
  readonly table: string
  /** How many deletions that were. */
  readonly deletions: number
  /** Rows that were deleted again; null where they are back, because somebody wants them or it failed. */
  readonly rows: number | null
  /** Why they could not be deleted again. */
  readonly failure: ErrorDocument | null
}

/** A home that is prepared to take the place of another one. */
export interface Prepared {
  readonly home: Home
  /** The home that the backup is of, which may be there no more. */
  readonly origin: Home
  /** The one that it takes the place of: the same, or another one. */
  readonly replaced: Home
}

export interface RestoreOptions {
  readonly home: Home
  /** The whole path of a backup. */
  readonly directory: string
  /** What is to be done about later deletions; nothing where left out. Told before anything is decided. */
  readonly onPrepared?: (prepared: Prepared) => Promise<readonly LaterDeletions[]>
  readonly signal?: AbortSignal | undefined
  /** The disk of this machine unless given. */
  readonly io?: FileIO
}

/**
 * Puts a backup in the place of what is in a home, which is kept. The caller holds the lock. A restore that does not come
 * to its end has either changed nothing, or whoever takes the lock next ends it.
 * @throws HypError NOT_FOUND, BACKUP_INVALID, RECORD_NEWER, USAGE, DISK_FULL, DISK_FAILED, INTERRUPTED
 */
export async function restore(options: RestoreOptions): Promise<RestoreReport> {
  const { home, signal, onPrepared = async () => [], io = localFileIO } = options
  const start = performance.now()
  const directory = await realPlace(options.directory)
  const file = await readBackupFile(io, directory)
  if (directory === (await realPlace(home.directory)))
    throw new HypError('USAGE', `${directory} is the home itself.`, {
      hint: 'Name another home with HYP_HOME or --home.',
    })
  await checkMovable(home)
  for (const left of await undecidedIn(io, home)) await removeFolder(io, left)
  const at = new Date()
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replaceAll(':', '-')
  const name = `${at}-${randomBytes(2).toString('hex')}`
  const place = preparing(home, name)
  try {
    await io.makeDirectory(place)
    const tables = await copyBackup(io, directory, place, file, signal)
    const origin = homeAt(file.home)
    const isOrigin = (await realPlace(origin.directory)) === (await realPlace(home.directory))
    const prepared = { home: homeAt(place), origin: isOrigin ? home : origin, replaced: home }
    await carryNotes(io, [prepared.origin, home], prepared.home)
    await noteBackup(io, prepared.home, { ...file, directory })
    const deletions = await onPrepared(prepared)
    await decide(io, home, name)
    const before = await finishRestore(io, home).catch((error: unknown) => {
      const { code, message, hint, details } = toHypError(error)
      throw new HypError(code, `${message} The restore is decided: the next command that works on the home ends it.`, {
        hint,
        details,
        cause: error,
      })
    })
    return {
      formatVersion: 1,
      directory,
      home: home.directory,
      createdAt: file.createdAt,
      before: before ?? null,
      tables: await relocated(io, home, tables, file),
      deletions,
      elapsed_ms: Math.round(performance.now() - start),
    }
  } catch (error) {
    await removeFolder(io, place).catch(() => undefined)
    throw error
  }
}

async function copyBackup(
  io: FileIO,
  directory: string,
  place: string,
  file: BackupFile,
  signal: AbortSignal | undefined,
): Promise<readonly BackedUpTable[]> {
  const backup = homeAt(directory)
  const copier = newCopier(io, signal)
  await copyWaiting(io, backup, place, copier, noWriters)
  const task = { home: directory, elsewhere: [], to: place }
  const { tables, others } = await copyTablesTo(task, signal, io)
  await copier.sync()
  await io.syncDirectory(place)
  // A copy that somebody has worked on is a home of its own, and may hold more or less by now.
  if ((await io.look(backup.run)) !== undefined) return tables
  const { files, bytes } = copier.copied()
  const isWhole = files + others.files === file.others.files && bytes + others.bytes === file.others.bytes
  const lacking = file.tables.find(
    said => !tables.some(({ table, uuid }) => table === said.table && uuid === said.uuid),
  )
  if (isWhole && lacking === undefined) return tables
  const what = lacking === undefined ? 'rows that wait, records or settings' : `the table ${lacking.table}`
  throw new HypError('BACKUP_INVALID', `The backup ${directory} is not whole: it lacks some of ${what}.`, {
    details: { directory },
  })
}

/** What holds a file system of its own cannot be moved aside. @throws HypError USAGE */
async function checkMovable(home: Home): Promise<void> {
  const { dev } = await stat(home.directory)
  for (const part of homeParts) {
    const path = join(home.directory, part)
    const found = await lstat(path).catch(() => undefined)
    if (found === undefined || found.dev === dev) continue
    throw new HypError('USAGE', `${path} is a file system of its own, and cannot be moved aside.`, {
      hint: 'Restore into another home: name it with HYP_HOME or --home.',
      details: { path },
    })
  }
}

/** Makes the tables say where they are now, for other programs. */
async function relocated(
  io: FileIO,
  home: Home,
  tables: readonly BackedUpTable[],
  file: BackupFile,
): Promise<RestoredTable[]> {
  const restored: RestoredTable[] = []
  for (const table of tables) {
    const directory = join(home.tables, table.table)
    const catalog = fileCatalog({ io, directory, ...systemContext })
    const { metadata } = await catalog.load()
    const elsewhere = file.tables.find(({ uuid }) => uuid === table.uuid)?.elsewhere ?? null
    const from = await movedFrom(metadata, directory)
    const failure =
      from === null
        ? null
        : await relocateTable(catalog, directory, systemContext).then(
            () => null,
            (error: unknown) => errorDocument(toHypError(error)),
          )
    restored.push({ ...table, elsewhere, relocatedFrom: failure === null ? from : null, failure })
  }
  return restored
}
