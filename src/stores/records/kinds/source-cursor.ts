import { createHash } from 'node:crypto'
import type { Json } from '../../../iceberg/types.ts'
import { defineKind, type RawRecord, type RecordKind } from '../kind.ts'
import { countAt, isObject, listAt, numberAt, objectAt, orNull, RecordMistake, textAt, within } from '../member.ts'

/** What a file was when all of its rows were stored. Null is what was not noted: such a file is read again. */
export interface FileCursor {
  /** Bytes. */
  readonly size: number
  /** Milliseconds since 1970, with fractions. */
  readonly mtimeMs: number
  /** The file system and the file in it, decimal: they can be beyond 2^53. */
  readonly dev: string | null
  readonly ino: string | null
  /** SHA-256 of the first 4 KiB and the size, hexadecimal. */
  readonly prefixHash: string | null
  readonly lines: number | null
  readonly rows: number | null
  /** The rows went to the spool of the table, which refused rows then. */
  readonly spooled?: boolean
  /** Of those, the times whose rows went there, where it was not all of them. */
  readonly ranges?: readonly CursorRange[]
  /** What could not be read, which is told of again while the file stays as it is. */
  readonly unreadable?: readonly CursorProblem[]
  /** Threads whose files were not there, and would say more of this one. */
  readonly waitsFor?: readonly string[]
  /** Members that this version does not know. */
  readonly others?: RawRecord
}

/** From a time to another, both in it, in microseconds since 1970 UTC; null where it goes on. */
export interface CursorRange {
  readonly since: bigint | null
  readonly until: bigint | null
}

/** A path and why it could not be read. */
export interface CursorProblem {
  readonly path: string
  readonly reason: string
}

/** Which files of a history are wholly in a table. */
export interface SourceCursor {
  readonly source: string
  /** The directory in which the history is. */
  readonly root: string
  /** The table that the rows are in; null where it was not noted, as with the next two. */
  readonly tableUuid: string | null
  /** SHA-256 of the declaration that the rows were made under. */
  readonly declarationHash: string | null
  /** Version of the hyp that made them: a later one may make more of the same file. */
  readonly hypVersion: string | null
  /** A snapshot with all the rows in it, decimal; null also where there were none. */
  readonly snapshotId: string | null
  /** By path. */
  readonly files: ReadonlyMap<string, FileCursor>
}

export const cursorKind: RecordKind<SourceCursor> = defineKind<SourceCursor>({
  name: 'source_cursor',
  version: 2,
  steps: { 1: addIdentity },
  print: ({ source, root, tableUuid, declarationHash, hypVersion, snapshotId, files }) => ({
    source,
    root,
    table_uuid: tableUuid,
    declaration_hash: declarationHash,
    hyp_version: hypVersion,
    snapshot_id: snapshotId,
    files: Object.fromEntries(Array.from(files, ([path, file]) => [path, printFile(file)])),
  }),
  parse: raw => ({
    source: textAt(raw, 'source'),
    root: textAt(raw, 'root'),
    tableUuid: orNull(textAt, raw, 'table_uuid'),
    declarationHash: orNull(textAt, raw, 'declaration_hash'),
    hypVersion: orNull(textAt, raw, 'hyp_version'),
    snapshotId: orNull(textAt, raw, 'snapshot_id'),
    files: new Map(
      Object.entries(objectAt(raw, 'files')).map(([path, file]) => [path, within('file', () => parseFile(file))]),
    ),
  }),
  idOf: ({ source, root }) => cursorId(source, root),
})

/** The id of the cursor of one root of a history. */
export function cursorId(source: string, root: string): string {
  return `${source}-${createHash('sha256').update(root).digest('hex').slice(0, 16)}`
}

/** 1 → 2: which file it was, and in which table its rows are, was not noted. */
function addIdentity(raw: RawRecord): RawRecord {
  const { files } = raw
  return {
    table_uuid: null,
    declaration_hash: null,
    hyp_version: null,
    snapshot_id: null,
    ...raw,
    ...(isObject(files)
      ? {
          files: Object.fromEntries(
            Object.entries(files).map(([path, file]) => [
              path,
              isObject(file) ? { ...unknownIdentity, ...file } : file,
            ]),
          ),
        }
      : {}),
  }
}

const unknownIdentity = { dev: null, ino: null, prefix_hash: null, lines: null, rows: null }

const sometimes = ['spooled', 'ranges', 'unreadable', 'waits_for'] as const
const known: ReadonlySet<string> = new Set(['size', 'mtime_ms', ...sometimes, ...Object.keys(unknownIdentity)])

function printFile({ size, mtimeMs, dev, ino, prefixHash, lines, rows, others, ...more }: FileCursor): RawRecord {
  const file = { size, mtime_ms: mtimeMs, dev, ino, prefix_hash: prefixHash, lines, rows }
  const { spooled, ranges, unreadable, waitsFor } = more
  return {
    ...file,
    ...(spooled === true ? { spooled } : {}),
    ...(ranges === undefined ? {} : { ranges: ranges.map(printRange) }),
    ...(unreadable === undefined ? {} : { unreadable: unreadable.map(({ path, reason }) => ({ path, reason })) }),
    ...(waitsFor === undefined ? {} : { waits_for: waitsFor }),
    ...others,
  }
}

function printRange({ since, until }: CursorRange): RawRecord {
  return { since: since === null ? null : String(since), until: until === null ? null : String(until) }
}

function parseFile(raw: unknown): FileCursor {
  if (!isObject(raw as never)) throw new RecordMistake('is no object')
  const file = raw as RawRecord
  const others = Object.entries(file).filter(([name]) => !known.has(name))
  return {
    size: countAt(file, 'size'),
    mtimeMs: numberAt(file, 'mtime_ms'),
    dev: orNull(textAt, file, 'dev'),
    ino: orNull(textAt, file, 'ino'),
    prefixHash: orNull(textAt, file, 'prefix_hash'),
    lines: orNull(countAt, file, 'lines'),
    rows: orNull(countAt, file, 'rows'),
    ...(file['spooled'] === true ? { spooled: true } : {}),
    ...(file['ranges'] === undefined ? {} : { ranges: listAt(file, 'ranges').map(parseRange) }),
    ...(file['unreadable'] === undefined ? {} : { unreadable: listAt(file, 'unreadable').map(parseProblem) }),
    ...(file['waits_for'] === undefined ? {} : { waitsFor: listAt(file, 'waits_for').map(parseThread) }),
    ...(others.length === 0 ? {} : { others: Object.fromEntries(others) }),
  }
}

function parseRange(raw: Json): CursorRange {
  return { since: microsAt(objectOf(raw), 'since'), until: microsAt(objectOf(raw), 'until') }
}

function parseProblem(raw: Json): CursorProblem {
  return { path: textAt(objectOf(raw), 'path'), reason: textAt(objectOf(raw), 'reason') }
}

function parseThread(raw: Json): string {
  if (typeof raw !== 'string') throw new RecordMistake('has a thread that is no text')
  return raw
}

function objectOf(raw: Json): RawRecord {
  if (!isObject(raw)) throw new RecordMistake('is no object')
  return raw
}

function microsAt(raw: RawRecord, name: string): bigint | null {
  const text = orNull(textAt, raw, name)
  if (text === null) return null
  if (!/^-?\d{1,19}$/.test(text)) throw new RecordMistake(`has a ${name} that is no moment`)
  return BigInt(text)
}
