import type { Json } from '../../iceberg/types.ts'
import type { RawRecord } from './kind.ts'

/** A record is not what its version says it is. The message names members and types, never what a member holds. */
export class RecordMistake extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'RecordMistake'
  }
}

export function isObject(value: Json | undefined): value is RawRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A member that is there. @throws RecordMistake as all below */
function member(raw: RawRecord, name: string): Json {
  const value = Object.hasOwn(raw, name) ? raw[name] : undefined
  if (value === undefined) throw new RecordMistake(`has no ${name}`)
  return value
}

export function textAt(raw: RawRecord, name: string): string {
  const value = member(raw, name)
  if (typeof value !== 'string') throw notA(name, 'text', value)
  return value
}

/** One of a few words. */
export function wordAt<Word extends string>(raw: RawRecord, name: string, words: readonly Word[]): Word {
  const value = textAt(raw, name)
  const word = words.find(each => each === value)
  if (word === undefined) throw new RecordMistake(`has another ${name} than ${words.join(', ')}`)
  return word
}

/** A whole number from 0 on that a double holds exactly. */
export function countAt(raw: RawRecord, name: string): number {
  const value = member(raw, name)
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) throw notA(name, 'count', value)
  return value
}

export function numberAt(raw: RawRecord, name: string): number {
  const value = member(raw, name)
  if (typeof value !== 'number') throw notA(name, 'number', value)
  return value
}

/** A moment, RFC 3339. */
export function timeAt(raw: RawRecord, name: string): string {
  const value = textAt(raw, name)
  if (!/^\d{4}-\d{2}-\d{2}T/.test(value) || Number.isNaN(Date.parse(value)))
    throw new RecordMistake(`has a ${name} that is no moment`)
  return value
}

export function objectAt(raw: RawRecord, name: string): RawRecord {
  const value = member(raw, name)
  if (!isObject(value)) throw notA(name, 'object', value)
  return value
}

export function listAt(raw: RawRecord, name: string): readonly Json[] {
  const value = member(raw, name)
  if (!Array.isArray(value)) throw notA(name, 'list', value)
  return value as readonly Json[]
}

/** Null where the member is null, else what `read` makes of it. */
export function orNull<Value>(
  read: (raw: RawRecord, name: string) => Value,
  raw: RawRecord,
  name: string,
): Value | null {
  return member(raw, name) === null ? null : read(raw, name)
}

/** What is wrong inside a member is said with the member's name. */
export function within<Value>(name: string, read: () => Value): Value {
  try {
    return read()
  } catch (error) {
    if (error instanceof RecordMistake) throw new RecordMistake(`has a ${name} that ${error.message}`)
    throw error
  }
}

function notA(name: string, wanted: string, value: Json): RecordMistake {
  const article = /^[aeiou]/.test(wanted) ? 'an' : 'a'
  return new RecordMistake(`has ${name} as ${kindOf(value)}, not as ${article} ${wanted}`)
}

const typeNames: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  bigint: 'a long number',
  boolean: 'a truth value',
}

function kindOf(value: Json): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'a list' : (typeNames[typeof value] ?? 'an object')
}
