import { statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Table } from '../../iceberg/catalog/catalog.ts'
import type { Declaration } from '../../schema/declaration.ts'
import { type SourceName, sources } from '../../sources/catalogue.ts'
import type { History, Unreadable, Whereabouts } from '../../sources/source.ts'
import { systemCode } from '../../sources/unreadable.ts'
import type { FileCursor } from '../../stores/records/kinds/source-cursor.ts'
import type { RecordPlaceOptions } from '../../stores/records/store.ts'
import type { LaneFile } from './backfill-lane.ts'
import { type BackfillRequest, sourcesOf, whereaboutsOf } from './backfill-request.ts'
import { type BackfillEvent, foundRoot, type Tally } from './backfill-summary.ts'
import { openSourceCursors, type SourceCursors } from './source-cursors.ts'
import type { TimeRange } from './time-range.ts'

/** What a history has that is not stored yet. */
export interface ChangedFiles {
  /** What is to be read, in order. */
  readonly files: readonly LaneFile[]
  readonly cursorsOf: ReadonlyMap<SourceName, SourceCursors>
}

export interface ChangedFilesOptions {
  readonly request: BackfillRequest
  readonly where: Whereabouts
  readonly records?: RecordPlaceOptions | undefined
  readonly declaration: Declaration
  readonly tableDirectory: string
  readonly onEvent: (event: BackfillEvent) => void
  readonly signal?: AbortSignal | undefined
  /** Undefined where there is none yet. */
  readonly table: Table | undefined
  readonly range: TimeRange | undefined
  /** The table refuses rows. */
  readonly held: boolean
  readonly tally: Tally
}

/** Everything there is, without what is stored already. */
export async function findChangedFiles(options: ChangedFilesOptions): Promise<ChangedFiles> {
  const { request, where, records, declaration, table, range, held, tally, onEvent, signal } = options
  const files: LaneFile[] = []
  const cursorsOf = new Map<SourceName, SourceCursors>()
  const diskFreeBytes = await freeBytes(options.tableDirectory)
  for (const source of sourcesOf(request)) {
    const histories = await sources[source].find(whereaboutsOf(where, source, request), { signal })
    onEvent({ type: 'found', source, roots: histories.map(foundRoot), diskFreeBytes })
    const cursors =
      records === undefined || table === undefined
        ? undefined
        : await openSourceCursors({ place: records, source, histories, table, declaration, held, range })
    const found = filesIn(source, histories)
    const known = cursors === undefined ? undefined : await unchanged(source, found, cursors, held, signal)
    const changed = found.filter(({ file }) => known?.has(file.path) !== true)
    tally.found(source, histories, found.length - changed.length)
    if (cursors !== undefined) {
      tally.unreadable(cursors.unreadable)
      for (const [path, noted] of known ?? []) tally.unreadable(knownProblems(path, noted))
      cursorsOf.set(source, cursors)
    }
    files.push(...changed)
  }
  return { files, cursorsOf }
}

/** What was noted of the files that need not be read, by path. */
async function unchanged(
  source: SourceName,
  found: readonly LaneFile[],
  cursors: SourceCursors,
  held: boolean,
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<string, FileCursor>> {
  const known = new Map<string, FileCursor>()
  const waiting: LaneFile[] = []
  const wanted = new Set<string>()
  for (const each of found) {
    signal?.throwIfAborted()
    const noted = cursors.known(each.root, each.file.path)
    if (noted === undefined) continue
    known.set(each.file.path, noted)
    // While the table refuses rows, it is enough that they are stored.
    if (noted.waitsFor === undefined || held) continue
    waiting.push(each)
    for (const thread of noted.waitsFor) wanted.add(thread)
  }
  const all = found.map(({ file }) => file.path)
  const fresh = all.filter(path => !known.has(path))
  const there = waiting.length === 0 ? undefined : await sources[source].threadsIn?.({ all, fresh }, wanted)
  for (const { root, file } of waiting) {
    if (known.get(file.path)?.waitsFor?.some(thread => there?.has(thread) === true) !== true) continue
    known.delete(file.path)
    // Whoever goes on where this run is interrupted may find nothing new.
    cursors.forget(root, file.path)
  }
  return known
}

/** What could not be read of a file then, and would not be now. */
function knownProblems(path: string, { unreadable = [], lines, rows }: FileCursor): Unreadable[] {
  return unreadable.map(problem =>
    problem.path === path && lines !== null && rows !== null
      ? { path, reason: `${problem.reason}; it has not changed since ${rows} rows came of ${lines} lines of it` }
      : problem,
  )
}

function filesIn(source: SourceName, histories: readonly History[]): LaneFile[] {
  return histories.flatMap(({ root, files }) => files.map(file => ({ source, root, file })))
}

/** Of the disk that a directory is on, or will be. */
async function freeBytes(directory: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(directory)
    return bavail * bsize
  } catch (error) {
    const parent = dirname(directory)
    if (systemCode(error) !== 'ENOENT' || parent === directory) return 0
    return freeBytes(parent)
  }
}
