/** A thing to be timed: what is not to be timed happens before `run` is given and after it has ended. */
export interface Contender {
  prepare?(): Promise<void>
  run(): Promise<void>
  clean?(): Promise<void>
}

/**
 * Times contenders in turn, so that what else the machine does meanwhile meets
 * all of them; who begins changes from round to round.
 * @returns for each contender its milliseconds, warm-up left out
 */
export async function interleaved(
  rounds: number,
  contenders: readonly Contender[],
  warmUp = Math.ceil(rounds / 5),
): Promise<number[][]> {
  const samples = contenders.map((): number[] => [])
  for (let round = -warmUp; round < rounds; round++) {
    for (let turn = 0; turn < contenders.length; turn++) {
      const index = (turn + Math.abs(round)) % contenders.length
      const contender = contenders[index] as Contender
      await contender.prepare?.()
      const start = performance.now()
      await contender.run()
      const took = performance.now() - start
      await contender.clean?.()
      if (round >= 0) samples[index]?.push(took)
    }
  }
  return samples
}

/** Medians of {@link interleaved} runs of two. */
export async function medians(rounds: number, ours: Contender, other: Contender): Promise<[number, number]> {
  const [mine = [], theirs = []] = await interleaved(rounds, [ours, other])
  return [median(mine), median(theirs)]
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}

/** Milliseconds for a person. */
export function ms(value: number): string {
  return `${value < 10 ? value.toFixed(2) : value < 100 ? value.toFixed(1) : value.toFixed(0)} ms`
}

/** A whole number with its thousands apart. */
export function count(value: number): string {
  return Math.round(value)
    .toString()
    .replaceAll(/\B(?=(\d{3})+$)/g, ' ')
}
