/** Small numbers, as definition levels and indexes of a dictionary are. */
export type Hybrid = Uint8Array | Uint32Array

/**
 * Reads numbers in runs and in groups of eight (Parquet's "RLE / Bit-Packing Hybrid").
 * @param width bits of a number
 * @throws RangeError when the bytes end early
 */
export function readHybrid(bytes: Uint8Array, start: number, width: number, count: number): Hybrid {
  const numbers = width <= 8 ? new Uint8Array(count) : new Uint32Array(count)
  if (width === 0) return numbers
  if (width > 32) throw new RangeError(`numbers of ${width} bits`)
  let at = start
  let done = 0
  while (done < count) {
    let head = 0
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++]
      if (byte === undefined) throw new RangeError('the bytes end early')
      head += (byte & 0x7f) * 2 ** shift
      if (byte <= 0x7f) break
    }
    if (head % 2 === 0) {
      let value = 0
      for (let shift = 0; shift < width; shift += 8) value += (bytes[at++] ?? 0) * 2 ** shift
      const end = Math.min(count, done + head / 2)
      if (end === done || at > bytes.byteLength) throw new RangeError('a run of nothing')
      numbers.fill(value, done, end)
      done = end
    } else {
      const groups = (head - 1) / 2
      const end = Math.min(count, done + groups * 8)
      if (end === done) throw new RangeError('a run of nothing')
      unpack(bytes, at, width, numbers, done, end)
      at += groups * width
      done = end
    }
  }
  return numbers
}

/** Numbers of so many bits one behind the other, the lowest bit first. */
function unpack(bytes: Uint8Array, start: number, width: number, numbers: Hybrid, from: number, to: number): void {
  if (start + Math.ceil(((to - from) * width) / 8) > bytes.byteLength) throw new RangeError('the bytes end early')
  let at = start
  let bits = 0
  // What was read and not yet used; up to 40 bits, so no bitwise operators beyond 24 bits of width.
  let rest = 0
  if (width <= 24) {
    const mask = (1 << width) - 1
    for (let index = from; index < to; index++) {
      while (bits < width) {
        rest |= (bytes[at++] as number) << bits
        bits += 8
      }
      numbers[index] = rest & mask
      rest >>>= width
      bits -= width
    }
    return
  }
  const limit = 2 ** width
  for (let index = from; index < to; index++) {
    while (bits < width) {
      rest += (bytes[at++] as number) * 2 ** bits
      bits += 8
    }
    numbers[index] = rest % limit
    rest = Math.floor(rest / limit)
    bits -= width
  }
}
