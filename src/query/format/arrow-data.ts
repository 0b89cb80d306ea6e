import { Data, type DataType } from 'apache-arrow'
import { HypError } from '../../errors.ts'
import type { ResultType, ResultValue } from '../result.ts'
import { arrowType } from './arrow-type.ts'

type Values = readonly ResultValue[]

/** The buffers of a column, and the columns inside it. */
interface Contents {
  readonly offsets?: Int32Array
  readonly data?: ArrayBufferView
  readonly children?: Data[]
}

/**
 * Values of one type as Arrow keeps them. Built by hand: the package's own
 * builders take no bigint for times.
 */
export function arrowData(type: ResultType, values: Values, as: DataType = arrowType(type)): Data {
  const { offsets, data, children } = contents(type, values, as)
  const { nullCount, bitmap } = validity(values)
  return new Data(as, 0, values.length, nullCount, [offsets, data, bitmap] as never, children)
}

function contents(type: ResultType, values: Values, as: DataType): Contents {
  switch (type.kind) {
    case 'boolean':
      return { data: bits(values, value => value === true) }
    case 'integer':
      if (type.bits < 128) return { data: filled(new as.ArrayType(values.length), values) }
      return type.signed ? { data: decimals(values) } : texts(values)
    case 'float':
    case 'date':
    case 'time':
    case 'timestamp':
      return { data: filled(new as.ArrayType(values.length), values) }
    case 'decimal':
      return { data: decimals(values) }
    case 'text':
      return texts(values)
    case 'binary':
      return bytes(values.map(value => value as Uint8Array | null))
    case 'list':
      return { offsets: offsetsOf(values), children: [arrowData(type.element, values.flatMap(items))] }
    case 'struct':
      return {
        children: type.members.map((member, index) =>
          arrowData(
            member.type,
            values.map(value => items(value)[index] ?? null),
          ),
        ),
      }
    case 'map': {
      const members = [
        { name: 'key', type: type.key },
        { name: 'value', type: type.value },
      ]
      const entry = as.children[0]?.type as DataType
      return {
        offsets: offsetsOf(values),
        children: [arrowData({ kind: 'struct', members }, values.flatMap(items), entry)],
      }
    }
  }
}

function validity(values: Values): { readonly nullCount: number; readonly bitmap?: Uint8Array } {
  const nullCount = values.reduce<number>((count, value) => (value === null ? count + 1 : count), 0)
  return nullCount === 0 ? { nullCount } : { nullCount, bitmap: bits(values, value => value !== null) }
}

/** A bit for each value, the first in the lowest. */
function bits(values: Values, test: (value: ResultValue) => boolean): Uint8Array {
  const bitmap = new Uint8Array(Math.ceil(values.length / 8))
  values.forEach((value, index) => {
    if (test(value)) bitmap[index >> 3] = (bitmap[index >> 3] as number) | (1 << (index & 7))
  })
  return bitmap
}

/** Numbers or bigints in their places; where a value is null stays 0. */
function filled(array: Record<number, number | bigint> & ArrayBufferView, values: Values): ArrayBufferView {
  values.forEach((value, index) => {
    if (value !== null) array[index] = value as number | bigint
  })
  return array
}

const largest = 10n ** 38n

/** 128-bit integers, the lowest word first. */
function decimals(values: Values): Uint32Array {
  const words = new BigUint64Array(values.length * 2)
  values.forEach((value, index) => {
    if (value === null) return
    const unscaled = value as bigint
    if (unscaled >= largest || unscaled <= -largest)
      throw new HypError('QUERY_FAILED', 'a number of the result has more than the 38 digits that Arrow holds')
    words[index * 2] = BigInt.asUintN(64, unscaled)
    words[index * 2 + 1] = BigInt.asUintN(64, unscaled >> 64n)
  })
  return new Uint32Array(words.buffer)
}

function texts(values: Values): Contents {
  return bytes(values.map(value => (value === null ? null : Buffer.from(String(value)))))
}

function bytes(values: readonly (Uint8Array | null)[]): Contents {
  const offsets = new Int32Array(values.length + 1)
  values.forEach((value, index) => {
    offsets[index + 1] = (offsets[index] as number) + (value?.length ?? 0)
  })
  const data = new Uint8Array(offsets[values.length] as number)
  values.forEach((value, index) => {
    if (value !== null) data.set(value, offsets[index])
  })
  return { offsets, data }
}

function offsetsOf(values: Values): Int32Array {
  const offsets = new Int32Array(values.length + 1)
  values.forEach((value, index) => {
    offsets[index + 1] = (offsets[index] as number) + items(value).length
  })
  return offsets
}

/** What is inside a list, a map or a struct; nothing in one that is null. */
function items(value: ResultValue): Values {
  return value === null ? [] : (value as Values)
}
