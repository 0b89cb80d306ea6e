import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { BackfillSummary } from '../../src/ingest/backfill/backfill-summary.ts'
import type { DeletionReport } from '../../src/ingest/deletion/report.ts'
import { machine } from '../support/home.ts'
import { addHistory, addLines, line } from '../support/transcripts.ts'

test('sessions that are deleted while a large history is imported in two lanes do not come back, and all adds up', async () => {
  const here = machine()
  // More than it takes for a second lane to begin.
  addHistory(here.claude, 80_000)
  const daemon = await here.daemon('--flush-age', '1')
  const deleted = new Map<string, number>()
  for (const session of ['session-1', 'session-40', 'session-79']) {
    await sleep(700)
    const { rows } = await here.json<DeletionReport>('table', 'delete', '--session', session, '--json')
    deleted.set(session, rows)
    addLines(here.claude, session, [line(session, 5000)])
  }
  await daemon.imported()
  const again = await here.json<BackfillSummary>('backfill', '--json')
  expect(again.captured).toBe(again.rows + again.duplicates + again.deleted + again.spooled + again.refused)
  const rows = await here.query('SELECT session_id, count(*) AS n FROM ai_gateway_messages GROUP BY 1')
  const counts = new Map(rows.map(({ session_id: session, n }) => [session, Number(n)]))
  for (const session of deleted.keys()) expect([session, counts.get(session)]).toEqual([session, undefined])
  expect([counts.size, new Set(counts.values())]).toEqual([77, new Set([1000])])
  const { ok } = await here.json<{ ok: boolean }>('table', 'verify', '--json')
  expect(ok).toBe(true)
})
