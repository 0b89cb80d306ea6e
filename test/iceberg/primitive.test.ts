import { describe, expect, test } from 'vitest'
import {
  decimalSize,
  isPromotion,
  isV3Primitive,
  parsePrimitive,
  primitiveOf,
  printType,
  sameJson,
  sameType,
} from '../../src/iceberg/primitive.ts'
import type { Type } from '../../src/iceberg/types.ts'
import { failure } from '../support/table.ts'

describe('a primitive type by name', () => {
  test.each([
    'boolean',
    'int',
    'long',
    'float',
    'double',
    'date',
    'time',
    'timestamp',
    'timestamptz',
    'string',
    'uuid',
    'binary',
  ])('%s', name => {
    expect(parsePrimitive(name)).toEqual({ kind: name })
  })

  test.each([
    ['decimal(1,0)', { kind: 'decimal', precision: 1, scale: 0 }],
    ['decimal(38, 38)', { kind: 'decimal', precision: 38, scale: 38 }],
    ['fixed[16]', { kind: 'fixed', length: 16 }],
    ['fixed[ 1 ]', { kind: 'fixed', length: 1 }],
  ])('%s', (name, primitive) => {
    expect(parsePrimitive(name)).toEqual(primitive)
  })

  test.each([
    '',
    'Int',
    'integer',
    'decimal',
    'decimal(0,0)',
    'decimal(39,0)',
    'decimal(2,3)',
    'fixed',
    'fixed[0]',
    'struct',
    'timestamp_ns',
  ])('not %o', name => {
    expect(parsePrimitive(name)).toBeUndefined()
    expect(() => primitiveOf(name)).toThrow(
      failure('FORMAT_UNSUPPORTED', `type ${name} is not a primitive of format version 2`),
    )
  })

  test.each([
    'timestamp_ns',
    'timestamptz_ns',
    'variant',
    'unknown',
    'geometry',
    'geometry(srid:4326)',
    'geography(a, b)',
  ])('%s is one of version 3', name => {
    expect(isV3Primitive(name)).toBe(true)
  })

  test.each(['timestamp', 'xvariant', 'unknown_'])('%s is none of version 3 only', name => {
    expect(isV3Primitive(name)).toBe(false)
  })
})

test('a decimal may get more digits, not fewer, and keeps its scale', () => {
  expect(isPromotion('decimal(9,2)', 'decimal(10,2)')).toBe(true)
  expect(isPromotion('decimal(9,2)', 'decimal(9,2)')).toBe(false)
  expect(isPromotion('decimal(9,2)', 'decimal(8,2)')).toBe(false)
  expect(isPromotion('decimal(9,2)', 'decimal(10,3)')).toBe(false)
  expect(isPromotion('int', 'decimal(10,0)')).toBe(false)
})

test('nested types are not promoted', () => {
  const list = (element: Type): Type => ({ type: 'list', 'element-id': 2, 'element-required': false, element })
  expect(isPromotion(list('int'), list('long'))).toBe(false)
  expect(isPromotion('int', list('long'))).toBe(false)
})

test('two spellings of one type are the same type', () => {
  expect(sameType('decimal(9, 2)', 'decimal(9,2)')).toBe(true)
  expect(sameType('decimal(9,2)', 'decimal(9,3)')).toBe(false)
  expect(sameType('fixed[3]', 'fixed[4]')).toBe(false)
  expect(sameType('later_type', 'later_type')).toBe(true)
  expect(sameType('later_type', 'other_type')).toBe(false)
})

test('a decimal takes the bytes that its largest and its smallest value need', () => {
  const sizes = Array.from({ length: 38 }, (_, index) => decimalSize(index + 1))
  expect(sizes).toEqual([
    1, 1, 2, 2, 3, 3, 4, 4, 4, 5, 5, 6, 6, 6, 7, 7, 8, 8, 9, 9, 9, 10, 10, 11, 11, 11, 12, 12, 13, 13, 13, 14, 14, 15,
    15, 16, 16, 16,
  ])
})

test('a type is printed as a person reads it', () => {
  const type: Type = {
    type: 'map',
    'key-id': 1,
    key: 'string',
    'value-id': 2,
    'value-required': false,
    value: {
      type: 'list',
      'element-id': 3,
      'element-required': false,
      element: {
        type: 'struct',
        fields: [
          { id: 4, name: 'x', required: false, type: 'int' },
          { id: 5, name: 'y', required: true, type: 'decimal(9,2)' },
        ],
      },
    },
  }
  expect(printType(type)).toBe('map<string, list<struct<x: int, y: decimal(9,2)>>>')
})

describe('JSON values are the same', () => {
  test.each<[a: unknown, b: unknown, same: boolean]>([
    [null, null, true],
    [null, {}, false],
    [{}, null, false],
    [null, undefined, false],
    [[], {}, false],
    [[1, 2], [1, 2], true],
    [[1, 2], [2, 1], false],
    [[1], [1, 2], false],
    [{ a: 1, b: [null] }, { b: [null], a: 1 }, true],
    [{ a: 1 }, { b: 1 }, false],
    [{ a: 1 }, { a: 1, b: 2 }, false],
    [{ a: 1, b: undefined }, { a: 1 }, true],
    [{ a: null }, {}, false],
    [{ toString: undefined }, {}, true],
    [{ a: 9007199254740993n }, { a: 9007199254740993n }, true],
    [{ a: 9007199254740993n }, { a: 9007199254740992n }, false],
    ['1', 1, false],
  ])('%o and %o: %o', (a, b, same) => {
    expect(sameJson(a, b)).toBe(same)
    expect(sameJson(b, a)).toBe(same)
  })
})
