import { resultRows } from '../format/rows.ts'
import { quoteText } from '../quote.ts'
import type { QuerySession } from '../session.ts'
import { columnsSql, jsonText } from '../views/columns.ts'
import type { QueryLimits } from '../watch.ts'
import { type MessageTable, onlyOf, viewSource } from './message-table.ts'
import type { SessionPlace } from './session-place.ts'

/** Messages that follow one another: the main loop, a subagent, a thread, a side call. */
export interface Chain {
  readonly thread: string | null
  readonly agent: string | null
  /** The kind of subagent, as the client names it. */
  readonly type: string | null
  readonly description: string | null
  /** Of the tool call that began it, where that is known. */
  readonly spawnedBy: string | null
  /** RFC 3339. */
  readonly startedAt: string
  readonly messages: number
  readonly sideCall: boolean
  /** 0 for what no other chain began. */
  readonly depth: number
  /** Where its first message stands among all: numbers that are compared one after the other. */
  readonly prefix: readonly (number | string)[]
}

/** Microseconds as decimal text: they are beyond 2^53 once in a while. */
type Position = readonly (number | string)[]

interface Found {
  readonly thread: string | null
  readonly agent: string | null
  readonly parent: string | null
  readonly began: string
  readonly startedAt: string
  readonly messages: number
}

/** Where a call stands. */
interface Spawn {
  readonly call: string
  readonly thread: string | null
  readonly agent: string | null
  readonly at: string
  readonly index: number
  readonly part: number
}

/** What a result says that its call began. */
interface Begun {
  readonly thread?: string
  readonly agent?: string
  readonly call: string
}

/** What stood beside the transcript of a subagent. */
interface Note {
  readonly thread: string | null
  readonly agent: string | null
  readonly call: string | null
  readonly type: string | null
  readonly description: string | null
  readonly parent: string | null
}

/** The chains of a session, each with its place in the tree of who began whom; those that began first come first. */
export async function chainsOf(
  query: QuerySession,
  table: MessageTable,
  place: SessionPlace,
  limits: QueryLimits = {},
): Promise<readonly Chain[]> {
  const ask = async <Answer>(sql: string): Promise<Answer[]> => {
    const rows: Answer[] = []
    for await (const row of resultRows(await query.run(`${onlyOf(table, place)}\n${sql}`, limits)))
      rows.push(row as unknown as Answer)
    return rows
  }
  const found = await ask<Found>(overview(table))
  if (found.length <= 1) return found.map(rooted)
  const notes = new Map((await ask<Note>(sidecars(table))).map(note => [keyOf(note), note]))
  const calls = new Map<string, string>()
  for (const { agent, call } of await ask<Begun>(results(table))) calls.set(keyOf({ agent }), call)
  const children = found.flatMap(({ thread, parent }) => (parent === null || thread === null ? [] : [thread]))
  if (children.length > 0)
    for (const { thread, call } of await ask<Begun>(mentions(table, children))) calls.set(keyOf({ thread }), call)
  for (const [key, { call }] of notes) if (call !== null) calls.set(key, call)
  const spawns = new Map<string, Spawn>()
  if (calls.size > 0)
    for (const spawn of await ask<Spawn>(positions(table, [...calls.values()]))) spawns.set(spawn.call, spawn)
  return planted(found, notes, calls, spawns)
}

function keyOf({ thread, agent }: { readonly thread?: unknown; readonly agent?: unknown }): string {
  return `${typeof thread === 'string' ? thread : ''}\0${typeof agent === 'string' ? agent : ''}`
}

function isSideCall(agent: string | null): boolean {
  return agent !== null && /^(?:acompact|aprompt_suggestion)-/.test(agent)
}

function rooted({ thread, agent, startedAt, messages }: Found): Chain {
  return {
    thread,
    agent,
    type: null,
    description: null,
    spawnedBy: null,
    startedAt,
    messages,
    sideCall: isSideCall(agent),
    depth: 0,
    prefix: [0],
  }
}

/** Hangs each chain under the call that began it, else at its time under the chain that it names, else under the main one. */
function planted(
  found: readonly Found[],
  notes: ReadonlyMap<string, Note>,
  calls: ReadonlyMap<string, string>,
  spawns: ReadonlyMap<string, Spawn>,
): Chain[] {
  const byKey = new Map(found.map(one => [keyOf(one), one]))
  const done = new Map<string, Chain>()
  const isRoot = ({ thread, agent, parent }: Found): boolean =>
    agent === null && (parent === null || !byKey.has(keyOf({ thread: parent })) || parent === thread)
  const main = found.find(isRoot)

  const ownerOf = ({ thread, agent, parent }: Found, note: Note | undefined): Found | undefined => {
    const named = parent === null ? undefined : byKey.get(keyOf({ thread: parent }))
    // What no agent said is the thread itself.
    if (agent === null) return named
    return byKey.get(keyOf({ thread, agent: note?.parent ?? null })) ?? named ?? byKey.get(keyOf({ thread }))
  }

  const plant = (one: Found, index: number, above: ReadonlySet<string>): Chain => {
    const key = keyOf(one)
    const known = done.get(key)
    if (known !== undefined) return known
    const note = notes.get(key)
    const spawn = spawns.get(calls.get(key) ?? '')
    const owner =
      isRoot(one) && spawn === undefined
        ? undefined
        : spawn !== undefined
          ? byKey.get(keyOf(spawn))
          : (ownerOf(one, note) ?? main)
    // A chain cannot hang under itself, whatever the records say of one another.
    const isLoop = owner === undefined || owner === one || above.has(keyOf(owner))
    const under = isLoop ? undefined : plant(owner, found.indexOf(owner), new Set([...above, key]))
    const position: Position =
      spawn !== undefined && !isLoop ? [spawn.at, spawn.index, spawn.part] : [one.began, -1, -1]
    const chain: Chain = {
      ...rooted(one),
      type: note?.type ?? null,
      description: note?.description ?? null,
      spawnedBy: spawn?.call ?? null,
      depth: under === undefined ? 0 : under.depth + 1,
      // What nobody began stands before or after the others, not among them.
      prefix: under === undefined ? [one.began, -2, index] : [...under.prefix, ...position, index],
    }
    done.set(key, chain)
    return chain
  }
  return found.map((one, index) => plant(one, index, new Set()))
}

const scope = ['conversation_id', 'agent_id', 'parent_thread_id']

function overview(table: MessageTable): string {
  return `SELECT conversation_id AS thread, agent_id AS agent, MAX(parent_thread_id) AS parent,
  CAST(EPOCH_US(MIN(message_created_at)) AS VARCHAR) AS began, MIN(message_created_at) AS "startedAt",
  COUNT(*) FILTER (WHERE part_index = 0 AND part_type <> 'usage') AS messages
FROM (SELECT ${columnsSql(table, scope)}, message_created_at, part_index, part_type FROM ${table.table}) AS parts
GROUP BY conversation_id, agent_id ORDER BY MIN(message_created_at), thread NULLS FIRST, agent NULLS FIRST`
}

/** What stood beside the transcript of a subagent. */
function sidecars(table: MessageTable): string {
  return `SELECT thread, agent, MAX(call) AS call, MAX(type) AS type, MAX(description) AS description,
  MAX(parent) AS parent
FROM (
  SELECT conversation_id AS thread, agent_id AS agent,
    ${jsonText('attributes', '$.claude.spawned_by_tool_use_id')} AS call,
    ${jsonText('attributes', '$.claude.agent_type')} AS type,
    ${jsonText('attributes', '$.claude.agent_meta.description')} AS description,
    ${jsonText('attributes', '$.claude.agent_meta.parentAgentId')} AS parent
  FROM (SELECT ${columnsSql(table, scope)}, attributes FROM ${table.table} WHERE part_index = 0) AS parts
  WHERE agent_id IS NOT NULL
) AS notes GROUP BY thread, agent`
}

/** Results of calls that say which subagent they were; of one that was resumed the first began it. */
function results({ table }: MessageTable): string {
  return `SELECT agent, ARG_MIN(call, message_created_at) AS call FROM (
  SELECT ${jsonText('attributes', '$.claude.tool_use_result.agentId')} AS agent, tool_result_for AS call,
    message_created_at
  FROM ${table} WHERE part_type = 'tool_result' AND tool_result_for IS NOT NULL AND attributes LIKE '%"agentId":"%'
) AS results WHERE agent IS NOT NULL GROUP BY agent`
}

/** Results of calls that name a thread that was begun. */
function mentions({ table }: MessageTable, threads: readonly string[]): string {
  return `SELECT child.thread, ARG_MIN(parts.tool_result_for, parts.message_created_at) AS call
FROM (VALUES ${threads.map(thread => `(${quoteText(thread)})`).join(', ')}) AS child(thread)
JOIN ${table} AS parts ON parts.part_type = 'tool_result' AND CONTAINS(parts.content_text, child.thread)
  AND parts.conversation_id <> child.thread
GROUP BY child.thread`
}

/** Where calls stand in their chains. */
function positions(table: MessageTable, calls: readonly string[]): string {
  return `SELECT tool_call_id AS call, conversation_id AS thread, agent_id AS agent,
  CAST(EPOCH_US(message_created_at) AS VARCHAR) AS at, message_index AS index, part_index AS part
FROM (
  SELECT ${columnsSql(viewSource(table), scope)}, tool_call_id, message_created_at, message_index, part_index
  FROM ${table.table} WHERE part_type = 'tool_call' AND tool_call_id IN (${calls.map(quoteText).join(', ')})
) AS parts
ORDER BY message_created_at DESC`
}
