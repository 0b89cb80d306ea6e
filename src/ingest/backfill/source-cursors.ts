import { createHash } from 'node:crypto'
import { sep } from 'node:path'
import { HypError } from '../../errors.ts'
import type { Table } from '../../iceberg/catalog/catalog.ts'
import { currentSnapshot } from '../../iceberg/metadata.ts'
import type { TableMetadata } from '../../iceberg/types.ts'
import type { Declaration } from '../../schema/declaration.ts'
import { canonicalJson } from '../../schema/fingerprint.ts'
import type { History, Unreadable } from '../../sources/source.ts'
import {
  type CursorRange,
  cursorId,
  cursorKind,
  type FileCursor,
  type SourceCursor,
} from '../../stores/records/kinds/source-cursor.ts'
import { openRecords, type RecordPlaceOptions, type StoredRecord } from '../../stores/records/store.ts'
import { isInHistory } from '../../stores/table/ancestors.ts'
import { version } from '../../version.ts'
import { type FileIdentity, identify, isSameFile } from '../file-identity.ts'
import type { TimeRange } from './time-range.ts'

/** Which files of a history need not be read again: all that can be had of them is stored. */
export interface SourceCursors {
  /** Cursors that cannot be used, and so stay as they are. */
  readonly unreadable: readonly Unreadable[]
  /** What was noted of a file whose rows are all stored, and of which nothing has changed since. */
  known(root: string, path: string): FileCursor | undefined
  /**
   * Notes that all rows of a file are stored; kept with the next {@link store}.
   * @param identity what the file was before it was read, and after
   */
  wasRead(root: string, path: string, identity: FileIdentity, read: ReadNote): void
  /** Has a file read again, also by whoever comes after the next {@link store}. */
  forget(root: string, path: string): void
  /** Whether there is something to store. */
  isChanged(): boolean
  /**
   * Learns what the table is now. Where it was brought back to what it was before, rows of any file may be gone that were
   * stored: nothing is noted any more, and what was noted before names a snapshot that does not count.
   */
  follow(table: Pick<Table, 'metadata'>): void
  /**
   * Stores what was noted.
   * @param table as it is now, with all rows that were noted in it
   * @throws the disk's errors
   */
  store(table: Table): Promise<void>
}

/** What reading a file came to. */
interface ReadNote {
  readonly lines: number
  readonly rows: number
  readonly unreadable?: readonly Unreadable[] | undefined
  readonly waitsFor?: readonly string[] | undefined
  /** Only rows of this time were wanted. */
  readonly range?: TimeRange | undefined
}

export interface CursorOptions {
  readonly place: RecordPlaceOptions
  readonly source: string
  readonly histories: readonly History[]
  readonly table: Table
  readonly declaration: Declaration
  /** The table refuses rows now: those that are read go to its spool. */
  readonly held?: boolean | undefined
  /** Only rows of this time are wanted. */
  readonly range?: TimeRange | undefined
}

/** What the rows were made of and put into. */
type Shape = Pick<SourceCursor, 'tableUuid' | 'declarationHash' | 'hypVersion'>

/** The cursor of one root. */
interface RootCursor {
  readonly shape: Shape
  /** The record as it is; undefined where there is none yet. */
  stored: StoredRecord<SourceCursor> | undefined
  readonly files: Map<string, FileCursor>
  changed: boolean
}

/**
 * The cursors of a source's roots for one table. A cursor counts for the very table, declaration and version of hyp
 * that its rows were made with, and only where the snapshot that it names led to what the table is now, which the table
 * says of itself when that snapshot has expired: a table that was made anew, or that a copy was put in the place of, is
 * filled from the beginning.
 *
 * While the table refuses rows, what counts is that they are stored at all: in the table, under whatever declaration, or
 * in its spool. The files whose rows went there are read once more when the table takes rows again: its snapshots do
 * not tell what is in the spool.
 */
export async function openSourceCursors(options: CursorOptions): Promise<SourceCursors> {
  const { source, histories, declaration, held = false, range } = options
  const store = openRecords(cursorKind, options.place)
  const shape: Shape = {
    tableUuid: options.table.metadata['table-uuid'],
    declarationHash: declarationHash(declaration),
    hypVersion: version,
  }
  const roots = new Map<string, RootCursor>()
  const unreadable: Unreadable[] = []
  let followed = snapshotOf(options.table.metadata)
  let isBroughtBack = false
  const follow = ({ metadata }: Pick<Table, 'metadata'>): void => {
    if (followed !== null && !isInHistory(metadata, followed)) isBroughtBack = true
    followed = snapshotOf(metadata)
  }
  for (const { root, files, unreadable: hidden } of histories) {
    const present = new Set(files.map(({ path }) => path))
    // What lies in a directory that cannot be read at present may be there as it was.
    const isThere = (path: string): boolean =>
      present.has(path) || hidden.some(place => path === place.path || path.startsWith(place.path + sep))
    try {
      const stored = await store.load(cursorId(source, root))
      roots.set(root, { stored, ...rootOf(stored?.value, isThere) })
    } catch (error) {
      if (!(error instanceof HypError)) throw error
      unreadable.push({ path: store.pathOf(cursorId(source, root)), reason: error.message })
    }
  }

  return {
    unreadable,
    known: (root, path) => {
      const noted = roots.get(root)?.files.get(path)
      if (noted === undefined || !holds(noted, range)) return undefined
      const now = identify(path)
      return now !== undefined && isSameFile(now, noted) ? noted : undefined
    },
    wasRead: (root, path, identity, read) => {
      const cursor = roots.get(root)
      if (cursor === undefined) return
      const before = cursor.files.get(path)
      cursor.files.set(path, noteOf(identity, read, held, before))
      cursor.changed = true
    },
    forget: (root, path) => {
      const cursor = roots.get(root)
      if (cursor?.files.delete(path) === true) cursor.changed = true
    },
    isChanged: () => !isBroughtBack && [...roots.values()].some(({ changed }) => changed),
    follow,
    store: async table => {
      follow(table)
      if (isBroughtBack) return
      const snapshotId = snapshotOf(table.metadata)
      for (const [root, cursor] of roots) {
        if (!cursor.changed) continue
        const value: SourceCursor = { source, root, ...cursor.shape, snapshotId, files: cursor.files }
        cursor.stored =
          cursor.stored === undefined
            ? await store.create(cursorId(source, root), value)
            : await store.update(cursor.stored, value)
        cursor.changed = false
      }
    },
  }

  /** What a cursor says of the files that are still there. */
  function rootOf(cursor: SourceCursor | undefined, isThere: (path: string) => boolean): Omit<RootCursor, 'stored'> {
    if (cursor === undefined || !counts(cursor)) return { shape, files: new Map(), changed: cursor !== undefined }
    const noted = [...cursor.files].filter(([path, { spooled }]) => isThere(path) && (held || spooled !== true))
    return {
      shape: {
        tableUuid: cursor.tableUuid,
        declarationHash: cursor.declarationHash,
        hypVersion: cursor.hypVersion,
      },
      files: new Map(noted),
      changed: noted.length < cursor.files.size,
    }
  }

  function counts(cursor: SourceCursor): boolean {
    return (
      cursor.tableUuid === shape.tableUuid &&
      // A table without rows had no snapshot, and that always holds.
      (cursor.snapshotId === null || isInHistory(options.table.metadata, cursor.snapshotId)) &&
      (held || (cursor.declarationHash === shape.declarationHash && cursor.hypVersion === shape.hypVersion))
    )
  }
}

function noteOf(
  identity: FileIdentity,
  { lines, rows, unreadable = [], waitsFor = [], range }: ReadNote,
  held: boolean,
  before: FileCursor | undefined,
): FileCursor {
  // Rows of other times went to the spool before, if the file is still the same.
  const others = before !== undefined && isSameFile(identity, before) ? (before.ranges ?? []) : []
  return {
    ...identity,
    lines,
    rows,
    ...(held ? { spooled: true } : {}),
    ...(range === undefined ? {} : { ranges: [...others, cursorRange(range)].slice(-mostRanges) }),
    ...(unreadable.length === 0 ? {} : { unreadable }),
    ...(waitsFor.length === 0 ? {} : { waitsFor }),
  }
}

/** Of a file so many times are noted; somebody may ask for another one each day. */
const mostRanges = 20

function cursorRange({ since, until }: TimeRange): CursorRange {
  return { since: since ?? null, until: until ?? null }
}

/** Whether what was noted is about all rows that are wanted. */
function holds({ ranges }: FileCursor, wanted: TimeRange | undefined): boolean {
  if (ranges === undefined) return true
  if (wanted === undefined) return false
  const { since, until } = cursorRange(wanted)
  return ranges.some(
    noted =>
      (noted.since === null || (since !== null && noted.since <= since)) &&
      (noted.until === null || (until !== null && noted.until >= until)),
  )
}

/** Everything that decides which rows a line gives, and not where the table lies. */
function declarationHash(declaration: Declaration): string {
  const { location: _, ...decisive } = declaration
  return createHash('sha256').update(canonicalJson(decisive)).digest('hex')
}

function snapshotOf(metadata: TableMetadata): string | null {
  const snapshot = currentSnapshot(metadata)
  return snapshot === undefined ? null : String(snapshot['snapshot-id'])
}
