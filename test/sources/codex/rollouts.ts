import { mkdir, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { onTestFinished, vi } from 'vitest'
import type { Row } from '../../../src/iceberg/types.ts'
import { findCodexHistories } from '../../../src/sources/codex/find.ts'
import { openCodex } from '../../../src/sources/codex/read.ts'
import type {
  MalformedLine,
  ReadCounts,
  ReadOptions,
  ReadPoint,
  SourceReader,
  Unreadable,
} from '../../../src/sources/source.ts'
import { zstdCompressed } from '../../support/zstd.ts'
import { tree } from '../claude/transcript.ts'

/** Thread ids, as the client makes them. */
export const [threadA, threadB, threadC, threadD] = ['a', 'b', 'c', 'd'].map(
  letter => `0199${letter}000-0000-7000-8000-00000000000${letter}`,
) as [string, string, string, string]

/** The id of a thread that began just now. */
export function newThread(number: number): string {
  const time = Date.now().toString(16).padStart(12, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${String(number).padStart(12, '0')}`
}

export type Line = Record<string, unknown>

let made = 0

/** A line as clients write it since September 2025. */
export function envelope(type: string, payload: object, fields: object = {}): Line {
  made++
  const seconds = String(made % 60).padStart(2, '0')
  const minutes = String(Math.floor(made / 60) % 60).padStart(2, '0')
  return { timestamp: `2026-03-01T10:${minutes}:${seconds}.250Z`, type, payload, ...fields }
}

export function meta(id: string, fields: object = {}): Line {
  return envelope('session_meta', {
    id,
    timestamp: '2026-03-01T09:00:00.000Z',
    cwd: '/code/widgets',
    originator: 'codex_cli_rs',
    cli_version: '0.145.0',
    source: 'cli',
    model_provider: 'openai',
    git: { commit_hash: 'c0ffee', branch: 'main', repository_url: 'git@example.com:w/widgets.git' },
    ...fields,
  })
}

/** The beginning of a turn, in the two lines that tell it. */
export function turn(turnId: string, fields: object = {}): Line[] {
  return [
    event('task_started', { turn_id: turnId }),
    envelope('turn_context', {
      turn_id: turnId,
      cwd: '/code/widgets',
      approval_policy: 'on-request',
      sandbox_policy: { type: 'workspace-write' },
      model: 'gpt-5.4',
      effort: 'high',
      ...fields,
    }),
  ]
}

export function event(type: string, fields: object = {}): Line {
  return envelope('event_msg', { type, ...fields })
}

export function item(type: string, fields: object = {}): Line {
  return envelope('response_item', { type, ...fields })
}

export function user(words: string, fields: object = {}): Line {
  return item('message', { role: 'user', content: [{ type: 'input_text', text: words }], ...fields })
}

export function assistant(words: string, fields: object = {}): Line {
  return item('message', { role: 'assistant', content: [{ type: 'output_text', text: words }], ...fields })
}

export function call(callId: string, fields: object = {}): Line {
  return item('function_call', { name: 'exec_command', arguments: '{"cmd":"ls"}', call_id: callId, ...fields })
}

export function output(callId: string, answer: unknown = 'widgets.ts'): Line {
  return item('function_call_output', { call_id: callId, output: answer })
}

/** Counts as a client tells them; the total is what they add up to. */
export function tokens(input: number, out = 0, cached = 0): Record<string, number> {
  return {
    input_tokens: input,
    cached_input_tokens: cached,
    output_tokens: out,
    reasoning_output_tokens: 0,
    total_tokens: input + out,
  }
}

export function tokenCount(totals: object | null, last: object | null): Line {
  const info = {
    ...(totals === null ? {} : { total_token_usage: totals }),
    ...(last === null ? {} : { last_token_usage: last }),
    model_context_window: 258_400,
  }
  return event('token_count', { info, rate_limits: { primary: { used_percent: made } } })
}

export function text(...lines: readonly (Line | string)[]): string {
  return lines.map(line => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join('')
}

/** Where the client keeps the rollout of a thread. */
export function placeOf(thread: string, extension = 'jsonl'): string {
  return `sessions/2026/03/01/rollout-2026-03-01T11-00-00-${thread}.${extension}`
}

export function archivedPlaceOf(thread: string, extension = 'jsonl'): string {
  return `archived_sessions/rollout-2026-03-01T11-00-00-${thread}.${extension}`
}

export interface WholeRead {
  readonly rows: readonly Row[]
  /** Rows by line, for lines that gave any. */
  readonly lines: readonly (readonly Row[])[]
  readonly records: readonly unknown[]
  readonly counts: ReadCounts
  /** Only the reasons that occurred. */
  readonly skipped: Readonly<Record<string, number>>
  readonly malformed: readonly MalformedLine[]
  readonly unreadable: readonly Unreadable[]
  readonly end: ReadPoint | undefined
  readonly unresolved: boolean
  readonly waitsFor: readonly string[]
}

/** A directory of the client, and what reads it. */
export interface Home {
  readonly directory: string
  readonly reader: SourceReader
  readonly path: (name: string) => string
  readonly write: (name: string, content: string | Uint8Array) => Promise<void>
  readonly read: (name: string, options?: ReadOptions) => Promise<WholeRead>
  /** Rows of all files, as a table keeps them: of equal keys the first. */
  readonly table: () => Promise<readonly Row[]>
}

/** A home whose reader does not see time go by: one that listed files for long does not do so again soon. */
export async function codexHome(files: Readonly<Record<string, string | Uint8Array>>): Promise<Home> {
  const clock = vi.spyOn(performance, 'now').mockReturnValue(0)
  onTestFinished(() => clock.mockRestore())
  const directory = await tree(files)
  const where = { home: '/nowhere', env: {}, directory }
  const reader = openCodex(where)
  const path = (name: string): string => join(directory, name)
  return {
    directory,
    reader,
    path,
    write: async (name, content) => {
      await mkdir(dirname(path(name)), { recursive: true })
      await writeFile(path(name), content)
    },
    read: (name, options) => readPath(reader, path(name), options),
    table: async () => {
      const rows = new Map<string, Row>()
      for (const history of await findCodexHistories(where)) {
        for (const file of history.files) {
          for (const row of (await readPath(reader, file.path)).rows) {
            const key = JSON.stringify([row['session_id'], row['part_id']])
            if (!rows.has(key)) rows.set(key, row)
          }
        }
      }
      return [...rows.values()]
    },
  }
}

async function readPath(reader: SourceReader, path: string, options: ReadOptions = {}): Promise<WholeRead> {
  const { size, mtimeMs } = await stat(path).catch(() => ({ size: 0, mtimeMs: 0 }))
  const read = reader.read({ path, size, mtimeMs }, options)
  const lines: Row[][] = []
  const records: unknown[] = []
  for await (const captured of read.captured) {
    lines.push(captured.map(one => one.row))
    records.push(...captured.map(one => one.record))
  }
  const { counts, malformed, end, waitsFor } = read
  const skipped = Object.fromEntries(Object.entries(counts.skipped).filter(([, count]) => count > 0))
  return {
    rows: lines.flat(),
    lines,
    records,
    counts,
    skipped,
    malformed,
    unreadable: read.unreadable,
    end,
    unresolved: (waitsFor ?? []).length > 0,
    waitsFor: waitsFor ?? [],
  }
}

/** Reads a rollout of thread A with these lines after its description. */
export async function readLinesOf(...lines: readonly (Line | string)[]): Promise<WholeRead> {
  return readContent(text(meta(threadA), ...lines))
}

export async function readContent(
  content: string | Uint8Array,
  options: ReadOptions & { readonly name?: string } = {},
): Promise<WholeRead> {
  const { name = placeOf(threadA), ...others } = options
  return (await codexHome({ [name]: content })).read(name, others)
}

/** What `attributes` holds under `codex`. */
export function codexOf(row: Row | undefined): Record<string, unknown> {
  const attributes = JSON.parse(row?.['attributes'] as string) as { readonly codex?: Record<string, unknown> }
  return attributes.codex ?? {}
}

/** The texts of rows, in their order. */
export function said(rows: readonly Row[]): unknown[] {
  return rows.filter(row => row['part_type'] !== 'usage').map(row => row['content_text'])
}

export { zstdCompressed }
