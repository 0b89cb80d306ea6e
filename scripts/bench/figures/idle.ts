import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Figure, Reading } from '../figure.ts'
import { type MadeHistory, madeHistory, manyFiles } from '../made-history.ts'
import { runProgram } from '../program.ts'
import type { CaptureAnswer, CaptureTask } from '../programs/capture.ts'
import { withFolder } from '../scratch.ts'
import { median } from '../timing.ts'

const program = new URL('../programs/capture.js', import.meta.url)
const again = 5

/** Time to settle after an import, a quiet minute, and until everything was looked at once more: seconds. */
const settle = 20
const minute = 60
const withSweep = 310

/** The kernel counts processor time in hundredths of a second, for every program on Linux. */
const ticksPerSecond = 100

export const idle: Figure = {
  name: 'idle',
  about: 'A history of 5 000 files in which nothing happens: importing it again, and watching it',
  method: [
    '2 500 small transcripts of either client, made up. Importing again: a process starts the daemon, loads them, and does so',
    `once more ${again} times, when there is nothing new; median. Watching: \`hyp daemon\` on a home of its own imports them, is`,
    `left alone for ${settle} s, and then its processor time is taken from \`/proc\`: over ${minute} s, and over ${withSweep} s, in which it`,
    'looks at every file once; beside it that of a daemon which has nothing to watch, at the same time.',
  ],
  measure: async () => {
    if (process.platform !== 'linux') return 'there is no /proc to take processor time from'
    const history = await madeHistory(manyFiles)
    return [await importingAgain(history), ...(await watching(history))]
  },
}

function importingAgain({ claude, codex }: MadeHistory): Promise<Reading> {
  return withFolder(async folder => {
    const answer = await runProgram<CaptureAnswer>(program, { folder, claude, codex, again } satisfies CaptureTask)
    if (answer.again.some(({ rows, commits }) => rows + commits > 0)) throw new Error('an import found something new')
    return {
      what: 'importing again, nothing new',
      value: (median(answer.again.map(({ ms }) => ms)) / 1000 / answer.summary.files) * 5000,
      unit: 's for 5 000 files',
      atMost: 2,
      from: `${answer.summary.files} files; ${(answer.ms / 1000).toFixed(1)} s the first time`,
    }
  })
}

function watching(history: MadeHistory): Promise<Reading[]> {
  return withFolder(async folder => {
    const nothing = join(folder, 'nothing')
    const daemons = [
      await settledDaemon(join(folder, 'home'), history),
      await settledDaemon(join(folder, 'other'), { claude: nothing, codex: nothing }),
    ]
    try {
      await sleep(settle * 1000)
      const used = (): number[] => daemons.map(({ pid }) => processorSeconds(pid))
      const before = used()
      const since = (): number[] => used().map((seconds, index) => seconds - (before[index] ?? 0))
      await sleep(minute * 1000)
      const quiet = since()
      await sleep((withSweep - minute) * 1000)
      return [
        share('watching 5 000 files', quiet, minute),
        share('watching, with one look at every file', since(), withSweep),
      ]
    } finally {
      for (const { stop } of daemons) await stop()
    }
  })
}

/** @param seconds of the daemon that watches, and of one that has nothing to watch */
function share(what: string, [ours = 0, idling = 0]: readonly number[], of: number): Reading {
  const from = `${ours.toFixed(2)} s of ${of} s, ${idling.toFixed(2)} s with nothing to watch`
  return { what, value: (ours / of) * 100, unit: '% of a core', atMost: 0.5, from }
}

interface RunningDaemon {
  readonly pid: number
  readonly stop: () => Promise<void>
}

/** A daemon that has imported what there was. */
async function settledDaemon(home: string, { claude, codex }: Omit<MadeHistory, 'truth'>): Promise<RunningDaemon> {
  const daemon = spawn(process.execPath, ['bin/hyp.js', 'daemon', '--log-format', 'json'], {
    env: { ...process.env, HYP_HOME: home, CLAUDE_CONFIG_DIR: claude, CODEX_HOME: codex },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const closed = once(daemon, 'close')
  await imported(daemon.stdout)
  // Whatever is said from here on is read and dropped: a full pipe would hold the daemon up.
  daemon.stdout.resume()
  if (daemon.pid === undefined) throw new Error('the daemon did not start')
  return {
    pid: daemon.pid,
    stop: async () => {
      daemon.kill('SIGTERM')
      await closed
    },
  }
}

/** Waits for the line of the log that says that the first import is done. */
async function imported(log: NodeJS.ReadableStream): Promise<void> {
  const lines = createInterface({ input: log })
  for await (const line of lines) {
    const { event } = JSON.parse(line) as { readonly event?: { readonly type: string } }
    if (event?.type === 'done') return
  }
  throw new Error('the daemon ended before it had imported')
}

/** What all threads of a process had of the processors so far. */
function processorSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The name of the program stands in brackets and may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
}
