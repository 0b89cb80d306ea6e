import { existsSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { basename } from 'node:path'
import { currentSchema } from '../iceberg/ids.ts'
import { resultRows } from '../query/format/rows.ts'
import { openQuerySession } from '../query/session.ts'
import { builtinTable } from '../schema/builtin.ts'
import { type SourceName, sourceNames, sources } from '../sources/catalogue.ts'
import { cursorKind } from '../stores/records/kinds/source-cursor.ts'
import { recordPlace } from '../stores/records/place.ts'
import { openRecords } from '../stores/records/store.ts'
import type { CommandContext } from './context.ts'
import { loadTable } from './named-table.ts'

/** Sessions in the table of which the client has no transcript any more. */
export interface Kept {
  readonly sessions: number
  /** The client whose sessions they are, and how many. */
  readonly clients: Readonly<Record<string, number>>
}

/** A session as the table has it. */
interface Stored {
  readonly session: string
  readonly thread: string | null
  readonly client: string
}

/** Files whose beginning is looked at where their name does not say whose they are, and bytes of each. */
const mostFiles = 500
const headBytes = 64 << 10

/** Status waits no longer for the table. */
const patienceMs = 5_000

/**
 * How many sessions are kept though their client has removed them; null where that cannot be told: the table cannot be
 * read, or a place where transcripts are cannot be looked at. A transcript is named after its session or thread. What
 * no file is named after may still stand in one of another name, so the beginnings of those are looked at; and a client
 * whose directory is not there at all, nor ever was read, has removed nothing.
 */
export async function keptSessions(context: CommandContext): Promise<Kept | null> {
  try {
    const stored = await storedSessions(context)
    const clients: Record<string, number> = {}
    for (const source of sourceNames) {
      const own = stored.filter(({ client }) => client === source)
      if (own.length === 0) continue
      const paths = await presentPaths(context, source)
      if (paths === undefined) return null
      const count = await countGone(own, paths)
      if (count > 0) clients[source] = count
    }
    return { sessions: Object.values(clients).reduce((sum, count) => sum + count, 0), clients }
  } catch {
    // Why the table cannot be read stands in the status already.
    return null
  }
}

async function storedSessions(context: CommandContext): Promise<Stored[]> {
  const table = await loadTable(context)
  const has = new Set(currentSchema(table.metadata).fields.map(field => field.name))
  const session = has.has('session_id') ? 'session_id' : 'conversation_id'
  const query = await openQuerySession({ tables: { [builtinTable]: table } })
  try {
    const result = await query.run(
      `SELECT DISTINCT ${session} AS session, conversation_id AS thread, client_name AS client FROM ${builtinTable}
      WHERE client_name IN (${sourceNames.map(name => `'${name}'`).join(', ')})`,
      { timeoutMs: patienceMs },
    )
    const stored: Stored[] = []
    for await (const row of resultRows(result)) stored.push(row as unknown as Stored)
    return stored
  } finally {
    await query.close()
  }
}

/** The transcripts of a client that are there, also where it was once told to look; undefined where that is not certain. */
async function presentPaths({ io, home }: CommandContext, source: SourceName): Promise<readonly string[] | undefined> {
  const histories = await sources[source].find({ home: io.userHome, env: io.env }, { signal: io.signal })
  if (histories.some(({ unreadable }) => unreadable.length > 0)) return undefined
  const { items } = await openRecords(cursorKind, recordPlace(home)).list()
  const cursors = items.filter(({ value }) => value.source === source)
  const roots = new Set([...histories.map(({ root }) => root), ...cursors.map(({ value }) => value.root)])
  if (![...roots].some(root => existsSync(root))) return undefined
  const found = new Set(histories.flatMap(({ files }) => files.map(({ path }) => path)))
  for (const { value } of cursors) {
    // A disk that is not there now has removed nothing either.
    if (!existsSync(value.root)) return undefined
    for (const path of value.files.keys()) if (!found.has(path) && existsSync(path)) found.add(path)
  }
  return [...found]
}

/** How many sessions no file is of. */
async function countGone(stored: readonly Stored[], paths: readonly string[]): Promise<number> {
  const names = new Set(paths.flatMap(namesIn))
  const isNamed = ({ session, thread }: Stored): boolean => names.has(session) || (thread !== null && names.has(thread))
  const there = new Set(stored.filter(isNamed).map(({ session }) => session))
  const missing = stored.filter(({ session }) => !there.has(session))
  if (missing.length === 0) return 0
  // Those that no session is named after come first: what is not found by name is there if anywhere.
  const ids = new Set(stored.flatMap(({ session, thread }) => [session, ...(thread === null ? [] : [thread])]))
  const isClaimed = (path: string): boolean => namesIn(path).some(name => ids.has(name))
  const looked = [...paths.filter(path => !isClaimed(path)), ...paths.filter(isClaimed)].slice(0, mostFiles)
  const mentioned = new Set<string>()
  for (const path of looked) for (const id of await idsIn(path)) mentioned.add(id)
  const isThere = ({ session, thread }: Stored): boolean =>
    mentioned.has(session) || (thread !== null && mentioned.has(thread))
  for (const one of missing) if (isThere(one)) there.add(one.session)
  return new Set(missing.flatMap(({ session }) => (there.has(session) ? [] : [session]))).size
}

/** What a path says of whose transcript it is: its name, what a rollout's name ends with, the folder of a session. */
function namesIn(path: string): string[] {
  const name = basename(path).replace(/\.(?:jsonl|json)(?:\.zst)?$/, '')
  const thread = /^rollout-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d-(.+)$/.exec(name)?.[1]
  const folder = /\/([^/]+)\/subagents\//.exec(path)?.[1]
  return [name, ...(thread === undefined ? [] : [thread]), ...(folder === undefined ? [] : [folder])]
}

const idMember = /"(?:sessionId|session_id|id)"\s*:\s*"([^"\\]{1,200})"/g

/** Ids that the beginning of a file names; none of one that cannot be read. */
async function idsIn(path: string): Promise<string[]> {
  const file = await open(path).catch(() => undefined)
  if (file === undefined) return []
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(headBytes), 0, headBytes, 0)
    return Array.from(buffer.toString('utf8', 0, bytesRead).matchAll(idMember), match => match[1] as string)
  } catch {
    return []
  } finally {
    await file.close()
  }
}
