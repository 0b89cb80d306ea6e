import { type Table, tableFromIPC } from 'apache-arrow'
import { expect, test } from 'vitest'
import { formatResult } from '../../../src/query/format/format.ts'
import { errorOf } from '../asking.ts'
import { session } from '../real-table.ts'

async function arrowBytes(sql: string): Promise<Uint8Array> {
  const query = await session({ tables: {} })
  const pieces: Uint8Array[] = []
  await formatResult(await query.run(sql), 'arrow', piece => void pieces.push(piece as Uint8Array))
  return Buffer.concat(pieces)
}

async function arrow(sql: string): Promise<Table> {
  return tableFromIPC(await arrowBytes(sql))
}

function typesOf(table: Table): Record<string, string> {
  return Object.fromEntries(table.schema.fields.map(field => [field.name, String(field.type)]))
}

test('every simple type is an Arrow type of its own, and comes back as it was', async () => {
  const table = await arrow(`SELECT * FROM (VALUES
    (true, 1::TINYINT, 2::SMALLINT, -3, 9007199254740993, 255::UTINYINT, 18446744073709551615::UBIGINT, 0.5::FLOAT, 0.1::DOUBLE, 'é💥', 'a\\x00'::BLOB),
    (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    (false, -1, -2, 3, -9223372036854775808, 0, 0, -0.25, 1e300, '', ''::BLOB)
  ) AS v(b, i8, i16, i32, i64, u8, u64, f32, f64, s, bin)`)
  expect(typesOf(table)).toEqual({
    b: 'Bool',
    i8: 'Int8',
    i16: 'Int16',
    i32: 'Int32',
    i64: 'Int64',
    u8: 'Uint8',
    u64: 'Uint64',
    f32: 'Float32',
    f64: 'Float64',
    s: 'Utf8',
    bin: 'Binary',
  })
  expect(table.toArray().map(row => ({ ...row }))).toEqual([
    {
      b: true,
      i8: 1,
      i16: 2,
      i32: -3,
      i64: 9007199254740993n,
      u8: 255,
      u64: 18446744073709551615n,
      f32: 0.5,
      f64: 0.1,
      s: 'é💥',
      bin: new Uint8Array([97, 0]),
    },
    {
      b: null,
      i8: null,
      i16: null,
      i32: null,
      i64: null,
      u8: null,
      u64: null,
      f32: null,
      f64: null,
      s: null,
      bin: null,
    },
    {
      b: false,
      i8: -1,
      i16: -2,
      i32: 3,
      i64: -(2n ** 63n),
      u8: 0,
      u64: 0n,
      f32: -0.25,
      f64: 1e300,
      s: '',
      bin: new Uint8Array(),
    },
  ])
})

test('times keep their microseconds, and those with a zone are in UTC', async () => {
  const table =
    await arrow(`SELECT TIMESTAMPTZ '2026-01-02 03:04:05.000006+00' AS z, TIMESTAMP '1969-12-31 23:59:59.999999' AS l,
    DATE '1969-12-31' AS d, TIME '23:59:59.999999' AS t`)
  expect(typesOf(table)).toEqual({
    z: 'Timestamp<MICROSECOND, UTC>',
    l: 'Timestamp<MICROSECOND>',
    d: 'Date32<DAY>',
    t: 'Time64<MICROSECOND>',
  })
  // The buffers are padded; the value is the first.
  const raw = table.batches[0]?.data.children.map(column => [(column.values as ArrayLike<number | bigint>)[0]])
  expect(raw).toEqual([[1_767_323_045_000_006n], [-1n], [-1], [86_399_999_999n]])
})

test('decimals, and sums of 64-bit integers, are decimals of 128 bits', async () => {
  const table = await arrow(
    `SELECT * FROM (VALUES (-12.34::DECIMAL(9,2), 170141183460469231731::HUGEINT, 7::UHUGEINT), (NULL, NULL, NULL)) AS v(d, h, u)`,
  )
  expect(typesOf(table)).toEqual({ d: 'Decimal[9e+2]', h: 'Decimal[38e0]', u: 'Utf8' })
  const [d, h] = table.batches[0]?.data.children ?? []
  const first = (words: unknown): bigint => {
    const view = new BigUint64Array((words as Uint32Array).slice(0, 4).buffer)
    return BigInt.asIntN(128, ((view[1] as bigint) << 64n) | (view[0] as bigint))
  }
  expect([first(d?.values), first(h?.values)]).toEqual([-1234n, 170141183460469231731n])
  expect([d?.getValid(1), h?.getValid(1)]).toEqual([false, false])
  expect(table.get(0)?.['u']).toBe('7')
})

test('a number with more digits than Arrow holds is an error, not another number', async () => {
  const error = await errorOf(arrow('SELECT 170141183460469231731687303715884105727::HUGEINT AS x'))
  expect(error).toMatchObject({ code: 'QUERY_FAILED', message: expect.stringContaining('38 digits') })
})

test('lists, structs and maps nest', async () => {
  const table = await arrow(`SELECT * FROM (VALUES
    ([[1, NULL], NULL, []], {a: 1, b: {c: ['x']}}, MAP {'k': [1], 'l': NULL}),
    (NULL, NULL, NULL),
    ([], {a: NULL, b: NULL}, MAP {})
  ) AS v(l, s, m)`)
  expect(typesOf(table)).toEqual({
    l: 'List<List<Int32>>',
    s: 'Struct<{a:Int32, b:Struct<{c:List<Utf8>}>}>',
    m: 'Map<{key:Utf8, value:List<Int32>}>',
  })
  expect(JSON.parse(JSON.stringify(table.toArray()))).toEqual([
    { l: [[1, null], null, []], s: { a: 1, b: { c: ['x'] } }, m: { k: [1], l: null } },
    { l: null, s: null, m: null },
    { l: [], s: { a: null, b: null }, m: {} },
  ])
})

test('what has no Arrow type comes as its text', async () => {
  const table = await arrow(`SELECT INTERVAL 1 DAY AS i, '0f8fad5b-d9cb-469f-a165-70867728950e'::UUID AS u`)
  expect(table.get(0)?.toJSON()).toEqual({ i: '1 day', u: '0f8fad5b-d9cb-469f-a165-70867728950e' })
})

test('no rows are a stream with a schema', async () => {
  const table = await arrow('SELECT 1 AS x WHERE false')
  expect(typesOf(table)).toEqual({ x: 'Int32' })
  expect(table.numRows).toBe(0)
})

test('many rows come as many batches, in order', async () => {
  const table = await arrow("SELECT range AS i, 'row ' || range AS s FROM range(10000)")
  expect(table.batches.length).toBeGreaterThan(2)
  expect(table.numRows).toBe(10_000)
  expect(table.get(9999)?.toJSON()).toEqual({ i: 9999n, s: 'row 9999' })
})
