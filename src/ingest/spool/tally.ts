import type { BatchMeta } from './frame.ts'
import type { ByteRange } from './salvage.ts'

/** What waits in a segment, or in several. */
export interface Tally {
  readonly rows: number
  /** Bytes on the disk, frames and what is between them. */
  readonly bytes: number
  /** When the oldest batch came, in milliseconds since 1970; undefined where there is none. */
  readonly oldest: number | undefined
}

export const nothing: Tally = { rows: 0, bytes: 0, oldest: undefined }

export function sumOf(tallies: readonly Tally[]): Tally {
  return tallies.reduce(
    (sum, { rows, bytes, oldest }) => ({
      rows: sum.rows + rows,
      bytes: sum.bytes + bytes,
      oldest: sum.oldest === undefined || (oldest !== undefined && oldest < sum.oldest) ? oldest : sum.oldest,
    }),
    nothing,
  )
}

/** What a segment holds, batch by batch: three numbers of each, so that any part of it can be counted. */
export class SegmentTally implements ByteRange {
  readonly start: number
  #end: number
  /** Where each batch ends, how many rows there are up to there, and when it came. */
  readonly #ends: number[] = []
  readonly #rows: number[] = []
  readonly #times: number[] = []

  constructor({ start, end }: ByteRange) {
    this.start = start
    this.#end = end
  }

  /** After the last byte that counts. */
  get end(): number {
    return this.#end
  }

  /** One more batch, after all others. */
  add({ end, rowCount, meta }: { readonly end: number; readonly rowCount: number; readonly meta: BatchMeta }): void {
    this.#ends.push(end)
    this.#rows.push((this.#rows.at(-1) ?? 0) + rowCount)
    this.#times.push(meta.at)
    this.#end = Math.max(this.#end, end)
  }

  /** What lies beyond an offset. */
  beyond(offset: number): Tally {
    const first = this.#firstAfter(offset)
    return {
      rows: (this.#rows.at(-1) ?? 0) - (this.#rows[first - 1] ?? 0),
      bytes: Math.max(0, this.#end - Math.max(offset, this.start)),
      oldest: this.#times[first],
    }
  }

  #firstAfter(offset: number): number {
    let low = 0
    let high = this.#ends.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#ends[middle] as number) > offset) high = middle
      else low = middle + 1
    }
    return low
  }
}
