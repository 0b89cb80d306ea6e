import { type FileHandle, open } from 'node:fs/promises'
import { maxBase64, withoutLongBase64 } from '../base64.ts'
import { isObject, wellFormed } from '../json.ts'
import { type Line, readLines } from '../lines.ts'
import { noteMalformed } from '../malformed.ts'
import {
  type CapturedRow,
  type HistoryFile,
  type MalformedLine,
  noCounts,
  type ReadCounts,
  type ReadOptions,
  type ReadPoint,
  type SkipReason,
  type SourceRead,
  type Unreadable,
} from '../source.ts'
import { unreadable } from '../unreadable.ts'
import { isProgress } from './line.ts'
import { projectLine } from './project.ts'
import { readSidecar } from './sidecar.ts'
import { newTrack, type Track } from './track.ts'

/**
 * Reads one transcript, line by line.
 *
 * @example
 * const read = readClaudeFile(file)
 * for await (const rows of read.captured) batch.push(...rows)
 * read.counts.skipped['invalid-json']
 */
export function readClaudeFile(file: HistoryFile, options: ReadOptions = {}): SourceRead {
  const read: Reading = { counts: noCounts(), malformed: [], unreadable: [], end: undefined }
  return {
    captured: capture(file, options, read),
    counts: read.counts,
    malformed: read.malformed,
    unreadable: read.unreadable,
    get end() {
      return read.end
    },
  }
}

interface Reading {
  readonly counts: ReadCounts
  readonly malformed: MalformedLine[]
  readonly unreadable: Unreadable[]
  end: ReadPoint | undefined
}

async function* capture(
  file: HistoryFile,
  { from, ...options }: ReadOptions,
  read: Reading,
): AsyncGenerator<readonly CapturedRow[]> {
  options.signal?.throwIfAborted()
  const { counts } = read
  let handle: FileHandle | undefined
  try {
    handle = await open(file.path)
    const { size } = await handle.stat()
    const memory = (from?.memory as Track | undefined) ?? newTrack(file, await readSidecar(file.path, read.unreadable))
    let end: ReadPoint = { offset: from?.offset ?? 0, line: from?.line ?? 0, memory }
    for await (const line of readLines(handle, size, { ...options, from })) {
      const outcome = captureLine(line, memory)
      counts.lines++
      counts.bytes = line.endOffset
      // A newline that comes later belongs to the line it ends.
      const behind = line.end === 'file' ? line.number - 1 : line.number
      if (outcome !== 'torn-tail') end = { offset: line.endOffset, line: behind, memory }
      if (typeof outcome === 'string') {
        counts.skipped[outcome]++
        noteMalformed(read.malformed, file.path, line.number, outcome)
      } else {
        counts.rows += outcome.length
        yield outcome
      }
    }
    counts.bytes = size
    read.end = end
  } catch (error) {
    if (options.signal?.aborted === true) throw error
    read.unreadable.push(unreadable(file.path, error))
  } finally {
    await handle?.close()
  }
}

function captureLine(line: Line, track: Track): readonly CapturedRow[] | SkipReason {
  if (line.end === 'cut') return 'line-too-long'
  if (isProgress(line.bytes)) return 'progress'
  try {
    const record = parse(line.bytes)
    if (record === undefined) return line.end === 'file' ? 'torn-tail' : 'invalid-json'
    return isObject(record) ? projectLine(record, line.bytes, track) : 'not-an-object'
  } catch (error) {
    if (error instanceof RangeError) return 'nested-too-deeply'
    throw error
  }
}

/** The line's JSON as it may be kept, undefined if it is none. */
function parse(bytes: Buffer): unknown {
  const text = bytes.toString('utf8')
  let record: unknown
  try {
    record = JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
  // Bytes cannot hold half a surrogate pair, only an escape can.
  if (text.includes('\\ud') || text.includes('\\uD')) record = wellFormed(record)
  return bytes.length > maxBase64 ? withoutLongBase64(record) : record
}
