import { readFileSync } from 'node:fs'
import { beforeAll, expect, test } from 'vitest'
import type { Row } from '../../../src/iceberg/types.ts'
import { findClaudeHistories } from '../../../src/sources/claude/find.ts'
import { readClaudeFile } from '../../../src/sources/claude/read.ts'
import { noCounts, type Unreadable } from '../../../src/sources/source.ts'
import { dataPath, describeWithData } from '../../support/data.ts'
import { mistakes } from './mistakes.ts'
import { textIn } from './transcript.ts'

/** One session as the independent program counted it; see the data's PROVENANCE.md for the definitions. */
type Expected = Readonly<Record<string, unknown>> & { readonly usage: Usage; readonly agent_ids: readonly string[] }
type Usage = Readonly<Record<string, number>>

interface ExpectedHistory {
  readonly sessions: Readonly<Record<string, Expected>>
  readonly totals: Readonly<Record<string, unknown>>
}

const tokens = ['cache_creation_input_tokens', 'cache_read_input_tokens', 'input_tokens', 'output_tokens'] as const

const counts = noCounts()
const unreadable: Unreadable[] = []
let files = 0
let linesWithRows = 0
/** By row key, the first wins. */
const rows = new Map<string, Row>()
/** Rows whose key was there already; every one of these repeats a message with other content. */
let doubled = 0
/** Of each session, the files that hold a message of it. */
const filesOf = new Map<string, Set<string>>()
/** Row keys shared by a message and a row of another kind. */
let mixed = 0
let expected: ExpectedHistory

/** The rows of `user` and `assistant` lines, told by their columns alone. */
function isMessage(row: Row): boolean {
  return (row['role'] === 'user' || row['role'] === 'assistant') && row['attachment_type'] === null
}

function messagesBySession(): Map<string, Row[]> {
  const sessions = new Map<string, Row[]>()
  for (const row of rows.values()) {
    if (!isMessage(row)) continue
    const session = row['session_id'] as string
    sessions.set(session, [...(sessions.get(session) ?? []), row])
  }
  return sessions
}

/** Of each response of a model, the line that reports the most output. */
function responses(of: Iterable<Row>): Map<string, Row> {
  const largest = new Map<string, Row>()
  for (const row of of) {
    if (row['role'] !== 'assistant' || row['model'] === '<synthetic>' || row['provider_uuid'] === null) continue
    const key = JSON.stringify([row['provider_uuid'], row['request_id'] ?? ''])
    const before = largest.get(key)
    if (before === undefined || output(row) > output(before)) largest.set(key, row)
  }
  return largest
}

function output(row: Row): bigint {
  return (row['output_tokens'] ?? 0n) as bigint
}

function usageOf(of: Iterable<Row>): Usage {
  const lines = [...responses(of).values()]
  return Object.fromEntries(tokens.map(name => [name, lines.reduce((sum, row) => sum + Number(row[name] ?? 0n), 0)]))
}

function nodes(of: readonly Row[]): number {
  return new Set(of.map(row => row['message_id'])).size
}

function tally(of: readonly Row[]): Record<string, unknown> {
  const kinds: Record<string, number> = {}
  for (const row of of) {
    const kind = `part_${textIn(row, 'role')}:${textIn(row, 'provider_type')}`
    kinds[kind] = (kinds[kind] ?? 0) + 1
  }
  const agents = new Set(of.filter(row => row['agent_id'] !== null).map(row => textIn(row, 'agent_id')))
  return {
    ...kinds,
    agent_ids: [...agents].sort(),
    api_messages: responses(of).size,
    nodes: nodes(of),
    ...Object.fromEntries(
      ['user', 'assistant']
        .map((role): [string, number] => [`nodes_${role}`, nodes(of.filter(row => row['role'] === role))])
        .filter(([, count]) => count > 0),
    ),
    parts: of.length,
    sidechain_nodes: nodes(of.filter(row => row['is_sidechain'] === true)),
    usage: usageOf(of),
  }
}

describeWithData('the history of one machine', () => {
  beforeAll(async () => {
    const all = JSON.parse(readFileSync(dataPath('expected.json'), 'utf8')) as { readonly claude: ExpectedHistory }
    expected = all.claude
    for (const history of await findClaudeHistories({ home: dataPath('agent-home'), env: {} })) {
      files += history.files.length
      unreadable.push(...history.unreadable)
      for (const file of history.files) {
        const read = readClaudeFile(file)
        for await (const captured of read.captured) {
          linesWithRows++
          for (const { row } of captured) keep(row, file.path)
        }
        unreadable.push(...read.unreadable)
        counts.lines += read.counts.lines
        counts.bytes += read.counts.bytes
        counts.rows += read.counts.rows
        for (const [reason, count] of Object.entries(read.counts.skipped)) {
          counts.skipped[reason as keyof typeof counts.skipped] += count
        }
      }
    }
  })

  function keep(row: Row, path: string): void {
    const session = row['session_id'] as string
    if (isMessage(row)) filesOf.set(session, (filesOf.get(session) ?? new Set()).add(path))
    const key = JSON.stringify([row['session_id'], row['part_id']])
    const before = rows.get(key)
    if (before === undefined) rows.set(key, row)
    else {
      doubled++
      if (isMessage(before) !== isMessage(row)) mixed++
    }
  }

  test('every line is accounted for', () => {
    expect(unreadable).toEqual([])
    const skipped = Object.values(counts.skipped).reduce((sum, count) => sum + count, 0)
    expect(linesWithRows + skipped).toBe(counts.lines)
    expect({ ...counts, linesWithRows }).toEqual({
      lines: 6835,
      linesWithRows: 4256,
      rows: 4280,
      bytes: 15_798_875,
      skipped: {
        ...noCounts().skipped,
        progress: 2408,
        'file-history': 87,
        'no-session-id': 27,
        'queue-operation': 22,
        summary: 18,
        'invalid-json': 11,
        'session-state': 6,
      },
    })
  })

  test('every session has the messages, parts, side chains and tokens that were counted', () => {
    const sessions = messagesBySession()
    expect([...sessions.keys()].sort()).toEqual(Object.keys(expected.sessions).sort())
    for (const [session, of] of sessions) {
      const counted = { session, files: filesOf.get(session)?.size, ...tally(of) }
      expect(counted).toEqual({ session, ...expected.sessions[session] })
    }
  })

  test('the whole history has them as well', () => {
    const sessions = [...messagesBySession().values()]
    const messages = sessions.flat()
    const { files: expectedFiles, ...totals } = expected.totals
    expect({
      api_messages_global: responses(messages).size,
      api_messages_per_session_sum: sessions.reduce((sum, of) => sum + responses(of).size, 0),
      // An id that was derived is not a uuid of the transcript.
      distinct_uuids_ignoring_session: nodes(messages.filter(row => !textIn(row, 'message_id').startsWith('line-'))),
      duplicates_with_different_content: doubled,
      nodes: sessions.reduce((sum, of) => sum + nodes(of), 0),
      parts: messages.length,
      sessions_with_messages: sessions.length,
      usage_global: usageOf(messages),
    }).toEqual(totals)
    // The two files that were counted and are not read are workflow journals, which hold no message.
    expect(files).toBe(Number(expectedFiles) - 2)
  })

  test('every other row is told from a message by its columns', () => {
    const others = [...rows.values()].filter(row => !isMessage(row))
    const kinds: Record<string, number> = {}
    for (const row of others) {
      const kind = ['role', 'part_type', 'provider_type'].map(name => textIn(row, name)).join(' ')
      kinds[kind] = (kinds[kind] ?? 0) + 1
    }
    expect(kinds).toEqual({
      'system error system': 14,
      'system other attachment': 6,
      'system other null': 5,
      'system other session_start': 1,
      'system other sparkle-thing': 1,
      'system other system': 23,
      'system text ai-title': 3,
      'system text attachment': 1,
      'system text custom-title': 5,
      'system text system': 5,
    })
    expect(mixed).toBe(0)
  })

  test('every row fits the declared columns', () => {
    expect([...rows.values()].flatMap(mistakes)).toEqual([])
  })
})
