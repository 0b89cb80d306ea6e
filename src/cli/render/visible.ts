/*
 * Names, documentation and errors of tables come from other programs. What a terminal would obey, or what would begin a
 * line of its own or turn the direction of writing, is shown as what it is.
 */

const obeyed = /[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu

/** A text in one line: control characters are written as `\u001b`. */
export function visible(text: string): string {
  return text.replaceAll(obeyed, character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** Every text of a document, at any depth. */
export function visibleIn<Value>(value: Value): Value {
  return shown(value) as Value
}

function shown(value: unknown): unknown {
  if (typeof value === 'string') return visible(value)
  if (Array.isArray(value)) return value.map(shown)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, shown(member)]))
}
