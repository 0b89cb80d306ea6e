/**
 * Says of most texts that they are not among some texts, from their UTF-8
 * bytes alone: a bit for each hash. Of texts that are not among them it lets
 * about one in twenty through.
 */
export interface TextSketch {
  mayHold(bytes: Uint8Array): boolean
}

const bitsPerText = 20

export function sketchOf(texts: Iterable<string>, count: number): TextSketch {
  const size = Math.max(10, Math.ceil(Math.log2(count * bitsPerText)))
  const bits = new Uint32Array(2 ** (size - 5))
  const shift = 32 - size
  for (const text of texts) {
    const hash = hashOf(Buffer.from(text)) >>> shift
    bits[hash >>> 5] = (bits[hash >>> 5] as number) | (1 << (hash & 31))
  }
  return {
    mayHold: bytes => {
      const hash = hashOf(bytes) >>> shift
      return ((bits[hash >>> 5] as number) & (1 << (hash & 31))) !== 0
    },
  }
}

/** FNV-1a, mixed once more so that its high bits are as good as its low ones. */
function hashOf(bytes: Uint8Array): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < bytes.length; index++) hash = Math.imul(hash ^ (bytes[index] as number), 0x01000193)
  return Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) ^ (hash >>> 13)
}
