/*
 * Times as RFC 3339 text. The engine's calendar reaches farther than that of
 * `Date`, and its clock is finer, so both are computed here.
 */

const dayMicros = 86_400_000_000n
const infinity = 2n ** 63n - 1n

/** Microseconds since 1970-01-01 as e.g. `2026-01-31T09:05:00.000001Z`; without the `Z` where no zone is meant. */
export function timestampText(micros: bigint, zoned: boolean): string {
  if (micros === infinity) return 'infinity'
  if (micros === -infinity) return '-infinity'
  const inDay = ((micros % dayMicros) + dayMicros) % dayMicros
  return `${dayText(Number((micros - inDay) / dayMicros))}T${timeText(inDay)}${zoned ? 'Z' : ''}`
}

/** Days since 1970-01-01 as e.g. `2026-01-31`. */
export function dateText(days: number): string {
  if (days === 2 ** 31 - 1) return 'infinity'
  if (days === 1 - 2 ** 31) return '-infinity'
  return dayText(days)
}

/** Microseconds since midnight as e.g. `09:05:00.000001`. */
export function timeText(micros: bigint): string {
  const seconds = Number(micros / 1_000_000n)
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60]
  return `${parts.map(part => padded(part, 2)).join(':')}.${padded(Number(micros % 1_000_000n), 6)}`
}

/** The Gregorian day, by Howard Hinnant's `civil_from_days`; years beyond four digits get a sign, as ISO 8601 has it. */
function dayText(days: number): string {
  const shifted = days + 719_468
  const era = Math.floor(shifted / 146_097)
  const dayOfEra = shifted - era * 146_097
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153)
  const day = dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
  const yearText = year >= 0 && year <= 9999 ? padded(year, 4) : `${year < 0 ? '-' : '+'}${padded(Math.abs(year), 6)}`
  return `${yearText}-${padded(month, 2)}-${padded(day, 2)}`
}

function padded(value: number, width: number): string {
  return String(value).padStart(width, '0')
}
