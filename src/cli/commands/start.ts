import { spawn } from 'node:child_process'
import { open, readFile } from 'node:fs/promises'
import type { DaemonStatus } from '../../daemon/status.ts'
import { HypError } from '../../errors.ts'
import { ensureHome } from '../../stores/home.ts'
import { findDaemon } from '../client.ts'
import type { CommandContext } from '../context.ts'

const longestStartMs = 30_000

/** Starts the daemon in the background and waits until it is ready. Its log goes to run/daemon.log. */
export async function runStart(context: CommandContext): Promise<number> {
  const { io, home } = context
  const present = await (await findDaemon(home))?.get<DaemonStatus>('/v1/status')
  if (present !== undefined) {
    await io.stdout(`The daemon runs already: process ${present.pid}.\n`)
    return 0
  }
  await ensureHome(home)
  const log = await open(home.log, 'w', 0o600)
  const child = spawn(
    process.execPath,
    [io.program, 'daemon', '--home', home.directory, '--as-release', String(context.release), '--log-format', 'json'],
    {
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
      env: { ...io.env },
    },
  )
  const exited: { code?: number | null } = {}
  child.once('exit', code => {
    exited.code = code
  })
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
            .map(check => `${check.name}: ${check.message}\nhint: ${check.hint ?? ''}\n`)
            .join(''),
        )
      return 0
    }
    await new Promise(resolve => setTimeout(resolve, 30))
  }
  const said = (await readFile(home.log, 'utf8')).trimEnd()
  if (typeof exited.code === 'number' && exited.code !== 0) {
    io.stderr(`${said}\n`)
    return exited.code
  }
  throw new HypError('DAEMON_UNREACHABLE', `The daemon was not ready within ${longestStartMs / 1000} s.`, {
    hint: `See ${home.log}.`,
  })
}

const longestStopMs = 12_000

/** Tells the daemon to stop and waits until it did. */
export async function runStop(context: CommandContext): Promise<number> {
  const { io, home } = context
  const status = await (await findDaemon(home))?.get<DaemonStatus>('/v1/status')
  if (status === undefined) {
    await io.stdout('The daemon does not run.\n')
    return 0
  }
  process.kill(status.pid, 'SIGTERM')
  const until = performance.now() + longestStopMs
  while (performance.now() < until) {
    if (!isAlive(status.pid)) {
      await io.stdout('The daemon stopped.\n')
      return 0
    }
    await new Promise(resolve => setTimeout(resolve, 30))
  }
  throw new HypError('DAEMON_UNREACHABLE', `Process ${status.pid} did not stop within ${longestStopMs / 1000} s.`, {
    hint: `It may be finishing a write. Look again with ${context.pasteable('hyp status')}.`,
  })
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
