/** Whether a text may be the id of a record, and so a part of a file's name: no dot, no separator, nothing to hide in. */
export function isRecordId(text: string): boolean {
  return /^[A-Za-z0-9_-]{1,128}$/.test(text)
}

/**
 * A new id: a UUID v7 (RFC 9562), so that ids sort by the time they were made.
 * @param now milliseconds since 1970
 * @param random 10 random bytes or more
 */
export function newRecordId(now: number, random: Uint8Array): string {
  const bytes = new Uint8Array(16)
  bytes.set(random.subarray(0, 10), 6)
  for (let at = 5, rest = Math.max(0, Math.floor(now)); at >= 0; at--, rest = Math.floor(rest / 256))
    bytes[at] = rest % 256
  bytes[6] = 0x70 | ((bytes[6] as number) & 0x0f)
  bytes[8] = 0x80 | ((bytes[8] as number) & 0x3f)
  const hex = Buffer.from(bytes).toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}
