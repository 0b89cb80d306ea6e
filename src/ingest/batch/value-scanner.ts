import { bodyInvalid } from './body-invalid.ts'
import { isSpace } from './raw-row.ts'

/** Finds the end of one JSON value after the other, in steps. */
export interface ValueScanner {
  /**
   * Looks for the end of the value that begins at a place: the place behind it, or undefined when it was not found yet.
   * @throws HypError BODY_INVALID for brackets that do not belong together
   */
  begin(at: number, limit: number): number | undefined
  /** Looks on, so many bytes. */
  goOn(bytes: number): number | undefined
  /** Whether there are ends of lines in the value, outside of texts. */
  isBroken(): boolean
}

const quote = 0x22
const backslash = 0x5c
const openBracket = 0x5b
const closeBracket = 0x5d
const openBrace = 0x7b
const closeBrace = 0x7d
const comma = 0x2c

export function valueScanner(body: Uint8Array): ValueScanner {
  let start = 0
  let at = 0
  let inText = false
  let broken = false
  /** The brackets that are open, each as the one that closes it. */
  let open: number[] = []

  return { begin, goOn: bytes => scan(at + bytes), isBroken: () => broken }

  function begin(from: number, limit: number): number | undefined {
    start = at = from
    inText = broken = false
    open = []
    return scan(limit)
  }

  function scan(limit: number): number | undefined {
    const end = Math.min(limit, body.length)
    while (at < end) {
      let byte = body[at] as number
      if (inText) {
        while (byte !== quote && byte !== backslash && at < end) byte = body[++at] as number
        if (at >= end) break
        at += byte === backslash ? 2 : 1
        if (byte !== quote) continue
        inText = false
        if (open.length === 0) return at
      } else if (byte === quote) {
        // Directly behind a number or a word: the two are no value together.
        if (open.length === 0 && at > start) return at
        inText = true
        at++
      } else if (byte === openBrace || byte === openBracket) {
        if (open.length === 0 && at > start) return at
        open.push(byte === openBrace ? closeBrace : closeBracket)
        at++
      } else if (byte === closeBrace || byte === closeBracket) {
        if (open.length === 0 && at > start) return at
        if (open.pop() !== byte) throw bodyInvalid('A closing bracket does not belong to the one that is open', at)
        at++
        if (open.length === 0) return at
      } else if (open.length === 0 && (byte === comma || isSpace(byte))) {
        return at
      } else {
        if (byte === 0x0a || byte === 0x0d) broken = true
        at++
      }
    }
    if (at < body.length) return undefined
    if (inText) throw bodyInvalid('The body ends inside a text', body.length)
    if (open.length > 0) throw bodyInvalid('The body ends inside an object or an array', body.length)
    return body.length
  }
}
