/**
 * Says of most texts that they are not among some texts, from their UTF-8
 * bytes alone: a bit for each hash. Of texts that are not among them it lets
 * about one in twenty through.
 */
export interface TextSketch {
  /** @param end of the text in the bytes; all of them when left out, as with `start` */
  mayHold(bytes: Uint8Array, start?: number, end?: number): boolean
}

const bitsPerText = 20

export function sketchOf(texts: readonly string[]): TextSketch {
  const size = Math.max(10, Math.ceil(Math.log2(texts.length * bitsPerText)))
  const bits = new Uint32Array(2 ** (size - 5))
  const shift = 32 - size
  for (const text of texts) {
    const bytes = Buffer.from(text)
    const hash = hashOf(bytes, 0, bytes.length) >>> shift
    bits[hash >>> 5] = (bits[hash >>> 5] as number) | (1 << (hash & 31))
  }
  return {
    mayHold: (bytes, start = 0, end = bytes.length) => {
      const hash = hashOf(bytes, start, end) >>> shift
      return ((bits[hash >>> 5] as number) & (1 << (hash & 31))) !== 0
    },
  }
}

/** Four bytes at a time: most of the time of a search goes by in here. */
function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = end - start
  let index = start
  for (; index + 3 < end; index += 4) {
    const word =
      (bytes[index] as number) |
      ((bytes[index + 1] as number) << 8) |
      ((bytes[index + 2] as number) << 16) |
      ((bytes[index + 3] as number) << 24)
    hash = Math.imul(hash ^ word, 0x9e3779b1)
    hash ^= hash >>> 15
  }
  for (; index < end; index++) hash = Math.imul(hash ^ (bytes[index] as number), 0x01000193)
  return Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) ^ (hash >>> 13)
}
