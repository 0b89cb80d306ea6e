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
  | 'not-an-object'
  | 'no-session-id'
  | 'no-content'
  | 'progress'
  | 'file-history'
  | 'queue-operation'
  | 'summary'
  | 'session-state'
  | 'repeated-title'

/** One sentence per reason, for reports and documentation. */
export const skipReasons: Readonly<Record<SkipReason, string>> = {
  'invalid-json': 'The line is not JSON.',
  'torn-tail': 'The last line of the file is unfinished; it is read again when the file has grown.',
  'line-too-long': 'The line is longer than the limit for one line.',
  'nested-too-deeply': 'The line is JSON nested too deeply to be handled.',
  'not-an-object': 'The line is JSON, but not an object.',
  'no-session-id': 'The line does not say which session it belongs to.',
  'no-content': 'The message has no content.',
  progress: 'The line shows the progress of work whose outcome has a line of its own.',
  'file-history': 'The line belongs to the undo history of edited files.',
  'queue-operation': 'The line moves a prompt in or out of the input queue.',
  summary: 'The line is the title of a conversation kept elsewhere, and does not name its session.',
  'session-state': 'The line restates a setting of the client, such as the mode or the last prompt.',
  'repeated-title': 'The line writes the title again that the session already has.',
}

/** What reading a file came to: `lines` = lines that gave rows + all skipped. Blank lines are not lines. */
export interface ReadCounts {
  lines: number
  bytes: number
  rows: number
  readonly skipped: Record<SkipReason, number>
}

/** A file being read: pull `captured` to its end, then the counts are final. */
export interface SourceRead {
  /** The rows of one line at a time; never empty. */
  readonly captured: AsyncGenerator<readonly CapturedRow[]>
  readonly counts: Readonly<ReadCounts>
  /** The file itself or one that goes with it, if it could not be read or was cut short. */
  readonly unreadable: readonly Unreadable[]
}

/** Counts of a file of which nothing was read yet. */
export function noCounts(): ReadCounts {
  const skipped = Object.fromEntries(Object.keys(skipReasons).map(reason => [reason, 0])) as Record<SkipReason, number>
  return { lines: 0, bytes: 0, rows: 0, skipped }
}
