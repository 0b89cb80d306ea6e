import { largestRow } from './limits.ts'
import { isSpace, type RawRows, startOfText } from './raw-row.ts'

/** So many lines without a row are searched at a time. */
const longestSearch = 4096

/** The lines of a body, each of them a row; blank ones are left out. */
export function* ndjsonRows(bytes: Uint8Array): RawRows {
  const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let blanks = 0
  for (let start = startOfText(body); start < body.length; ) {
    const newline = body.indexOf(0x0a, start)
    const end = newline < 0 ? body.length : newline
    const next = newline < 0 ? end : newline + 1
    if (!isBlank(body, start, end)) yield { bytes, start, end, next, isBroken: false }
    else if (++blanks % longestSearch === 0) yield undefined
    start = next
  }
}

function isBlank(body: Uint8Array, start: number, end: number): boolean {
  // Whatever a line is that no row can be, it is told so.
  if (end - start > largestRow) return false
  let at = start
  while (at < end && isSpace(body[at])) at++
  return at === end
}
