/** A JSON Pointer (RFC 6901) taken apart: the reference tokens, unescaped. */
export type Pointer = readonly string[]

const malformedEscape = /~(?![01])/
const arrayIndex = /^(?:0|[1-9]\d*)$/

/**
 * Takes a pointer apart; undefined when it is none. The empty text is the whole
 * document. `~1` stands for `/` and `~0` for `~`, in this order (section 4).
 */
export function parsePointer(text: string): Pointer | undefined {
  if (text === '') return []
  if (!text.startsWith('/') || malformedEscape.test(text)) return undefined
  return text
    .slice(1)
    .split('/')
    .map(token => token.replaceAll('~1', '/').replaceAll('~0', '~'))
}

export function formatPointer(pointer: readonly (string | number)[]): string {
  return pointer.map(token => `/${String(token).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}

/**
 * What a pointer points at in a JSON value; undefined where there is nothing.
 * Only what the record itself holds: `/constructor` finds nothing in `{}`.
 */
export function lookup(record: unknown, pointer: Pointer): unknown {
  let value = record
  for (const token of pointer) {
    if (typeof value !== 'object' || value === null) return undefined
    // `length` is an own property of an array, and `-` the place behind its end: neither is an element.
    if (Array.isArray(value) && !arrayIndex.test(token)) return undefined
    if (!Object.hasOwn(value, token)) return undefined
    value = (value as Readonly<Record<string, unknown>>)[token]
  }
  return value
}
