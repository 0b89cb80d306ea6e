import { spawn } from 'node:child_process'
import { open, readFile } from 'node:fs/promises'
import { takeLock } from '../../daemon/lock.ts'
import { readPresence } from '../../daemon/presence.ts'
import type { DaemonStatus } from '../../daemon/status.ts'
import { HypError } from '../../errors.ts'
import { isAlive } from '../../stores/alive.ts'
import { ensureHome, type Home, unusableHome } from '../../stores/home.ts'
import { findDaemon } from '../client.ts'
import type { CommandContext } from '../context.ts'
import { intakeLimits, settingWords } from '../daemon-settings.ts'
import type { OptionValues } from '../option.ts'
import { portOf } from '../port.ts'
import { pasteableHint } from '../render/error.ts'
import { visible } from '../render/visible.ts'

const longestStartMs = 30_000

/** Starts the daemon in the background and waits until it is ready. Its log goes to run/daemon.log. */
export async function runStart(context: CommandContext, options: OptionValues): Promise<number> {
  const { io, home } = context
  // A mistake is told here, not in a log.
  intakeLimits(options)
  const port = portOf(options)
  const present = await (await findDaemon(home))?.get<DaemonStatus>('/v1/status')
  if (present !== undefined) {
    const asked = context.namedRelease
    if (asked !== undefined && asked !== present.release)
      throw new HypError('VERSION_MISMATCH', `The daemon runs already, as release ${present.release}.`, {
        hint: `Stop it first: ${context.pasteable('hyp stop')}`,
      })
    const presentPort = (await readPresence(home))?.port
    if (port !== undefined && port !== 0 && port !== presentPort)
      throw new HypError('CONFIG_INVALID', `The daemon runs already, at port ${presentPort}.`, {
        hint: `Stop it first: ${context.pasteable('hyp stop')}`,
      })
    await io.stdout(`The daemon runs already: process ${present.pid}.\n`)
    return 0
  }
  await ensureHome(home)
  // Appended to: another daemon may be starting at this moment.
  const log = await open(home.log, 'a', 0o600).catch((error: unknown) => {
    throw unusableHome(home, error)
  })
  const { size } = await log.stat()
  const child = spawn(
    process.execPath,
    [
      io.program,
      'daemon',
      '--home',
      home.directory,
      ...(context.namedRelease === undefined ? [] : ['--as-release', String(context.namedRelease)]),
      ...settingWords(options),
      '--log-format',
      'json',
    ],
    {
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
      env: { ...io.env },
    },
  )
  const exited: { code?: number | null; signal?: string | null } = {}
  child.once('exit', (code, signal) => Object.assign(exited, { code, signal }))
  child.unref()
  await log.close()
  const until = performance.now() + longestStartMs
  while (exited.code === undefined && performance.now() < until) {
    const status = await (await findDaemon(home))?.get<DaemonStatus>('/v1/status')
    if (status?.pid === child.pid) {
      await io.stdout(`The daemon runs: process ${status?.pid}, log ${home.log}.\n`)
      if (status !== undefined && !status.ready)
        io.stderr(
          status.checks
            .filter(check => !check.ok)
            .map(
              check =>
                `${visible(`${check.name}: ${check.message}`)}\n${visible(`hint: ${pasteableHint(check.hint ?? '', context.pasteable)}`)}\n`,
            )
            .join(''),
        )
      return 0
    }
    await new Promise(resolve => setTimeout(resolve, 30))
  }
  const winner = await (await findDaemon(home))?.get<DaemonStatus>('/v1/status')
  if (winner !== undefined) {
    await io.stdout(`The daemon runs already: process ${winner.pid}.\n`)
    return 0
  }
  const said = (await readFile(home.log)).subarray(size).toString('utf8').trimEnd()
  if (typeof exited.code === 'number' && exited.code !== 0) {
    // What it said to a person; the rest is its log.
    const words = said.split('\n').filter(line => !line.startsWith('{'))
    io.stderr(`${words.join('\n')}\n`)
    return exited.code
  }
  const { code, signal } = exited
  const what =
    code === undefined
      ? `was not ready within ${longestStartMs / 1000} s`
      : `ended before it was ready${signal ? `, by ${signal}` : ''}`
  throw new HypError('DAEMON_UNREACHABLE', `The daemon ${what}.`, { hint: `See ${home.log}.` })
}

const longestStopMs = 12_000

/** Tells the daemon to stop and waits until it did. */
export async function runStop(context: CommandContext): Promise<number> {
  const { io, home } = context
  const daemon = await findDaemon(home)
  if (daemon === undefined) {
    await io.stdout('The daemon does not run.\n')
    return 0
  }
  const { pid } = daemon
  try {
    process.kill(pid, 'SIGTERM')
  } catch (error) {
    // Else it has ended by itself since.
    if (isAlive(pid)) throw error
  }
  const until = performance.now() + longestStopMs
  while (performance.now() < until) {
    if (!isAlive(pid) || (await gaveUp(home, pid))) {
      await io.stdout('The daemon stopped.\n')
      return 0
    }
    await new Promise(resolve => setTimeout(resolve, 30))
  }
  throw new HypError('DAEMON_UNREACHABLE', `Process ${pid} did not stop within ${longestStopMs / 1000} s.`, {
    hint: `It may be finishing a write. Look again with ${context.pasteable('hyp status')}.`,
  })
}

/** Whether a daemon let go of its home. Its process may be seen longer: until its parent takes note of its end. */
async function gaveUp(home: Home, pid: number): Promise<boolean> {
  if ((await readPresence(home))?.pid === pid) return false
  try {
    ;(await takeLock(home)).release()
    return true
  } catch {
    return false
  }
}
