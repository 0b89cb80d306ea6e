import { open } from 'node:fs/promises'
import Database from 'libsql'
import { HypError } from '../errors.ts'
import type { Home } from '../stores/home.ts'
import { readPresence } from './presence.ts'

/** The right to write to a home. It ends with `release` or with the process, however that ends. */
export interface Lock {
  release(): void
}

/**
 * Takes the one-writer lock of a home: an exclusive SQLite transaction on
 * `run/lock`, which the operating system gives up with its process.
 * @throws HypError LOCKED, naming who holds it when that is known
 */
export async function takeLock(home: Home): Promise<Lock> {
  let database: InstanceType<typeof Database> | undefined
  try {
    await createPrivately(home.lock)
    database = new Database(home.lock, { timeout: 0 })
    database.exec('BEGIN EXCLUSIVE')
  } catch (cause) {
    database?.close()
    if (!isBusy(cause))
      throw new HypError('HOME_UNUSABLE', `The lock ${home.lock} cannot be taken: ${(cause as Error).message}.`, {
        cause,
      })
    const holder = await readPresence(home)
    const who = holder === undefined ? 'another process' : `process ${holder.pid}, since ${holder.startedAt}`
    throw new HypError('LOCKED', `The home ${home.directory} is in use by ${who}.`, {
      details: { home: home.directory, holder: holder ?? null },
    })
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

/** SQLite would create the file readable to all. Never touches one that is there: closing it would give up this process's own lock. */
async function createPrivately(path: string): Promise<void> {
  try {
    await (await open(path, 'wx', 0o600)).close()
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('SQLITE_BUSY')
}
