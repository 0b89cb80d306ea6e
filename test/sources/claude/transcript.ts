import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { Row } from '../../../src/iceberg/types.ts'
import { readClaudeFile } from '../../../src/sources/claude/read.ts'
import type { MalformedLine, ReadCounts, ReadOptions, ReadPoint, Unreadable } from '../../../src/sources/source.ts'

export const session = '0d5c6f0e-0000-4000-8000-000000000001'

/** A new directory that goes away with the test. */
async function temporary(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'hyp-claude-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  return directory
}

/** Writes files by relative path into a new directory. */
export async function tree(files: Readonly<Record<string, string | Uint8Array>>): Promise<string> {
  const directory = await temporary()
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(directory, name)), { recursive: true })
    await writeFile(join(directory, name), content)
  }
  return directory
}

/** The lines as a transcript holds them. */
export function transcript(...lines: readonly (object | string)[]): string {
  return lines.map(one => `${typeof one === 'string' ? one : JSON.stringify(one)}\n`).join('')
}

let made = 0

/** A line as clients write it; `fields` replace or add members. */
export function line(type: string, fields: object = {}): Record<string, unknown> {
  made++
  return {
    parentUuid: null,
    isSidechain: false,
    userType: 'external',
    cwd: '/code/widgets',
    sessionId: session,
    version: '2.1.220',
    gitBranch: 'main',
    type,
    uuid: `00000000-0000-4000-8000-${String(made).padStart(12, '0')}`,
    timestamp: `2026-06-13T19:37:${String(made % 60).padStart(2, '0')}.328Z`,
    ...fields,
  }
}

export function user(content: unknown, fields: object = {}): Record<string, unknown> {
  return line('user', { message: { role: 'user', content }, ...fields })
}

export function assistant(content: unknown, fields: object = {}, message: object = {}): Record<string, unknown> {
  return line('assistant', {
    requestId: 'req_1',
    message: { id: 'msg_1', type: 'message', role: 'assistant', model: 'claude-opus-5', content, ...message },
    ...fields,
  })
}

/** A record without some of its members. */
export function without(record: Record<string, unknown>, ...keys: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).filter(([key]) => !keys.includes(key)))
}

export interface WholeRead {
  readonly rows: readonly Row[]
  readonly records: readonly unknown[]
  /** Rows by line, for lines that gave any. */
  readonly lines: readonly (readonly Row[])[]
  readonly counts: ReadCounts
  /** Only the reasons that occurred. */
  readonly skipped: Readonly<Record<string, number>>
  readonly malformed: readonly MalformedLine[]
  readonly unreadable: readonly Unreadable[]
  readonly end: ReadPoint | undefined
}

export async function readFileWhole(path: string, options: ReadOptions = {}): Promise<WholeRead> {
  const { size, mtimeMs } = await stat(path).catch(() => ({ size: 0, mtimeMs: 0 }))
  const read = readClaudeFile({ path, size, mtimeMs }, options)
  const lines: Row[][] = []
  const records: unknown[] = []
  for await (const captured of read.captured) {
    lines.push(captured.map(one => one.row))
    records.push(...captured.map(one => one.record))
  }
  const skipped = Object.fromEntries(Object.entries(read.counts.skipped).filter(([, count]) => count > 0))
  const { counts, malformed, end } = read
  return { rows: lines.flat(), records, lines, counts, skipped, malformed, unreadable: read.unreadable, end }
}

/** Reads a transcript of these contents, named like a session unless told otherwise. */
export async function readContent(content: string | Uint8Array, name = `${session}.jsonl`): Promise<WholeRead> {
  const directory = await tree({ [name]: content })
  return readFileWhole(join(directory, name))
}

/** Reads a transcript of these lines. */
export function readLinesOf(...lines: readonly (object | string)[]): Promise<WholeRead> {
  return readContent(transcript(...lines))
}

/** The value of a JSON column. */
export function json(cell: unknown): Record<string, unknown> {
  return JSON.parse(cell as string) as Record<string, unknown>
}

/** What `attributes` holds under `claude`. */
export function claudeOf(row: Row | undefined): Record<string, unknown> {
  return (json(row?.['attributes'])['claude'] ?? {}) as Record<string, unknown>
}

/** The value of a column that holds text. */
export function textIn(row: Row | undefined, column: string): string {
  const cell = row?.[column]
  return typeof cell === 'string' ? cell : JSON.stringify(cell ?? null)
}

/** Does something as a user who is bound by permissions, which bind root to nothing. */
export async function asOrdinaryUser<T>(run: () => Promise<T>): Promise<T> {
  if (process.getuid?.() !== 0 || process.seteuid === undefined) return run()
  process.seteuid(65_534)
  try {
    return await run()
  } finally {
    process.seteuid(0)
  }
}
