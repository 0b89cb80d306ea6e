/*
 * Times of Arrow as the texts that stand for them in JSON. What no such text
 * can say is undefined: years that `Date` does not reach, times of more than a
 * day.
 */

const daySeconds = 86_400
const dayMs = 86_400_000
/** What `Date` reaches. */
const furthestDay = 100_000_000

/** Days since 1970-01-01 as e.g. `2026-01-31`. */
export function dayText(days: number): string | undefined {
  if (Math.abs(days) > furthestDay) return undefined
  const text = new Date(days * dayMs).toISOString()
  return text.slice(0, text.indexOf('T'))
}

/**
 * Time since midnight as e.g. `09:05:00.000001`.
 * @param digits of a second that one unit is: 0, 3, 6 or 9
 */
export function clockText(value: number, digits: number): string | undefined {
  const perSecond = 10 ** digits
  const seconds = Math.floor(value / perSecond)
  if (seconds < 0 || seconds >= daySeconds) return undefined
  const clock = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60]
  const text = clock.map(part => String(part).padStart(2, '0')).join(':')
  return digits === 0 ? text : `${text}.${String(value % perSecond).padStart(digits, '0')}`
}

/** Time since 1970-01-01T00:00:00 as e.g. `2026-01-31T09:05:00.000001`, with a `Z` where a moment is meant. */
export function timestampText(value: bigint, digits: number, isMoment: boolean): string | undefined {
  const perDay = BigInt(daySeconds) * 10n ** BigInt(digits)
  const inDay = ((value % perDay) + perDay) % perDay
  const day = dayText(Number((value - inDay) / perDay))
  return day === undefined ? undefined : `${day}T${clockText(Number(inDay), digits)}${isMoment ? 'Z' : ''}`
}
