import { join } from 'node:path'
import { HypError, toHypError } from '../../errors.ts'
import { type FileIO, isNotFound } from '../../iceberg/file-io/file-io.ts'
import type { TableCopy } from './table-copy.ts'

/** What a backup says of itself, in `backup.json`, which is written last. */
export interface BackupFile {
  readonly formatVersion: 1
  /** Version of hyp. */
  readonly version: string
  /** RFC 3339, UTC: everything that was acknowledged before is in it. */
  readonly createdAt: string
  /** The home it is of. */
  readonly home: string
  readonly tables: readonly BackedUpTable[]
  /** Of all the rest: what waits on its way to the tables, records, declarations, settings. */
  readonly others: { readonly files: number; readonly bytes: number }
}

export interface BackedUpTable extends TableCopy {
  /** Where it lay, if that was not in the home: in the backup it lies in the home, and so it does when it is restored. */
  readonly elsewhere: string | null
}

const name = 'backup.json'

export function backupFilePath(directory: string): string {
  return join(directory, name)
}

export function printBackupFile(file: BackupFile): Uint8Array {
  return Buffer.from(`${JSON.stringify(file, null, 2)}\n`)
}

/** @throws HypError NOT_FOUND where there is no backup, BACKUP_INVALID, RECORD_NEWER for one of a later version */
export async function readBackupFile(io: FileIO, directory: string): Promise<BackupFile> {
  const path = backupFilePath(directory)
  let text: string
  try {
    text = Buffer.from(await io.read(path)).toString('utf8')
  } catch (cause) {
    if (!isNowhere(cause)) {
      const { code, message } = toHypError(cause)
      throw new HypError(code, `The backup ${directory} cannot be read: ${message}.`, {
        ...(code === 'HOME_UNUSABLE' ? { hint: 'Name a directory that you may read.' } : {}),
        details: { directory },
        cause,
      })
    }
    throw new HypError('NOT_FOUND', `There is no backup at ${directory}: it has no ${name}.`, {
      hint: 'Name the directory that `hyp backup` made.',
      details: { directory },
      cause,
    })
  }
  const said = parsed(text)
  const formatVersion = said?.['formatVersion']
  if (typeof formatVersion === 'number' && formatVersion > 1)
    throw new HypError('RECORD_NEWER', `The backup ${directory} was made by a later version of hyp than this one.`, {
      details: { directory, formatVersion },
    })
  if (said === undefined || formatVersion !== 1 || !Array.isArray(said['tables']))
    throw new HypError('BACKUP_INVALID', `${path} is damaged.`, { details: { directory } })
  return said as unknown as BackupFile
}

/** Neither is a backup in a file, behind links that lead nowhere, or where no name can be so long. */
function isNowhere(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException
  return isNotFound(error) || (code !== undefined && ['ENOTDIR', 'ELOOP', 'ENAMETOOLONG'].includes(code))
}

function parsed(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const said: unknown = JSON.parse(text)
    return typeof said === 'object' && said !== null ? (said as Readonly<Record<string, unknown>>) : undefined
  } catch {
    return undefined
  }
}
