import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { WantedField, WantedType } from '../../src/iceberg/ids.ts'
import { currentSnapshot } from '../../src/iceberg/metadata.ts'
import type { Row } from '../../src/iceberg/types.ts'
import { describeWithEngines, expectSameEverywhere } from '../support/foreign.ts'
import {
  append,
  createTable,
  evolve,
  optional,
  readRows,
  required,
  type TestTable,
  temporaryFolder,
} from '../support/table.ts'

const uuid = 'f79c3e09-677c-4bbd-a479-3f349cb785e7'

function struct(...fields: WantedField[]): WantedType {
  return { type: 'struct', fields }
}

function list(element: WantedType, elementRequired = false): WantedType {
  return { type: 'list', element, elementRequired }
}

function map(key: WantedType, value: WantedType, valueRequired = false): WantedType {
  return { type: 'map', key, value, valueRequired }
}

/** Microseconds of an instant. */
function at(text: string, more = 0n): bigint {
  return BigInt(Date.parse(text)) * 1000n + more
}

const everyType: readonly WantedField[] = [
  required('id', 'int'),
  optional('truth', 'boolean'),
  optional('small', 'int'),
  optional('large', 'long'),
  optional('rough', 'float'),
  optional('fine', 'double'),
  optional('day', 'date'),
  optional('clock', 'time'),
  optional('local', 'timestamp'),
  optional('instant', 'timestamptz'),
  optional('text', 'string'),
  optional('key', 'uuid'),
  optional('short bytes', 'fixed[3]'),
  optional('bytes', 'binary'),
  optional('price', 'decimal(9,2)'),
  optional('sum', 'decimal(18,3)'),
  optional('total', 'decimal(38,5)'),
  optional(
    'place',
    struct(
      optional('x', 'int'),
      optional('name', 'string'),
      optional('inner', struct(optional('since', 'timestamptz'))),
    ),
  ),
  optional('words', list('string')),
  optional('grid', list(list('long'))),
  optional('points', list(struct(optional('x', 'double')))),
  optional('counts', map('string', 'long')),
  optional('names', map('int', 'string')),
  optional('days by name', map('string', list('date'))),
  required('must', struct(required('have', 'int'))),
  required('all', list('int', true)),
]

/** Values at the ends of what every engine can hold; ClickHouse knows dates from 1900 to 2299. */
const everyValue: readonly Row[] = [
  {
    id: 1,
    truth: true,
    small: -2147483648,
    large: 9223372036854775807n,
    rough: 0.1,
    fine: 0.1,
    day: Date.parse('1900-01-01') / 86_400_000,
    clock: 86_399_999_999n,
    local: at('1900-01-01T00:00:00Z'),
    instant: at('2017-11-16T22:31:08Z', 1n),
    text: 'ü☃😀"\\\n\u0000',
    key: uuid,
    'short bytes': Uint8Array.of(0, 255, 10),
    bytes: Uint8Array.of(0, 65),
    price: -999_999_999n,
    sum: 1n,
    total: -(10n ** 37n),
    place: { x: 1, name: 'a', inner: { since: 5n } },
    words: ['a', null, ''],
    grid: [[1n, null], []],
    points: [{ x: 1.5 }, { x: null }],
    counts: [
      ['k', 1n],
      ['n', null],
    ],
    names: [
      [2, 'a'],
      [10, null],
    ],
    'days by name': [['k', [1, null]]],
    must: { have: 1 },
    all: [1, 2],
  },
  { id: 2, must: { have: 2 }, all: [] },
  {
    id: 3,
    truth: false,
    small: 2147483647,
    large: -9223372036854775808n,
    rough: Number.NaN,
    fine: Number.NEGATIVE_INFINITY,
    day: Date.parse('2299-12-31') / 86_400_000,
    clock: 0n,
    local: at('2299-12-31T23:59:59.999Z', 999n),
    instant: at('1969-12-31T23:59:59Z'),
    text: '',
    key: '00000000-0000-0000-0000-000000000000',
    'short bytes': Uint8Array.of(0, 0, 0),
    bytes: new Uint8Array(),
    price: 0n,
    sum: -(10n ** 18n) + 1n,
    total: 10n ** 38n - 1n,
    place: { x: null, name: null, inner: null },
    words: [],
    grid: [],
    points: [],
    counts: [],
    names: [],
    'days by name': [],
    must: { have: -3 },
    all: [7],
  },
  { id: 4, rough: -0, fine: -0, place: { x: 4, name: null, inner: { since: null } }, must: { have: 4 }, all: [-1] },
]

/** Enough rows for runs, dictionaries and several row groups. */
function many(count: number): Row[] {
  return Array.from({ length: count }, (_, index) => ({ ...everyValue[index % everyValue.length], id: index + 100 }))
}

// icebird takes apart names that Parquet allows, so a table for it has none.
const plainColumns = everyType.map(column => ({ ...column, name: column.name.replaceAll(' ', '_') }))
const plainRows = (rows: readonly Row[]): Row[] =>
  rows.map(row => Object.fromEntries(Object.entries(row).map(([name, cell]) => [name.replaceAll(' ', '_'), cell])))

describeWithEngines('every engine sees what this one sees in', () => {
  test('an empty table', async () => {
    const { directory } = await createTable({ columns: everyType, partitionBy: ['bucket[4](text)'] })
    await expectSameEverywhere(directory, { skip: ['icebird'] })
  })

  test('an empty table that gets columns and then rows', async () => {
    let target = await createTable({ columns: [required('id', 'int')] })
    target = await evolve(target, [optional('before', 'string'), required('id', 'int'), optional('after', 'long')])
    await expectSameEverywhere(target.directory, { skip: ['icebird'] })
    target = await append(target, [
      { id: 1, before: 'b' },
      { id: 2, after: 3n },
    ])
    await expectSameEverywhere(target.directory)
  })

  test('a table of every type, with nulls, NaN and both zeros', async () => {
    const target = await append(await createTable({ columns: plainColumns }), plainRows(everyValue))
    await expectSameEverywhere(target.directory)
    await expectSameEverywhere((await append(target, plainRows(many(100)), 30)).directory)
  })

  test('a table whose column names need quotes and escapes everywhere', async () => {
    const names = ['a b', 'ü', '9', 'a.b', 'quo"te', "apos'trophe", 'back`tick', 'back\\slash', '😀', 'SELECT']
    const target = await append(await createTable({ columns: names.map(name => optional(name, 'string')) }), [
      Object.fromEntries(names.map(name => [name, `value of ${name}`])),
      {},
    ])
    await expectSameEverywhere(target.directory, { skip: ['icebird'] })
  })

  // icebird knows no Avro type of fixed length.
  test.each([
    ['identity(key)', 'identity(price)'],
    ['identity(total)', 'identity(short_bytes)'],
    ['truncate[50](price)'],
  ])('a table partitioned by %s', async (...partitionBy) => {
    const target = await append(
      await createTable({ columns: plainColumns, partitionBy }),
      plainRows([...everyValue, ...many(12)]),
    )
    await expectSameEverywhere(target.directory, { skip: ['icebird'] })
  })

  test.each([
    [
      'bucket[4](text)',
      'bucket[4](large)',
      'bucket[4](key)',
      'bucket[4](price)',
      'bucket[4](day)',
      'bucket[4](instant)',
      'bucket[4](bytes)',
    ],
    ['identity(text)', 'identity(small)'],
    ['identity(large)', 'identity(truth)', 'identity(day)'],
    ['identity(instant)', 'identity(local)', 'identity(bytes)'],
    ['identity(rough)', 'identity(fine)', 'identity(clock)'],
    ['truncate[2](text)', 'truncate[10](large)', 'truncate[10](small)', 'truncate[1](bytes)'],
    ['year(day)', 'month(local)', 'hour(instant)'],
    ['day(instant)'],
    ['day(day)'],
    ['bucket[4](place.name)'],
    ['void(text)'],
  ])('a table partitioned by %s', async (...partitionBy) => {
    const target = await append(
      await createTable({ columns: plainColumns, partitionBy }),
      plainRows([...everyValue, ...many(12)]),
    )
    await expectSameEverywhere(target.directory)
  })

  test('a sorted table', async () => {
    const target = await append(
      await createTable({ columns: plainColumns, sortBy: ['text', '-instant'] }),
      plainRows([...everyValue, ...many(12)]),
    )
    await expectSameEverywhere(target.directory)
  })

  test('a table before and after each change of its columns', async () => {
    let columns: WantedField[] = [
      required('id', 'int'),
      required('who', 'string'),
      optional('n', 'int'),
      optional('ratio', 'float'),
      optional('price', 'decimal(9,2)'),
    ]
    let target = await createTable({ columns, partitionBy: ['bucket[4](who)'] })
    const step = async (rows: readonly Row[]): Promise<void> => {
      target = await append(target, rows)
      await expectSameEverywhere(target.directory)
    }
    await step([
      { id: 1, who: 'a', n: 1, ratio: 0.1, price: 5n },
      { id: 2, who: 'b' },
    ])

    // A column in the middle.
    columns = columns.toSpliced(2, 0, optional('note', 'string'))
    target = await evolve(target, columns)
    await expectSameEverywhere(target.directory)
    await step([{ id: 3, who: 'c', note: 'new', n: 3 }])

    // Wider types.
    const wider: Readonly<Record<string, string>> = { id: 'long', n: 'long', ratio: 'double', price: 'decimal(20,2)' }
    columns = columns.map(column => ({ ...column, type: wider[column.name] ?? column.type }))
    target = await evolve(target, columns)
    await expectSameEverywhere(target.directory)
    await step([{ id: 2n ** 40n, who: 'd', n: -(2n ** 40n), ratio: 0.1, price: 10n ** 19n }])

    // No longer required.
    columns = columns.map(column => ({ ...column, required: false }))
    target = await evolve(target, columns)
    await expectSameEverywhere(target.directory)
    await step([
      { id: null, who: null },
      { id: 6n, who: 'f' },
    ])

    // Another name for the column the table is partitioned by, and its old name for another column.
    columns = columns.map(column =>
      column.name === 'who' ? { ...column, name: 'person', renamedFrom: 'who' } : column,
    )
    target = await evolve(target, columns)
    await expectSameEverywhere(target.directory)
    columns = [...columns.map(column => optional(column.name, column.type)), optional('who', 'int')]
    target = await evolve(target, columns)
    await step([{ id: 7n, person: 'g', who: 7 }])

    // Another order, and a column less.
    columns = columns.toReversed().filter(column => column.name !== 'note')
    target = await evolve(target, columns)
    await expectSameEverywhere(target.directory)

    // The dropped name again is another column.
    columns = [...columns, optional('note', 'string')]
    target = await evolve(target, columns)
    await step([{ id: 8n, note: 'again' }])
    expect((await readRows(target.table)).filter(row => row['note'] !== null)).toHaveLength(1)
    expect(target.table.metadata.schemas.length).toBe(8)
  })

  test('a table before and after changes inside structs, lists and maps', async () => {
    const columns = (x: WantedType, ...more: WantedField[]): WantedField[] => [
      required('id', 'int'),
      optional('s', struct(optional('x', x), ...more)),
      optional('m', map('string', struct(optional('x', x), ...more))),
      optional('l', list(x)),
    ]
    let target = await append(await createTable({ columns: columns('int') }), [
      { id: 1, s: { x: 1 }, m: [['k', { x: 1 }]], l: [1, null] },
    ])
    await expectSameEverywhere(target.directory)
    target = await evolve(target, columns('long', optional('y', 'string')))
    target = await append(target, [
      { id: 2, s: { x: 2n ** 40n, y: 'y' }, m: [['k', { x: 2n ** 40n, y: null }]], l: [2n ** 40n] },
    ])
    // icebird knows no columns inside columns.
    await expectSameEverywhere(target.directory, { skip: ['icebird'] })
  })

  test('a table of many snapshots and schemas', async () => {
    let target: TestTable = await createTable({
      columns: [required('n', 'int')],
      properties: { 'write.metadata.previous-versions-max': '5', 'write.metadata.delete-after-commit.enabled': 'true' },
    })
    const columns = [required('n', 'int')]
    for (let round = 0; round < 40; round++) {
      if (round % 8 === 7) {
        columns.push(optional(`added_in_${round}`, 'string'))
        target = await evolve(target, columns)
      }
      const last = columns.at(-1)
      target = await append(target, [
        { n: round, ...(last?.type === 'string' ? { [last.name]: `round ${round}` } : {}) },
      ])
    }
    expect(target.table.metadata.snapshots).toHaveLength(40)
    expect(currentSnapshot(target.table.metadata)?.['sequence-number']).toBe(40)
    await expectSameEverywhere(target.directory)
  })

  test.each([
    'space and ü',
    'percent%20sign',
    'plus+sign',
    "apos'trophe",
    '[brackets]',
    '日本語',
    'same.metadata.json',
  ])('a table in a directory called %s', async name => {
    const target = await append(
      await createTable({ columns: [required('id', 'int')] }, join(await temporaryFolder('plain-'), name)),
      [{ id: 1 }],
    )
    await expectSameEverywhere(target.directory)
  })
})
