import {
  Binary,
  Bool,
  type DataType,
  DateDay,
  Decimal,
  Field,
  Float32,
  Float64,
  Int8,
  Int16,
  Int32,
  Int64,
  List,
  Map_,
  Struct,
  TimeMicrosecond,
  Timestamp,
  TimeUnit,
  Uint8,
  Uint16,
  Uint32,
  Uint64,
  Utf8,
} from 'apache-arrow'
import type { ResultMember, ResultType } from '../result.ts'

/** The Arrow field of a column or member; every one may be null. */
export function arrowField({ name, type }: ResultMember): Field {
  return new Field(name, arrowType(type), true)
}

/** The Arrow type of a result's type. */
export function arrowType(type: ResultType): DataType {
  switch (type.kind) {
    case 'boolean':
      return new Bool()
    case 'integer':
      return integerType(type)
    case 'float':
      return type.bits === 32 ? new Float32() : new Float64()
    case 'decimal':
      return new Decimal(type.scale, type.precision, 128)
    case 'text':
      return new Utf8()
    case 'binary':
      return new Binary()
    case 'date':
      return new DateDay()
    case 'time':
      return new TimeMicrosecond()
    case 'timestamp':
      return new Timestamp(TimeUnit.MICROSECOND, type.zoned ? 'UTC' : null)
    case 'list':
      return new List(arrowField({ name: 'item', type: type.element }))
    case 'struct':
      return new Struct(type.members.map(arrowField))
    case 'map': {
      const entry = new Struct<{ key: DataType; value: DataType }>([
        new Field('key', arrowType(type.key), false),
        arrowField({ name: 'value', type: type.value }),
      ])
      return new Map_(new Field('entries', entry, false))
    }
  }
}

/** Sums come as 128 bits: a decimal is the only thing in Arrow that holds them, if with one digit less. */
function integerType({ bits, signed }: ResultType & { readonly kind: 'integer' }): DataType {
  switch (bits) {
    case 8:
      return signed ? new Int8() : new Uint8()
    case 16:
      return signed ? new Int16() : new Uint16()
    case 32:
      return signed ? new Int32() : new Uint32()
    case 64:
      return signed ? new Int64() : new Uint64()
    case 128:
      return signed ? new Decimal(0, 38, 128) : new Utf8()
  }
}
