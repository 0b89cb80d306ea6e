import type { Json } from './types.ts'

/*
 * Snapshot ids reach 2^63 − 1 and are bare JSON numbers (spec, Appendix C).
 * `JSON.parse` rounds them, so integers too long to be safe travel through it
 * as marked strings. Files without such integers, which are all we write
 * ourselves, take the plain path.
 */

const stringOrNumber = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g

/** Parses JSON; an integer beyond ±2^53 becomes a bigint. @throws SyntaxError as `JSON.parse` */
export function parseJson(text: string): Json {
  const plain = JSON.parse(text) as Json
  if (!holdsUnsafeInteger(plain)) return plain
  const mark = markUnusedIn(JSON.stringify(plain))
  const marked = text.replace(stringOrNumber, token => (isUnsafeInteger(token) ? `"${mark}${token}"` : token))
  return JSON.parse(marked, (_key, value: unknown) =>
    typeof value === 'string' && value.startsWith(mark) ? BigInt(value.slice(mark.length)) : value,
  ) as Json
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

/** Whether a number was rounded, or may have been. */
function holdsUnsafeInteger(value: Json): boolean {
  if (typeof value === 'number') return Number.isInteger(value) && !Number.isSafeInteger(value)
  if (typeof value !== 'object' || value === null) return false
  return Object.values(value).some(holdsUnsafeInteger)
}

function isUnsafeInteger(token: string): boolean {
  return /^-?\d{16,}$/.test(token) && !Number.isSafeInteger(Number(token))
}

/** A prefix that no string of this canonically printed JSON holds (its characters are never escaped). */
function markUnusedIn(printed: string): string {
  let n = 0
  while (printed.includes(`int64~${n}~`)) n++
  return `int64~${n}~`
}
