import type { TableMetadata } from './types.ts'

/** Tries after the first, from `commit.retry.num-retries` (default 4; negative is none). */
function retries(metadata: TableMetadata): number {
  const configured = Number.parseInt(metadata.properties['commit.retry.num-retries'] ?? '', 10)
  return Number.isNaN(configured) ? 4 : Math.max(0, configured)
}

/** What a try is worth at least, in milliseconds. */
const tryMs = 1000

/**
 * When a writer that lost to others may try again: as often as the table's
 * properties say, and for as long as so many tries take at least. Tries are
 * quick, and whoever lost one waits while winners do not: eight busy writers
 * use up twenty tries of the unluckiest of them within two seconds.
 * @returns whether another try may follow the given one, which counts from 0
 */
export function patience(metadata: TableMetadata): (attempt: number) => boolean {
  const allowed = retries(metadata)
  const start = performance.now()
  return attempt => attempt < allowed || performance.now() - start < allowed * tryMs
}

/** Random, growing, at most a quarter of a second: writers of one machine need milliseconds, not minutes. */
export async function backOff(attempt: number, random: () => number): Promise<void> {
  const limit = Math.min(250, 4 * 2 ** attempt)
  await new Promise(resolve => setTimeout(resolve, random() * limit))
}
