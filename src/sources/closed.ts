/** What JSON has outside of strings, besides brackets: space, numbers, and the letters of its three words. */
const outside = new Uint8Array(256)
for (const byte of Buffer.from(' \t\r\n,:0123456789+-.eEtrufalsn')) outside[byte] = 1

const quote = 0x22
const backslash = 0x5c
const firstPrintable = 0x20

/** Of a longer string the end is looked for by the machine, which is faster from there on. */
const shortString = 48

/**
 * Whether a line that begins like an object also ends with it: all its strings and brackets are closed, by its last byte
 * and not before, and nothing stands in or between them that JSON cannot have there. A line that was torn, written over
 * or run into by the next one is seldom so. It is several times as fast as parsing, and every object of JSON passes;
 * what passes may yet be none, where single commas, words or letters are wrong, or a long string has bytes below 0x20 that
 * are no NULs.
 * @param member where the name of a member of the object itself has to begin, if anywhere
 */
export function isClosedObject(bytes: Buffer, member = -1): boolean {
  const { length } = bytes
  let depth = 0
  let isMember = member === -1
  // All in one loop: two thirds of the bytes are in strings, and calling something for each of them takes as long again.
  for (let at = 0; at < length; at++) {
    const byte = bytes[at] as number
    if (byte === quote) {
      if (at === member) isMember = depth === 1
      const near = Math.min(++at + shortString, length)
      for (;;) {
        if (at >= near) {
          at = endOfString(bytes, at)
          if (at === -1) return false
          break
        }
        const inside = bytes[at] as number
        if (inside === quote) break
        if (inside < firstPrintable) return false
        at += inside === backslash ? 2 : 1
      }
    } else if (outside[byte] === 1) continue
    else if (byte === 0x7b || byte === 0x5b) depth++
    else if (byte !== 0x7d && byte !== 0x5d) return false
    else if (--depth <= 0) return depth === 0 && isMember && byte === 0x7d && isBlankFrom(bytes, at + 1)
  }
  return false
}

/** Where the quote stands that ends a string which goes on here; -1 where none does, or something was written over it. */
function endOfString(bytes: Buffer, from: number): number {
  for (let end = bytes.indexOf(quote, from); end !== -1; end = bytes.indexOf(quote, end + 1)) {
    let before = end - 1
    while (before >= from && bytes[before] === backslash) before--
    // An even number of backslashes stand for themselves.
    if ((end - 1 - before) % 2 === 0) return bytes.subarray(from, end).includes(0) ? -1 : end
  }
  return -1
}

function isBlankFrom(bytes: Buffer, from: number): boolean {
  for (let at = from; at < bytes.length; at++) {
    const byte = bytes[at]
    if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0d && byte !== 0x0a) return false
  }
  return true
}
