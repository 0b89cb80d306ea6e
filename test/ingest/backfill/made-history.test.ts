import { expect, test } from 'vitest'
import type { HistoryTruth } from '../../../scripts/make-history/history.ts'
import { madeHistory } from '../../support/made-history.ts'
import { newLoading } from './loading.ts'

/*
 * A made-up history with every trap, loaded into a table, against what its
 * writer says is in it.
 */

/** Rows of messages and of tokens: what has to be in the table. */
function rowsOf({ claude, codex }: HistoryTruth): number {
  return (claude?.totals.rows ?? 0) + (codex?.totals.rows ?? 0) + (codex?.totals.usageRows ?? 0)
}

test('a history of both clients is loaded whole, once, and every line of it is accounted for', async () => {
  const sizes = { claude: 3 << 20, claudeFiles: 40, codex: 3 << 20, codexFiles: 40 }
  const { claude, codex, truth } = await madeHistory({ ...sizes, seed: 11, traps: true })
  const loading = await newLoading()
  const all = { request: { source: 'all' as const }, env: { CODEX_HOME: codex } }

  const summary = await loading.backfill(claude, all)
  const both = [truth.claude, truth.codex].flatMap(tree => tree ?? [])
  const sum = (of: (tree: (typeof both)[number]) => number): number => both.reduce((total, tree) => total + of(tree), 0)
  expect(summary).toMatchObject({
    files: sum(({ files }) => files),
    lines: sum(({ lines }) => lines),
    linesWithRows: sum(({ linesWithRows }) => linesWithRows),
    captured: sum(({ captured }) => captured),
    rows: rowsOf(truth),
    duplicates: sum(({ captured }) => captured) - rowsOf(truth),
  })
  const reasons = new Set(both.flatMap(({ skipped }) => Object.keys(skipped)))
  for (const reason of reasons)
    expect(summary.skipped[reason as keyof typeof summary.skipped], reason).toBe(sum(tree => tree.skipped[reason] ?? 0))
  expect(summary.unreadable).toHaveLength(truth.claude?.unreadable.length ?? 0)

  const metadata = (await loading.load()).metadata
  const again = await loading.backfill(claude, all)
  expect(again).toMatchObject({ rows: 0, commits: 0 })
  expect((await loading.load()).metadata['current-snapshot-id']).toBe(metadata['current-snapshot-id'])
})
