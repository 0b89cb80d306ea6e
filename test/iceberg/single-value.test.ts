import { describe, expect, test } from 'vitest'
import {
  compareBytes,
  decimalBytes,
  decimalFromBytes,
  decodeSingleValue,
  encodeSingleValue,
  uuidBytes,
} from '../../src/iceberg/single-value.ts'
import type { Cell } from '../../src/iceberg/types.ts'
import { failure } from '../support/table.ts'

function bytes(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex, 'hex'))
}

function hexOf(value: Uint8Array): string {
  return Buffer.from(value).toString('hex')
}

describe('single values (spec, Appendix D)', () => {
  test.each<[type: string, cell: NonNullable<Cell>, hex: string]>([
    ['boolean', true, '01'],
    ['boolean', false, '00'],
    ['int', 1, '01000000'],
    ['int', -2147483648, '00000080'],
    ['long', 1n, '0100000000000000'],
    ['long', -9223372036854775808n, '0000000000000080'],
    ['long', 9223372036854775807n, 'ffffffffffffff7f'],
    ['float', 1.5, '0000c03f'],
    ['float', -0, '00000080'],
    ['double', 0.1, '9a9999999999b93f'],
    ['double', Number.POSITIVE_INFINITY, '000000000000f07f'],
    ['date', -1, 'ffffffff'],
    ['time', 86_399_999_999n, 'ff5fd71d14000000'],
    ['timestamp', -1n, 'ffffffffffffffff'],
    ['timestamptz', 1_510_871_468_000_000n, '00c3262d215e0500'],
    ['string', 'ü☃😀', 'c3bce29883f09f9880'],
    ['string', '\ufeffa', 'efbbbf61'],
    ['string', '', ''],
    ['uuid', 'f79c3e09-677c-4bbd-a479-3f349cb785e7', 'f79c3e09677c4bbda4793f349cb785e7'],
    ['decimal(9,2)', 1420n, '058c'],
    ['decimal(9,2)', -1n, 'ff'],
    ['decimal(9,2)', 128n, '0080'],
    ['decimal(9,2)', -128n, '80'],
    ['decimal(38,0)', -99999999999999999999999999999999999999n, 'b4c4b357a5793b85f675ddc000000001'],
    ['binary', Uint8Array.of(0, 255), '00ff'],
    ['fixed[2]', Uint8Array.of(255, 0), 'ff00'],
  ])('%s %o is %s, there and back', (type, cell, hex) => {
    expect(hexOf(encodeSingleValue(cell, type))).toBe(hex)
    expect(decodeSingleValue(bytes(hex), type)).toEqual(cell)
  })

  test('are read from inside a larger buffer', () => {
    expect(decodeSingleValue(bytes('ff01000000ff').subarray(1, 5), 'int')).toBe(1)
    expect(decodeSingleValue(bytes('ff0100000000000000ff').subarray(1, 9), 'long')).toBe(1n)
  })

  test('of a nested type or one of a later format do not exist', () => {
    const nested = { type: 'list' as const, 'element-id': 2, 'element-required': false, element: 'int' }
    expect(() => encodeSingleValue(1, nested)).toThrow(
      failure('FORMAT_UNSUPPORTED', 'type list<int> is not a primitive'),
    )
    expect(() => decodeSingleValue(bytes('01'), 'timestamp_ns')).toThrow(failure('FORMAT_UNSUPPORTED', 'timestamp_ns'))
  })
})

describe('bounds of a column that was promoted', () => {
  test.each<[type: string, hex: string, cell: NonNullable<Cell>]>([
    ['long', 'feffffff', -2n],
    ['long', 'ffffff7f', 2147483647n],
    ['double', '0000c03f', 1.5],
    ['double', 'cdcccc3d', Math.fround(0.1)],
    ['timestamp', 'feffffff', -172_800_000_000n],
    ['timestamp', 'feffffffffffffff', -2n],
    ['decimal(18,2)', '058c', 1420n],
    ['decimal(38,2)', 'ff', -1n],
  ])('to %s are read at the width they were written with: %s', (type, hex, cell) => {
    expect(decodeSingleValue(bytes(hex), type)).toBe(cell)
  })
})

test('decimals of any size keep their sign and take as few bytes as they can', () => {
  for (let bits = 0n; bits < 126n; bits++) {
    for (const value of [2n ** bits, -(2n ** bits), 2n ** bits - 1n, -(2n ** bits) - 1n]) {
      const encoded = decimalBytes(value)
      expect(decimalFromBytes(encoded)).toBe(value)
      if (encoded.length > 1) expect(decimalFromBytes(encoded.subarray(1))).not.toBe(value)
    }
  }
})

test('bytes are compared without sign, a prefix comes first', () => {
  const sorted = ['', '00', '0001', '7f', '80', 'ff', 'ff00'].map(bytes)
  expect(sorted.toReversed().sort(compareBytes)).toEqual(sorted)
})

test('text that is no uuid is refused', () => {
  for (const text of ['', 'f79c3e09', 'z79c3e09-677c-4bbd-a479-3f349cb785e7'])
    expect(() => uuidBytes(text)).toThrow(failure('ROW_INVALID', 'is not a uuid'))
})
