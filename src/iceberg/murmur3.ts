/** 32-bit Murmur3, x86 variant, seed 0 (spec "Appendix B"); signed. */
export function murmur3(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const blocks = bytes.byteLength >>> 2
  let hash = 0
  for (let block = 0; block < blocks; block++) {
    hash ^= scramble(view.getInt32(block * 4, true))
    hash = (hash << 13) | (hash >>> 19)
    hash = (Math.imul(hash, 5) + 0xe6546b64) | 0
  }
  let tail = 0
  for (let index = bytes.byteLength - 1; index >= blocks * 4; index--) tail = (tail << 8) | (bytes[index] as number)
  hash ^= scramble(tail)
  hash ^= bytes.byteLength
  hash ^= hash >>> 16
  hash = Math.imul(hash, 0x85ebca6b)
  hash ^= hash >>> 13
  hash = Math.imul(hash, 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}

function scramble(word: number): number {
  const mixed = Math.imul(word, 0xcc9e2d51)
  return Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593)
}
