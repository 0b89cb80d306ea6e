/** A parsed JSON object of unknown content. */
export interface JsonObject {
  readonly [key: string]: unknown
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The string, if it is one and not empty. */
export function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null
}

export function flag(value: unknown): boolean | null {
  return typeof value === 'boolean' ? value : null
}

/** A whole number that cannot be negative, as the cell of a `long` column. */
export function count(value: unknown): bigint | null {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? BigInt(value as number) : null
}

/** Null, an empty string, an empty list or an empty object: nothing worth a place in a JSON column. */
export function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === '') return true
  if (typeof value !== 'object') return false
  return Array.isArray(value) ? value.length === 0 : Object.keys(value).length === 0
}

/** Sets a member, unless its value is empty. */
export function put(object: Record<string, unknown>, key: string, value: unknown): void {
  if (!isEmpty(value)) object[key] = value
}

/** The same JSON value with every lone surrogate, which UTF-8 cannot hold, replaced by U+FFFD. */
export function wellFormed(value: unknown): unknown {
  if (typeof value === 'string') return Buffer.from(value, 'utf8').toString('utf8')
  if (Array.isArray(value)) return value.map(wellFormed)
  if (!isObject(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [wellFormed(key), wellFormed(inner)]))
}

/** The JSON that bytes of UTF-8 are, as it may be kept; undefined where they are none. */
export function parseJson(bytes: Buffer): unknown {
  const json = bytes.toString('utf8')
  let value: unknown
  try {
    // Files that were put together may have a mark before any line.
    value = JSON.parse(json.startsWith('\ufeff') ? json.slice(1) : json)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
  // Bytes cannot hold half a surrogate pair, only an escape can.
  return json.includes('\\ud') || json.includes('\\uD') ? wellFormed(value) : value
}
