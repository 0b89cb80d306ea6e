const newline = 0x0a

/** Gives every line of NDJSON, as it is written in a frame: each ended, none empty. */
export function eachLine(bytes: Uint8Array, give: (line: string) => void): void {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let start = 0; start < buffer.length; ) {
    const found = buffer.indexOf(newline, start)
    const end = found < 0 ? buffer.length : found
    give(buffer.toString('utf8', start, end))
    start = end + 1
  }
}
