import type { FileHandle } from 'node:fs/promises'

const newline = 0x0a
const carriageReturn = 0x0d
const chunkBytes = 1 << 20

/** Lines longer than this are passed over without being held in memory. */
const maxLineBytes = 64 << 20

/** So much of a line above the limit is kept, by which its kind may still be told. */
const headBytes = 4 << 10

export interface Line {
  /** Without line end and byte order mark; of a line that was cut, its first 4 KiB. */
  readonly bytes: Buffer
  /** `file`: the file ends without a newline after it. `cut`: longer than the limit. */
  readonly end: 'newline' | 'file' | 'cut'
  /** Whether a newline ends it; without one the rest of it may still come. */
  readonly isWhole: boolean
  /** Position in the file just after the line. */
  readonly endOffset: number
  /** Counted from 1, blank lines too. */
  readonly number: number
}

export interface LineOptions {
  readonly signal?: AbortSignal | undefined
  /** Default 64 MiB. */
  readonly maxLineBytes?: number | undefined
  /** Default the beginning of the file. */
  readonly from?: LinePoint | undefined
}

/** Where a line begins, and how many there are before it; or a place in a line that is too long. */
export interface LinePoint {
  readonly offset: number
  readonly line: number
  /** The first bytes of a line that was too long already when the file ended, and that the offset lies in. */
  readonly begun?: Buffer | undefined
}

/**
 * The lines in the first `size` bytes of a file, some at a time; what is appended meanwhile is left for the next run.
 * Throws the signal's reason when aborted, and the errors of the file.
 */
export function readLines(file: FileHandle, size: number, options: LineOptions = {}): AsyncGenerator<readonly Line[]> {
  return splitLines(fileChunks(file, size, options.from?.offset ?? 0, options.signal), options)
}

/** The bytes of a file up to `size`, in pieces that stay as they are when the next ones are read. */
export async function* fileChunks(
  file: FileHandle,
  size: number,
  offset: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Buffer> {
  let position = offset
  while (position < size) {
    signal?.throwIfAborted()
    const wanted = Math.min(chunkBytes, size - position)
    const { buffer, bytesRead } = await file.read(Buffer.allocUnsafeSlow(wanted), 0, wanted, position)
    if (bytesRead === 0) return
    position += bytesRead
    yield buffer.subarray(0, bytesRead)
  }
}

/**
 * The lines of a stream of bytes, which begins at `from`, as many at once as a piece of it ends: waiting for each short
 * line by itself would take longer than reading it. Only the byte 0x0A ends a line: U+2028 is an ordinary
 * character of JSON. Blank lines are left out. Memory is one chunk plus one line; lines are views of the chunks.
 */
export async function* splitLines(
  chunks: AsyncIterable<Buffer>,
  options: LineOptions = {},
): AsyncGenerator<readonly Line[]> {
  const limit = options.maxLineBytes ?? maxLineBytes
  let position = options.from?.offset ?? 0
  let number = options.from?.line ?? 0
  /** The beginning of a line that a chunk did not finish, in pieces so that a long line is joined only once. */
  let pieces: Buffer[] = options.from?.begun === undefined ? [] : [options.from.begun]
  let held = options.from?.begun === undefined ? 0 : Number.POSITIVE_INFINITY
  for await (const chunk of chunks) {
    const lines: Line[] = []
    let start = position === 0 && startsWithMark(chunk) ? 3 : 0
    for (let at = chunk.indexOf(newline, start); at !== -1; at = chunk.indexOf(newline, start)) {
      const last = chunk.subarray(start, at)
      const line = finish(pieces, last, held + last.length, limit, true, position + at + 1, ++number)
      pieces = []
      held = 0
      start = at + 1
      if (line !== undefined) lines.push(line)
    }
    if (start < chunk.length) pieces.push(chunk.subarray(start))
    held += chunk.length - start
    if (held > limit) pieces = [head(pieces)]
    position += chunk.length
    if (lines.length > 0) yield lines
  }
  if (held > 0) {
    const line = finish(pieces, Buffer.alloc(0), held, limit, false, position, ++number)
    if (line !== undefined) yield [line]
  }
}

function finish(
  pieces: readonly Buffer[],
  last: Buffer,
  length: number,
  limit: number,
  isWhole: boolean,
  endOffset: number,
  number: number,
): Line | undefined {
  if (length > limit) return { bytes: head([...pieces, last]), end: 'cut', isWhole, endOffset, number }
  const bytes = trim(pieces.length === 0 ? last : Buffer.concat([...pieces, last], length), isWhole)
  return isBlank(bytes) ? undefined : { bytes, end: isWhole ? 'newline' : 'file', isWhole, endOffset, number }
}

/** The first bytes of these pieces, as a copy: a view would keep a whole chunk in memory. */
function head(pieces: readonly Buffer[]): Buffer {
  const first: Buffer[] = []
  let length = 0
  for (const piece of pieces) {
    if (length >= headBytes) break
    first.push(piece)
    length += piece.length
  }
  return Buffer.concat(first, Math.min(length, headBytes))
}

/**
 * A crash can leave a run of NULs where the file system had only grown the file; the line beside it is whole. At the
 * end of the file the run may yet be written over.
 */
function trim(bytes: Buffer, isEnded: boolean): Buffer {
  let last = bytes.length
  while (last > 0 && bytes[last - 1] === carriageReturn) last--
  let end = last
  if (isEnded) while (end > 0 && bytes[end - 1] === 0) end--
  if (end === 0) return bytes.subarray(0, last)
  let start = 0
  while (start < end && bytes[start] === 0) start++
  return bytes.subarray(start === end ? 0 : start, end)
}

function isBlank(bytes: Buffer): boolean {
  return bytes.every(byte => byte === 0x20 || byte === 0x09 || byte === carriageReturn)
}

function startsWithMark(chunk: Buffer): boolean {
  return chunk[0] === 0xef && chunk[1] === 0xbb && chunk[2] === 0xbf
}
