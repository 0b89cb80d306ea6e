import { maxBase64, withoutLongBase64 } from '../base64.ts'
import { isClosedObject } from '../closed.ts'
import { isCrowded } from '../crowded.ts'
import { isObject, type JsonObject, parseJson } from '../json.ts'
import type { SkipReason } from '../source.ts'
import { type Head, readHead } from './head.ts'
import { type RolloutRecord, recordOf, recordOfHead } from './record.ts'
import type { RolloutLine } from './rollout.ts'

/** A line that was understood as far as was needed. */
export interface ReadLine {
  readonly record: RolloutRecord
  /** Undefined where the first bytes told enough. */
  readonly line: JsonObject | undefined
  readonly ordinal: number | undefined
}

/** What a line holds, or why nothing can be made of it. */
export function readLine(found: RolloutLine, isBare: boolean): ReadLine | SkipReason {
  const bytes = afterNuls(found.bytes)
  const isElement = found.key !== undefined
  const head: Head = readHead(bytes)
  const known = isElement && !isItems(found.key) ? undefined : recordOfHead(head)
  // Of a line that was cut nothing but its beginning is there.
  const isTold = known !== undefined && found.isWhole && (found.end === 'cut' || isClosedObject(bytes))
  if (isTold) return { record: known, line: undefined, ordinal: head.ordinal }
  if (found.end === 'cut') return found.isWhole ? 'line-too-long' : 'torn-tail'
  if (isCrowded(bytes)) return found.isWhole ? 'too-many-values' : 'torn-tail'
  try {
    const line = parse(bytes)
    // Whatever is not an object may still go on.
    if (!found.isWhole && !isObject(line)) return 'torn-tail'
    if (line === undefined) return 'invalid-json'
    if (isElement) return elementOf(found.key, line)
    if (!isObject(line)) return 'not-an-object'
    return { record: recordOf(line, isBare), line, ordinal: ordinalOf(line) }
  } catch (error) {
    if (error instanceof RangeError) return 'nested-too-deeply'
    throw error
  }
}

/** A document describes its thread in one member and has its items in another; some are only a list of items. */
function elementOf(key: string, value: unknown): ReadLine | SkipReason {
  if (isItems(key)) {
    if (!isObject(value)) return 'not-an-object'
    return { record: recordOf(value, true), line: value, ordinal: undefined }
  }
  if (key !== 'session' || !isObject(value)) {
    return { record: { is: 'noise', reason: 'thread-context' }, line: undefined, ordinal: undefined }
  }
  return { record: { is: 'meta', meta: value }, line: value, ordinal: undefined }
}

function isItems(key: string | undefined): boolean {
  return key === 'items' || key === ''
}

function ordinalOf({ ordinal }: JsonObject): number | undefined {
  return typeof ordinal === 'number' && Number.isSafeInteger(ordinal) ? ordinal : undefined
}

function afterNuls(bytes: Buffer): Buffer {
  let start = 0
  while (start < bytes.length && bytes[start] === 0) start++
  return bytes.subarray(start)
}

/** The line's JSON as it is kept, undefined if it is none. */
function parse(bytes: Buffer): unknown {
  const value = parseJson(bytes)
  return bytes.length > maxBase64 ? shortened(value) : value
}

/** What a tool was called with stays as it is. */
function shortened(value: unknown): unknown {
  if (!isObject(value)) return withoutLongBase64(value)
  const item = isObject(value['payload']) ? value['payload'] : value
  const type = item['type']
  if (typeof type === 'string' && type.endsWith('_call') && type !== 'image_generation_call') return value
  return withoutLongBase64(value)
}
