import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { resultRows } from '../../src/query/format/rows.ts'
import { openQuerySession, type QuerySession } from '../../src/query/session.ts'
import { builtinDeclaration } from '../../src/schema/builtin.ts'
import { newLoading } from '../ingest/backfill/loading.ts'
import { dataPath, describeWithData } from '../support/data.ts'

const tokens = ['input_tokens', 'output_tokens', 'cache_creation_input_tokens', 'cache_read_input_tokens'] as const

type Usage = Readonly<Record<(typeof tokens)[number], number>>

interface Expected {
  readonly sessions: Readonly<Record<string, { readonly api_messages: number; readonly usage: Usage }>>
  readonly totals: { readonly api_messages_global: number; readonly usage_global: Usage }
}

const sums = tokens.map(name => `coalesce(sum(${name}), 0) AS ${name}`).join(', ')

async function rowsOf(session: QuerySession, sql: string): Promise<Record<string, unknown>[]> {
  const rows: Record<string, unknown>[] = []
  for await (const row of resultRows(await session.run(sql))) rows.push(row)
  // Sums are wider than 64 bits and come as text where they do not fit a number.
  return rows.map(row =>
    Object.fromEntries(
      Object.entries(row).map(([name, value]) => [name, name === 'session_id' ? value : Number(value)]),
    ),
  )
}

async function loaded(release: number): Promise<QuerySession> {
  const loading = await newLoading(builtinDeclaration(release))
  await loading.backfill(dataPath('agent-home', '.claude'))
  return openQuerySession({ tables: { ai_gateway_messages: await loading.load() } })
}

describeWithData('the usage of real histories', () => {
  const { claude } = JSON.parse(readFileSync(dataPath('expected.json'), 'utf8')) as { readonly claude: Expected }

  // Before release 9 the view reads what `attributes` hold; before 6 there is no session_id.
  test.each([4, 6, 9])('is in total what was counted, through the view, as release %i', async release => {
    const session = await loaded(release)
    try {
      const [total] = await rowsOf(session, `SELECT count(*) AS api_messages, ${sums} FROM usage`)
      expect(total).toEqual({ api_messages: claude.totals.api_messages_global, ...claude.totals.usage_global })
    } finally {
      await session.close()
    }
  })

  test('is in each session what was counted, by the same grouping within the session', async () => {
    const session = await loaded(9)
    try {
      const rows = await rowsOf(
        session,
        `WITH chosen AS (
           SELECT * FROM ai_gateway_messages
           WHERE role = 'assistant' AND attachment_type IS NULL AND provider_uuid IS NOT NULL AND model IS DISTINCT FROM '<synthetic>'
           QUALIFY row_number() OVER (
             PARTITION BY session_id, provider_uuid, coalesce(request_id, '') ORDER BY output_tokens DESC NULLS LAST
           ) = 1
         ) SELECT session_id, count(*) AS api_messages, ${sums} FROM chosen GROUP BY session_id`,
      )
      const ours = Object.fromEntries(rows.map(({ session_id, ...counted }) => [String(session_id), counted]))
      const theirs = Object.entries(claude.sessions)
        .filter(([, { api_messages }]) => api_messages > 0)
        .map(([name, { api_messages, usage }]) => [name, { api_messages, ...usage }] as const)
      expect(ours).toEqual(Object.fromEntries(theirs))
    } finally {
      await session.close()
    }
  })
})
