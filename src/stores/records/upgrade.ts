import { HypError } from '../../errors.ts'
import { parseJson } from '../../iceberg/json.ts'
import type { Json } from '../../iceberg/types.ts'
import type { RawRecord, RecordKind } from './kind.ts'
import { isObject, RecordMistake } from './member.ts'

/** Bytes that are no text are not taken for another one. */
const utf8 = new TextDecoder('utf-8', { fatal: true })

/** Where a record was found, for its errors. */
export interface RecordPlace {
  readonly id?: string | undefined
  readonly path?: string | undefined
}

/** A record as the present version reads it. */
export interface Upgraded<Value> {
  readonly value: Value
  /** The version that was found. */
  readonly version: number
  /** The record in the present version, with the members that it does not know. */
  readonly raw: RawRecord
}

/** A record from its text, or the UTF-8 of it; see {@link upgradeRecord}. The text is never quoted. */
export function readRecord<Value>(
  kind: RecordKind<Value>,
  text: string | Uint8Array,
  where: RecordPlace = {},
): Upgraded<Value> {
  let json: Json
  try {
    json = parseJson(typeof text === 'string' ? text : utf8.decode(text))
  } catch {
    // The parser's own message holds a piece of the text.
    throw unreadable(kind, where, 'is not JSON')
  }
  return upgradeRecord(kind, json, where)
}

/**
 * A record in the present version, in memory alone: version by version, then checked.
 * @throws HypError RECORD_NEWER where it is of a later version, RECORD_UNREADABLE where it is no record of its kind
 */
export function upgradeRecord<Value>(kind: RecordKind<Value>, json: Json, where: RecordPlace = {}): Upgraded<Value> {
  if (!isObject(json)) throw unreadable(kind, where, 'is no JSON object')
  const version = versionOf(kind, json, where)
  try {
    const raw = kind.steps
      .slice(version - 1)
      .reduce((older, step, index) => ({ ...step(older), schema_version: version + index + 1 }), {
        ...json,
        schema_version: version,
      } as RawRecord)
    return { value: kind.parse(raw), version, raw }
  } catch (error) {
    if (error instanceof RecordMistake) throw unreadable(kind, where, error.message, version)
    throw error
  }
}

/** The version that the bytes of a record say, readable or not; undefined where they say none that can be. */
export function versionIn(bytes: Uint8Array): number | undefined {
  try {
    const json = parseJson(utf8.decode(bytes))
    const version = isObject(json) ? versionSaid(json) : undefined
    return Number.isSafeInteger(version) ? version : undefined
  } catch {
    return undefined
  }
}

function versionOf<Value>(kind: RecordKind<Value>, json: RawRecord, where: RecordPlace): number {
  const version = versionSaid(json)
  if (version === undefined) throw unreadable(kind, where, 'has a schema_version that is no version')
  if (version > kind.version) throw newer(kind, where, version)
  return version
}

/** The first records had no version. One that has any, has a whole number from 1 on: all else is not guessed at. */
function versionSaid(json: RawRecord): number | undefined {
  const version = Object.hasOwn(json, 'schema_version') ? json['schema_version'] : 1
  if (typeof version === 'bigint' && version > 0n) return Number(version)
  return typeof version === 'number' && Number.isInteger(version) && version >= 1 ? version : undefined
}

function newer<Value>(kind: RecordKind<Value>, where: RecordPlace, version: number): HypError {
  return new HypError(
    'RECORD_NEWER',
    `${named(kind, where)} is newer than supported: it is of version ${version}, and this hyp reads up to ${kind.version}.`,
    { details: detailsOf(kind, where, version) },
  )
}

/** The error of a record that cannot be used as it is. @param reason reads on from the record's name */
export function unreadable<Value>(
  kind: RecordKind<Value>,
  where: RecordPlace,
  reason: string,
  version: number | null = null,
): HypError {
  return new HypError('RECORD_UNREADABLE', `${named(kind, where)} cannot be read: it ${reason}.`, {
    details: detailsOf(kind, where, version),
  })
}

function named<Value>({ name }: RecordKind<Value>, { id, path }: RecordPlace): string {
  const record = `The record ${name}${id === undefined ? '' : `/${id}`}`
  return path === undefined ? record : `${record} (${path})`
}

function detailsOf<Value>(
  kind: RecordKind<Value>,
  { id, path }: RecordPlace,
  found: number | null,
): Readonly<Record<string, unknown>> {
  return { kind: kind.name, id: id ?? null, path: path ?? null, found, supported: kind.version }
}
