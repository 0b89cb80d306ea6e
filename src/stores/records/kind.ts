import { HypError } from '../../errors.ts'
import { printJson } from '../../iceberg/json.ts'
import type { Json } from '../../iceberg/types.ts'

/** A record as JSON, in whatever version it is. */
export type RawRecord = { readonly [member: string]: Json }

/** Makes of a record of one version one of the next; leaves one that is of the next already as it is. Pure. */
export type RecordStep = (raw: RawRecord) => RawRecord

/** One kind of versioned JSON record: what it is now, and how each older version becomes the next. */
export interface RecordKind<Value> {
  /** The name of its directory, in snake_case. */
  readonly name: string
  /** The version that is written. */
  readonly version: number
  /** `steps[n - 1]` makes version n + 1 of version n. */
  readonly steps: readonly RecordStep[]
  /** Every member of the present version, except `schema_version`. */
  print(value: Value): RawRecord
  /** What a record of the present version says. @throws RecordMistake where it is not one */
  parse(raw: RawRecord): Value
  /** Under which id a value belongs, where it says so itself. */
  idOf?(value: Value): string
}

/** A kind as it is declared: each step by the version it starts from. */
export interface KindDeclaration<Value> extends Omit<RecordKind<Value>, 'steps'> {
  readonly steps: Readonly<Record<number, RecordStep>>
}

/**
 * A kind with a step for every version before its own.
 * @throws HypError INTERNAL naming the pair of versions that has no step, or that nothing needs
 */
export function defineKind<Value>(declared: KindDeclaration<Value>): RecordKind<Value> {
  const { name, version, steps } = declared
  if (!/^[a-z][a-z0-9_]*$/.test(name)) throw wrong(`The name ${JSON.stringify(name)} is no name of a directory.`)
  if (!Number.isSafeInteger(version) || version < 1) throw wrong(`${name}: ${version} is no version.`)
  const dense = Array.from({ length: version - 1 }, (_, index) => {
    const step = steps[index + 1]
    if (step === undefined) throw wrong(`${name} has no step from version ${index + 1} to ${index + 2}.`)
    return step
  })
  const needless = Object.keys(steps).find(from => !(Number(from) >= 1 && Number(from) < version))
  if (needless !== undefined) throw wrong(`${name} is version ${version} and has a step from version ${needless}.`)
  return { ...declared, steps: dense }
}

/** A record as the text that is stored. Members of `raw` that this version does not know are kept. */
export function printRecord<Value>(kind: RecordKind<Value>, value: Value, raw: RawRecord = {}): string {
  return printJson(recordMembers(kind, value, raw))
}

/** A record as it is stored, `schema_version` first. */
export function recordMembers<Value>(kind: RecordKind<Value>, value: Value, raw: RawRecord = {}): RawRecord {
  const known: RawRecord = { schema_version: kind.version, ...kind.print(value) }
  const unknown = Object.entries(raw).filter(([member]) => !Object.hasOwn(known, member))
  return { ...known, ...Object.fromEntries(unknown) }
}

function wrong(message: string): HypError {
  return new HypError('INTERNAL', message)
}
