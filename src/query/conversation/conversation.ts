import { type PlainRow, resultRows } from '../format/rows.ts'
import type { QuerySession } from '../session.ts'
import type { QueryLimits } from '../watch.ts'
import { type Chain, chainsOf } from './chains.ts'
import { type Entry, type EntryOptions, entriesOf } from './entries.ts'
import { type MessageTable, onlyOf, viewQuery } from './message-table.ts'
import type { SessionPlace } from './session-place.ts'
import { type Shared, sharedWith } from './shared.ts'

/** What is known of a session as a whole; tokens are those of its own rows, also where a fork has them too. */
export interface SessionHead {
  readonly id: string
  /** The thread where one is shown alone. */
  readonly thread: string | null
  readonly client: string | null
  readonly clientVersion: string | null
  readonly title: string | null
  /** RFC 3339. */
  readonly startedAt: string
  readonly endedAt: string
  readonly cwd: string | null
  readonly gitBranch: string | null
  readonly models: string | null
  readonly prompts: number
  readonly messages: number
  readonly toolCalls: number
  readonly totalTokens: number | null
  /** US dollars. */
  readonly cost: number | null
  readonly unpricedMessages: number
  readonly forkedFrom: string | null
  /** Sessions that hold some of the same messages, the most first. */
  readonly shared: readonly Shared[]
  /** The last message that another session holds too; null where there is none. */
  readonly lastShared: string | null
}

/** One conversation: its head and its chains are read, its entries come as they are asked for. */
export interface Conversation {
  readonly head: SessionHead
  readonly chains: readonly Chain[]
  readonly entries: (options?: EntryOptions) => AsyncGenerator<Entry>
}

/** Reads a conversation. @throws HypError as a query does */
export async function openConversation(
  query: QuerySession,
  table: MessageTable,
  place: SessionPlace,
  limits: QueryLimits = {},
): Promise<Conversation> {
  const chains = await chainsOf(query, table, place, limits)
  const { shared, lastShared } = await sharedWith(query, table, place, limits)
  const sql = `${onlyOf(table, place)}\nSELECT * FROM (${viewQuery(table, 'sessions') ?? ''}) AS sessions`
  let row: PlainRow = {}
  for await (const only of resultRows(await query.run(sql, limits))) row = only
  return {
    head: { ...headOf(row, place), shared, lastShared },
    chains,
    entries: (options = {}) => entriesOf(query, table, place, chains, { ...limits, ...options }),
  }
}

function headOf(row: PlainRow, { session, threads }: SessionPlace): Omit<SessionHead, 'shared' | 'lastShared'> {
  const text = (name: string): string | null => (row[name] as string | null | undefined) ?? null
  const number = (name: string): number | null => (row[name] === null ? null : Number(row[name]))
  return {
    id: session,
    thread: threads?.[0] ?? null,
    client: text('client_name'),
    clientVersion: text('client_version'),
    title: text('title'),
    startedAt: text('started_at') ?? '',
    endedAt: text('ended_at') ?? '',
    cwd: text('cwd'),
    gitBranch: text('git_branch'),
    models: text('models'),
    prompts: number('prompts') ?? 0,
    messages: number('messages') ?? 0,
    toolCalls: number('tool_calls') ?? 0,
    totalTokens: number('total_tokens'),
    cost: number('cost'),
    unpricedMessages: number('unpriced_messages') ?? 0,
    forkedFrom: text('parent_session_id'),
  }
}
