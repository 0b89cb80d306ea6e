import { randomUUID } from 'node:crypto'
import { appendFileSync, mkdirSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { Take } from '../../../src/ingest/watch/handover.ts'
import { type WatchEvent, type WatchOptions, watchHistories } from '../../../src/ingest/watch/watch-histories.ts'
import { builtinDeclaration } from '../../../src/schema/builtin.ts'
import { line } from '../../support/transcripts.ts'

/** A watch of the history below a directory, and what it handed over. */
export interface Watching {
  /** Of Claude Code: transcripts lie in `projects` below it. */
  readonly directory: string
  /** Message ids in the order in which they were handed over, also those that came again. */
  readonly handed: string[]
  readonly bodies: string[]
  readonly events: WatchEvent[]
  /** Resolves when something holds. @throws when a deadline passes */
  until(what: string, holds: () => boolean): Promise<void>
  /** So long that whatever was written before is handed over. */
  settled(): Promise<void>
  /** Appends the n-th line of a session to its file, and waits for its row. */
  write(session: string, n: number): Promise<void>
  stop(): Promise<void>
}

const deadlineMs = 30_000

export async function temporary(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'hyp-watch-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  return directory
}

/** Watches with a haste that no person needs. */
export async function watching(
  directory: string,
  options: Partial<Pick<WatchOptions, 'watchFolder' | 'pace' | 'declaration'>> & { readonly take?: Take } = {},
): Promise<Watching> {
  const abort = new AbortController()
  const handed: string[] = []
  const bodies: string[] = []
  const events: WatchEvent[] = []
  const work = watchHistories({
    where: {
      home: join(directory, 'nobody'),
      env: { CLAUDE_CONFIG_DIR: directory, CODEX_HOME: join(directory, 'codex') },
    },
    declaration: options.declaration ?? builtinDeclaration(9),
    signal: abort.signal,
    onEvent: event => void events.push(event),
    take: async body => {
      const wanted = await options.take?.(body)
      if (wanted !== undefined) return wanted
      const text = Buffer.from(body.bytes).toString()
      bodies.push(text)
      handed.push(...rowsOf(text).map(row => String(row['message_id'])))
      return undefined
    },
    watchFolder: options.watchFolder,
    pace: { settleMs: 10, tickMs: 50, ...options.pace },
  })
  const stop = async (): Promise<void> => {
    abort.abort()
    await work
  }
  onTestFinished(stop)
  const until = async (what: string, holds: () => boolean): Promise<void> => {
    const end = performance.now() + deadlineMs
    while (!holds()) {
      if (performance.now() > end) throw new Error(`waited in vain until ${what}; handed over: ${handed.join(' ')}`)
      await new Promise(resolve => setTimeout(resolve, 5))
    }
  }
  await Promise.race([until('watching has begun', () => events.some(({ type }) => type === 'begun')), work])
  return {
    directory,
    handed,
    bodies,
    events,
    until,
    settled: async () => {
      const session = randomUUID()
      append(directory, session, 0)
      await until('a line that came later is handed over', () => handed.includes(`${session}-0`))
      handed.splice(handed.indexOf(`${session}-0`), 1)
    },
    write: async (session, n) => {
      append(directory, session, n)
      await until(`line ${n} of ${session} is handed over`, () => handed.includes(`${session}-${n}`))
    },
    stop,
  }
}

export function rowsOf(body: string): Record<string, unknown>[] {
  return body
    .split('\n')
    .slice(0, -1)
    .map(row => JSON.parse(row) as Record<string, unknown>)
}

/** Where the transcript of a session lies. */
export function pathOf(directory: string, session: string, project = '-somewhere'): string {
  return join(directory, 'projects', project, `${session}.jsonl`)
}

/** The n-th line of a session as it stands in its file. */
export function textOf(session: string, n: number, more: object = {}): string {
  return `${JSON.stringify(line(session, n, more as Record<string, unknown>))}\n`
}

/** Appends lines to a session's transcript. */
export function append(directory: string, session: string, ...lines: readonly number[]): string {
  const path = pathOf(directory, session)
  mkdirSync(dirname(path), { recursive: true })
  appendFileSync(path, lines.map(n => textOf(session, n)).join(''))
  return path
}
