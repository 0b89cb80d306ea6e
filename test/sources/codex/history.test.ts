import { readFileSync } from 'node:fs'
import { beforeAll, expect, test } from 'vitest'
import type { Row } from '../../../src/iceberg/types.ts'
import { findCodexHistories } from '../../../src/sources/codex/find.ts'
import { openCodex } from '../../../src/sources/codex/read.ts'
import { noCounts } from '../../../src/sources/source.ts'
import { dataPath, describeWithData } from '../../support/data.ts'
import { mistakes } from '../claude/mistakes.ts'
import { json, textIn } from '../claude/transcript.ts'
import { codexOf } from './rollouts.ts'

interface ExpectedThread {
  readonly assistant_items: number
  readonly files: readonly string[]
  readonly forked_from: string | null
  readonly human_prompts: number
  readonly items: Readonly<Record<string, number>>
  readonly parent_thread_id: string | null
  readonly reasoning_items: number
  readonly session_id: string
  readonly tool_calls: number
  readonly tool_outputs: number
  readonly usage: Readonly<Record<string, number>>
}

interface Expected {
  readonly threads: Readonly<Record<string, ExpectedThread>>
  readonly totals: Readonly<Record<string, number>>
}

let expected: Expected
const where = { home: dataPath('agent-home'), env: {} }
const rows = new Map<string, Row>()
const ghosts = new Map<string, number>()
const counts = noCounts()
let files = 0
let linesWithRows = 0
let doubled = 0
const problems: unknown[] = []

function groupBy(of: Iterable<Row>, keyOf: (row: Row) => string): Map<string, Row[]> {
  const groups = new Map<string, Row[]>()
  for (const row of of) groups.set(keyOf(row), [...(groups.get(keyOf(row)) ?? []), row])
  return groups
}

const isItem = (row: Row): boolean => row['provider_type'] !== 'event_msg'

function messages(of: readonly Row[]): number {
  return new Set(of.map(row => row['message_id'])).size
}

function tally(thread: string, of: readonly Row[]): Record<string, unknown> {
  const items = of.filter(isItem)
  const kinds = groupBy(items, row => textIn(row, 'provider_type'))
  const some = (partType: string): number => messages(items.filter(row => row['part_type'] === partType))
  const byKind = [...kinds].map(([kind, found]): [string, number] => [kind, messages(found)])
  const ghost = ghosts.get(thread) ?? 0
  const prompts = items.filter(
    row => row['role'] === 'user' && row['part_type'] === 'text' && codexOf(row)['harness'] === undefined,
  )
  return {
    items: Object.fromEntries([...byKind, ...(ghost > 0 ? [['ghost_snapshot', ghost] as const] : [])]),
    assistant_items: messages(items.filter(row => row['provider_type'] === 'message' && row['role'] === 'assistant')),
    human_prompts: messages(prompts),
    reasoning_items: some('reasoning'),
    tool_calls: some('tool_call'),
    tool_outputs: some('tool_result'),
    session_id: of[0]?.['session_id'],
    parent_thread_id: of[0]?.['parent_thread_id'],
    forked_from: codexOf(of[0])['forked_from_id'] ?? null,
    usage: usageOf(of.filter(row => !isItem(row))),
  }
}

function usageOf(of: readonly Row[]): Record<string, number> {
  const raw = of.map(row => json(row['attributes'])['usage'] as Record<string, number | undefined>)
  const sum = (name: string): number => raw.reduce((total, usage) => total + (usage[name] ?? 0), 0)
  const cells = (name: string): number => of.reduce((total, row) => total + Number(row[name] ?? 0n), 0)
  return {
    input_tokens: cells('input_tokens'),
    cached_input_tokens: cells('cache_read_input_tokens'),
    output_tokens: cells('output_tokens'),
    reasoning_output_tokens: sum('reasoning_output_tokens'),
    total_tokens: sum('total_tokens'),
  }
}

describeWithData('the Codex history of one machine', () => {
  beforeAll(async () => {
    const all = JSON.parse(readFileSync(dataPath('expected.json'), 'utf8')) as { readonly codex: Expected }
    expected = all.codex
    const reader = openCodex(where)
    for (const history of await findCodexHistories(where)) {
      problems.push(...history.unreadable)
      for (const file of history.files) {
        files++
        const read = reader.read(file)
        let thread = ''
        for await (const captured of read.captured) {
          linesWithRows++
          for (const { row } of captured) {
            thread = textIn(row, 'conversation_id')
            const key = JSON.stringify([row['session_id'], row['part_id']])
            if (rows.has(key)) doubled++
            rows.set(key, row)
          }
        }
        problems.push(...read.unreadable)
        ghosts.set(thread, (ghosts.get(thread) ?? 0) + read.counts.skipped['ghost-snapshot'])
        counts.lines += read.counts.lines
        counts.bytes += read.counts.bytes
        counts.rows += read.counts.rows
        for (const [reason, count] of Object.entries(read.counts.skipped)) {
          counts.skipped[reason as keyof typeof counts.skipped] += count
        }
      }
    }
  })

  test('every thread has the items, prompts, calls and tokens that were counted', () => {
    const threads = groupBy(rows.values(), row => textIn(row, 'conversation_id'))
    // A thread in which nothing was said has no row.
    const said = Object.entries(expected.threads).filter(([, thread]) => Object.keys(thread.items).length > 0)
    expect([...threads.keys()].sort()).toEqual(said.map(([id]) => id).sort())
    for (const [thread, of] of threads) {
      const {
        files: _,
        format: _format,
        own: _own,
        replayed_turns: _turns,
        ...rest
      } = expected.threads[thread] as ExpectedThread & Record<string, unknown>
      expect({ thread, ...tally(thread, of) }).toEqual({ thread, ...rest })
    }
  })

  test('the whole history has the files, items and calls that were counted', () => {
    const items = [...rows.values()].filter(isItem)
    const snapshots = [...ghosts.values()].reduce((sum, count) => sum + count, 0)
    const { files: expectedFiles, items: expectedItems, tool_calls } = expected.totals
    expect({
      files,
      items: messages(items) + snapshots,
      tool_calls: messages(items.filter(row => row['part_type'] === 'tool_call')),
    }).toEqual({ files: expectedFiles, items: expectedItems, tool_calls })
    expect(doubled).toBe(0)
  })

  test('every line is accounted for', () => {
    expect(problems).toEqual([])
    const skipped = Object.values(counts.skipped).reduce((sum, count) => sum + count, 0)
    expect(linesWithRows + skipped).toBe(counts.lines)
    expect(rows.size).toBe(counts.rows)
    expect(Object.fromEntries(Object.entries(counts.skipped).filter(([, count]) => count > 0))).toEqual({
      'client-event': 244,
      'thread-context': 236,
      'unchanged-usage': 9,
      'ghost-snapshot': 2,
      compacted: 2,
    })
  })

  test('every row fits the declared columns', () => {
    expect([...rows.values()].flatMap(mistakes)).toEqual([])
  })
})
