import { setTimeout as sleep } from 'node:timers/promises'
import { holdHome } from '../daemon/hold.ts'
import { HypError } from '../errors.ts'
import { ensureHome } from '../stores/home.ts'
import { type DaemonClient, findDaemon } from './client.ts'
import type { CommandContext } from './context.ts'

/** A command's work, in the two ways it can be done. */
export interface Work<Result> {
  readonly throughDaemon: (daemon: DaemonClient) => Promise<Result>
  /** Where no daemon runs. What changes nothing is done without the lock. */
  readonly underLock: () => Promise<Result>
}

/** A daemon may be starting or stopping right now: so often it is looked for again. */
const looks = 50

/**
 * Lets the running daemon do the work, or does it under the lock; another command is waited for.
 * @param dryRun whether the work changes nothing: then it is done in a home too that can only be read
 */
export async function write<Result>(context: CommandContext, work: Work<Result>, dryRun = false): Promise<Result> {
  const { home } = context
  if (dryRun) {
    const daemon = await findDaemon(home)
    return daemon === undefined ? work.underLock() : work.throughDaemon(daemon)
  }
  await ensureHome(home)
  for (let look = 1; ; look++) {
    const daemon = await findDaemon(home)
    if (daemon !== undefined) return work.throughDaemon(daemon)
    try {
      return await holding(context, work.underLock)
    } catch (error) {
      if (!(error instanceof HypError) || error.code !== 'LOCKED' || look >= looks) throw error
      await sleep(100)
    }
  }
}

/** Works under the lock; another command is waited for. @throws HypError LOCKED where a daemon runs, INTERRUPTED */
export async function holding<Result>(
  { home, io }: Pick<CommandContext, 'home' | 'io'>,
  work: () => Promise<Result>,
): Promise<Result> {
  const held = await holdHome(home, {
    signal: io.signal,
    onWait: ({ pid }) => io.stderr(`waiting for process ${pid}, which works on this home\n`),
  })
  try {
    return await work()
  } finally {
    await held.release()
  }
}
