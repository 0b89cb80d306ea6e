import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ClaudeCounts, ClaudeTruth } from '../../scripts/make-history/claude/truth.ts'
import type { CodexCounts, CodexTruth } from '../../scripts/make-history/codex/truth.ts'
import { makeHistory } from '../../scripts/make-history/history.ts'
import type { Row } from '../../src/iceberg/types.ts'
import { type SourceName, sources } from '../../src/sources/catalogue.ts'
import type { MalformedLine } from '../../src/sources/source.ts'

/*
 * A made-up history with every trap, read, against what its writer says is in it.
 */

const directory = mkdtempSync(join(tmpdir(), 'hyp-made-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

/** Bytes of a line that is longer than what is taken here. */
const longLine = 5_000_000

interface Found {
  readonly files: number
  readonly lines: number
  readonly linesWithRows: number
  readonly captured: number
  readonly skipped: Readonly<Record<string, number>>
  readonly malformed: readonly MalformedLine[]
  readonly unreadable: readonly string[]
  /** The first of each key, as a table keeps them. */
  readonly rows: readonly Row[]
}

async function readAll(source: SourceName, root: string): Promise<Found> {
  const where = { home: '/nowhere', env: {}, directory: root }
  const histories = await sources[source].find(where)
  const reader = sources[source].open(where)
  const rows = new Map<string, Row>()
  const skipped: Record<string, number> = {}
  const malformed: MalformedLine[] = []
  const unreadable = histories.flatMap(history => history.unreadable)
  const total = { files: 0, lines: 0, linesWithRows: 0, captured: 0 }
  for (const file of histories.flatMap(({ files }) => files)) {
    const read = reader.read(file, { maxLineBytes: longLine - 1000 })
    for await (const captured of read.captured) {
      total.linesWithRows++
      total.captured += captured.length
      for (const { row } of captured) {
        const key = JSON.stringify([row['session_id'], row['part_id']])
        if (!rows.has(key)) rows.set(key, row)
      }
    }
    total.files++
    total.lines += read.counts.lines
    for (const [reason, count] of Object.entries(read.counts.skipped))
      if (count > 0) skipped[reason] = (skipped[reason] ?? 0) + count
    malformed.push(...read.malformed.map(line => ({ ...line, path: relative(root, line.path) })))
    unreadable.push(...read.unreadable)
  }
  const paths = unreadable.map(({ path }) => relative(root, path))
  return { ...total, skipped, malformed, unreadable: paths, rows: [...rows.values()] }
}

describe('Claude Code', () => {
  let truth: ClaudeTruth
  let found: Found

  beforeAll(async () => {
    const made = await makeHistory({ directory, claude: 5 << 20, claudeFiles: 60, seed: 7, traps: true, longLine })
    truth = made.claude as ClaudeTruth
    found = await readAll('claude', join(directory, '.claude'))
  })

  test('every line is read once and accounted for', () => {
    const { files, lines, linesWithRows, captured, skipped } = truth
    expect(found).toMatchObject({ files, lines, linesWithRows, captured, skipped })
  })

  test('every damaged line and sidecar is told', () => {
    expect(found.malformed).toEqual(truth.malformed)
    expect(found.unreadable).toEqual(truth.unreadable)
  })

  test('sessions have the messages, prompts, agents and tokens that were written', () => {
    const written = Object.entries(truth.sessions).map(([id, session]) => [id, without(session, 'files')])
    const read = Object.entries(bySession(found.rows)).map(([id, rows]) => [
      id,
      { ...claudeCounts(rows), agents: agentsOf(rows) },
    ])
    expect(Object.fromEntries(read)).toEqual(Object.fromEntries(written))
  })

  test('tokens that several sessions share are those of one', () => {
    const { apiMessages, usage } = claudeCounts(found.rows)
    expect({ apiMessages, usage }).toEqual({ apiMessages: truth.totals.apiMessages, usage: truth.totals.usage })
    const ofSessions = Object.values(truth.sessions).reduce((sum, session) => sum + session.apiMessages, 0)
    expect(apiMessages).toBeLessThan(ofSessions)
  })
})

describe('Codex', () => {
  let truth: CodexTruth
  let found: Found

  beforeAll(async () => {
    const made = await makeHistory({ directory, codex: 5 << 20, codexFiles: 60, seed: 7, traps: true, longLine })
    truth = made.codex as CodexTruth
    found = await readAll('codex', join(directory, '.codex'))
  })

  test('every line is read once and accounted for', () => {
    const { files, lines, linesWithRows, captured, skipped } = truth
    expect(found).toMatchObject({ files, lines, linesWithRows, captured, skipped, unreadable: [] })
  })

  test('every damaged line is told', () => {
    expect(found.malformed).toEqual(truth.malformed)
  })

  test('threads have the items, prompts and tokens that were written', () => {
    const written = Object.entries(truth.threads)
      .filter(([, { rows, usageRows }]) => rows + usageRows > 0)
      .map(([id, thread]) => {
        const items = without(thread.items, 'ghost_snapshot')
        return [id, { ...without(thread, 'files', 'replayedTurns', 'forkedFrom'), items }]
      })
    const read = Object.entries(byThread(found.rows)).map(([id, rows]) => [
      id,
      { ...codexCounts(rows), sessionId: rows[0]?.['session_id'], parentThreadId: rows[0]?.['parent_thread_id'] },
    ])
    expect(Object.fromEntries(read)).toEqual(Object.fromEntries(written))
  })
})

function bySession(rows: readonly Row[]): Record<string, Row[]> {
  return grouped(rows, row => row['session_id'] as string)
}

function byThread(rows: readonly Row[]): Record<string, Row[]> {
  return grouped(rows, row => row['conversation_id'] as string)
}

function grouped(rows: readonly Row[], nameOf: (row: Row) => string): Record<string, Row[]> {
  const groups: Record<string, Row[]> = {}
  for (const row of rows) {
    const group = (groups[nameOf(row)] ??= [])
    group.push(row)
  }
  return groups
}

function agentsOf(rows: readonly Row[]): string[] {
  return [...new Set(rows.map(row => text(row, 'agent_id')))].filter(agent => agent !== '').sort()
}

/** What the client writes in the user's name, and nothing at all. */
const notWritten = /^($|<command-|<local-command-|<bash-input>|<ide_opened_file>|\[Request interrupted)/

function claudeCounts(rows: readonly Row[]): ClaudeCounts {
  const nodes = rows.filter(row => row['role'] !== 'system' && row['attachment_type'] === null)
  const messages = (of: readonly Row[]): number =>
    new Set(of.map(row => `${text(row, 'session_id')} ${text(row, 'message_id')}`)).size
  const answering = new Set(nodes.flatMap(row => (row['part_type'] === 'tool_result' ? row['message_id'] : [])))
  const parts = nodes.filter(row => row['provider_type'] !== null)
  const partsByType: Record<string, number> = {}
  for (const row of parts) {
    const type = `${text(row, 'role')}:${text(row, 'provider_type')}`
    partsByType[type] = (partsByType[type] ?? 0) + 1
  }
  const answers = new Map<string, Row>()
  for (const row of nodes) {
    if (row['role'] !== 'assistant' || row['model'] === '<synthetic>') continue
    const key = `${text(row, 'provider_uuid')} ${text(row, 'request_id')}`
    if (number(row, 'output_tokens') >= number(answers.get(key), 'output_tokens')) answers.set(key, row)
  }
  const sum = (name: string): number => [...answers.values()].reduce((total, row) => total + number(row, name), 0)
  return {
    rows: rows.length,
    nodes: messages(nodes),
    nodesUser: messages(nodes.filter(row => row['role'] === 'user')),
    nodesAssistant: messages(nodes.filter(row => row['role'] === 'assistant')),
    sidechainNodes: messages(nodes.filter(row => row['is_sidechain'] === true)),
    parts: parts.length,
    partsByType,
    prompts: messages(nodes.filter(row => isPrompt(row) && !answering.has(row['message_id']))),
    queuedPrompts: rows.filter(row => row['attachment_type'] === 'queued_command').length,
    apiMessages: answers.size,
    usage: {
      input_tokens: sum('input_tokens'),
      output_tokens: sum('output_tokens'),
      cache_creation_input_tokens: sum('cache_creation_input_tokens'),
      cache_read_input_tokens: sum('cache_read_input_tokens'),
    },
  }
}

function isPrompt(row: Row): boolean {
  return (
    row['role'] === 'user' &&
    row['provider_type'] === 'text' &&
    row['is_sidechain'] !== true &&
    row['is_compact_summary'] !== true &&
    !text(row, 'attributes').includes('"is_meta":true') &&
    !notWritten.test(text(row, 'content_text'))
  )
}

function codexCounts(rows: readonly Row[]): CodexCounts {
  const ofItems = rows.filter(row => row['provider_type'] !== 'event_msg')
  const items: Record<string, number> = {}
  for (const row of new Map(ofItems.map(item => [item['message_id'], item])).values()) {
    const kind = text(row, 'provider_type')
    items[kind] = (items[kind] ?? 0) + 1
  }
  const usage = rows.filter(row => row['part_type'] === 'usage')
  const raw = usage.map(row => (JSON.parse(text(row, 'attributes')) as { usage: Record<string, number> }).usage)
  const sum = (name: string): number => raw.reduce((total, one) => total + (one[name] ?? 0), 0)
  const prompts = ofItems.filter(
    row => row['role'] === 'user' && row['part_type'] === 'text' && !text(row, 'attributes').includes('"harness":'),
  )
  return {
    items,
    rows: ofItems.length,
    usageRows: usage.length,
    prompts: new Set(prompts.map(row => row['message_id'])).size,
    usage: {
      input_tokens: sum('input_tokens'),
      cached_input_tokens: sum('cached_input_tokens'),
      output_tokens: sum('output_tokens'),
      reasoning_output_tokens: sum('reasoning_output_tokens'),
      total_tokens: sum('total_tokens'),
    },
  }
}

function number(row: Row | undefined, name: string): number {
  return Number(row?.[name] ?? 0)
}

/** Empty where there is none. */
function text(row: Row, name: string): string {
  return (row[name] as string | null | undefined) ?? ''
}

function without(object: object, ...names: readonly string[]): object {
  return Object.fromEntries(Object.entries(object).filter(([name]) => !names.includes(name)))
}
