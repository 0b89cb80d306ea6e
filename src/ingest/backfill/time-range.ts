import { HypError } from '../../errors.ts'
import { daysFromIso } from '../../schema/iso-time.ts'
import { micros } from '../../sources/time.ts'

/** A range of time, both ends in it; in microseconds since 1970, UTC. Without an end it goes on. */
export interface TimeRange {
  readonly since: bigint | undefined
  readonly until: bigint | undefined
}

const microsPerDay = 86_400_000_000n

/**
 * The range between two texts, each a day of UTC (`2026-01-31`) or an instant (`2026-01-31T09:00:00Z`). A day is in it
 * whole. Undefined where neither is given: all time.
 * @throws HypError USAGE for a text that is neither, and where the end comes before the beginning
 */
export function timeRange(since: string | undefined, until: string | undefined): TimeRange | undefined {
  if (since === undefined && until === undefined) return undefined
  const range = {
    since: since === undefined ? undefined : instantOf('since', since, 0n),
    until: until === undefined ? undefined : instantOf('until', until, microsPerDay - 1n),
  }
  if (range.since !== undefined && range.until !== undefined && range.until < range.since)
    throw new HypError('USAGE', `until ${JSON.stringify(until)} is before since ${JSON.stringify(since)}.`, {
      hint: 'Swap them.',
    })
  return range
}

export function isInRange(at: bigint, { since, until }: TimeRange): boolean {
  return (since === undefined || at >= since) && (until === undefined || at <= until)
}

/** @param ofDay what a day alone means, from its beginning */
function instantOf(name: string, text: string, ofDay: bigint): bigint {
  const days = daysFromIso(text)
  const at = days === undefined ? micros(text) : BigInt(days) * microsPerDay + ofDay
  if (at !== null) return at
  throw new HypError('USAGE', `${name} ${JSON.stringify(text)} is neither a day nor an instant.`, {
    hint: 'Write it as 2026-01-31 or 2026-01-31T09:00:00Z; a day is one of UTC.',
  })
}
