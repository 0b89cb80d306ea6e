import {
  DuckDBArrayType,
  type DuckDBArrayValue,
  type DuckDBBlobValue,
  type DuckDBDateValue,
  DuckDBDecimalType,
  type DuckDBDecimalValue,
  DuckDBListType,
  type DuckDBListValue,
  DuckDBMapType,
  type DuckDBMapValue,
  DuckDBStructType,
  type DuckDBStructValue,
  type DuckDBTimestampTZValue,
  type DuckDBTimeValue,
  type DuckDBType,
  DuckDBTypeId,
  type DuckDBValue,
} from '@duckdb/node-api'
import { textDecoder } from '@duckdb/node-api/lib/vectors/dataAccessors.js'
import type { ResultType, ResultValue } from './result.ts'

// The bindings read texts by this one decoder, which takes U+FEFF at the beginning of a text for a byte order mark and
// leaves it out. In a value of a table it is a character like any other.
const whole = new TextDecoder('utf-8', { ignoreBOM: true })
textDecoder.decode = (bytes: Uint8Array) => whole.decode(bytes)

/** How the values of one of the engine's types are taken over. */
export interface Reading {
  readonly type: ResultType
  /** Takes over a value that is not null; undefined where it is the same in both worlds. */
  readonly read: ((value: NonNullable<DuckDBValue>) => ResultValue) | undefined
}

/** The reading of a type; types without a kind of their own are read as the text that the engine prints. */
export function readingOf(type: DuckDBType): Reading {
  const plain = plainReadings[type.typeId]
  if (plain !== undefined) return plain
  if (type instanceof DuckDBDecimalType) {
    return {
      type: { kind: 'decimal', precision: type.width, scale: type.scale },
      read: value => (value as DuckDBDecimalValue).value,
    }
  }
  if (type instanceof DuckDBListType || type instanceof DuckDBArrayType) {
    const element = readingOf(type.valueType)
    return {
      type: { kind: 'list', element: element.type },
      read: value => readAll((value as DuckDBListValue | DuckDBArrayValue).items, element),
    }
  }
  if (type instanceof DuckDBStructType) {
    const members = type.entryNames.map((name, index) => ({
      name,
      reading: readingOf(type.entryTypes[index] as DuckDBType),
    }))
    return {
      type: { kind: 'struct', members: members.map(({ name, reading }) => ({ name, type: reading.type })) },
      read: value => {
        const { entries } = value as DuckDBStructValue
        return members.map(({ name, reading }) => readOne(entries[name], reading))
      },
    }
  }
  if (type instanceof DuckDBMapType) {
    const key = readingOf(type.keyType)
    const entry = readingOf(type.valueType)
    return {
      type: { kind: 'map', key: key.type, value: entry.type },
      read: value =>
        (value as DuckDBMapValue).entries.map(pair => [readOne(pair.key, key), readOne(pair.value, entry)]),
    }
  }
  return { type: { kind: 'text' }, read: String }
}

/** Takes over values of one type. */
export function readAll(values: readonly DuckDBValue[], reading: Reading): readonly ResultValue[] {
  const { read } = reading
  return read === undefined
    ? (values as readonly ResultValue[])
    : values.map(value => (value === null ? null : read(value)))
}

function readOne(value: DuckDBValue | undefined, { read }: Reading): ResultValue {
  if (value === null || value === undefined) return null
  return read === undefined ? (value as ResultValue) : read(value)
}

function integer(bits: 8 | 16 | 32 | 64 | 128, signed: boolean): Reading {
  return { type: { kind: 'integer', bits, signed }, read: undefined }
}

function timestamp(zoned: boolean): Reading {
  return { type: { kind: 'timestamp', zoned }, read: value => (value as DuckDBTimestampTZValue).micros }
}

const plainReadings: Partial<Record<DuckDBTypeId, Reading>> = {
  [DuckDBTypeId.BOOLEAN]: { type: { kind: 'boolean' }, read: undefined },
  [DuckDBTypeId.TINYINT]: integer(8, true),
  [DuckDBTypeId.SMALLINT]: integer(16, true),
  [DuckDBTypeId.INTEGER]: integer(32, true),
  [DuckDBTypeId.BIGINT]: integer(64, true),
  [DuckDBTypeId.HUGEINT]: integer(128, true),
  [DuckDBTypeId.UTINYINT]: integer(8, false),
  [DuckDBTypeId.USMALLINT]: integer(16, false),
  [DuckDBTypeId.UINTEGER]: integer(32, false),
  [DuckDBTypeId.UBIGINT]: integer(64, false),
  [DuckDBTypeId.UHUGEINT]: integer(128, false),
  [DuckDBTypeId.FLOAT]: { type: { kind: 'float', bits: 32 }, read: undefined },
  [DuckDBTypeId.DOUBLE]: { type: { kind: 'float', bits: 64 }, read: undefined },
  [DuckDBTypeId.VARCHAR]: { type: { kind: 'text' }, read: undefined },
  [DuckDBTypeId.ENUM]: { type: { kind: 'text' }, read: undefined },
  [DuckDBTypeId.BLOB]: { type: { kind: 'binary' }, read: value => (value as DuckDBBlobValue).bytes },
  [DuckDBTypeId.DATE]: { type: { kind: 'date' }, read: value => (value as DuckDBDateValue).days },
  [DuckDBTypeId.TIME]: { type: { kind: 'time' }, read: value => (value as DuckDBTimeValue).micros },
  [DuckDBTypeId.TIMESTAMP]: timestamp(false),
  [DuckDBTypeId.TIMESTAMP_TZ]: timestamp(true),
}
