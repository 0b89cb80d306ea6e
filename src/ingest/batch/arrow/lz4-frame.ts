const magic = 0x184d2204
/** Bits of the frame's flags (LZ4 Frame Format, "FLG byte"). */
const flags = { dictionary: 0x01, contentSize: 0x08, blockChecksums: 0x10, version: 0xc0 }
const firstVersion = 0x40
const uncompressed = 0x80000000
/** No match is shorter. */
const shortestMatch = 4
/** The lowest number that further bytes are added to. */
const more = 15

/**
 * Decompresses an LZ4 frame. Its blocks may point back into those before.
 * Checksums are not compared: what carried the frame has its own.
 * @throws RangeError for a frame that is damaged or does not hold exactly so many bytes
 */
export function decompressLz4Frame(frame: Uint8Array, length: number): Uint8Array {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength)
  const flag = view.getUint8(4)
  if (view.getUint32(0, true) !== magic || (flag & flags.version) !== firstVersion || (flag & flags.dictionary) !== 0)
    throw new RangeError('not an LZ4 frame')
  const output = new Uint8Array(length)
  let done = 0
  let at = 4 + 2 + ((flag & flags.contentSize) === 0 ? 0 : 8) + 1
  for (;;) {
    const size = view.getUint32(at, true)
    if (size === 0) break
    at += 4
    const end = at + (size & ~uncompressed)
    if (end > frame.length) throw new RangeError('a block outside of the frame')
    const block = frame.subarray(at, end)
    if ((size & uncompressed) === 0) done = decompressBlock(block, output, done)
    else {
      output.set(block, done)
      done += block.length
    }
    at = end + ((flag & flags.blockChecksums) === 0 ? 0 : 4)
  }
  if (done !== length) throw new RangeError('a frame of another length')
  return output
}

/** @returns the place behind what was written */
function decompressBlock(block: Uint8Array, output: Uint8Array, start: number): number {
  let at = 0
  let done = start
  while (at < block.length) {
    const token = next()
    const literals = lengthFrom(token >> 4)
    if (at + literals > block.length) throw new RangeError('a block is cut off')
    output.set(block.subarray(at, at + literals), done)
    at += literals
    done += literals
    // The last sequence has no match.
    if (at === block.length) break
    const distance = next() | (next() << 8)
    const match = lengthFrom(token & 15) + shortestMatch
    if (distance === 0 || distance > done || done + match > output.length) throw new RangeError('a match outside')
    for (const end = done + match; done < end; done++) output[done] = output[done - distance] as number
  }
  return done

  function lengthFrom(low: number): number {
    let length = low
    for (let byte = low === more ? 255 : 0; byte === 255; length += byte) byte = next()
    return length
  }

  function next(): number {
    const byte = block[at++]
    if (byte === undefined) throw new RangeError('a block is cut off')
    return byte
  }
}
