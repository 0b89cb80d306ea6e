import { randomBytes } from 'node:crypto'
import { dirname } from 'node:path'
import { HypError } from '../../errors.ts'
import type { FileIO } from '../../iceberg/file-io/file-io.ts'
import type { Home } from '../home.ts'
import { backupKind, type NotedBackup } from '../records/kinds/backup.ts'
import { recordPlace } from '../records/place.ts'
import { openRecords, type RecordStore } from '../records/store.ts'
import { uuidV7 } from '../uuid-v7.ts'
import { readBackupFile } from './backup-file.ts'

/** Notes a backup once in the home it is of, durably. Notes of those that are gone go. The caller holds the lock. */
export async function noteBackup(io: FileIO, home: Home, { directory, createdAt, tables }: NotedBackup): Promise<void> {
  const store = notesOf(io, home)
  for (const { id, value } of (await store.list()).items) {
    if (await isGone(io, value)) await store.remove(id)
    else if (value.directory === directory) return
  }
  const noted = { directory, createdAt, tables: tables.map(({ table, uuid }) => ({ table, uuid })) }
  await store.create(uuidV7(Date.parse(createdAt), randomBytes(10)), noted)
}

/** The backups of a home that were noted and are not known to be gone. One whose note cannot be read is told elsewhere. */
export async function backupsOf(io: FileIO, home: Home): Promise<NotedBackup[]> {
  const found: NotedBackup[] = []
  for (const { value } of (await notesOf(io, home).list()).items) if (!(await isGone(io, value))) found.push(value)
  return found
}

/** Puts the notes of homes into another one, which is in their place from now on. */
export async function carryNotes(io: FileIO, from: readonly Home[], to: Home): Promise<void> {
  const target = notesOf(io, to)
  const known = new Set((await target.list()).items.map(({ id }) => id))
  for (const home of from)
    for (const { id, bytes } of (await notesOf(io, home).list()).items) {
      if (known.has(id)) continue
      known.add(id)
      await target.put(id, bytes)
    }
}

function notesOf(io: FileIO, home: Home): RecordStore<NotedBackup> {
  return openRecords(backupKind, { ...recordPlace(home), io })
}

/**
 * Whether a backup was removed, or another one took its place. Where the folder that it lay in is not there either, it
 * is on a disk that is elsewhere now; where it cannot be looked at, it may be there.
 */
async function isGone(io: FileIO, { directory, createdAt }: NotedBackup): Promise<boolean> {
  try {
    return (await readBackupFile(io, directory)).createdAt !== createdAt
  } catch (error) {
    if (!(error instanceof HypError) || error.code !== 'NOT_FOUND') return false
    return (await io.look(dirname(directory)).catch(() => undefined)) !== undefined
  }
}
