/** Numbers and ids that look random and always begin the same for the same seed. */
export interface Random {
  /** In [0, 1). */
  readonly next: () => number
  /** A whole number in [from, to). */
  readonly between: (from: number, to: number) => number
  readonly chance: (probability: number) => boolean
  readonly pick: <Item>(items: readonly Item[]) => Item
  /** Log-normal, as sizes of texts are: half of them are below the median, a few far above it. */
  readonly size: (median: number, spread: number) => number
  readonly hex: (digits: number) => string
  /** Of version 4. */
  readonly uuid: () => string
}

const bytesInHex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** @param seed anything that names what the numbers are for; equal seeds give equal numbers */
export function randomFrom(seed: string): Random {
  let state = hashOf(seed)
  const bits = (): number => {
    // mulberry32
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return (mixed ^ (mixed >>> 14)) >>> 0
  }
  const next = (): number => bits() / 4_294_967_296
  const between = (from: number, to: number): number => from + Math.floor(next() * (to - from))
  const hex = (digits: number): string => {
    let text = ''
    for (let left = digits; left > 0; left -= 8) {
      const value = bits()
      for (let shift = 24; shift >= 0; shift -= 8) text += bytesInHex[(value >>> shift) & 0xff]
    }
    return text.slice(0, digits)
  }
  return {
    next,
    between,
    chance: probability => next() < probability,
    pick: items => items[between(0, items.length)] as (typeof items)[number],
    size: (median, spread) => {
      const normal = Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next())
      return Math.max(1, Math.round(median * Math.exp(spread * normal)))
    },
    hex,
    uuid: () => {
      const digits = hex(32)
      const variant = '89ab'[bits() & 3]
      return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-4${digits.slice(13, 16)}-${variant}${digits.slice(17, 20)}-${digits.slice(20)}`
    },
  }
}

/** FNV-1a, stirred once more so that seeds that differ in their last character begin far apart. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  return hash ^ (hash >>> 13)
}
