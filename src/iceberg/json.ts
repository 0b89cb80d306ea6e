import type { Json } from './types.ts'

/*
 * Snapshot ids reach 2^63 − 1 and are bare JSON numbers (spec, Appendix C).
 * `JSON.parse` rounds them, so integers too long to be safe travel through it
 * as marked strings. Files without such integers, which are all we write
 * ourselves, take the plain path.
 */

/** Parses JSON; an integer beyond ±2^53 becomes a bigint. @throws SyntaxError as `JSON.parse` */
export function parseJson(text: string): Json {
  const plain = JSON.parse(text) as Json
  if (!holdsUnsafeInteger(plain)) return plain
  const mark = markUnusedIn(JSON.stringify(plain))
  const marked = mapNumbers(text, token => (isUnsafeInteger(token) ? `"${mark}${token}"` : token))
  return JSON.parse(marked, (_key, value: unknown) =>
    typeof value === 'string' && value.startsWith(mark) ? BigInt(value.slice(mark.length)) : value,
  ) as Json
}

/** A JSON text with its numbers replaced. Strings are passed over by hand: a long one is too much for a pattern. */
export function mapNumbers(text: string, replace: (token: string) => string): string {
  const quoteOrNumber = /"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g
  let mapped = ''
  let done = 0
  for (let match = quoteOrNumber.exec(text); match !== null; match = quoteOrNumber.exec(text)) {
    const [token] = match
    if (token === '"') {
      quoteOrNumber.lastIndex = endOfString(text, match.index)
      continue
    }
    const replaced = replace(token)
    if (replaced === token) continue
    mapped += text.slice(done, match.index) + replaced
    done = quoteOrNumber.lastIndex
  }
  return mapped + text.slice(done)
}

/** The place behind a string's closing quote: the first that no odd number of backslashes stands before. */
function endOfString(text: string, start: number): number {
  for (let quote = text.indexOf('"', start + 1); quote >= 0; quote = text.indexOf('"', quote + 1)) {
    let slashes = 0
    while (text[quote - slashes - 1] === '\\') slashes++
    if (slashes % 2 === 0) return quote + 1
  }
  return text.length
}

/** Prints JSON without white space; bigints become bare numbers. */
export function printJson(value: unknown): string {
  try {
    // Several times as fast as with a function that looks at every value.
    return JSON.stringify(value)
  } catch (error) {
    // There is a bigint in it.
    if (!(error instanceof TypeError)) throw error
  }
  let hasUnsafe = false
  const plain = JSON.stringify(value, (_key, item: unknown) => {
    if (typeof item !== 'bigint') return item
    const number = Number(item)
    hasUnsafe ||= !Number.isSafeInteger(number)
    return number
  })
  if (!hasUnsafe) return plain
  const mark = markUnusedIn(plain)
  const marked = JSON.stringify(value, (_key, item: unknown) => (typeof item === 'bigint' ? `${mark}${item}` : item))
  return marked.replaceAll(new RegExp(`"${mark}(-?\\d+)"`, 'g'), '$1')
}

/** Whether a value of `JSON.parse` holds a number that was rounded, or may have been. */
export function holdsUnsafeInteger(value: unknown): boolean {
  if (typeof value === 'number') return isUnsafe(value)
  if (typeof value !== 'object' || value === null) return false
  return Object.values(value).some(holdsUnsafeInteger)
}

function isUnsafeInteger(token: string): boolean {
  return /^-?\d{16,}$/.test(token) && isUnsafe(Number(token))
}

/** Not of what is too large for a double: a text of a million digits would take seconds to become a bigint. */
function isUnsafe(number: number): boolean {
  return Number.isInteger(number) && !Number.isSafeInteger(number)
}

/** A prefix that no string of this canonically printed JSON holds (its characters are never escaped). */
function markUnusedIn(printed: string): string {
  let n = 0
  while (printed.includes(`int64~${n}~`)) n++
  return `int64~${n}~`
}
