import {
  type Data,
  type Date_,
  DateUnit,
  type Decimal,
  type Float,
  type Int,
  Precision,
  type Time,
  type Timestamp,
  TimeUnit,
} from 'apache-arrow'
import { outside, type Print } from './print.ts'
import { clockText, dayText, timestampText } from './time-text.ts'

/*
 * What no text of JSON stands for is printed as something of another kind, so
 * that the row is refused where it would be refused as NDJSON: NaN as a text, a
 * time beyond the calendar as a number.
 */

const dayMs = 86_400_000n

export function integerPrinter({ values }: Data<Int>): Print {
  return index => String(values[index] ?? outside())
}

export function floatPrinter({ values, type }: Data<Float>): Print {
  if (type.precision === Precision.HALF) return index => floatText(halfFloat(values[index] ?? outside()))
  return index => floatText(values[index] ?? outside())
}

function floatText(value: number): string {
  if (!Number.isFinite(value)) return `"${value}"`
  return Object.is(value, -0) ? '-0' : String(value)
}

/** A number of 16 bits (IEEE 754 binary16). */
function halfFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 0x1f
  const fraction = bits & 0x3ff
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25)
}

/** All digits, as a text. */
export function decimalPrinter({ values, type }: Data<Decimal>): Print {
  const words = type.bitWidth / 32
  return index => {
    let unscaled = 0n
    for (let word = words - 1; word >= 0; word--)
      unscaled = (unscaled << 32n) | BigInt(values[index * words + word] ?? outside())
    return `"${decimalText(BigInt.asIntN(type.bitWidth, unscaled), type.scale)}"`
  }
}

function decimalText(unscaled: bigint, scale: number): string {
  if (scale <= 0) return scale === 0 ? String(unscaled) : `${unscaled}e${-scale}`
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0')
  return `${unscaled < 0n ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`
}

export function datePrinter({ values, type }: Data<Date_>): Print {
  if (type.unit === DateUnit.DAY) return index => textOr(dayText(Number(values[index] ?? outside())), values[index])
  return index => {
    const value = BigInt(values[index] ?? outside())
    const text = value % dayMs === 0n ? dayText(Number(value / dayMs)) : timestampText(value, 3, false)
    return textOr(text, value)
  }
}

export function timePrinter({ values, type }: Data<Time>): Print {
  const digits = digitsOf(type.unit)
  return index => textOr(clockText(Number(values[index] ?? outside()), digits), values[index])
}

export function timestampPrinter({ values, type }: Data<Timestamp>): Print {
  const digits = digitsOf(type.unit)
  const isMoment = typeof type.timezone === 'string' && type.timezone !== ''
  return index => {
    const value = values[index] ?? outside()
    return textOr(timestampText(value, digits, isMoment), value)
  }
}

function digitsOf(unit: TimeUnit): number {
  return { [TimeUnit.SECOND]: 0, [TimeUnit.MILLISECOND]: 3, [TimeUnit.MICROSECOND]: 6, [TimeUnit.NANOSECOND]: 9 }[unit]
}

function textOr(text: string | undefined, value: number | bigint | undefined): string {
  return text === undefined ? String(value) : `"${text}"`
}
