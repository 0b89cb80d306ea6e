import { bodyInvalid } from './body-invalid.ts'
import { isSpace, type RawRow, type RawRows, startOfText } from './raw-row.ts'
import { type ValueScanner, valueScanner } from './value-scanner.ts'

const comma = 0x2c
const openBracket = 0x5b
const closeBracket = 0x5d
const openBrace = 0x7b

/** So many bytes are searched at a time. */
const longestSearch = 1024 * 1024

/** Rows, and then a place. */
type RowsUpTo = Generator<RawRow | undefined, number, undefined>

/**
 * The elements of a JSON array, or one object. Only brackets and texts are
 * looked at: whether an element is JSON inside is for whoever reads the row.
 * @throws HypError BODY_INVALID where the array itself is not JSON
 */
export function* jsonRows(body: Uint8Array): RawRows {
  const start = yield* behindSpace(body, startOfText(body))
  if (start === body.length) return
  if (body[start] === openBrace) {
    const end = yield* oneRow(body, start, valueScanner(body))
    checkEnd(body, yield* behindSpace(body, end), 'object', ndjsonAdvice)
  } else if (body[start] === openBracket) {
    const end = yield* elements(body, yield* behindSpace(body, start + 1))
    checkEnd(body, yield* behindSpace(body, end), 'array')
  } else throw bodyInvalid('The body is neither a JSON array nor a JSON object', start)
}

/**
 * @param start the place of the first element, or of the closing bracket
 * @returns the place behind the closing bracket
 */
function* elements(body: Uint8Array, start: number): RowsUpTo {
  const scanner = valueScanner(body)
  let at = start
  while (body[at] !== closeBracket) {
    if (at >= body.length) throw bodyInvalid(unclosed, at)
    if (body[at] === comma) throw bodyInvalid('An element is missing in the array', at)
    const end = yield* oneRow(body, at, scanner)
    const behind = isSpace(body[end]) ? yield* behindSpace(body, end) : end
    if (body[behind] === closeBracket) return behind + 1
    if (body[behind] !== comma)
      throw bodyInvalid(behind === body.length ? unclosed : 'A comma is missing in the array', behind)
    at = yield* behindSpace(body, behind + 1)
    if (body[at] === closeBracket) throw bodyInvalid('A comma stands behind the last element of the array', behind)
  }
  return at + 1
}

/** @returns the place behind the row */
function* oneRow(body: Uint8Array, start: number, scanner: ValueScanner): RowsUpTo {
  let end = scanner.begin(start, start + longestSearch)
  while (end === undefined) {
    yield undefined
    end = scanner.goOn(longestSearch)
  }
  yield { bytes: body, start, end, next: end, isBroken: scanner.isBroken() }
  return end
}

const unclosed = 'The array ends without its closing bracket'

const ndjsonAdvice = 'Rows one behind the other are NDJSON: send them as `application/x-ndjson`.'

function checkEnd(body: Uint8Array, at: number, what: string, hint?: string): void {
  if (at < body.length) throw bodyInvalid(`Something follows the end of the ${what}`, at, hint)
}

/** The first place from here on that is not white space. */
function* behindSpace(body: Uint8Array, from: number): Generator<undefined, number, undefined> {
  let at = from
  while (at < body.length && isSpace(body[at])) {
    at++
    if ((at - from) % longestSearch === 0) yield undefined
  }
  return at
}
