import type { InputFile } from '../../iceberg/file-io/file-io.ts'
import { checksumOf, type FrameHead, headLength, isIntact, magic, parseHead } from './frame.ts'
import { Window } from './window.ts'

/*
 * Goes through the frames of a segment, whatever happened to the bytes between
 * them: after a bad frame it looks for the next place at which a whole frame
 * verifies. Memory is that of one frame.
 */

/** Bytes of a file, [start, end). */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

/** A frame that is what was written. */
export interface Found extends ByteRange {
  readonly kind: 'found'
  readonly head: FrameHead
  readonly meta: Uint8Array
  /** Absent where only heads were asked for. */
  readonly rows?: Uint8Array
}

/**
 * Bytes that are no frame. `torn`: the last ones, cut short or never written,
 * which nobody was told are stored; `damaged`: all others.
 */
export interface Damage extends ByteRange {
  readonly kind: 'damaged' | 'torn'
}

interface WalkOptions {
  /** Whether rows are read and verified. Without, a frame whose rows alone are damaged is found. */
  readonly rows: boolean
}

const scanAhead = 2 ** 18
/** Of a frame without its rows there are some hundred bytes. */
const headAhead = 2 ** 16

/** Every frame and all bytes between them, in the order of the file. @throws whatever reading throws */
export async function* walk(
  file: InputFile,
  { start, end }: ByteRange,
  { rows }: WalkOptions,
): AsyncGenerator<Found | Damage> {
  const window = new Window(file, end, rows ? scanAhead : headAhead)
  for (let at = start; at < window.end; ) {
    const found = await frameAt(window, at, rows)
    if (found !== undefined) {
      yield found
      at = found.end
      continue
    }
    const next = await nextFrame(new Window(file, end, scanAhead), at + 1)
    const torn = next === window.end && (await isTorn(file, { start: at, end: next }))
    yield { kind: torn ? 'torn' : 'damaged', start: at, end: next }
    at = next
  }
}

async function frameAt(window: Window, start: number, withRows: boolean): Promise<Found | undefined> {
  const first = await window.bytes(start, headLength)
  const head = first === undefined ? undefined : parseHead(first)
  if (head === undefined) return undefined
  const rowsStart = start + headLength + head.metaLength
  const end = rowsStart + head.rowsLength
  const whole = end > window.end ? undefined : await window.bytes(start, headLength + head.metaLength)
  if (whole === undefined || !isIntact(whole)) return undefined
  const found = { kind: 'found', start, end, head, meta: whole.subarray(headLength) } as const
  if (!withRows) return found
  const rows = (await window.bytes(rowsStart, head.rowsLength)) as Uint8Array
  return (await checksumOf(rows)) === head.rowsChecksum ? { ...found, rows } : undefined
}

/** Where the next whole frame begins, at or after a place; the end where there is none. */
async function nextFrame(window: Window, from: number): Promise<number> {
  for (let at = from; ; ) {
    const bytes = await window.some(at)
    if (bytes === undefined) return window.end
    const index = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).indexOf(magic, 0, 'latin1')
    if (index >= 0) {
      if ((await frameAt(window, at + index, true)) !== undefined) return at + index
      at += index + 1
    } else if (at + bytes.byteLength >= window.end) return window.end
    // The next bytes may begin in the middle of the word.
    else at += Math.max(1, bytes.byteLength - magic.length + 1)
  }
}

/** Whether the last bytes of a file are what a write leaves that did not get to its end: too few, or zeros. */
async function isTorn(file: InputFile, { start, end }: ByteRange): Promise<boolean> {
  const written = await endWithoutZeros(file, { start, end })
  if (written === start) return true
  const window = new Window(file, written, headLength)
  const first = await window.bytes(start, headLength)
  if (first === undefined) {
    const few = (await window.bytes(start, Math.min(magic.length, written - start))) as Uint8Array
    return magic.startsWith(Buffer.from(few).toString('latin1'))
  }
  const head = parseHead(first)
  if (head === undefined) return false
  const meta = await window.bytes(start, headLength + head.metaLength)
  return meta === undefined || (isIntact(meta) && start + meta.byteLength + head.rowsLength > written)
}

/** Whether there is nothing but zeros in a range: space that was taken, and not written. */
export async function isZeros(file: InputFile, range: ByteRange): Promise<boolean> {
  return (await endWithoutZeros(file, range)) === range.start
}

async function endWithoutZeros(file: InputFile, { start, end }: ByteRange): Promise<number> {
  for (let last = end; last > start; ) {
    const first = Math.max(start, last - scanAhead)
    const index = (await file.read(first, last)).findLastIndex(byte => byte !== 0)
    if (index >= 0) return first + index + 1
    last = first
  }
  return start
}
