const newline = 0x0a

/** After so many bytes other work gets its turn: what is made of a line takes longer than finding it. */
const bytesAtOnce = 2 ** 18

/** Gives every line of NDJSON, as it is written in a frame: each ended, none empty. */
export async function eachLine(bytes: Uint8Array, give: (line: string) => void): Promise<void> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let pause = bytesAtOnce
  for (let start = 0; start < buffer.length; ) {
    const found = buffer.indexOf(newline, start)
    const end = found < 0 ? buffer.length : found
    give(buffer.toString('utf8', start, end))
    start = end + 1
    if (start < pause) continue
    pause = start + bytesAtOnce
    await new Promise(resolve => setImmediate(resolve))
  }
}
