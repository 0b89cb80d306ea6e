import { microsFromIso } from '../schema/iso-time.ts'

/** Microseconds since 1970 UTC of an ISO 8601 instant, null for anything else. Without a zone it is UTC, never local. */
export function micros(value: unknown): bigint | null {
  if (typeof value !== 'string') return null
  const at = microsFromIso(value, true) ?? microsFromIso(value, false) ?? null
  return at !== null && hasDay(at / 1000n) ? at : null
}

const msPerDay = 86_400_000

/** Whether a time in milliseconds is of one of the years 0000 to 9999: a day of others has no such text. */
export function hasDay(ms: number | bigint): boolean {
  return ms >= -62_167_219_200_000 && ms < 253_402_300_800_000
}

/** Rows that follow one another are mostly of one day. */
let latest = { day: 0, text: '1970-01-01' }

/** The UTC day of an instant in microseconds, `YYYY-MM-DD`. */
export function utcDay(at: bigint): string {
  // Rounded down also before 1970, where plain division would move the last fraction of a millisecond to the next day.
  const ms = Number(at >= 0n ? at / 1000n : (at - 999n) / 1000n)
  const day = Math.floor(ms / msPerDay)
  if (day !== latest.day) latest = { day, text: new Date(ms).toISOString().slice(0, 10) }
  return latest.text
}
