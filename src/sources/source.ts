import type { Row } from '../iceberg/types.ts'

/** One transcript file, as it stood when it was found. */
export interface HistoryFile {
  readonly path: string
  /** Bytes. */
  readonly size: number
  readonly mtimeMs: number
}

/** A file or directory that could not be read, and why, in words for a person. */
export interface Unreadable {
  readonly path: string
  readonly reason: string
}

/** What one agent left under one directory; files are sorted by path. */
export interface History {
  readonly root: string
  readonly files: readonly HistoryFile[]
  /** Sum of the files' sizes. */
  readonly bytes: number
  readonly unreadable: readonly Unreadable[]
}

/** A row of the newest built-in release, and the transcript line it came from. */
export interface CapturedRow {
  /** Values by column name; a column that the source does not know is absent. */
  readonly row: Row
  /** The parsed line, for user columns that point into it; long base64 in it is replaced by its size and digest. */
  readonly record: unknown
}

/** Why a line gave no row. */
export type SkipReason =
  | 'invalid-json'
  | 'torn-tail'
  | 'line-too-long'
  | 'nested-too-deeply'
  | 'too-many-values'
  | 'not-an-object'
  | 'no-session-id'
  | 'no-content'
  | 'progress'
  | 'file-history'
  | 'queue-operation'
  | 'summary'
  | 'session-state'
  | 'repeated-title'
  | 'ghost-snapshot'
  | 'compacted'
  | 'client-event'
  | 'thread-context'
  | 'unchanged-usage'
  | 'replayed'
  | 'unknown-line'
  | 'out-of-range'

/** Of those, the ones that tell of damage: where such a line stands is told. */
export const malformedReasons = [
  'invalid-json',
  'line-too-long',
  'nested-too-deeply',
  'too-many-values',
  'not-an-object',
] as const

export type MalformedReason = (typeof malformedReasons)[number]

/** A line that should have been one and is not. */
export interface MalformedLine {
  readonly path: string
  /** Counted from 1, blank lines too, as an editor shows it. */
  readonly line: number
  readonly reason: MalformedReason
}

/** One sentence per reason, for reports and documentation. */
export const skipReasons: Readonly<Record<SkipReason, string>> = {
  'invalid-json': 'The line is not JSON.',
  'torn-tail': 'The last line of the file is unfinished; it is read again when the file has grown.',
  'line-too-long': 'The line is longer than the limit for one line.',
  'nested-too-deeply': 'The line is JSON nested too deeply to be handled.',
  'too-many-values': 'The line is JSON of more than a million values.',
  'not-an-object': 'The line is JSON, but not an object.',
  'no-session-id': 'The line does not say which session it belongs to.',
  'no-content': 'The line is a title without a text, or an item without a body.',
  progress: 'The line shows the progress of work whose outcome has a line of its own.',
  'file-history': 'The line belongs to the undo history of edited files.',
  'queue-operation': 'The line moves a prompt in or out of the input queue.',
  summary: 'The line is the title of a conversation kept elsewhere, and does not name its session.',
  'session-state': 'The line restates a setting of the client, such as the mode or the last prompt.',
  'repeated-title': 'The line writes the title again that the session already has.',
  'ghost-snapshot': 'The line holds a snapshot of the working tree, which is no part of the conversation.',
  compacted: 'The line repeats the history as it was shortened; what was said has lines of its own.',
  'client-event': 'The line tells an event of the client whose content has a line of its own.',
  'thread-context': 'The line describes the thread or the turn; the rows after it carry what it says.',
  'unchanged-usage': 'The line reports no tokens beyond those that were reported before.',
  replayed: 'The line is a copy of the history of another thread, which has lines of its own.',
  'unknown-line': 'The line is of a type that is not known.',
  'out-of-range': 'The line is older or newer than was asked for.',
}

/** What reading a file came to: `lines` = lines that gave rows + all skipped. Blank lines are not lines. */
export interface ReadCounts {
  lines: number
  bytes: number
  rows: number
  readonly skipped: Record<SkipReason, number>
}

/** Where reading a file can go on, and all that the lines before it have left; made by a reader for itself. */
export interface ReadPoint {
  /** Bytes of the file that are behind it. */
  readonly offset: number
  /** Lines that are behind it, blank ones too. */
  readonly line: number
  /** The first bytes of a line that is too long and not at its end, where it lies in one: that is not read once more. */
  readonly begun?: Buffer | undefined
  /** What the reader remembers; changed by reading on from here, so that a point serves once. */
  readonly memory: unknown
}

/** A file being read: pull `captured` to its end, then everything else is final. */
export interface SourceRead {
  /** The rows of one line at a time; never empty. */
  readonly captured: AsyncGenerator<readonly CapturedRow[]>
  readonly counts: Readonly<ReadCounts>
  /** The first of the lines that are damaged; all of them are counted. */
  readonly malformed: readonly MalformedLine[]
  /** The file itself or one that goes with it, if it could not be read or was cut short. */
  readonly unreadable: readonly Unreadable[]
  /** After the last whole line; undefined where the file can only be read from its beginning, or could not be read. */
  readonly end: ReadPoint | undefined
  /** What is in the file keeps it from being read whole: as long as it stays as it is, reading it again gives the same. */
  readonly isDamaged?: boolean | undefined
  /** Threads whose files are not there, and say more of these rows: they are to be made again when one of them is. */
  readonly waitsFor?: readonly string[] | undefined
}

/** Of a file so many damaged lines are told. */
export const mostMalformed = 20

/** Counts of a file of which nothing was read yet. */
export function noCounts(): ReadCounts {
  const skipped = Object.fromEntries(Object.keys(skipReasons).map(reason => [reason, 0])) as Record<SkipReason, number>
  return { lines: 0, bytes: 0, rows: 0, skipped }
}

/** Where to look for what a client left. */
export interface Whereabouts {
  /** The user's home directory. */
  readonly home: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** The client's own directory, in place of what the environment and its habits say. */
  readonly directory?: string | undefined
}

export interface ReadOptions {
  readonly signal?: AbortSignal | undefined
  /** Where an earlier reading of the same file ended. */
  readonly from?: ReadPoint | undefined
  /** Default 64 MiB. */
  readonly maxLineBytes?: number | undefined
}

/** A client whose history can be read. */
export interface Source {
  /** Everything it left, by root; a root that does not exist has no entry. What cannot be read is reported, not thrown. */
  readonly find: (
    where: Whereabouts,
    options?: { readonly signal?: AbortSignal | undefined },
  ) => Promise<readonly History[]>
  /** What reads its files, and may remember across them what one file says of another. */
  readonly open: (where: Whereabouts) => SourceReader
  /** Where `find` looks, for who watches it. */
  readonly places: (where: Whereabouts) => HistoryPlaces
  /** Those of the threads of which a file is there; only of a source whose files wait for others. */
  readonly threadsIn?: ((files: ThreadFiles, threads: ReadonlySet<string>) => Promise<ReadonlySet<string>>) | undefined
}

/** Files among which those of threads are looked for. */
export interface ThreadFiles {
  /** Paths of all files: their names may tell. */
  readonly all: readonly string[]
  /** Paths of the new ones: what they say may tell as well. */
  readonly fresh: readonly string[]
}

/** Where the files of a client lie, whether there are any or not. */
export interface HistoryPlaces {
  /** Directories. */
  readonly roots: readonly string[]
  /** Whether a file of that name is read; `path` is where it lies, root included. */
  readonly isTranscript: (name: string, path: string) => boolean
  /** Whether a directory of that name can hold transcripts; those directly in a root have depth 0. */
  readonly isEntered: (name: string, depth: number, path: string) => boolean
}

export interface SourceReader {
  /** A file that cannot be read, or only in part, is reported in `unreadable` and never thrown; only being aborted throws. */
  readonly read: (file: HistoryFile, options?: ReadOptions) => SourceRead
}
