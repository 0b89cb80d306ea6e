import { readFile } from 'node:fs/promises'
import { toHypError } from '../errors.ts'
import type { Table } from '../iceberg/catalog/catalog.ts'
import { currentSchema } from '../iceberg/ids.ts'
import type { ManifestEntry } from '../iceberg/manifest/data-file.ts'
import { visitColumns } from '../iceberg/scan.ts'
import { liveFiles } from '../iceberg/snapshot.ts'
import type { Cell } from '../iceberg/types.ts'
import { sourceNames } from '../sources/catalogue.ts'
import type { Unreadable } from '../sources/source.ts'
import type { Home } from '../stores/home.ts'
import { noteInRun } from '../stores/run-file.ts'
import { version } from '../version.ts'

/** A session, or a thread of one, as the table has it. */
export interface StoredSession {
  readonly session: string
  readonly thread: string | null
  readonly client: string
}

export interface StoredSessions {
  readonly sessions: readonly StoredSession[]
  /** Data files whose sessions are not among them. */
  readonly unreadable: readonly Unreadable[]
  /** Data files for which there was no time. */
  readonly left: number
}

export interface StoredSessionsOptions {
  /** Milliseconds after which no further file is begun. */
  readonly patienceMs: number
  readonly signal: AbortSignal
}

/** Files that are read together: what was read of them is forgotten when one of them cannot be. */
const filesAtOnce = 32
const rowsAtOnce = 100_000

/** What is known of data files, by their location. A data file never changes, so that it is read once. */
type Memory = Map<string, readonly StoredSession[]>

/**
 * The sessions of all clients whose transcripts can be read, out of the table's data files. What was found in a file is
 * noted in the home, as far as the home can be written to.
 * @throws IcebergError of the table's metadata and manifests
 */
export async function storedSessions(
  table: Table,
  home: Home,
  { patienceMs, signal }: StoredSessionsOptions,
): Promise<StoredSessions> {
  const until = performance.now() + patienceMs
  const { data, deletes } = await liveFiles(table, undefined, false)
  // Rows may be deleted of a file that was read before.
  const memory: Memory = deletes.length > 0 ? new Map() : await remembered(table, home)
  const known: Memory = new Map()
  const unreadable: Unreadable[] = []
  for (const { file } of data) {
    const sessions = memory.get(file.location)
    if (sessions !== undefined) known.set(file.location, sessions)
  }
  const fresh = data.filter(({ file }) => !known.has(file.location))
  let left = fresh.length
  for (const entries of together(fresh)) {
    signal.throwIfAborted()
    if (performance.now() > until) break
    left -= entries.length
    for (const [location, sessions] of await readAll(table, entries, unreadable)) known.set(location, sessions)
  }
  if (deletes.length === 0 && fresh.length > left) await remember(table, home, known)
  return { sessions: distinct([...known.values()].flat()), unreadable, left }
}

function* together(entries: readonly ManifestEntry[]): Generator<readonly ManifestEntry[]> {
  let group: ManifestEntry[] = []
  let rows = 0
  for (const entry of entries) {
    group.push(entry)
    rows += entry.file.recordCount
    if (group.length < filesAtOnce && rows < rowsAtOnce) continue
    yield group
    group = []
    rows = 0
  }
  if (group.length > 0) yield group
}

/** Reads files, each by itself where one of them cannot be read: the others count all the same. */
async function readAll(table: Table, entries: readonly ManifestEntry[], unreadable: Unreadable[]): Promise<Memory> {
  try {
    return await readSessions(table, entries)
  } catch (error) {
    const [only, ...others] = entries
    if (only !== undefined && others.length === 0) {
      unreadable.push({ path: table.path(only.file.location), reason: toHypError(error).message })
      return new Map()
    }
  }
  const found: Memory = new Map()
  for (const entry of entries)
    for (const [location, sessions] of await readAll(table, [entry], unreadable)) found.set(location, sessions)
  return found
}

async function readSessions(table: Table, files: readonly ManifestEntry[]): Promise<Memory> {
  const { fields } = currentSchema(table.metadata)
  const idOf = (name: string): number => fields.find(field => field.name === name)?.id ?? 0
  const thread = idOf('conversation_id')
  // Before release 6 Claude's session was in the column that now holds Codex's thread.
  const ids = { session: idOf('session_id') || thread, thread, client: idOf('client_name') }
  const columns = fields.filter(({ id }) => Object.values(ids).includes(id)).map(({ name }) => name)
  const clients: ReadonlySet<Cell | undefined> = new Set(sourceNames)
  const found = new Map<string, StoredSession[]>(files.map(({ file }) => [file.location, []]))
  await visitColumns(table, { columns, files }, scanned => {
    const [sessions = [], threads = [], names = []] = [ids.session, ids.thread, ids.client].map(id =>
      scanned.columns.get(id),
    )
    const rows = found.get(scanned.entry.file.location) as StoredSession[]
    // Rows of a session follow each other: most of them are told by the one before.
    for (let index = 0; index < scanned.rowCount; index++) {
      const session = sessions[index] ?? null
      const before = rows.at(-1)
      const of = threads[index] ?? null
      if (session === null || !clients.has(names[index])) continue
      if (before?.session === session && before.thread === of && before.client === names[index]) continue
      rows.push({ session: session as string, thread: of as string | null, client: names[index] as string })
    }
  })
  return new Map(Array.from(found, ([location, sessions]) => [location, distinct(sessions)]))
}

function distinct(sessions: readonly StoredSession[]): readonly StoredSession[] {
  const keyOf = ({ session, thread, client }: StoredSession): string => JSON.stringify([session, thread, client])
  return [...new Map(sessions.map(one => [keyOf(one), one])).values()]
}

/** What was noted, and of which table by which program. */
interface Noted {
  readonly version: string
  readonly table: string
  readonly schemaId: number
  readonly files: Readonly<Record<string, readonly (readonly [string, string | null, string])[]>>
}

function headOf({ metadata }: Table): Omit<Noted, 'files'> {
  return { version, table: metadata['table-uuid'], schemaId: currentSchema(metadata)['schema-id'] ?? 0 }
}

/** Nothing where nothing was noted, or of another table, or what cannot be read. */
async function remembered(table: Table, { sessionsFile }: Home): Promise<Memory> {
  try {
    const { files, ...head } = JSON.parse(await readFile(sessionsFile, 'utf8')) as Noted
    if (JSON.stringify(head) !== JSON.stringify(headOf(table))) return new Map()
    return new Map(
      Object.entries(files).map(([location, sessions]) => [
        location,
        sessions.map(([session, thread, client]) => ({ session, thread, client })),
      ]),
    )
  } catch {
    return new Map()
  }
}

/** Not made durable: it can be found out again, as it is where this fails. */
async function remember(table: Table, { sessionsFile }: Home, memory: Memory): Promise<void> {
  const files = Object.fromEntries(
    Array.from(memory, ([location, sessions]) => [
      location,
      sessions.map(({ session, thread, client }) => [session, thread, client] as const),
    ]),
  )
  const noted: Noted = { ...headOf(table), files }
  await noteInRun(sessionsFile, JSON.stringify(noted))
}
