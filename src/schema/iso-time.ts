/*
 * ISO 8601 texts as Iceberg counts time: days since 1970-01-01, and
 * microseconds of a day or since 1970-01-01. Undefined is any text that does
 * not name exactly one such moment. Digits below the microsecond are dropped.
 */

const date = /^\d{4}-\d{2}-\d{2}$/
const time = /^(\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,12}))?)?$/
const dateTime = /^(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}[\d:.,]*)(Z|z|[+-]\d{2}(?::?\d{2})?)?$/
const msPerDay = 86_400_000
const microsPerDay = 86_400_000_000n

/** Rows that follow one another are mostly of one day. */
let latest: { readonly text: string; readonly days: number } | undefined

/** `YYYY-MM-DD` → days since 1970-01-01. */
export function daysFromIso(text: string): number | undefined {
  if (text === latest?.text) return latest.days
  const days = computeDays(text)
  if (days !== undefined) latest = { text, days }
  return days
}

function computeDays(text: string): number | undefined {
  if (!date.test(text)) return undefined
  const moment = new Date(`${text}T00:00:00Z`)
  // Some engines take 30 February for a day in March.
  if (Number.isNaN(moment.getTime()) || moment.toISOString().slice(0, 10) !== text) return undefined
  return moment.getTime() / msPerDay
}

/** `HH:MM[:SS[.ffffff]]` → microseconds since midnight. */
export function microsOfDay(text: string): bigint | undefined {
  const parts = time.exec(text)
  if (parts === null) return undefined
  const [, hour = '', minute = '', second = '0', fraction = ''] = parts
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined
  const seconds = Number(hour) * 3600 + Number(minute) * 60 + Number(second)
  return BigInt(seconds) * 1_000_000n + BigInt(fraction.slice(0, 6).padEnd(6, '0'))
}

/**
 * A date and time → microseconds since 1970-01-01T00:00:00. With `zoned` the
 * text must say its offset from UTC, and without it must not: which moment a
 * bare wall clock shows, and which wall clock a moment is read off, is not for
 * us to guess.
 */
export function microsFromIso(text: string, zoned: boolean): bigint | undefined {
  if (zoned && utcMillis.test(text)) return microsOfUtc(text)
  const parts = dateTime.exec(text)
  if (parts === null) return undefined
  const [, day = '', clock = '', zone] = parts
  if ((zone !== undefined) !== zoned) return undefined
  const days = daysFromIso(day)
  const micros = microsOfDay(clock)
  const offset = offsetMinutes(zone)
  if (days === undefined || micros === undefined || offset === undefined) return undefined
  return BigInt(days) * microsPerDay + micros - BigInt(offset) * 60_000_000n
}

/** What most programs write. Half as long as the general way, and taken for every row. */
const utcMillis = /^\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z$/

function microsOfUtc(text: string): bigint | undefined {
  const days = daysFromIso(text.slice(0, 10))
  const millis =
    digits(text, 20, 23) + 1000 * (digits(text, 17, 19) + 60 * (digits(text, 14, 16) + 60 * digits(text, 11, 13)))
  return days === undefined ? undefined : BigInt(days * msPerDay + millis) * 1000n
}

function digits(text: string, start: number, end: number): number {
  let value = 0
  for (let index = start; index < end; index++) value = value * 10 + text.charCodeAt(index) - 0x30
  return value
}

/** ISO 8601 knows offsets below one day; none is 0. */
function offsetMinutes(zone: string | undefined): number | undefined {
  if (zone === undefined || zone === 'Z' || zone === 'z') return 0
  const hours = Number(zone.slice(1, 3))
  const minutes = Number(zone.slice(3).replace(':', '') || '0')
  if (hours > 23 || minutes > 59) return undefined
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes)
}
