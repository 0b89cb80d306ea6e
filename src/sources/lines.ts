import type { FileHandle } from 'node:fs/promises'

const newline = 0x0a
const carriageReturn = 0x0d
const chunkBytes = 1 << 20

/** Lines longer than this are passed over without being held in memory. */
const maxLineBytes = 64 << 20

export interface Line {
  /** Without line end and byte order mark; empty when cut. */
  readonly bytes: Buffer
  /** `file`: the file ends without a newline after it. `cut`: longer than the limit. */
  readonly end: 'newline' | 'file' | 'cut'
  /** Position in the file just after the line. */
  readonly endOffset: number
  /** Counted from 1, blank lines too. */
  readonly number: number
}

export interface LineOptions {
  readonly signal?: AbortSignal | undefined
  /** Default 64 MiB. */
  readonly maxLineBytes?: number | undefined
  /** Where a line begins, and how many there are before it; default the beginning of the file. */
  readonly from?: { readonly offset: number; readonly line: number } | undefined
}

/**
 * The lines in the first `size` bytes of a file; what is appended meanwhile is left for the next run. Only the byte
 * 0x0A ends a line: U+2028 is an ordinary character of JSON. Blank lines are left out. Memory is one chunk plus one
 * line. Throws the signal's reason when aborted, and the errors of the file.
 */
export async function* readLines(file: FileHandle, size: number, options: LineOptions = {}): AsyncGenerator<Line> {
  const limit = options.maxLineBytes ?? maxLineBytes
  let position = options.from?.offset ?? 0
  let number = options.from?.line ?? 0
  /** The beginning of a line that a chunk did not finish, in pieces so that a long line is joined only once. */
  let pieces: Buffer[] = []
  let held = 0
  while (position < size) {
    options.signal?.throwIfAborted()
    // A new buffer for every chunk: lines are views of it, and the caller may keep them.
    const wanted = Math.min(chunkBytes, size - position)
    const { buffer, bytesRead } = await file.read(Buffer.allocUnsafeSlow(wanted), 0, wanted, position)
    if (bytesRead === 0) break
    const chunk = buffer.subarray(0, bytesRead)
    let start = position === 0 && startsWithMark(chunk) ? 3 : 0
    for (let at = chunk.indexOf(newline, start); at !== -1; at = chunk.indexOf(newline, start)) {
      const last = chunk.subarray(start, at)
      const line = finish(pieces, last, held + last.length, limit, 'newline', position + at + 1, ++number)
      pieces = []
      held = 0
      start = at + 1
      if (line !== undefined) yield line
    }
    held += bytesRead - start
    if (held > limit) pieces = []
    else if (start < bytesRead) pieces.push(chunk.subarray(start))
    position += bytesRead
  }
  if (held > 0) {
    const line = finish(pieces, Buffer.alloc(0), held, limit, 'file', position, ++number)
    if (line !== undefined) yield line
  }
}

function finish(
  pieces: readonly Buffer[],
  last: Buffer,
  length: number,
  limit: number,
  end: 'newline' | 'file',
  endOffset: number,
  number: number,
): Line | undefined {
  if (length > limit) return { bytes: Buffer.alloc(0), end: 'cut', endOffset, number }
  const bytes = trim(pieces.length === 0 ? last : Buffer.concat([...pieces, last], length))
  return isBlank(bytes) ? undefined : { bytes, end, endOffset, number }
}

/** A crash can leave a run of NULs where the file system had only grown the file; the line after it is whole. */
function trim(bytes: Buffer): Buffer {
  let end = bytes.length
  while (end > 0 && bytes[end - 1] === carriageReturn) end--
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
