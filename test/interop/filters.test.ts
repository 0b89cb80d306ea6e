import { expect, test } from 'vitest'
import type { Cell, Row } from '../../src/iceberg/types.ts'
import { clickhouseQuery, describeWithEngines, icebergLocal, pyicebergRead, type Where } from '../support/foreign.ts'
import { append, createTable, optional, readRows, required, type TestTable } from '../support/table.ts'

/*
 * Engines skip what cannot match by partition values, bounds in manifests and
 * statistics in data files. One of these wrong, and rows are lost in silence.
 */

const tail = 'a tail that makes every text longer than its bound'

/** Columns to filter by: a value for each number, and its spellings in Python and SQL. */
const columns: Readonly<
  Record<
    string,
    { type: string; cell: (n: number) => Cell; python: (n: number) => string | number; sql: (n: number) => string }
  >
> = {
  text: {
    type: 'string',
    cell: n => `${'ab\uffff😀\u{10ffff}'.slice(n % 3)}${n % 7}${tail}`,
    python: n => `${'ab\uffff😀\u{10ffff}'.slice(n % 3)}${n % 7}${tail}`,
    sql: n => `'${'ab\uffff😀\u{10ffff}'.slice(n % 3)}${n % 7}${tail}'`,
  },
  small: { type: 'int', cell: n => (n % 11) - 5, python: n => (n % 11) - 5, sql: n => String((n % 11) - 5) },
  large: {
    type: 'long',
    cell: n => BigInt(n % 13) * 2n ** 50n - 2n ** 53n,
    python: n => (n % 13) * 2 ** 50 - 2 ** 53,
    sql: n => String(BigInt(n % 13) * 2n ** 50n - 2n ** 53n),
  },
  price: {
    type: 'decimal(9,2)',
    cell: n => BigInt(n % 9) * 101n - 400n,
    python: n => (((n % 9) * 101 - 400) / 100).toFixed(2),
    sql: n => `toDecimal32('${(((n % 9) * 101 - 400) / 100).toFixed(2)}', 2)`,
  },
  day: {
    type: 'date',
    cell: n => (n % 9) * 200 - 800,
    python: n => iso((n % 9) * 200 - 800),
    sql: n => `toDate32('${iso((n % 9) * 200 - 800)}')`,
  },
  instant: {
    type: 'timestamptz',
    cell: n => BigInt((n % 9) - 4) * 40_000_000_000n - 1n,
    python: n => instant(n),
    sql: n => `toDateTime64('${instant(n).slice(0, -6).replace('T', ' ')}', 6, 'UTC')`,
  },
  key: { type: 'uuid', cell: uuid, python: uuid, sql: n => `'${uuid(n)}'` },
}

function iso(days: number): string {
  return new Date(days * 86_400_000).toISOString().slice(0, 10)
}

function instant(n: number): string {
  const micros = ((n % 9) - 4) * 40_000_000_000 - 1
  return `${new Date(Math.floor(micros / 1000)).toISOString().slice(0, -1)}999+00:00`
}

function uuid(n: number): string {
  return `${'02468ace'[n % 8]}0000000-0000-4000-8000-00000000000${n % 8}`
}

const rows: Row[] = Array.from({ length: 180 }, (_, n) => ({
  id: n,
  ...Object.fromEntries(Object.entries(columns).map(([name, { cell }]) => [name, n % 17 === 16 ? null : cell(n)])),
}))

async function tableBy(partitionBy: readonly string[], sortBy: readonly string[] = []): Promise<TestTable> {
  const shape = {
    columns: [required('id', 'int'), ...Object.entries(columns).map(([name, { type }]) => optional(name, type))],
    partitionBy,
    sortBy,
  }
  let target = await createTable(shape)
  // Several snapshots, files and row groups, so that there is something to skip.
  for (let start = 0; start < rows.length; start += 60) target = await append(target, rows.slice(start, start + 60), 20)
  return target
}

function idsOf(found: readonly unknown[]): number[] {
  return found.map(Number).sort((a, b) => a - b)
}

describeWithEngines('a filter finds the rows it should, in every engine, in a table', () => {
  test.each<[string, readonly string[], readonly string[]]>([
    ['without partitions', [], []],
    ['that is sorted', [], ['text']],
    ['by buckets', ['bucket[3](text)', 'bucket[2](large)'], []],
    ['by buckets of other types', ['bucket[3](day)', 'bucket[2](key)', 'bucket[2](price)'], []],
    ['by buckets of instants', ['bucket[5](instant)', 'bucket[2](small)'], ['-small']],
    ['by truncation', ['truncate[1](text)', 'truncate[4](small)'], []],
    ['by time', ['day(instant)', 'month(day)'], []],
    ['by year and hour', ['hour(instant)', 'year(day)'], []],
    ['by identity', ['identity(small)', 'identity(day)'], []],
    ['by identity of text', ['identity(text)'], []],
    ['by identity of instants', ['identity(instant)'], []],
  ])('%s', async (_title, partitionBy, sortBy) => {
    const { table, directory } = await tableBy(partitionBy, sortBy)
    for (const [name, { cell, python, sql }] of Object.entries(columns)) {
      for (const n of [0, 4, 8]) {
        const wanted = cell(n) as NonNullable<Cell>
        const expected = rows.filter(row => row[name] === wanted).map(row => row['id'])
        expect(expected.length).toBeGreaterThan(1)
        const ours = await readRows(table, { columns: ['id'], where: { column: name, values: new Set([wanted]) } })
        expect(idsOf(ours.map(row => row['id'])), `${name}: ours`).toEqual(expected)
        const where: Where = [name, python(n)]
        const theirs = await pyicebergRead(table.metadataLocation, where)
        expect(idsOf(theirs.rows.map(row => (row['id'] as { integer: string }).integer)), `${name}: PyIceberg`).toEqual(
          expected,
        )
        // ClickHouse skips too much: see deviations.test.ts.
        const before1970 =
          Number(wanted) < 0 &&
          partitionBy.some(field => new RegExp(`^(?:year|month|day|hour)\\(${name}\\)`).test(field))
        if (name === 'key' || before1970) continue
        const found = await clickhouseQuery(`SELECT id FROM ${icebergLocal(directory)} WHERE ${name} = ${sql(n)}`)
        expect(idsOf(found.flat()), `${name}: ClickHouse`).toEqual(expected)
      }
    }
  })
})
