import { setTimeout as sleep } from 'node:timers/promises'
import { HypError, toHypError } from '../errors.ts'
import { localFileIO } from '../iceberg/file-io/local.ts'
import { isAlive } from '../stores/alive.ts'
import { finishRestore } from '../stores/backup/swap.ts'
import { type Home, unusableHome } from '../stores/home.ts'
import { keepReserve } from '../stores/reserve.ts'
import { version } from '../version.ts'
import { lockedBy, takeLock } from './lock.ts'
import { type Listening, notListening, type Presence, readPresence, removePresence, writePresence } from './presence.ts'
import { rivalOf } from './rival.ts'

/** The lock of a home, and the word in `daemon.json` of who holds it. */
export interface Hold {
  readonly startedAt: string
  /** Lets others know where the holder listens. */
  listensAt(listening: Listening): Promise<void>
  release(): Promise<void>
}

export interface HoldOptions {
  readonly signal?: AbortSignal | undefined
  /** Told once, when a command that works on the home has to be waited for. */
  readonly onWait?: ((holder: Presence) => void) | undefined
}

const lookAgainMs = 50

/**
 * A holder says who it is right after it took the lock, and until right before it gives it back: one of which nothing
 * was known so many looks in a row is not ours. Fewer say nothing: between two holders there is a moment without a name.
 */
const namelessLooks = 100

/**
 * Takes the lock and says so. A command that holds it is waited for: it ends by
 * itself. A daemon is not: it does the work that others would have done.
 * @throws HypError LOCKED when a daemon or somebody nameless holds it, INTERRUPTED
 */
export async function holdHome(home: Home, { signal, onWait }: HoldOptions = {}): Promise<Hold> {
  let nameless = 0
  let told = false
  for (;;) {
    try {
      return await hold(home)
    } catch (error) {
      if (!(error instanceof HypError) || error.code !== 'LOCKED') throw error
      const holder = await livingHolder(home)
      nameless = holder === undefined ? nameless + 1 : 0
      if (holder === undefined ? nameless > namelessLooks : holder.socket !== null) throw error
      if (holder !== undefined && !told) onWait?.(holder)
      told ||= holder !== undefined
    }
    if (signal?.aborted === true) throw new HypError('INTERRUPTED', 'Interrupted while waiting for another process.')
    await sleep(lookAgainMs)
  }
}

async function hold(home: Home): Promise<Hold> {
  const lock = await takeLock(home)
  const startedAt = new Date().toISOString()
  const say = (listening: Listening): Promise<void> =>
    writePresence(home, { pid: process.pid, version, startedAt, ...listening })
  try {
    // A lock can be lost without being given back: the daemon that lost it works on.
    const rival = await rivalOf(home)
    if (rival !== undefined) throw lockedBy(home, rival)
    // Nobody works on a home that is half what it was and half what was restored.
    await finishRestore(localFileIO, home)
    await say(notListening).catch((error: unknown) => {
      // Who works under the lock need not be known by name: on a full disk that is where space is freed.
      if (toHypError(error).code !== 'DISK_FULL') throw unusableHome(home, error)
    })
    await keepReserve(home)
  } catch (error) {
    lock.release()
    throw error
  }
  return {
    startedAt,
    listensAt: say,
    release: async () => {
      try {
        await removePresence(home)
      } finally {
        lock.release()
      }
    },
  }
}

/** What `daemon.json` says, unless the process it names is gone. */
async function livingHolder(home: Home): Promise<Presence | undefined> {
  const presence = await readPresence(home)
  return presence !== undefined && isAlive(presence.pid) ? presence : undefined
}
