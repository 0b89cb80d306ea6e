import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs'
import { sep } from 'node:path'
import { toHypError } from '../errors.ts'
import { type SourceName, sourceNames, sources } from '../sources/catalogue.ts'
import type { Source } from '../sources/source.ts'
import { transcriptNames } from '../sources/transcript-names.ts'
import { systemCode, unreadable } from '../sources/unreadable.ts'
import { cursorKind } from '../stores/records/kinds/source-cursor.ts'
import { recordPlace } from '../stores/records/place.ts'
import { openRecords } from '../stores/records/store.ts'
import type { CommandContext } from './context.ts'
import { loadTable } from './named-table.ts'
import { type StoredSession, storedSessions } from './stored-sessions.ts'

/** Sessions in the table of which the client has no transcript any more. */
export interface Kept {
  /** null where the table cannot be asked. */
  readonly sessions: number | null
  /** The client whose sessions they are, and how many. */
  readonly clients: Readonly<Record<string, number>>
  /** Sessions of which that cannot be told; null where their number is not known either. */
  readonly unknown: number | null
  /** Why it cannot be told, the first of each client. */
  readonly reasons: readonly Reason[]
}

/** What could not be looked at. */
interface Reason {
  /** null where it is the table. */
  readonly client: string | null
  readonly path: string | null
  readonly reason: string
}

/** How much of a file's beginning and of its end is looked at for whose it is: more where its name does not say it. */
const edgeBytes = { unnamed: 64 << 10, named: 16 << 10 } as const
/** None is looked at after so many milliseconds. */
const lookMs = 5_000

/** Status waits no longer for the table. */
const patienceMs = 5_000

/** Reasons of one kind: of a thousand folders that cannot be read a few say enough. */
const mostReasons = 10

/**
 * How many sessions are kept though their client has removed them. A transcript is named after its session or thread.
 * What no file is named after may still stand in one of another name, so it is looked at whose those are.
 * Where something cannot be looked at, or not in time, only what was certainly read from elsewhere is counted.
 */
export async function keptSessions(context: CommandContext): Promise<Kept> {
  try {
    const table = await loadTable(context)
    const stored = await storedSessions(table, context.home, {
      patienceMs,
      signal: context.io.signal,
    })
    const reasons: Reason[] = stored.unreadable.slice(0, mostReasons).map(entry => ({ client: null, ...entry }))
    if (stored.left > 0)
      reasons.push({
        client: null,
        path: null,
        reason: `${stored.left} data files were not looked at in ${patienceMs / 1000} s`,
      })
    const clients: Record<string, number> = {}
    let unknown = 0
    for (const source of sourceNames) {
      const own = stored.sessions.filter(({ client }) => client === source)
      if (own.length === 0) continue
      const places = await placesOf(context, source)
      const missing = await countMissing(own, places, sources[source].threadsIn)
      if (missing.gone > 0) clients[source] = missing.gone
      unknown += missing.unknown
      for (const { path, reason } of places.closed.slice(0, mostReasons)) reasons.push({ client: source, path, reason })
    }
    return {
      sessions: Object.values(clients).reduce((sum, count) => sum + count, 0),
      clients,
      unknown: stored.unreadable.length + stored.left > 0 ? null : unknown,
      reasons,
    }
  } catch (error) {
    const { code, message } = toHypError(error)
    if (code === 'TABLE_NOT_FOUND') return { sessions: 0, clients: {}, unknown: 0, reasons: [] }
    return { sessions: null, clients: {}, unknown: null, reasons: [{ client: null, path: null, reason: message }] }
  }
}

/** Where the transcripts of a client are, and were. */
interface Places {
  /** Those that are there, also where hyp was once told to look. */
  readonly present: readonly string[]
  /** Those that were read once, there or not. */
  readonly read: readonly string[]
  /** What cannot be looked at now. A client of which nothing is there has removed nothing. */
  readonly closed: Closed[]
}

/** Without a path any transcript may be in it. */
interface Closed {
  readonly path: string | null
  readonly reason: string
}

async function placesOf({ io, home }: CommandContext, source: SourceName): Promise<Places> {
  const histories = await sources[source].find({ home: io.userHome, env: io.env }, { signal: io.signal })
  const { items, problems } = await openRecords(cursorKind, recordPlace(home)).list()
  const cursors = items.flatMap(({ value }) => (value.source === source ? [value] : []))
  const closed: Closed[] = [
    ...histories.flatMap(history => history.unreadable),
    ...problems
      .filter(({ id }) => id === null || id.startsWith(`${source}-`))
      .map(({ path, error }) => ({ path, reason: error.message })),
    // A disk that is not there now has removed nothing.
    ...cursors.flatMap(({ root }) => (existsSync(root) ? [] : [{ path: root, reason: 'it is not there' }])),
  ]
  if (histories.length === 0 && cursors.length === 0 && closed.length === 0)
    closed.push({ path: null, reason: 'there is no directory of it' })
  const read = cursors.flatMap(({ files }) => [...files.keys()])
  const found = histories.flatMap(({ files }) => files.map(({ path }) => path))
  return { present: [...new Set([...found, ...read.filter(path => existsSync(path))])], read, closed }
}

/**
 * How many sessions no file is of, and of how many that cannot be told.
 * @param threadsIn says whose a file is, of a client whose files are of one thread each and may name others
 */
async function countMissing(
  stored: readonly StoredSession[],
  { present, read, closed }: Places,
  threadsIn: Source['threadsIn'],
): Promise<{ readonly gone: number; readonly unknown: number }> {
  const names = new Set(present.flatMap(transcriptNames))
  const idsOf = ({ session, thread }: StoredSession): string[] => [session, ...(thread === null ? [] : [thread])]
  const there = new Set(stored.filter(one => idsOf(one).some(id => names.has(id))).map(({ session }) => session))
  const unnamed = stored.filter(({ session }) => !there.has(session))
  if (unnamed.length === 0) return { gone: 0, unknown: 0 }
  // Those that no session is named after come first: what is not found by name is there if anywhere.
  const ids = new Set(stored.flatMap(idsOf))
  const isClaimed = (path: string): boolean => transcriptNames(path).some(name => ids.has(name))
  const unclaimed = present.filter(path => !isClaimed(path))
  const mentioned =
    threadsIn === undefined
      ? await idsInAll([...unclaimed, ...present.filter(isClaimed)], closed, path =>
          idsAtEdges(path, isClaimed(path) ? edgeBytes.named : edgeBytes.unnamed, closed),
        )
      : await idsInAll(unclaimed, closed, path =>
          canBeRead(path, closed) ? threadsIn({ all: [path], fresh: [path] }, ids) : [],
        )
  for (const one of unnamed) if (idsOf(one).some(id => mentioned.has(id))) there.add(one.session)
  const missing = unnamed.filter(({ session }) => !there.has(session))
  const told = closed.length === 0 ? missing : readElsewhere(missing, read, closed)
  const gone = new Set(told.map(({ session }) => session))
  return { gone: gone.size, unknown: new Set(missing.map(({ session }) => session)).size - gone.size }
}

/** Of sessions that are nowhere the ones that were read from files of their name, none of them in what is closed. */
function readElsewhere(
  missing: readonly StoredSession[],
  read: readonly string[],
  closed: readonly Closed[],
): readonly StoredSession[] {
  const isClosed = (path: string): boolean =>
    closed.some(place => place.path !== null && (place.path === path || path.startsWith(place.path + sep)))
  const isElsewhere = new Map<string, boolean>()
  for (const path of read)
    for (const name of transcriptNames(path)) isElsewhere.set(name, !isClosed(path) && isElsewhere.get(name) !== false)
  return missing.filter(
    ({ session, thread }) => isElsewhere.get(session) ?? (thread !== null && isElsewhere.get(thread) === true),
  )
}

const idMember = /"(?:sessionId|session_id|id)"\s*:\s*"([^"\\]{1,200})"/g

/** Ids that files tell of; what there was no time for is one more thing that is closed. */
async function idsInAll(
  paths: readonly string[],
  closed: Closed[],
  idsIn: (path: string) => Iterable<string> | Promise<Iterable<string>>,
): Promise<ReadonlySet<string>> {
  const until = performance.now() + lookMs
  const told = new Set<string>()
  let left = paths.length
  for (const path of paths) {
    if (performance.now() > until) break
    left--
    for (const id of await idsIn(path)) told.add(id)
  }
  if (left > 0) closed.push({ path: null, reason: `${left} files were not looked at in ${lookMs / 1000} s` })
  return told
}

/**
 * Ids that a file names at its edges; where it cannot be read, it is one more thing that is closed. Waits for the disk:
 * of thousands of files each would otherwise wait five times for another thread.
 */
function idsAtEdges(path: string, bytes: number, closed: Closed[]): string[] {
  const text = withFile(path, closed, file => {
    const { size } = fstatSync(file)
    // The file of a session may go on with another one.
    const end = size > bytes ? textAt(file, Math.max(size - bytes, bytes), bytes) : ''
    return `${textAt(file, 0, bytes)}\n${end}`
  })
  return Array.from((text ?? '').matchAll(idMember), match => match[1] as string)
}

function canBeRead(path: string, closed: Closed[]): boolean {
  return withFile(path, closed, () => true) ?? false
}

function withFile<T>(path: string, closed: Closed[], use: (file: number) => T): T | undefined {
  let file: number | undefined
  try {
    file = openSync(path, 'r')
    return use(file)
  } catch (error) {
    // A file that went away meanwhile is none.
    if (systemCode(error) !== 'ENOENT') closed.push(unreadable(path, error))
    return undefined
  } finally {
    if (file !== undefined) closeSync(file)
  }
}

function textAt(file: number, position: number, bytes: number): string {
  const buffer = Buffer.allocUnsafe(bytes)
  return buffer.toString('utf8', 0, readSync(file, buffer, 0, bytes, position))
}
