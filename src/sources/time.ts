import { microsFromIso } from '../schema/iso-time.ts'

/** Microseconds since 1970 UTC of an ISO 8601 instant, null for anything else. Without a zone it is UTC, never local. */
export function micros(value: unknown): bigint | null {
  if (typeof value !== 'string') return null
  return microsFromIso(value, true) ?? microsFromIso(value, false) ?? null
}

/** The UTC day of an instant in microseconds, `YYYY-MM-DD`. */
export function utcDay(at: bigint): string {
  // Rounded down also before 1970, where plain division would move the last fraction of a millisecond to the next day.
  const ms = at >= 0n ? at / 1000n : (at - 999n) / 1000n
  return new Date(Number(ms)).toISOString().slice(0, 10)
}
