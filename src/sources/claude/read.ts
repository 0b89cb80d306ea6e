import { type FileHandle, open } from 'node:fs/promises'
import { maxBase64, withoutLongBase64 } from '../base64.ts'
import { isCrowded } from '../crowded.ts'
import { isObject, parseJson } from '../json.ts'
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
import { noiseOf } from './line.ts'
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
    const stats = await handle.stat()
    const offset = from?.offset ?? 0
    const memory = (from?.memory as Track | undefined) ?? newTrack(file.path, stats)
    // The client may write it later than the first lines of the transcript.
    memory.sidecar ??= await readSidecar(file.path, read.unreadable)
    let end: ReadPoint = { offset, line: from?.line ?? 0, memory }
    for await (const batch of readLines(handle, stats.size, { ...options, from })) {
      for (const line of batch) {
        const outcome = captureLine(line, memory)
        counts.lines++
        counts.bytes = line.endOffset - offset
        end = pointAfter(line, outcome, memory) ?? end
        if (typeof outcome === 'string') {
          counts.skipped[outcome]++
          noteMalformed(read.malformed, file.path, line.number, outcome)
        } else {
          counts.rows += outcome.length
          yield outcome
        }
      }
    }
    counts.bytes = Math.max(stats.size - offset, 0)
    read.end = end
  } catch (error) {
    if (options.signal?.aborted === true) throw error
    read.unreadable.push(unreadable(file.path, error))
  } finally {
    await handle?.close()
  }
}

/**
 * Where reading goes on after a line; undefined where that is before it. A last line without a newline that gave rows is
 * whole, and a newline that comes later belongs to it.
 */
function pointAfter(
  { endOffset, number, isWhole, end, bytes }: Line,
  outcome: readonly CapturedRow[] | SkipReason,
  memory: Track,
): ReadPoint | undefined {
  if (isWhole) return { offset: endOffset, line: number, memory }
  if (typeof outcome !== 'string') return { offset: endOffset, line: number - 1, memory }
  return end === 'cut' ? { offset: endOffset, line: number - 1, memory, begun: bytes } : undefined
}

function captureLine(line: Line, track: Track): readonly CapturedRow[] | SkipReason {
  const noise = noiseOf(line)
  if (noise !== undefined) return noise
  if (line.end === 'cut') return 'line-too-long'
  if (isCrowded(line.bytes)) return line.isWhole ? 'too-many-values' : 'torn-tail'
  try {
    const record = parse(line.bytes)
    if (record === undefined) return line.isWhole ? 'invalid-json' : 'torn-tail'
    return isObject(record) ? projectLine(record, track) : 'not-an-object'
  } catch (error) {
    if (error instanceof RangeError) return 'nested-too-deeply'
    throw error
  }
}

/** The line's JSON as it is kept, undefined if it is none. */
function parse(bytes: Buffer): unknown {
  const record = parseJson(bytes)
  return bytes.length > maxBase64 ? withoutLongBase64(record) : record
}
