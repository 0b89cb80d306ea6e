import type { Random } from './random.ts'

/** Much text of whole pieces, such as sentences or lines. */
export interface Stock {
  readonly text: string
  /** Where its pieces begin, and where the last one ends. */
  readonly bounds: Uint32Array
}

export function stockOf(length: number, piece: () => string): Stock {
  const pieces: string[] = []
  const bounds = [0]
  let end = 0
  while (end < length) {
    const next = piece()
    pieces.push(next)
    end += next.length
    bounds.push(end)
  }
  // In one piece: a string joined of parts is put together again by everybody who reads it.
  return { text: Buffer.from(pieces.join('')).toString(), bounds: Uint32Array.from(bounds) }
}

/** Whole pieces from anywhere in it, together as near to the length as they come, one at the least. */
export function cut({ text, bounds }: Stock, random: Random, length: number): string {
  const parts: string[] = []
  let left = length
  do {
    const wanted = Math.min(left, text.length / 2)
    const from = nearest(bounds, random.between(0, text.length - wanted))
    const start = Math.min(from, bounds.length - 2)
    const end = Math.max(nearest(bounds, (bounds[start] as number) + wanted), start + 1)
    parts.push(text.slice(bounds[start], bounds[end]))
    left -= wanted
  } while (left > 0)
  return parts.length === 1 ? (parts[0] as string) : parts.join('')
}

/** Index of the bound that is nearest to a place. */
function nearest(bounds: Uint32Array, place: number): number {
  let low = 0
  let high = bounds.length - 1
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((bounds[middle] as number) < place) low = middle + 1
    else high = middle
  }
  if (low > 0 && place - (bounds[low - 1] as number) < (bounds[low] as number) - place) return low - 1
  return low
}
