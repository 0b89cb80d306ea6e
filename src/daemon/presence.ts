import { randomUUID } from 'node:crypto'
import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import type { Home } from '../stores/home.ts'

/** Who holds a home, as `run/daemon.json` says it. It can be stale after a crash: the lock is the truth. */
export interface Presence {
  readonly pid: number
  readonly version: string
  /** RFC 3339, UTC. */
  readonly startedAt: string
  /** Path of the unix socket; null while a command works under the lock. */
  readonly socket: string | null
}

export async function readPresence(home: Home): Promise<Presence | undefined> {
  try {
    return JSON.parse(await readFile(home.daemonFile, 'utf8')) as Presence
  } catch {
    return undefined
  }
}

/** Not made durable: what it says is worth nothing after a power cut. */
export async function writePresence(home: Home, presence: Presence): Promise<void> {
  const temporary = `${home.daemonFile}.${randomUUID()}.tmp`
  await writeFile(temporary, `${JSON.stringify(presence, null, 2)}\n`, { mode: 0o600 })
  await rename(temporary, home.daemonFile)
}

export async function removePresence(home: Home): Promise<void> {
  await rm(home.daemonFile, { force: true })
}
