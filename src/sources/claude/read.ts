import { type FileHandle, open } from 'node:fs/promises'
import { maxBase64, withoutLongBase64 } from '../base64.ts'
import { isObject, wellFormed } from '../json.ts'
import { type Line, type LineOptions, readLines } from '../lines.ts'
import {
  type CapturedRow,
  type HistoryFile,
  noCounts,
  type ReadCounts,
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
 * Reads one transcript from its beginning, line by line. A file that cannot be read, or only in part, is reported in
 * `unreadable` and never thrown, so that it costs no other file; only being aborted throws.
 *
 * @example
 * const read = readClaudeFile(file)
 * for await (const rows of read.captured) batch.push(...rows)
 * read.counts.skipped['invalid-json']
 */
export function readClaudeFile(file: HistoryFile, options: LineOptions = {}): SourceRead {
  const counts = noCounts()
  const problems: Unreadable[] = []
  return { captured: capture(file, options, counts, problems), counts, unreadable: problems }
}

async function* capture(
  file: HistoryFile,
  options: LineOptions,
  counts: ReadCounts,
  problems: Unreadable[],
): AsyncGenerator<readonly CapturedRow[]> {
  options.signal?.throwIfAborted()
  let handle: FileHandle | undefined
  try {
    handle = await open(file.path)
    const { size } = await handle.stat()
    const track = newTrack(file, await readSidecar(file.path, problems))
    for await (const line of readLines(handle, size, options)) {
      const outcome = captureLine(line, track)
      counts.lines++
      counts.bytes = line.endOffset
      if (typeof outcome === 'string') {
        counts.skipped[outcome]++
      } else {
        counts.rows += outcome.length
        yield outcome
      }
    }
    counts.bytes = size
  } catch (error) {
    if (options.signal?.aborted === true) throw error
    problems.push(unreadable(file.path, error))
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
