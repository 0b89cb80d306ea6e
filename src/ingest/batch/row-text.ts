import { mapNumbers, parseJson } from '../../iceberg/json.ts'
import type { Json } from '../../iceberg/types.ts'

/** A row's text as values. */
export interface RowText {
  /** An integer beyond ±2^53 is a bigint. */
  readonly value: Json
  /** The same with null in place of every number that lost digits, because a double has no room for them; if there is one. */
  readonly exact?: Json
}

/**
 * As many digits, with their point, may be more than a double keeps. Written out: the engine skips ahead in a text by the
 * length of such a pattern, and by one character where it counts repetitions.
 */
const manyDigits = new RegExp(`\\d${'[\\d.]'.repeat(15)}`)

/** Parses the text of a row, exactly where it can be. @throws SyntaxError as `JSON.parse`, RangeError for one nested too deeply */
export function parseRow(text: string): RowText {
  if (!manyDigits.test(text)) return { value: JSON.parse(text) as Json }
  const value = parseJson(text)
  let rounded = false
  const marked = mapNumbers(text, token => {
    if (!isRounded(token)) return token
    rounded = true
    return 'null'
  })
  return rounded ? { value, exact: parseJson(marked) } : { value }
}

/** Prints a row again so that it is read as the same: as `JSON.stringify`, but bigints, and zeros with their sign. */
export function printRow(value: unknown): string {
  if (typeof value === 'bigint') return value.toString()
  if (Object.is(value, -0)) return '-0'
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(printRow).join(',')}]`
  return `{${Object.entries(value)
    .map(([name, member]) => `${JSON.stringify(name)}:${printRow(member)}`)
    .join(',')}}`
}

const numberParts = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/

/** Whether a number is not the one that was written. Integers are not meant: they become bigints. */
function isRounded(token: string): boolean {
  if (token.length < 16 || /^-?\d+$/.test(token)) return false
  // No double has so many digits, except by zeros at the end that nobody writes.
  return token.length > 400 || !Number.isFinite(Number(token)) || plainForm(token) !== plainForm(String(Number(token)))
}

/** One text for one number, however it is written. */
function plainForm(token: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = numberParts.exec(token) ?? []
  const digits = `${whole}${fraction}`.replace(/^0+/, '')
  const significant = digits.replace(/0+$/, '')
  if (significant === '') return '0'
  return `${sign}${significant}e${Number(exponent) - fraction.length + digits.length - significant.length}`
}
