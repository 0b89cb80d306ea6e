/** Of the smallest values so many take some 100 MB as objects, however few bytes they are as text. */
const mostValues = 1_000_000

/** A message of more parts stands in one row as a whole: each row takes far more memory than the text it comes from. */
export const mostParts = 10_000

const quote = 0x22
const backslash = 0x5c
const comma = 0x2c
const brace = 0x7b
const bracket = 0x5b

/** Whether JSON has more values than memory should hold at once, told without parsing it. */
export function isCrowded(bytes: Buffer): boolean {
  if (bytes.length <= mostValues) return false
  let values = 0
  let inString = false
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]
    if (inString) {
      if (byte === backslash) at++
      else if (byte === quote) inString = false
    } else if (byte === quote) inString = true
    else if ((byte === comma || byte === brace || byte === bracket) && ++values > mostValues) return true
  }
  return false
}
