import { randomBytes } from 'node:crypto'
import { dirname, join } from 'node:path'
import type { ErrorCode } from '../../error-catalogue.ts'
import { HypError, toHypError } from '../../errors.ts'
import type { FileIO } from '../../iceberg/file-io/file-io.ts'
import { localFileIO } from '../../iceberg/file-io/local.ts'
import { version } from '../../version.ts'
import { loadDeclarations } from '../declared.ts'
import { type Home, homeAt, tableDirectory } from '../home.ts'
import { type BackedUpTable, type BackupFile, backupFilePath, printBackupFile } from './backup-file.ts'
import { type Copied, newCopier } from './copier.ts'
import { copyTables, copyWaiting, type Elsewhere } from './copy-home.ts'
import { checkDestination, realPlace } from './destination.ts'
import { noteBackup } from './noted-backups.ts'
import { othersIn } from './parts.ts'
import { removeFolder } from './remove-folder.ts'
import { noWriters, type SpoolWriters } from './spools.ts'

/** What a backup came to. */
export interface BackupReport {
  readonly formatVersion: 1
  readonly directory: string
  readonly home: string
  /** RFC 3339, UTC: everything that was acknowledged before is in it. */
  readonly createdAt: string
  readonly tables: readonly BackedUpTable[]
  readonly files: number
  readonly bytes: number
  /** Bytes of them that take no room, because the file has a second name. */
  readonly linkedBytes: number
  /** Paths in the home that are no part of it, and so not in the backup. */
  readonly left: readonly string[]
  /** Paths of what earlier backups to this place left that did not come to their end. */
  readonly partial: readonly string[]
  readonly elapsed_ms: number
}

export interface BackupOptions {
  readonly home: Home
  readonly release: number
  /** The whole path of a directory that is not there yet. */
  readonly directory: string
  readonly signal?: AbortSignal | undefined
  /** Those who write meanwhile; nobody where left out. */
  readonly writers?: SpoolWriters
  /** Copies the tables in a thread of its own; in this one where left out. */
  readonly copyTables?: (task: TablesTask, signal?: AbortSignal) => Promise<TablesCopied>
  /** The disk of this machine unless given. */
  readonly io?: FileIO
}

/** Which tables to copy, and where to. */
export interface TablesTask {
  /** The home's directory. */
  readonly home: string
  readonly elsewhere: readonly Elsewhere[]
  readonly to: string
}

export interface TablesCopied {
  readonly tables: readonly BackedUpTable[]
  /** The tables and what is copied right before them. */
  readonly copied: Copied
  /** What of it is not of tables. */
  readonly others: Copied
}

/**
 * Makes a copy of a home that is a home by itself, under a name that it takes when it is whole and durable. Rows may go
 * on coming in; nothing may be removed from the tables meanwhile but by a commit. It is noted in the home.
 * @throws HypError USAGE for a place that cannot be taken, DECLARATION_INVALID, DISK_FULL, DISK_FAILED, INTERRUPTED, and
 *   errors of the tables; what was copied is removed then
 */
export async function backUp(options: BackupOptions): Promise<BackupReport> {
  const { home, release, directory, signal, writers = noWriters, io = localFileIO } = options
  const start = performance.now()
  const createdAt = new Date().toISOString()
  const declarations = await loadDeclarations(home, release)
  const elsewhere = declarations.flatMap(each =>
    each.location === undefined ? [] : [{ table: each.table, directory: tableDirectory(home, each) }],
  )
  await checkDestination(
    home,
    directory,
    elsewhere.map(table => table.directory),
  )
  // Of a home that was named by mistake there would be a backup, and one fine day it would be needed.
  if (elsewhere.length === 0 && (await io.list(home.tables)).length === 0)
    throw new HypError('TABLE_NOT_FOUND', `There is no table in the home ${home.directory}.`, {
      hint: 'Name the home with HYP_HOME or --home.',
      details: { home: home.directory },
    })
  const place = await realPlace(directory)
  const { partial, earlier } = await beginAt(io, place)
  try {
    const copier = newCopier(io, signal)
    await copyWaiting(io, home, partial, copier, writers)
    const copyAll = options.copyTables ?? ((task, until) => copyTablesTo(task, until, io))
    const { tables, copied, others } = await copyAll({ home: home.directory, elsewhere, to: partial }, signal)
    const rest = sum(copier.copied(), others)
    const file: BackupFile = { formatVersion: 1, version, createdAt, home: home.directory, tables, others: rest }
    await copier.write(backupFilePath(partial), printBackupFile(file))
    await copier.sync()
    await io.syncDirectory(partial)
    // Before it is there: what was deleted later is asked for in every backup that there is.
    await noteBackup(io, home, { directory: place, createdAt, tables })
    await io.rename(partial, place)
    await io.syncDirectory(dirname(place))
    return {
      formatVersion: 1,
      directory: place,
      home: home.directory,
      createdAt,
      tables,
      ...sum(copier.copied(), copied),
      left: await othersIn(io, home),
      partial: earlier,
      elapsed_ms: Math.round(performance.now() - start),
    }
  } catch (error) {
    throw await withoutPartial(io, partial, error)
  }
}

/** Makes the folder that takes the place when it is whole, and finds those that never did. */
async function beginAt(io: FileIO, place: string): Promise<{ readonly partial: string; readonly earlier: string[] }> {
  const partial = `${place}.partial-${randomBytes(4).toString('hex')}`
  try {
    const earlier = await partialsOf(io, place)
    await io.makeDirectory(partial)
    return { partial, earlier }
  } catch (cause) {
    const { code, message } = toHypError(cause)
    // Where nothing can be made at all, as in `/proc`, the system says that something is not there.
    const known = code === 'DISK_FULL' || code === 'DISK_FAILED' ? code : 'HOME_UNUSABLE'
    const hint = hints[known]
    throw new HypError(known, `No backup can be made at ${place}: ${message}.`, {
      ...(hint === undefined ? {} : { hint }),
      details: { directory: place },
      cause,
    })
  }
}

/** Copies the tables of a home, durable on return. For a thread that is told in plain data. */
export async function copyTablesTo(
  { home, elsewhere, to }: TablesTask,
  signal: AbortSignal | undefined,
  io: FileIO = localFileIO,
): Promise<TablesCopied> {
  const copiers = { tables: newCopier(io, signal), others: newCopier(io, signal) }
  const tables = await copyTables(io, homeAt(home), elsewhere, to, copiers)
  await copiers.tables.sync()
  await copiers.others.sync()
  const others = copiers.others.copied()
  return { tables, others, copied: sum(copiers.tables.copied(), others) }
}

/** The error, after what was copied was removed; where that fails too, it says where it is. */
async function withoutPartial(io: FileIO, partial: string, error: unknown): Promise<HypError> {
  const known = toHypError(error)
  const { code, message, details } = known
  const hint = hints[code] ?? known.hint
  try {
    await removeFolder(io, partial)
    return new HypError(code, message, { hint, details, cause: error })
  } catch {
    return new HypError(code, `${message} What was copied is left.`, {
      hint: `${hint} Remove ${partial}.`,
      details: { ...details, partial },
      cause: error,
    })
  }
}

/** Ways out that are others than of the home. */
const hints: Partial<Record<ErrorCode, string>> = {
  HOME_UNUSABLE: 'Name a directory that you may write to.',
  DISK_FULL: 'Free some space where the backup is to be, or name a directory on another disk.',
}

async function partialsOf(io: FileIO, place: string): Promise<string[]> {
  const folder = dirname(place)
  const names = await io.list(folder)
  return names
    .map(name => join(folder, name))
    .filter(path => path.startsWith(`${place}.partial-`))
    .sort()
}

function sum(a: Copied, b: Copied): Copied {
  return { files: a.files + b.files, bytes: a.bytes + b.bytes, linkedBytes: a.linkedBytes + b.linkedBytes }
}
