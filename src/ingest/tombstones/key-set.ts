/** Of a hash so many bytes are kept: two keys of a table have the same ones never. */
const keptBytes = 16

/** Hashes of row keys, as they lie beside a tombstone. */
export interface KeySet {
  readonly size: number
  has(hash: Uint8Array): boolean
}

/** The file of hashes: each once, sorted, one behind the other. */
export function encodeKeys(hashes: Iterable<Uint8Array>): Buffer {
  const distinct = new Map<string, Uint8Array>()
  for (const hash of hashes) {
    const kept = hash.subarray(0, keptBytes)
    distinct.set(Buffer.from(kept).toString('latin1'), kept)
  }
  return Buffer.concat(Array.from(distinct.values()).sort((a, b) => Buffer.compare(a, b)))
}

/** How many hashes a file holds; undefined for one that is none. */
export function countKeys(bytes: Uint8Array): number | undefined {
  return bytes.byteLength % keptBytes === 0 ? bytes.byteLength / keptBytes : undefined
}

/** Looks hashes up where they lie: nothing is held besides the file. */
export function keySet(bytes: Buffer): KeySet {
  const size = Math.floor(bytes.byteLength / keptBytes)
  return {
    size,
    has: hash => {
      let from = 0
      let to = size
      while (from < to) {
        const middle = (from + to) >> 1
        const at = middle * keptBytes
        const order = bytes.compare(hash, 0, keptBytes, at, at + keptBytes)
        if (order === 0) return true
        if (order < 0) from = middle + 1
        else to = middle
      }
      return false
    },
  }
}
