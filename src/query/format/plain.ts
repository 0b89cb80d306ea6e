import type { ResultType, ResultValue } from '../result.ts'
import { dateText, timestampText, timeText } from './time-text.ts'

/** A value as JSON has it. */
export type Plain = null | boolean | number | string | readonly Plain[] | { readonly [name: string]: Plain }

/**
 * A value as JSON has it, nested ones too: integers as numbers while those are
 * exact, as text beyond 2^53; decimals as text; times as RFC 3339 text in UTC;
 * bytes as base64; a map as an object where its keys are text, else as
 * `[key, value]` pairs. JSON has no NaN and no infinity; they become text.
 */
export function plain(value: ResultValue, type: ResultType): Plain {
  if (value === null) return null
  switch (type.kind) {
    case 'boolean':
    case 'text':
      return value as boolean | string
    case 'integer':
      return typeof value === 'bigint' ? exact(value) : (value as number)
    case 'float':
      return float(value as number, type.bits)
    case 'decimal':
      return decimalText(value as bigint, type.scale)
    case 'binary':
      return Buffer.from(value as Uint8Array).toString('base64')
    case 'date':
      return dateText(value as number)
    case 'time':
      return timeText(value as bigint)
    case 'timestamp':
      return timestampText(value as bigint, type.zoned)
    case 'list':
      return (value as readonly ResultValue[]).map(element => plain(element, type.element))
    case 'struct':
      return object(
        type.members.map((member, index) => [
          member.name,
          plain((value as readonly ResultValue[])[index] ?? null, member.type),
        ]),
      )
    case 'map': {
      const entries = (value as readonly (readonly [ResultValue, ResultValue])[]).map(
        ([key, entry]) => [plain(key, type.key), plain(entry, type.value)] as const,
      )
      return type.key.kind === 'text' ? object(entries as readonly (readonly [string, Plain])[]) : entries
    }
  }
}

/** A value as a word of text; lists, structs and maps as JSON. */
export function plainText(value: ResultValue, type: ResultType): string {
  const simple = plain(value, type)
  return typeof simple === 'string' ? simple : JSON.stringify(simple)
}

/** Without a prototype, so that any name is a name like all others. */
function object(entries: readonly (readonly [string, Plain])[]): Plain {
  const members = Object.create(null) as Record<string, Plain>
  for (const [name, value] of entries) members[name] = value
  return members
}

function exact(value: bigint): number | string {
  return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : String(value)
}

function float(value: number, bits: 32 | 64): number | string {
  if (!Number.isFinite(value)) return String(value)
  if (bits === 64) return value
  // The shortest text that is the same 32-bit number: 0.1, not 0.10000000149011612.
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits))
    if (Math.fround(short) === value) return short
  }
  return value
}

function decimalText(unscaled: bigint, scale: number): string {
  if (scale === 0) return String(unscaled)
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0')
  return `${unscaled < 0n ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`
}
