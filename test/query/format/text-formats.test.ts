import { expect, test } from 'vitest'
import { formatted } from '../asking.ts'

/** One value of every type that can come out of a query, beside a null of it. */
const everything = `
  SELECT * FROM (VALUES
    (true, 255::UTINYINT, 9007199254740991, 9007199254740992, 170141183460469231731687303715884105727::HUGEINT,
     0.1::FLOAT, 1e21, -0.05::DECIMAL(9,2), 'naïve "text"', 'a\\x00\\xFF'::BLOB, DATE '2024-02-29', TIME '01:02:03.5',
     TIMESTAMP '1969-12-31 23:59:59.999999', TIMESTAMPTZ '2026-01-02 03:04:05.000006+00',
     '0f8fad5b-d9cb-469f-a165-70867728950e'::UUID, [1, NULL], {'a b': 9007199254740993, n: [DATE '2024-01-01']},
     MAP {'k': 1.5::DECIMAL(9,1)}, MAP {1: 'one'}, INTERVAL 1 DAY),
    (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)
  ) AS v(bool, tiny, safe, big, huge, f, d, dec, s, bin, day, clock, local, at_, id, list, struct, map, by_number, other)`

const values = {
  bool: true,
  tiny: 255,
  safe: 9007199254740991,
  big: '9007199254740992',
  huge: '170141183460469231731687303715884105727',
  f: 0.1,
  d: 1e21,
  dec: '-0.05',
  s: 'naïve "text"',
  bin: 'YQD/',
  day: '2024-02-29',
  clock: '01:02:03.500000',
  local: '1969-12-31T23:59:59.999999',
  at_: '2026-01-02T03:04:05.000006Z',
  id: '0f8fad5b-d9cb-469f-a165-70867728950e',
  list: [1, null],
  struct: { 'a b': '9007199254740993', n: ['2024-01-01'] },
  map: { k: '1.5' },
  by_number: [[1, 'one']],
  other: '1 day',
}
const nulls = Object.fromEntries(Object.keys(values).map(name => [name, null]))

test('ndjson is an object on each line', async () => {
  const lines = (await formatted(everything, 'ndjson')).split('\n')
  expect(lines.map(line => (line === '' ? '' : JSON.parse(line)))).toEqual([values, nulls, ''])
  expect(await formatted('SELECT 1 WHERE false', 'ndjson')).toBe('')
})

test('a text keeps the mark U+FEFF that it begins with, also inside of other values', async () => {
  const sql = `SELECT chr(65279) || 'a' AS short, {'t': [chr(65279) || 'longer than is kept in place']} AS inner_one`
  expect(await formatted(sql, 'ndjson')).toBe(
    `${JSON.stringify({ short: '\ufeffa', inner_one: { t: ['\ufefflonger than is kept in place'] } })}\n`,
  )
})

test('json is one document with columns, rows and their number', async () => {
  const document = JSON.parse(await formatted(everything, 'json')) as Record<string, unknown>
  expect(Object.keys(document)).toEqual(['formatVersion', 'columns', 'rows', 'rowCount'])
  expect(document).toMatchObject({ formatVersion: 1, rows: [values, nulls], rowCount: 2 })
  expect((document['columns'] as object[]).slice(0, 8)).toEqual([
    { name: 'bool', type: 'BOOLEAN' },
    { name: 'tiny', type: 'UTINYINT' },
    { name: 'safe', type: 'BIGINT' },
    { name: 'big', type: 'BIGINT' },
    { name: 'huge', type: 'HUGEINT' },
    { name: 'f', type: 'FLOAT' },
    { name: 'd', type: 'DOUBLE' },
    { name: 'dec', type: 'DECIMAL(9,2)' },
  ])
})

test('json of no rows has its columns all the same', async () => {
  expect(JSON.parse(await formatted('SELECT 1 AS x WHERE false', 'json'))).toEqual({
    formatVersion: 1,
    columns: [{ name: 'x', type: 'INTEGER' }],
    rows: [],
    rowCount: 0,
  })
})

test('json of many rows stays one document', async () => {
  const document = JSON.parse(await formatted('SELECT range AS i FROM range(10000)', 'json')) as {
    rows: { i: number }[]
    rowCount: number
  }
  expect(document.rowCount).toBe(10_000)
  expect(document.rows.map(row => row.i)).toEqual(Array.from({ length: 10_000 }, (_, index) => index))
})

test('columns of the same name are told apart, and any name can be one', async () => {
  expect(
    await formatted(`SELECT 1 AS a, 2 AS a, 3 AS a_1, 4 AS "A", 5 AS "__proto__", 6 AS "2", 7 AS "1"`, 'ndjson'),
  ).toBe('{"a":1,"a_2":2,"a_1":3,"A":4,"__proto__":5,"2":6,"1":7}\n')
})

test('what JSON has no number for becomes text', async () => {
  const sql = `SELECT 'NaN'::DOUBLE AS a, 'Infinity'::FLOAT AS b, '-Infinity'::DOUBLE AS c, 'infinity'::TIMESTAMPTZ AS d, '-infinity'::DATE AS e, -9007199254740993 AS f`
  expect(JSON.parse(await formatted(sql, 'ndjson'))).toEqual({
    a: 'NaN',
    b: 'Infinity',
    c: '-Infinity',
    d: 'infinity',
    e: '-infinity',
    f: '-9007199254740993',
  })
})

test('times far from today keep their day', async () => {
  const sql = `SELECT unnest([TIMESTAMP '0001-01-01 00:00:00', TIMESTAMP '1600-02-29 12:00:00', TIMESTAMP '2000-03-01 00:00:00.000001',
    TIMESTAMP '9999-12-31 23:59:59', TIMESTAMP '123456-07-08 00:00:00', TIMESTAMP '0044-03-15 (BC) 00:00:00']) AS t`
  const rows = (await formatted(sql, 'ndjson')).trimEnd().split('\n')
  expect(rows.map(row => (JSON.parse(row) as { t: string }).t)).toEqual([
    '0001-01-01T00:00:00.000000',
    '1600-02-29T12:00:00.000000',
    '2000-03-01T00:00:00.000001',
    '9999-12-31T23:59:59.000000',
    '+123456-07-08T00:00:00.000000',
    '-000043-03-15T00:00:00.000000',
  ])
})

test('csv quotes what has to be quoted, and tells nothing from empty', async () => {
  const sql = `SELECT * FROM (VALUES (1, 'plain'), (2, 'a,b'), (3, 'say "hi"'), (4, E'two\\nlines'), (5, ''), (6, NULL), (7, ' edge'), (8, '=1+1')) AS v(id, "the text")`
  expect(await formatted(sql, 'csv')).toBe(
    [
      'id,the text',
      '1,plain',
      '2,"a,b"',
      '3,"say ""hi"""',
      '4,"two\nlines"',
      '5,""',
      '6,',
      '7," edge"',
      '8,=1+1',
      '',
    ].join('\r\n'),
  )
})

test('csv has every type as one word', async () => {
  const [, line] = (await formatted(everything, 'csv')).split('\r\n')
  expect(line).toBe(
    [
      'true,255,9007199254740991,9007199254740992,170141183460469231731687303715884105727,0.1,1e+21,-0.05',
      '"naïve ""text""",YQD/,2024-02-29,01:02:03.500000,1969-12-31T23:59:59.999999,2026-01-02T03:04:05.000006Z',
      '0f8fad5b-d9cb-469f-a165-70867728950e,"[1,null]","{""a b"":""9007199254740993"",""n"":[""2024-01-01""]}"',
      '"{""k"":""1.5""}","[[1,""one""]]",1 day',
    ].join(','),
  )
})

test('csv of no rows is its header', async () => {
  expect(await formatted('SELECT 1 AS x, 2 AS "y,z" WHERE false', 'csv')).toBe('x,"y,z"\r\n')
})
