import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { WantedField, WantedType } from '../../src/iceberg/ids.ts'
import type { Cell, Row } from '../../src/iceberg/types.ts'
import {
  clickhouseQuery,
  describeWithEngines,
  expectSameEverywhere,
  icebergLocal,
  icebirdRead,
  pyicebergRead,
} from '../support/foreign.ts'
import type { Plain } from '../support/foreign-cells.ts'
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

/*
 * What an engine gives otherwise than it was stored. The comparisons in this
 * folder allow for exactly this; when an engine mends one, its test here fails
 * and the allowance goes.
 */

function struct(...fields: WantedField[]): WantedType {
  return { type: 'struct', fields }
}

function list(element: WantedType): WantedType {
  return { type: 'list', element, elementRequired: false }
}

function map(key: WantedType, value: WantedType): WantedType {
  return { type: 'map', key, value, valueRequired: false }
}

async function tableOf(columns: readonly WantedField[], ...rows: Row[]): Promise<TestTable> {
  return append(await createTable({ columns }, await temporaryFolder('plain-')), rows)
}

describeWithEngines('PyIceberg 0.12', () => {
  test('gives an empty list where a list of structs is null, and null where another list is', async () => {
    const { table } = await tableOf(
      [optional('structs', list(struct(optional('x', 'int')))), optional('texts', list('string'))],
      {},
    )
    expect((await pyicebergRead(table.metadataLocation)).rows).toEqual([{ structs: [], texts: null }])
    expect(await readRows(table)).toEqual([{ structs: null, texts: null }])
  })

  test.each(['hash#sign', 'question?mark'])(
    'cannot read a table in a directory called %s, as it takes its location for a URL',
    async name => {
      const target = await createTable(
        { columns: [required('id', 'int')] },
        join(await temporaryFolder('plain-'), name),
      )
      const { table } = await append(target, [{ id: 1 }])
      await expect(pyicebergRead(table.metadataLocation)).rejects.toThrow('FileNotFoundError')
      expect(await readRows(table)).toEqual([{ id: 1 }])
    },
  )
})

describeWithEngines('ClickHouse 26.7', () => {
  async function select(target: TestTable, columns: string): Promise<unknown[][]> {
    return clickhouseQuery(`SELECT ${columns} FROM ${icebergLocal(target.directory)}`)
  }

  test('has no null lists, maps and structs: they are empty, or structs of nulls', async () => {
    const columns = [
      optional('l', list('int')),
      optional('m', map('string', 'int')),
      optional('s', struct(optional('x', 'int'))),
      optional('ll', list(list('int'))),
    ]
    expect(await select(await tableOf(columns, { ll: [null] }), 'l, m, s, ll')).toEqual([[[], {}, { x: null }, [[]]]])
  })

  test('takes a time for a number of whole seconds', async () => {
    expect(await select(await tableOf([optional('t', 'time')], { t: 86_399_999_999n }), 't, toTypeName(t)')).toEqual([
      ['86399', 'Nullable(Int64)'],
    ])
  })

  test('refuses to read dates before 1900, but not instants', async () => {
    const target = await tableOf([optional('d', 'date')], { d: Date.parse('1899-12-31') / 86_400_000 })
    await expect(select(target, 'd')).rejects.toThrow('VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE')
  })

  test('reads instants of any year', async () => {
    const micros = [-11_676_096_000_000_000n, 253_402_214_400_000_000n]
    const target = await tableOf([optional('t', 'timestamptz')], ...micros.map(t => ({ t })))
    expect(await select(target, 'toString(toUnixTimestamp64Micro(t))')).toEqual(micros.map(value => [String(value)]))
  })

  test('skips files by uuid that have the uuid, as it does in tables of other writers', async () => {
    const keys = ['f79c3e09-677c-4bbd-a479-3f349cb785e7', '079c3e09-677c-4bbd-a479-3f349cb785e7']
    const target = await tableOf([optional('k', 'uuid')], ...keys.map(k => ({ k })))
    const sql = `SELECT k FROM ${icebergLocal(target.directory)} WHERE k = '${keys[0]}'`
    expect(await clickhouseQuery(sql)).toEqual([])
    expect(await clickhouseQuery(sql, 'use_iceberg_partition_pruning=0')).toEqual([[keys[0]]])
    expect(await readRows(target.table, { where: { column: 'k', values: new Set(keys.slice(0, 1)) } })).toEqual([
      { k: keys[0] },
    ])
  })

  test.each(['day', 'month', 'year'])(
    'skips partitions by %s that are before 1970, as it does in tables of other writers',
    async transform => {
      const created = await createTable({ columns: [optional('d', 'date')], partitionBy: [`${transform}(d)`] })
      const target = await append(created, [{ d: -800 }, { d: 800 }])
      const sql = (day: string): string =>
        `SELECT toString(d) FROM ${icebergLocal(target.directory)} WHERE d = toDate32('${day}')`
      expect(await clickhouseQuery(sql('1972-03-11'))).toEqual([['1972-03-11']])
      expect(await clickhouseQuery(sql('1967-10-24'))).toEqual([])
      expect(await clickhouseQuery(sql('1967-10-24'), 'use_iceberg_partition_pruning=0')).toEqual([['1967-10-24']])
    },
  )

  test('does not read a table that is partitioned by the truncation of a decimal of more than 18 digits', async () => {
    const target = await createTable({ columns: [optional('d', 'decimal(38,2)')], partitionBy: ['truncate[10](d)'] })
    await append(target, [{ d: 5n }])
    await expect(select(target, 'd')).rejects.toThrow('icebergTruncate')
    await expectSameEverywhere(target.directory, { skip: ['clickhouse', 'icebird'] })
  })

  test.each(['star*', 'question?mark', '{a,b}'])(
    'sees no row of a table in a directory called %s, as it takes that for a pattern',
    async name => {
      const directory = join(await temporaryFolder('plain-'), name)
      const target = await append(await createTable({ columns: [required('id', 'int')] }, directory), [{ id: 1 }])
      if (name === '{a,b}') await expect(select(target, 'id')).rejects.toThrow('No such file or directory')
      else expect(await select(target, 'id')).toEqual([])
      expect(await readRows(target.table)).toEqual([{ id: 1 }])
    },
  )
})

describeWithEngines('icebird 0.3.1', () => {
  async function seen(columns: readonly WantedField[], row: Row): Promise<Readonly<Record<string, Plain>> | undefined> {
    return (await icebirdRead((await tableOf(columns, row)).table.metadataLocation.slice('file://'.length)))[0]
  }

  function file(target: TestTable): string {
    return target.table.path(target.table.metadataLocation)
  }

  test('reads no table without a snapshot', async () => {
    const target = await createTable({ columns: [required('id', 'int')] })
    await expect(icebirdRead(file(target))).rejects.toThrow('No current snapshot id found')
    expect(await readRows(target.table)).toEqual([])
  })

  test('gives undefined, not null, in old rows of an added column', async () => {
    const target = await evolve(await tableOf([required('id', 'int')], { id: 1 }), [
      required('id', 'int'),
      optional('more', 'string'),
    ])
    expect(await icebirdRead(file(target))).toEqual([{ id: { number: '1' }, more: { undefined: true } }])
  })

  test('gives numbers in old files and bigints in new ones of a column that was widened', async () => {
    let target = await tableOf([required('n', 'int')], { n: 1 })
    target = await append(await evolve(target, [required('n', 'long')]), [{ n: 2n }])
    expect(await icebirdRead(file(target))).toEqual([{ n: { bigint: '2' } }, { n: { number: '1' } }])
    expect(await readRows(target.table)).toEqual([{ n: 2n }, { n: 1n }])
  })

  test('cuts instants to milliseconds, and before 1970 towards it', async () => {
    expect(await seen([optional('a', 'timestamptz'), optional('b', 'timestamp')], { a: 1_999n, b: -1n })).toEqual({
      a: { date: 1 },
      b: { date: 0 },
    })
  })

  test('makes floating point of decimals', async () => {
    expect(await seen([optional('d', 'decimal(38,5)')], { d: -(10n ** 37n) })).toEqual({
      d: { number: '-9.999999999999999e+31' },
    })
  })

  test('gives uuids as bytes and bytes as text', async () => {
    const row = { u: 'f79c3e09-677c-4bbd-a479-3f349cb785e7', b: Uint8Array.of(65, 255) }
    expect(await seen([optional('u', 'uuid'), optional('b', 'binary')], row)).toEqual({
      u: { bytes: 'f79c3e09677c4bbda4793f349cb785e7' },
      b: 'A\ufffd',
    })
  })

  test('loses a byte order mark at the start of a text', async () => {
    expect(await seen([optional('s', 'string')], { s: '\ufeffa' })).toEqual({ s: 'a' })
  })

  test('makes objects of maps: keys become text, and go before others when they look like numbers', async () => {
    const given = await seen([optional('m', map('int', 'string')), optional('n', map('string', 'int'))], {
      m: [
        [10, 'a'],
        [2, 'b'],
      ],
      n: [
        ['b', 1],
        ['1', 2],
      ],
    })
    expect(JSON.stringify(given)).toBe(
      JSON.stringify({ m: { object: { 2: 'b', 10: 'a' } }, n: { object: { 1: { number: '2' }, b: { number: '1' } } } }),
    )
  })

  test('does not find columns whose names Avro would not allow', async () => {
    const target = await tableOf([required('session-id', 'string')], { 'session-id': 'a' })
    await expect(icebirdRead(file(target))).rejects.toThrow('session_x2Did')
  })

  test('knows no column inside a column that was added or renamed', async () => {
    let target = await tableOf([optional('s', struct(optional('x', 'int'), optional('y', 'int')))], {
      s: { x: 1, y: 2 },
    })
    target = await evolve(target, [
      optional(
        's',
        struct({ ...optional('z', 'int'), renamedFrom: 'x' }, optional('y', 'int'), optional('new', 'int')),
      ),
    ])
    expect(await icebirdRead(file(target))).toEqual([{ s: { object: { x: { number: '1' }, y: { number: '2' } } } }])
    expect(await readRows(target.table)).toEqual([{ s: { z: 1, y: 2, new: null } }])
  })

  test.each<[type: string, cell: NonNullable<Cell>]>([
    ['uuid', 'f79c3e09-677c-4bbd-a479-3f349cb785e7'],
    ['decimal(9,2)', 5n],
    ['fixed[3]', Uint8Array.of(1, 2, 3)],
  ])('reads no table that is partitioned by a %s, which Avro keeps at a fixed length', async (type, c) => {
    const target = await createTable({ columns: [optional('c', type)], partitionBy: ['identity(c)'] })
    await expect(icebirdRead(file(await append(target, [{ c }])))).rejects.toThrow('unsupported type')
  })
})
