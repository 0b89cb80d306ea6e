import type { Random } from './random.ts'

/** How large the files of a history are: bytes by the share of the files that are not larger. */
export interface SizeProfile {
  /** Mean bytes of a file where there are many. */
  readonly mean: number
  readonly quantiles: readonly (readonly [share: number, bytes: number])[]
}

const mib = 1 << 20

/** 3 100 files in 1.2 GiB, as a collection of real ones was measured. */
export const claudeSizes: SizeProfile = {
  mean: (1.2 * 1024 * mib) / 3100,
  quantiles: [
    [0, 1500],
    [0.5, 105_000],
    [0.75, 234_000],
    [0.9, 654_000],
    [0.95, 1_500_000],
    [0.99, 5_400_000],
    [1, 87_000_000],
  ],
}

/** 2 700 files in 3.4 GiB with a heavy tail. */
export const codexSizes: SizeProfile = {
  mean: (3.4 * 1024 * mib) / 2700,
  quantiles: [
    [0, 6000],
    [0.5, 220_000],
    [0.75, 800_000],
    [0.9, 2_400_000],
    [0.95, 4_800_000],
    [0.99, 15_000_000],
    [1, 212_000_000],
  ],
}

/**
 * Bytes of each file, in no order, together `bytes`. Each file stands for an equal share of the profile, so that
 * medians are met by a hundred files as by thousands; how steep the last hundredth rises is what fits the sum.
 */
export function fileSizes(
  profile: SizeProfile,
  bytes: number,
  random: Random,
  files: number = Math.max(1, Math.round(bytes / profile.mean)),
): number[] {
  const shares = Array.from({ length: files }, (_, index) =>
    files < 200 ? (index + 0.5) / files : index / (files - 1),
  )
  const sizesAt = (steepness: number): number[] => shares.map(share => sizeAt(profile, share, steepness))
  let low = 1
  let high = 60
  for (let round = 0; round < 40; round++) {
    const middle = (low + high) / 2
    // The steeper, the fewer are large.
    if (sum(sizesAt(middle)) > bytes) low = middle
    else high = middle
  }
  const sizes = sizesAt(low)
  const factor = bytes / sum(sizes)
  // What steepness could not fit, everything shares: there are too few files for a tail.
  const fitted = Math.abs(factor - 1) < 0.01 ? sizes : sizes.map(size => size * factor)
  return shuffled(fitted.map(Math.round), random)
}

/**
 * Bytes that a file should have so that the whole comes to what was planned: files end with a whole turn and become a
 * little larger than they should. A tenth of a file at most is left out for those before it.
 */
export function makeUpFor(excess: number, bytes: number): number {
  return bytes - Math.min(Math.max(excess, 0), bytes / 10)
}

function sizeAt({ quantiles }: SizeProfile, share: number, steepness: number): number {
  const upper = Math.max(
    1,
    quantiles.findIndex(([at]) => share <= at),
  )
  const [from, least] = quantiles[upper - 1] as readonly [number, number]
  const [to, most] = quantiles[upper] as readonly [number, number]
  const way = (share - from) / (to - from)
  return least * (most / least) ** (upper === quantiles.length - 1 ? way ** steepness : way)
}

function shuffled(values: number[], random: Random): number[] {
  for (let index = values.length - 1; index > 0; index--) {
    const other = random.between(0, index + 1)
    ;[values[index], values[other]] = [values[other] as number, values[index] as number]
  }
  return values
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
