/** One measured number and, where there is one, the bound it must keep. */
export interface Reading {
  readonly what: string
  readonly value: number
  readonly unit: string
  readonly atMost?: number
  readonly atLeast?: number
}

/** One figure of the benchmark: a file of this folder, listed in `scripts/bench.ts`. */
export interface Figure {
  readonly name: string
  readonly about: string
  measure(): Promise<readonly Reading[]>
}
