/** One measured number and, where there is one, the bound it must keep. */
export interface Reading {
  readonly what: string
  readonly value: number
  readonly unit: string
  /** What the value was computed from, e.g. `1.9 ms against 0.8 ms`: ours, and the rival or floor of the same run. */
  readonly from?: string
  readonly atMost?: number
  readonly atLeast?: number
}

/** One figure of the benchmark: a file of `figures/`, listed in `scripts/bench.ts`. */
export interface Figure {
  readonly name: string
  readonly about: string
  /** How it is measured, and against what: sentences for the page. */
  readonly method: readonly string[]
  /** @returns a sentence instead of readings where it cannot be measured on this machine */
  measure(): Promise<readonly Reading[] | string>
}

export function isMet({ value, atMost, atLeast }: Reading): boolean {
  return value <= (atMost ?? Infinity) && value >= (atLeast ?? -Infinity)
}

/** The bound in words; empty where there is none. */
export function targetOf({ atMost, atLeast }: Reading): string {
  return atMost !== undefined ? `≤ ${atMost}` : atLeast !== undefined ? `≥ ${atLeast}` : ''
}
