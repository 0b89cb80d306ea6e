import { describe, expect, test } from 'vitest'
import { localFileIO } from '../../src/iceberg/file-io/local.ts'
import type { WantedField } from '../../src/iceberg/ids.ts'
import { assignFreshIds } from '../../src/iceberg/ids.ts'
import { compareCells, compareStrings } from '../../src/iceberg/parquet/metrics.ts'
import { createDataFile, type WrittenFile } from '../../src/iceberg/parquet/write.ts'
import { walkFields } from '../../src/iceberg/schema-index.ts'
import { decodeSingleValue } from '../../src/iceberg/single-value.ts'
import type { Cell, Row } from '../../src/iceberg/types.ts'
import { optional, required, temporaryFolder } from '../support/table.ts'

/** Writes rows as a file of several row groups and gives what a manifest would say of it. */
async function written(columns: readonly WantedField[], rows: readonly Row[], groupSize = 2): Promise<WrittenFile> {
  const { fields } = assignFreshIds(columns)
  const writer = await createDataFile(localFileIO, `${await temporaryFolder()}/f.parquet`, {
    type: 'struct',
    'schema-id': 0,
    fields,
  })
  for (let start = 0; start < rows.length; start += groupSize)
    await writer.writeRowGroup(rows.slice(start, start + groupSize))
  return writer.finish()
}

async function boundsOf(type: string, cells: readonly Cell[]): Promise<[lower: Cell, upper: Cell]> {
  const file = await written(
    [optional('c', type)],
    cells.map(c => ({ c })),
  )
  const [lower, upper] = [file.lowerBounds.get(1), file.upperBounds.get(1)]
  return [lower && decodeSingleValue(lower, type), upper && decodeSingleValue(upper, type)]
}

describe('bounds of a column, over all its row groups', () => {
  test.each<[type: string, cells: readonly Cell[], lower: Cell, upper: Cell]>([
    ['boolean', [true, false, null], false, true],
    ['int', [5, -2147483648, 2147483647, null], -2147483648, 2147483647],
    ['long', [5n, -9223372036854775808n, 9223372036854775807n], -9223372036854775808n, 9223372036854775807n],
    ['float', [1.5, -2.5], -2.5, 1.5],
    ['double', [1.5, Number.NEGATIVE_INFINITY, null], Number.NEGATIVE_INFINITY, 1.5],
    ['date', [-1, 3], -1, 3],
    ['time', [0n, 86_399_999_999n], 0n, 86_399_999_999n],
    ['timestamp', [-1n, 1n], -1n, 1n],
    ['timestamptz', [-1n, 1n], -1n, 1n],
    [
      'uuid',
      ['f79c3e09-677c-4bbd-a479-3f349cb785e7', '0f9c3e09-677c-4bbd-a479-3f349cb785e7'],
      '0f9c3e09-677c-4bbd-a479-3f349cb785e7',
      'f79c3e09-677c-4bbd-a479-3f349cb785e7',
    ],
    ['decimal(9,2)', [-5n, 1n, 999999999n], -5n, 999999999n],
    ['decimal(18,2)', [-5n, 1n], -5n, 1n],
    ['decimal(38,2)', [-(10n ** 37n), 1n, 10n ** 37n], -(10n ** 37n), 10n ** 37n],
    ['fixed[2]', [Uint8Array.of(0, 255), Uint8Array.of(255, 0)], Uint8Array.of(0, 255), Uint8Array.of(255, 0)],
    ['binary', [Uint8Array.of(0x80), Uint8Array.of(0x7f, 0), Uint8Array.of()], Uint8Array.of(), Uint8Array.of(0x80)],
    ['string', ['b', 'a', 'ü'], 'a', 'ü'],
    ['string', ['', 'a'], '', 'a'],
  ])('%s %o', async (type, cells, lower, upper) => {
    expect(await boundsOf(type, cells)).toEqual([lower, upper])
  })

  test('leave NaN out, and count it', async () => {
    expect(await boundsOf('double', [Number.NaN, 1, 2, Number.NaN])).toEqual([1, 2])
    expect(await boundsOf('float', [Number.NaN, null])).toEqual([undefined, undefined])
    const file = await written(
      [optional('c', 'double'), optional('n', 'int')],
      [
        { c: Number.NaN, n: 1 },
        { c: 1, n: null },
        { c: Number.NaN, n: 1 },
      ],
    )
    expect(file.nanValueCounts).toEqual(new Map([[1, 2]]))
    expect(file.valueCounts).toEqual(
      new Map([
        [1, 3],
        [2, 3],
      ]),
    )
    expect(file.nullValueCounts).toEqual(
      new Map([
        [1, 0],
        [2, 1],
      ]),
    )
  })

  test('of zeros reach from the negative to the positive one', async () => {
    const [lower, upper] = await boundsOf('double', [0, -0])
    expect([Object.is(lower, -0), Object.is(upper, 0)]).toEqual([true, true])
  })

  test('do not exist for a column of nulls', async () => {
    expect(await boundsOf('string', [null, null, null])).toEqual([undefined, undefined])
  })
})

describe('long bounds are cut', () => {
  const sixteen = 'abcdefghijklmnop'

  test.each<[what: string, value: string, lower: string, upper: string | undefined]>([
    ['not at sixteen characters', sixteen, sixteen, sixteen],
    ['after sixteen, and the upper one is raised by its last character', `${sixteen}q`, sixteen, 'abcdefghijklmnoq'],
    ['by code points, not by UTF-16 units', '😀'.repeat(17), '😀'.repeat(16), `${'😀'.repeat(15)}😁`],
    ['not where sixteen characters take more units', '😀'.repeat(16), '😀'.repeat(16), '😀'.repeat(16)],
    ['past the surrogates', `${'a'.repeat(15)}\ud7ffx`, `${'a'.repeat(15)}\ud7ff`, `${'a'.repeat(15)}\ue000`],
    [
      'at the last character that can be raised',
      `${'a'.repeat(14)}b\u{10ffff}x`,
      `${'a'.repeat(14)}b\u{10ffff}`,
      `${'a'.repeat(14)}c`,
    ],
    ['with no upper bound where nothing can be raised', '\u{10ffff}'.repeat(17), '\u{10ffff}'.repeat(16), undefined],
    [
      'with U+FFFF raised to the first character of the next plane',
      `${'a'.repeat(15)}\uffffx`,
      `${'a'.repeat(15)}\uffff`,
      `${'a'.repeat(15)}\u{10000}`,
    ],
  ])('%s', async (_what, value, lower, upper) => {
    expect(await boundsOf('string', [value])).toEqual([lower, upper])
  })

  test('for binary by bytes', async () => {
    const bytes = (fill: number, last: number, length = 17): Uint8Array =>
      new Uint8Array(length).fill(fill).with(length - 1, last)
    expect(await boundsOf('binary', [bytes(1, 9, 16)])).toEqual([bytes(1, 9, 16), bytes(1, 9, 16)])
    expect(await boundsOf('binary', [bytes(1, 9)])).toEqual([bytes(1, 1, 16), bytes(1, 2, 16)])
    expect(await boundsOf('binary', [Uint8Array.of(1, ...new Uint8Array(20).fill(255))])).toEqual([
      Uint8Array.of(1, ...new Uint8Array(15).fill(255)),
      Uint8Array.of(2),
    ])
    expect(await boundsOf('binary', [new Uint8Array(17).fill(255)])).toEqual([new Uint8Array(16).fill(255), undefined])
  })

  test('and lie around every string, whatever its characters', async () => {
    const texts = ['\uffff', '😀', '\ue000', '\u{10ffff}', 'z', '\ufeff', '', '\ud7ff'].map(
      text => text + 'tail'.repeat(6),
    )
    const file = await written(
      [optional('c', 'string')],
      texts.map(c => ({ c })),
      3,
    )
    const lower = decodeSingleValue(file.lowerBounds.get(1) as Uint8Array, 'string') as string
    for (const text of texts) expect(compareStrings(lower, text)).toBeLessThanOrEqual(0)
    // U+10FFFF cannot be raised, the character behind it can.
    const upper = decodeSingleValue(file.upperBounds.get(1) as Uint8Array, 'string') as string
    for (const text of texts) expect(compareStrings(text, upper)).toBeLessThanOrEqual(0)
  })
})

describe('metrics of nested columns', () => {
  const columns: WantedField[] = [
    required('id', 'int'),
    optional('s', { type: 'struct', fields: [optional('x', 'int'), required('y', 'string')] }),
    optional('l', { type: 'list', element: 'int', elementRequired: false }),
    optional('m', { type: 'map', key: 'string', value: 'double', valueRequired: false }),
  ]
  const rows: Row[] = [
    { id: 1, s: { x: 5, y: 'a' }, l: [1, null, 3], m: [['k', Number.NaN]] },
    { id: 2, s: null, l: [], m: null },
    { id: 3, s: { x: null, y: 'b' }, l: null, m: [] },
  ]

  test('members of structs have bounds, elements of lists and maps have only counts', async () => {
    const file = await written(columns, rows)
    const ids = new Map(
      walkFields({ type: 'struct', fields: assignFreshIds(columns).fields }).map(node => [node.path, node.id]),
    )
    const id = (path: string): number => ids.get(path) as number
    expect(new Set(file.lowerBounds.keys())).toEqual(new Set(['id', 's.x', 's.y'].map(id)))
    expect(decodeSingleValue(file.upperBounds.get(id('s.y')) as Uint8Array, 'string')).toBe('b')
    expect(new Set(file.valueCounts.keys())).toEqual(
      new Set(['id', 's.x', 's.y', 'l.element', 'm.key', 'm.value'].map(id)),
    )
    expect(file.nanValueCounts.get(id('m.value'))).toBe(1)
    expect(file.nullValueCounts.get(id('s.x'))).toBe(2)
  })
})

test('split offsets are where the row groups begin, and sizes are those of the file', async () => {
  const file = await written(
    [required('c', 'int')],
    Array.from({ length: 7 }, (_, c) => ({ c })),
    2,
  )
  expect(file.splitOffsets).toHaveLength(4)
  expect(file.splitOffsets?.[0]).toBe(4)
  expect(file.splitOffsets).toEqual(file.splitOffsets?.toSorted((a, b) => a - b))
  expect(file.recordCount).toBe(7)
  expect(file.columnSizes.get(1)).toBeLessThan(file.fileSize)
  const empty = await written([required('c', 'int')], [])
  expect(empty).toMatchObject({ recordCount: 0, splitOffsets: [], lowerBounds: new Map() })
})

describe('the order of cells', () => {
  test('of strings is that of their UTF-8 bytes', () => {
    const texts = [
      '',
      'a',
      'a\u0000',
      'ab',
      'b',
      '\u007f',
      '\u0080',
      '\u07ff',
      '\ud7ff',
      '\ue000',
      '\ufeff',
      '\uffff',
      '\u{10000}',
      '😀',
      '\u{10ffff}',
      'a😀',
      'a\uffff',
    ]
    const byBytes = texts.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    expect(texts.toSorted(compareStrings)).toEqual(byBytes)
    for (const a of texts)
      for (const b of texts)
        expect(Math.sign(compareStrings(a, b))).toBe(Math.sign(Buffer.compare(Buffer.from(a), Buffer.from(b))))
  })

  test('of bytes is unsigned, of numbers by size, of NaN behind all numbers', () => {
    expect(compareCells(Uint8Array.of(0x80), Uint8Array.of(0x7f))).toBeGreaterThan(0)
    expect(compareCells(-5n, 3n)).toBeLessThan(0)
    expect(compareCells(false, true)).toBeLessThan(0)
    expect([3, Number.NaN, 1, Number.POSITIVE_INFINITY, Number.NaN, 2].sort(compareCells)).toEqual([
      1,
      2,
      3,
      Number.POSITIVE_INFINITY,
      Number.NaN,
      Number.NaN,
    ])
  })
})
