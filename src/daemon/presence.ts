import { readFile, rm } from 'node:fs/promises'
import type { Home } from '../stores/home.ts'
import { writeRunFile } from '../stores/run-file.ts'

/** Who holds a home, as `run/daemon.json` says it. It can be stale after a crash: the lock is the truth. */
export interface Presence extends Listening {
  readonly pid: number
  readonly version: string
  /** RFC 3339, UTC. */
  readonly startedAt: string
}

/** Where a daemon listens; all of it null while a command works under the lock. */
export interface Listening {
  /** Path of the unix socket. */
  readonly socket: string | null
  /** On 127.0.0.1. */
  readonly port: number | null
  /** Path of the file whose text is asked for on that port. */
  readonly tokenFile: string | null
}

export const notListening: Listening = { socket: null, port: null, tokenFile: null }

/** What the file says; undefined where there is none, or something else in it. */
export async function readPresence(home: Home): Promise<Presence | undefined> {
  try {
    const said = JSON.parse(await readFile(home.daemonFile, 'utf8')) as Partial<Presence> | null
    return typeof said?.pid === 'number' ? (said as Presence) : undefined
  } catch {
    return undefined
  }
}

/** Not made durable: what it says is worth nothing after a power cut. */
export async function writePresence(home: Home, presence: Presence): Promise<void> {
  await writeRunFile(home.daemonFile, `${JSON.stringify(presence, null, 2)}\n`)
}

export async function removePresence(home: Home): Promise<void> {
  await rm(home.daemonFile, { force: true })
}
