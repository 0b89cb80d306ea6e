import { createHash } from 'node:crypto'
import { HypError } from '../../errors.ts'
import type { Table } from '../../iceberg/catalog/catalog.ts'
import { currentSnapshot } from '../../iceberg/metadata.ts'
import type { TableMetadata } from '../../iceberg/types.ts'
import type { Declaration } from '../../schema/declaration.ts'
import { canonicalJson } from '../../schema/fingerprint.ts'
import type { History, Unreadable } from '../../sources/source.ts'
import { cursorId, cursorKind, type FileCursor, type SourceCursor } from '../../stores/records/kinds/source-cursor.ts'
import { openRecords, type RecordPlaceOptions, type StoredRecord } from '../../stores/records/store.ts'
import { version } from '../../version.ts'
import { type FileIdentity, identify, isSameFile } from '../file-identity.ts'

/** Which files of a history are wholly stored, so that they need not be read again. */
export interface SourceCursors {
  /** Cursors that cannot be used, and so stay as they are. */
  readonly unreadable: readonly Unreadable[]
  /** Whether all rows of a file are stored, and nothing of it has changed since. */
  isUnchanged(root: string, path: string): boolean
  /**
   * Notes that all rows of a file are stored; kept with the next {@link store}.
   * @param identity what the file was before it was read, and after
   */
  wasRead(root: string, path: string, identity: FileIdentity, counts: ReadCounts): void
  /** Whether there is something to store. */
  isChanged(): boolean
  /**
   * Stores what was noted.
   * @param table as it is now, with all rows that were noted in it
   * @throws the disk's errors
   */
  store(table: Table): Promise<void>
}

interface ReadCounts {
  readonly lines: number
  readonly rows: number
}

export interface CursorOptions {
  readonly place: RecordPlaceOptions
  readonly source: string
  readonly histories: readonly History[]
  readonly table: Table
  readonly declaration: Declaration
  /** The table refuses rows now: those that are read go to its spool. */
  readonly held?: boolean | undefined
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
 * that its rows were made with, and only while the snapshot that it names is in the history of the table: a table that
 * was made anew, or that a copy was put in the place of, is filled from the beginning.
 *
 * While the table refuses rows, what counts is that they are stored at all: in the table, under whatever declaration, or
 * in its spool. The files whose rows went there are read once more when the table takes rows again: its snapshots do
 * not tell what is in the spool.
 */
export async function openSourceCursors(options: CursorOptions): Promise<SourceCursors> {
  const { source, histories, declaration, held = false } = options
  const store = openRecords(cursorKind, options.place)
  const shape: Shape = {
    tableUuid: options.table.metadata['table-uuid'],
    declarationHash: declarationHash(declaration),
    hypVersion: version,
  }
  const roots = new Map<string, RootCursor>()
  const unreadable: Unreadable[] = []
  for (const { root, files } of histories) {
    try {
      const stored = await store.load(cursorId(source, root))
      roots.set(root, { stored, ...rootOf(stored?.value, new Set(files.map(({ path }) => path))) })
    } catch (error) {
      if (!(error instanceof HypError)) throw error
      unreadable.push({ path: store.pathOf(cursorId(source, root)), reason: error.message })
    }
  }

  return {
    unreadable,
    isUnchanged: (root, path) => {
      const noted = roots.get(root)?.files.get(path)
      const now = noted === undefined ? undefined : identify(path)
      return noted !== undefined && now !== undefined && isSameFile(now, noted)
    },
    wasRead: (root, path, identity, { lines, rows }) => {
      const cursor = roots.get(root)
      if (cursor === undefined) return
      cursor.files.set(path, { ...identity, lines, rows, ...(held ? { spooled: true } : {}) })
      cursor.changed = true
    },
    isChanged: () => [...roots.values()].some(({ changed }) => changed),
    store: async table => {
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
  function rootOf(cursor: SourceCursor | undefined, present: ReadonlySet<string>): Omit<RootCursor, 'stored'> {
    if (cursor === undefined || !counts(cursor)) return { shape, files: new Map(), changed: cursor !== undefined }
    const noted = [...cursor.files].filter(([path, { spooled }]) => present.has(path) && (held || spooled !== true))
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
      isInHistory(options.table.metadata, cursor.snapshotId) &&
      (held || (cursor.declarationHash === shape.declarationHash && cursor.hypVersion === shape.hypVersion))
    )
  }
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

/** Whether a snapshot is the current one or led to it. A table without rows had none, and that always holds. */
function isInHistory(metadata: TableMetadata, id: string | null): boolean {
  if (id === null) return true
  const byId = new Map(metadata.snapshots.map(snapshot => [String(snapshot['snapshot-id']), snapshot]))
  const seen = new Set<string>()
  let at = snapshotOf(metadata)
  while (at !== null && at !== id && !seen.has(at)) {
    seen.add(at)
    const parent = byId.get(at)?.['parent-snapshot-id']
    at = parent === undefined || parent === null ? null : String(parent)
  }
  return at === id
}
