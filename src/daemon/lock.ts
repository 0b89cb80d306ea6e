import Database from 'libsql'
import { HypError } from '../errors.ts'
import type { Home } from '../stores/home.ts'
import { type Presence, readPresence } from './presence.ts'

/** The right to write to a home. It ends with `release` or with the process, however that ends. */
export interface Lock {
  release(): void
}

/**
 * Takes the one-writer lock of a home: an exclusive SQLite transaction on
 * `run/lock`, which the operating system gives up with its process.
 * @throws HypError LOCKED, naming who holds it when that is known; HOME_UNUSABLE
 */
export async function takeLock(home: Home): Promise<Lock> {
  let database: InstanceType<typeof Database> | undefined
  try {
    database = openPrivately(home.lock)
    // Nothing is ever written to it, so no journal is needed on the disk, which may be full.
    database.exec('PRAGMA journal_mode = MEMORY')
    database.exec('BEGIN EXCLUSIVE')
  } catch (cause) {
    database?.close()
    if (!isCode(cause, 'SQLITE_BUSY'))
      throw new HypError('HOME_UNUSABLE', `The lock ${home.lock} cannot be taken: ${(cause as Error).message}.`, {
        ...(isCode(cause, 'SQLITE_NOTADB') ? { hint: 'It never holds anything: remove it while no daemon runs.' } : {}),
        cause,
      })
    throw lockedBy(home, await readPresence(home))
  }
  const held = database
  return {
    release: () => {
      if (!held.open) return
      held.exec('ROLLBACK')
      held.close()
    },
  }
}

/** What somebody is told who cannot have the lock. */
export function lockedBy(home: Home, holder: Presence | undefined): HypError {
  const who = holder === undefined ? 'another process' : `process ${holder.pid}, since ${holder.startedAt}`
  return new HypError('LOCKED', `The home ${home.directory} is in use by ${who}.`, {
    details: { home: home.directory, holder: holder ?? null },
  })
}

/** The file is made by SQLite too, which would make it readable to all: nothing else may ever open it. */
function openPrivately(path: string): InstanceType<typeof Database> {
  const umask = process.umask(0o177)
  try {
    return new Database(path, { timeout: 0 })
  } finally {
    process.umask(umask)
  }
}

function isCode(error: unknown, code: 'SQLITE_BUSY' | 'SQLITE_NOTADB'): boolean {
  return error instanceof Error && 'code' in error && String(error.code).startsWith(code)
}
