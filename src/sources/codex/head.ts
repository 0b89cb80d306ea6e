/** What the first bytes of a line tell of it. */
export interface Head {
  /** The line's own type, if it stands before anything that is not plain. */
  readonly type: string | undefined
  /** The type of its payload, on the same condition. */
  readonly payloadType: string | undefined
  /** A number the line bears since histories are paginated. */
  readonly ordinal: number | undefined
}

/** So many bytes are looked at: what Codex writes before the types is far shorter. */
const window = 1024

/**
 * The types of a line, without parsing it. They are believed only where nothing but plain members of the same object
 * stands before them, so that no line is taken for what it merely quotes.
 */
export function readHead(bytes: Buffer): Head {
  const scan: Scan = { bytes, end: Math.min(bytes.length, window), at: 0, isPlain: true }
  let type: string | undefined
  let payloadType: string | undefined
  let ordinal: number | undefined
  for (let key = opens(scan) ? name(scan) : undefined; key !== undefined; key = name(scan)) {
    if (key === 'payload') {
      payloadType = typeWithin(scan)
      break
    }
    const value = plain(scan, key !== 'other')
    if (value === undefined) break
    if (key === 'type' && typeof value === 'string') type = value
    if (key === 'ordinal' && typeof value === 'number') ordinal = value
  }
  return { type, payloadType, ordinal }
}

/** A place in the bytes that moves on. */
interface Scan {
  readonly bytes: Buffer
  readonly end: number
  at: number
  /** Whether the latest string is of letters that stand for themselves. */
  isPlain: boolean
}

const quote = 0x22
const backslash = 0x5c
const comma = 0x2c
const colon = 0x3a
const brace = 0x7b

function typeWithin(scan: Scan): string | undefined {
  for (let key = opens(scan) ? name(scan) : undefined; key !== undefined; key = name(scan)) {
    const value = plain(scan, key === 'type')
    if (value === undefined) return undefined
    if (key === 'type') return typeof value === 'string' ? value : undefined
  }
  return undefined
}

/** Whether an object begins here. */
function opens(scan: Scan): boolean {
  return skip(scan, brace)
}

/** Names that are looked for. */
const names = ['type', 'payload', 'ordinal'] as const
const nameBytes = names.map(known => Buffer.from(known))

/** The next member's name, undefined where there is none in sight. */
function name(scan: Scan): (typeof names)[number] | 'other' | undefined {
  const from = stringStart(scan)
  if (from === -1) return undefined
  const length = scan.at - 1 - from
  if (!skip(scan, colon)) return undefined
  for (let index = 0; index < nameBytes.length; index++) {
    const wanted = nameBytes[index] as Buffer
    if (wanted.length === length && stands(scan.bytes, from, wanted)) return names[index]
  }
  return 'other'
}

function stands(bytes: Buffer, from: number, wanted: Buffer): boolean {
  for (let at = 0; at < wanted.length; at++) if (bytes[from + at] !== wanted[at]) return false
  return true
}

/** The plain value of a member, and goes past the comma after it; null for what is not a wanted string or number. */
function plain(scan: Scan, isWanted: boolean): string | number | null | undefined {
  space(scan)
  if (scan.bytes[scan.at] === quote) {
    const start = stringStart(scan)
    if (start === -1) return undefined
    const end = scan.at - 1
    // The last member has no comma; nothing is looked for after it.
    skip(scan, comma)
    if (!isWanted) return null
    // No type that is known has an escape in it, or a letter that takes two bytes.
    return scan.isPlain ? scan.bytes.toString('latin1', start, end) : undefined
  }
  const from = scan.at
  while (scan.at < scan.end && isWord(scan.bytes[scan.at] as number)) scan.at++
  const end = scan.at
  if (end === from || end >= scan.end) return undefined
  skip(scan, comma)
  if (!isWanted) return null
  const value = Number(scan.bytes.toString('latin1', from, end))
  return Number.isNaN(value) ? null : value
}

/** Where the text of a string begins, with the scan behind it; -1 where there is none, or its end is not in sight. */
function stringStart(scan: Scan): number {
  if (!skip(scan, quote)) return -1
  const from = scan.at
  scan.isPlain = true
  for (; scan.at < scan.end; scan.at++) {
    const byte = scan.bytes[scan.at] as number
    if (byte === quote) {
      scan.at++
      return from
    }
    if (byte === backslash) scan.at++
    if (byte === backslash || byte < 0x20 || byte > 0x7e) scan.isPlain = false
  }
  return -1
}

function skip(scan: Scan, byte: number): boolean {
  space(scan)
  if (scan.at >= scan.end || scan.bytes[scan.at] !== byte) return false
  scan.at++
  return true
}

function space(scan: Scan): void {
  while (scan.at < scan.end) {
    const byte = scan.bytes[scan.at] as number
    if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0d && byte !== 0x0a) return
    scan.at++
  }
}

/** Letters, digits, `+`, `-` and `.`: what numbers and the three words are made of. */
function isWord(byte: number): boolean {
  return (
    (byte >= 0x61 && byte <= 0x7a) ||
    (byte >= 0x30 && byte <= 0x39) ||
    byte === 0x2d ||
    byte === 0x2b ||
    byte === 0x2e ||
    byte === 0x45
  )
}
