import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { Row } from '../../src/iceberg/types.ts'
import { openQuerySession, type QuerySession } from '../../src/query/session.ts'
import { builtinDeclaration } from '../../src/schema/builtin.ts'
import { sources } from '../../src/sources/catalogue.ts'
import { newLoading } from '../ingest/backfill/loading.ts'
import { dataPath, describeWithData } from '../support/data.ts'
import { filesBelow } from '../support/home.ts'
import { rowsOf } from './asking.ts'
import { columnsOf } from './message-rows.ts'
import { realTable, session as sessionOver } from './real-table.ts'

async function loaded(): Promise<QuerySession> {
  const loading = await newLoading(builtinDeclaration(9))
  await loading.backfill(dataPath('agent-home', '.claude'))
  return openQuerySession({ tables: { ai_gateway_messages: await loading.load() } })
}

interface Line {
  readonly type?: string
  readonly uuid?: string
  readonly sessionId?: string
  readonly isMeta?: boolean
  readonly isSidechain?: boolean
  readonly isCompactSummary?: boolean
  readonly agentId?: string
  readonly message?: { readonly content?: unknown }
}

const noPrompt =
  /^(?:<command-|<local-command-|<bash-|\[Request interrupted|<task-notification>|This session is being continued|Another Claude session sent a message:)/

/** The rules of what is a prompt, told again over the lines themselves. */
function isPrompt({ type, message, isMeta, isSidechain, isCompactSummary, agentId }: Line): boolean {
  if (type !== 'user' || isMeta === true || isSidechain === true || isCompactSummary === true) return false
  if (agentId !== undefined && /^(?:acompact|aprompt_suggestion)-/.test(agentId)) return false
  const content = message?.content
  const blocks = typeof content === 'string' ? [{ type: 'text', text: content }] : content
  if (!Array.isArray(blocks) || blocks.some(block => block?.type === 'tool_result')) return false
  return blocks.some(block => {
    if (block?.type !== 'text') return true
    const text = String(block.text).trim()
    if (/^<(ide_opened_file|ide_selection|system-reminder)>.*<\/\1>$/s.test(text)) return false
    return text !== '' && !noPrompt.test(text)
  })
}

function promptsByHand(): number {
  const prompts = new Set<string>()
  const others = new Set<string>()
  for (const path of filesBelow(dataPath('agent-home', '.claude')).filter(name => name.endsWith('.jsonl'))) {
    for (const [number, text] of readFileSync(path, 'utf8').split('\n').entries()) {
      let line: Line
      try {
        line = JSON.parse(text) as Line
      } catch {
        continue
      }
      if (typeof line.sessionId !== 'string' || line.type !== 'user') continue
      const key = `${line.sessionId} ${line.uuid ?? `${path}:${number}`}`
      if (isPrompt(line) && !others.has(key)) prompts.add(key)
      else if (!prompts.has(key)) others.add(key)
    }
  }
  return prompts.size
}

describeWithData('the views over real histories', () => {
  test('tell the prompts of people from all that has the role of the user', async () => {
    const session = await loaded()
    try {
      const [row] = await rowsOf(session, `SELECT count(*) AS prompts FROM messages WHERE kind = 'prompt'`)
      const [sum] = await rowsOf(session, 'SELECT CAST(sum(prompts) AS INT) AS prompts FROM sessions')
      expect(row).toEqual({ prompts: promptsByHand() })
      expect(sum).toEqual(row)
    } finally {
      await session.close()
    }
  })

  test('have each message, call and session once', async () => {
    const session = await loaded()
    try {
      const [counts] = await rowsOf(
        session,
        `SELECT (SELECT count(*) FROM messages) AS messages, (SELECT count(*) FROM tool_calls) AS calls,
          (SELECT count(*) FROM sessions) AS sessions, (SELECT CAST(sum(parts) AS INT) FROM messages) AS parts`,
      )
      const [expected] = await rowsOf(
        session,
        `SELECT count(DISTINCT (session_id, message_id)) AS messages, count(*) FILTER (part_type = 'tool_call') AS calls,
          count(DISTINCT session_id) AS sessions, count(*) AS parts FROM ai_gateway_messages`,
      )
      expect(counts).toEqual(expected)
      expect(
        await rowsOf(session, `SELECT count(*) AS calls FROM tool_calls WHERE result_text IS NOT NULL`),
      ).not.toEqual([{ calls: 0 }])
    } finally {
      await session.close()
    }
  })
})

interface Thread {
  readonly human_prompts: number
  readonly tool_calls: number
  readonly usage: Readonly<
    Record<'input_tokens' | 'cached_input_tokens' | 'output_tokens' | 'reasoning_output_tokens', number>
  >
}

async function codexRows(): Promise<Row[]> {
  const where = { home: '/nowhere', env: { CODEX_HOME: dataPath('agent-home', '.codex') } }
  const reader = sources.codex.open(where)
  const rows: Row[] = []
  for (const { files } of await sources.codex.find(where))
    for (const file of files)
      for await (const captured of reader.read(file).captured) rows.push(...captured.map(({ row }) => row))
  return rows
}

describeWithData('the views over real rollouts', () => {
  const { codex } = JSON.parse(readFileSync(dataPath('expected.json'), 'utf8')) as {
    readonly codex: { readonly threads: Readonly<Record<string, Thread>> }
  }

  test('have the prompts, calls and tokens of each thread that were counted', async () => {
    const table = await realTable(columnsOf(9))
    await table.append(await codexRows())
    const query = await sessionOver({ tables: { ai_gateway_messages: table.table() } })
    const rows = await rowsOf(
      query,
      `SELECT thread, CAST(sum(prompts) AS INT) AS prompts, CAST(sum(calls) AS INT) AS calls, CAST(sum(input) AS BIGINT) AS input,
        CAST(sum(cached) AS BIGINT) AS cached, CAST(sum(output) AS BIGINT) AS output, CAST(sum(reasoning) AS BIGINT) AS reasoning
      FROM (
        SELECT conversation_id AS thread, count(*) FILTER (kind = 'prompt') AS prompts, 0 AS calls, 0 AS input, 0 AS cached, 0 AS output, 0 AS reasoning
        FROM messages GROUP BY ALL
        UNION ALL SELECT conversation_id, 0, count(*), 0, 0, 0, 0 FROM tool_calls GROUP BY ALL
        UNION ALL SELECT conversation_id, 0, 0, input_tokens, cache_read_input_tokens, output_tokens,
          COALESCE(reasoning_output_tokens, 0) FROM usage
      ) AS all_of_them GROUP BY thread`,
    )
    const ours = Object.fromEntries(rows.map(({ thread, ...counts }) => [thread as string, counts]))
    const theirs = Object.entries(codex.threads)
      .filter(([name]) => ours[name] !== undefined)
      .map(([name, { human_prompts, tool_calls, usage }]) => [
        name,
        {
          prompts: human_prompts,
          calls: tool_calls,
          input: usage.input_tokens,
          cached: usage.cached_input_tokens,
          output: usage.output_tokens,
          reasoning: usage.reasoning_output_tokens,
        },
      ])
    expect(ours).toEqual(Object.fromEntries(theirs))
    expect(rows.length).toBeGreaterThan(10)
  })
})
