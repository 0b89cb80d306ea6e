import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { type IncomingHttpHeaders, type RequestOptions, request } from 'node:http'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { onTestFinished } from 'vitest'

/** What a command came to. */
export interface Outcome {
  readonly status: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** A running process of ours and what it said so far. */
export interface Running {
  readonly pid: number
  readonly stdout: () => string
  readonly stderr: () => string
  /** What the process came to, when it has ended. */
  readonly ended: Promise<Outcome>
  kill(signal: NodeJS.Signals): void
  /** Waits until something holds of what was said. @throws when the process ends before, or a deadline passes */
  until(what: string, holds: () => boolean): Promise<void>
}

/** A daemon that said it is ready. */
export interface RunningDaemon extends Running {
  readonly socket: string
  /** On 127.0.0.1. */
  readonly port: number
  /** What requests to the port have to show. */
  readonly token: string
  /** Its log, line by line. */
  events(): DaemonLine[]
  /** Waits until an import ended, the next one after so many that ended before, and none is under way. */
  imported(before?: number): Promise<Record<string, unknown>>
  /** Ctrl-C, and what the process came to. */
  stop(signal?: NodeJS.Signals): Promise<Outcome>
  /** One request at the socket. */
  readonly ask: Ask
  /** One request at the port, with the token. */
  readonly askPort: Ask
}

type Ask = (method: string, path: string, options?: AskOptions) => Promise<Answer>

export type DaemonLine = Readonly<Record<string, unknown>> & { readonly msg: string }

interface AskOptions {
  readonly body?: string | Uint8Array | object
  readonly headers?: Readonly<Record<string, string>>
}

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

/** A person's machine with nothing on it: places of its own for everything, removed when the test is over. */
export interface Machine {
  /** Holds everything below. */
  readonly directory: string
  readonly home: string
  /** Where Claude Code's configuration would be; not there until something is written. */
  readonly claude: string
  /** Where Codex would keep its own; not there either. */
  readonly codex: string
  readonly table: string
  readonly env: Readonly<Record<string, string>>
  /** The file that is `hyp`. */
  readonly program: string
  /** Runs `hyp` with these words to its end. */
  hyp(...words: readonly string[]): Promise<Outcome>
  /** Starts `hyp` with these words. */
  start(...words: readonly string[]): Running
  /** Runs a line as a person types it: in a shell, in a directory of no project, with `hyp` on the path. */
  shell(line: string): Promise<Outcome>
  /** Starts a daemon and waits until it is ready. */
  daemon(...words: readonly string[]): Promise<RunningDaemon>
  /** The rows of a query. */
  query(sql: string): Promise<Record<string, unknown>[]>
  /** The JSON document of a command that ends well. */
  json<Document>(...words: readonly string[]): Promise<Document>
  /** Writes the user's declaration. */
  declare(text: string): void
  /** The same machine with another build of `hyp`, by the file that is it. */
  as(program: string): Machine
}

const ours = join(import.meta.dirname, '../../bin/hyp.js')

/** Long enough for a machine under load; a test that waits this long has failed. */
const deadlineMs = 90_000

export interface MachineOptions {
  /** Path of the home below the machine's directory. */
  readonly homeName?: string
  readonly env?: Readonly<Record<string, string>>
}

export function machine({ homeName = 'home', env: more = {} }: MachineOptions = {}): Machine {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), 'hyp-test-')))
  const children: ChildProcess[] = []
  onTestFinished(async () => {
    for (const child of children) await end(child)
    rmSync(directory, { recursive: true, force: true })
  })
  return machineIn(directory, children, ours, homeName, more)
}

function machineIn(
  directory: string,
  children: ChildProcess[],
  program: string,
  homeName: string,
  more: Readonly<Record<string, string>>,
): Machine {
  const home = join(directory, homeName)
  const claude = join(directory, 'claude')
  const codex = join(directory, 'codex')
  const bin = join(directory, 'bin')
  mkdirSync(bin, { recursive: true })
  writeFileSync(join(bin, 'hyp'), `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`)
  chmodSync(join(bin, 'hyp'), 0o755)
  const env = {
    PATH: `${bin}:${process.env['PATH'] ?? ''}`,
    HOME: join(directory, 'user'),
    TMPDIR: directory,
    HYP_HOME: home,
    CLAUDE_CONFIG_DIR: claude,
    CODEX_HOME: codex,
    ...more,
  }
  const run = (file: string, words: readonly string[]): Running => {
    const child = spawn(file, words, { cwd: directory, env, stdio: ['ignore', 'pipe', 'pipe'] })
    children.push(child)
    return running(child, [file, ...words].join(' '))
  }
  const start = (...words: readonly string[]): Running => run(process.execPath, [program, ...words])
  const hyp = (...words: readonly string[]): Promise<Outcome> => start(...words).ended

  async function json<Document>(...words: readonly string[]): Promise<Document> {
    const { status, stdout, stderr } = await hyp(...words)
    if (status !== 0) throw new Error(`hyp ${words.join(' ')} ended with ${status}: ${stdout}${stderr}`)
    return JSON.parse(stdout) as Document
  }

  return {
    directory,
    home,
    claude,
    codex,
    table: join(home, 'tables/ai_gateway_messages'),
    env,
    program,
    hyp,
    start,
    shell: line => run('/bin/sh', ['-c', line]).ended,
    daemon: async (...words) => ready(start('daemon', '--log-format', 'json', ...words)),
    query: async sql => (await json<{ rows: Record<string, unknown>[] }>('query', '--format', 'json', sql)).rows,
    json,
    declare: text => {
      mkdirSync(join(home, 'schema'), { recursive: true })
      writeFileSync(join(home, 'schema/ai_gateway_messages.json'), text)
    },
    as: other => machineIn(directory, children, other, homeName, more),
  }
}

function running(child: ChildProcess, name: string): Running {
  let stdout = ''
  let stderr = ''
  let over = false
  const heard = new Set<() => void>()
  const tell = (): void => {
    for (const listener of heard) listener()
  }
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
    tell()
  })
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
    tell()
  })
  const ended = new Promise<Outcome>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (status, signal) => {
      over = true
      resolve({ status, signal, stdout, stderr })
      tell()
    })
  })
  return {
    pid: child.pid as number,
    stdout: () => stdout,
    stderr: () => stderr,
    ended,
    kill: signal => void child.kill(signal),
    until: (what, holds) =>
      new Promise((resolve, reject) => {
        const said = (): string => `${name}\n--- stdout\n${stdout}\n--- stderr\n${stderr}`
        const settle = (act: () => void): void => {
          clearTimeout(timer)
          heard.delete(look)
          act()
        }
        const look = (): void => {
          if (holds()) settle(resolve)
          else if (over) settle(() => reject(new Error(`ended before ${what}: ${said()}`)))
        }
        const timer = setTimeout(
          () => settle(() => reject(new Error(`waited in vain until ${what}: ${said()}`))),
          deadlineMs,
        )
        heard.add(look)
        look()
      }),
  }
}

/** A daemon that was started as any other process, with its log as JSON, once it says that it is ready. */
export async function ready(process: Running): Promise<RunningDaemon> {
  const events = (): DaemonLine[] =>
    process
      .stdout()
      .split('\n')
      .slice(0, -1)
      .map(line => JSON.parse(line) as DaemonLine)
  const summaries = (): Record<string, unknown>[] =>
    events()
      .map(line => line['event'] as { type: string; summary: Record<string, unknown> } | undefined)
      .filter(event => event?.type === 'done')
      .map(event => event?.summary as Record<string, unknown>)
  await process.until('the daemon is ready', () => events().some(line => line.msg === 'ready'))
  const said = (msg: string): DaemonLine | undefined => events().find(line => line.msg === msg)
  const socket = said('ready')?.['socket'] as string
  const port = said('ready')?.['port'] as number
  const token = readFileSync(join(said('home')?.['directory'] as string, 'run/token'), 'utf8').trimEnd()
  const isImporting = async (): Promise<boolean> =>
    (JSON.parse((await ask({ socketPath: socket }, 'GET', '/v1/status')).text) as { importing: boolean }).importing
  return {
    ...process,
    socket,
    port,
    token,
    events,
    imported: async (before = 0) => {
      await process.until('an import ended', () => summaries().length > before)
      // The task that it was ends a little later.
      await eventually('nothing is imported', async () => !(await isImporting()))
      return summaries()[before] as Record<string, unknown>
    },
    stop: async (signal = 'SIGINT') => {
      process.kill(signal)
      return process.ended
    },
    ask: (method, path, options) => ask({ socketPath: socket }, method, path, options),
    askPort: (method, path, { headers, ...options } = {}) => {
      const authorization = `Bearer ${token}`
      return ask({ host: '127.0.0.1', port }, method, path, { ...options, headers: { authorization, ...headers } })
    },
  }
}

function ask(to: RequestOptions, method: string, path: string, options: AskOptions = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ ...to, method, path, headers: options.headers ?? {} }, response => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => (text += chunk))
      response.once('error', reject)
      response.once('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }))
    })
    outgoing.once('error', reject)
    const { body } = options
    outgoing.end(typeof body === 'object' && !(body instanceof Uint8Array) ? JSON.stringify(body) : body)
  })
}

/** Asks the system again and again until something holds. @throws when a deadline passes */
export async function eventually(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const until = performance.now() + deadlineMs
  while (!(await holds())) {
    if (performance.now() > until) throw new Error(`waited in vain until ${what}`)
    await new Promise(resolve => setTimeout(resolve, 10))
  }
}

/** Whether a process lives; one that ended and was not collected by its parent yet does not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return
  const closed = new Promise(resolve => child.once('exit', resolve))
  child.kill('SIGKILL')
  await closed
}

/** Every file below a directory with the digest of its bytes: equal before and after, nothing changed. */
export function digests(directory: string): Record<string, string> {
  return Object.fromEntries(
    filesBelow(directory, 'files').map(path => [
      relative(directory, path),
      createHash('sha256').update(readFileSync(path)).digest('hex'),
    ]),
  )
}

/** Paths of all files below a directory, in order; `all` are also sockets and links. */
export function filesBelow(directory: string, which: 'files' | 'all' = 'all'): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter(entry => (which === 'files' ? entry.isFile() : !entry.isDirectory()))
    .map(entry => join(entry.parentPath, entry.name))
    .sort()
}

/** Writes a file and the folders above it. */
export function write(path: string, content: string | Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, content)
}
