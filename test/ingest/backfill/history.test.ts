import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { Row } from '../../../src/iceberg/types.ts'
import { readApplied } from '../../../src/schema/applied.ts'
import { builtinDeclaration } from '../../../src/schema/builtin.ts'
import { dataPath, describeWithData } from '../../support/data.ts'
import { readRows } from '../../support/table.ts'
import { newLoading } from './loading.ts'

interface Counted {
  readonly nodes: number
  readonly parts: number
}

interface Expected {
  readonly sessions: Readonly<Record<string, Counted>>
  readonly totals: { readonly nodes: number; readonly parts: number; readonly sessions_with_messages: number }
}

/** Messages and their parts by session, over the rows of `user` and `assistant` lines. */
function countedBySession(rows: readonly Row[], sessionColumn: string): Record<string, Counted> {
  const sessions = new Map<string, { nodes: Set<string>; parts: number }>()
  for (const row of rows) {
    if ((row['role'] !== 'user' && row['role'] !== 'assistant') || row['attachment_type'] !== null) continue
    const session = row[sessionColumn] as string
    const counted = sessions.get(session) ?? { nodes: new Set(), parts: 0 }
    sessions.set(session, counted)
    counted.nodes.add(row['message_id'] as string)
    counted.parts++
  }
  return Object.fromEntries([...sessions].map(([session, { nodes, parts }]) => [session, { nodes: nodes.size, parts }]))
}

function sum(counted: Record<string, Counted>): Counted {
  const all = Object.values(counted)
  return {
    nodes: all.reduce((total, { nodes }) => total + nodes, 0),
    parts: all.reduce((total, { parts }) => total + parts, 0),
  }
}

describeWithData('the history of one machine, in the table', () => {
  const claude = dataPath('agent-home', '.claude')
  const { claude: expected } = JSON.parse(readFileSync(dataPath('expected.json'), 'utf8')) as {
    readonly claude: Expected
  }
  const perSession = Object.fromEntries(
    Object.entries(expected.sessions).map(([session, { nodes, parts }]) => [session, { nodes, parts }]),
  )

  test.each([4, 9])('has the sessions, messages and parts that were counted, as release %i', async release => {
    const loading = await newLoading(builtinDeclaration(release))
    const summary = await loading.backfill(claude)
    const skipped = Object.values(summary.skipped).reduce((total, count) => total + count, 0)
    expect(summary.linesWithRows + skipped).toBe(summary.lines)
    expect(summary.rows + summary.duplicates).toBe(summary.captured)
    const table = await loading.load()
    const rows = await readRows(table)
    expect(rows).toHaveLength(summary.rows)
    const counted = countedBySession(rows, release < 6 ? 'conversation_id' : 'session_id')
    expect(counted).toEqual(perSession)
    expect(sum(counted)).toEqual({ nodes: expected.totals.nodes, parts: expected.totals.parts })
    expect(Object.keys(counted)).toHaveLength(expected.totals.sessions_with_messages)
    expect(readApplied(table.metadata.properties).release).toBe(release)
    const again = await loading.backfill(claude, { rereads: true })
    expect(again).toMatchObject({ rows: 0, commits: 0, duplicates: summary.captured })
    expect(await loading.backfill(claude)).toMatchObject({ rows: 0, commits: 0, captured: 0 })
    expect((await loading.load()).version).toBe(table.version)
  })

  test('is loaded of both clients together, adds up line by line, and is loaded once', async () => {
    const loading = await newLoading()
    const options = { request: { source: 'all' }, env: { CODEX_HOME: dataPath('agent-home', '.codex') } } as const
    const summary = await loading.backfill(claude, options)
    const skipped = Object.values(summary.skipped).reduce((total, count) => total + count, 0)
    expect(summary.linesWithRows + skipped).toBe(summary.lines)
    expect(summary.rows + summary.duplicates).toBe(summary.captured)
    expect(summary.sources.map(({ source, captured }) => ({ source, captured }))).toEqual([
      { source: 'claude', captured: expect.any(Number) },
      { source: 'codex', captured: expect.any(Number) },
    ])
    const table = await loading.load()
    expect(await readRows(table)).toHaveLength(summary.rows)
    expect(await loading.backfill(claude, { ...options, rereads: true })).toMatchObject({ rows: 0, commits: 0 })
    expect(await loading.backfill(claude, options)).toMatchObject({ unchanged: summary.files, rows: 0, commits: 0 })
    expect((await loading.load()).version).toBe(table.version)
  })
})
