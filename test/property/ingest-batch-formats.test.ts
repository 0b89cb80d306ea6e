import {
  Binary,
  Bool,
  type DataType,
  DateDay,
  Decimal,
  Field,
  Float64,
  Int32,
  Int64,
  List,
  makeData,
  RecordBatch,
  RecordBatchStreamWriter,
  Schema,
  Struct,
  TimestampMicrosecond,
  Utf8,
  vectorFromArray,
} from 'apache-arrow'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { printRow } from '../../src/ingest/batch/row-text.ts'
import { check, keptText, table } from '../ingest/batch/checking.ts'

const orNull = <Item>(item: fc.Arbitrary<Item>): fc.Arbitrary<Item | null> => fc.option(item, { nil: null })
const text = fc.string({ unit: 'grapheme' })
const row = fc.record({
  b: orNull(fc.boolean()),
  i: orNull(fc.integer()),
  l: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  d: orNull(fc.double({ noNaN: true, noDefaultInfinity: true })),
  s: orNull(text),
  x: orNull(fc.uint8Array({ maxLength: 5 })),
  day: fc.integer({ min: -700_000, max: 2_900_000 }),
  at: fc.bigInt({ min: -60_000_000_000_000_000n, max: 250_000_000_000_000_000n }),
  cents: fc.bigInt({ min: -999_999_999n, max: 999_999_999n }),
  list: orNull(fc.array(orNull(fc.integer()), { maxLength: 3 })),
  o: orNull(fc.record({ p: orNull(text) })),
})
type Row = typeof row extends fc.Arbitrary<infer Item> ? Item : never
const declaration = table([
  { name: 'b', type: 'boolean' },
  { name: 'i', type: 'int' },
  { name: 'l', type: 'long' },
  { name: 'd', type: 'double' },
  { name: 's', type: 'string' },
  { name: 'x', type: 'binary' },
  { name: 'day', type: 'date' },
  { name: 'at', type: 'timestamp' },
  { name: 'cents', type: 'decimal(9,2)' },
  { name: 'list', type: { type: 'list', element: 'int' } },
  { name: 'o', type: { type: 'struct', fields: [{ name: 'p', type: 'string' }] } },
])

/** Microseconds as a text, by way of Date. */
function timeText(micros: bigint): string {
  const ms = micros / 1000n - (micros % 1000n < 0n ? 1n : 0n)
  return `${new Date(Number(ms)).toISOString().slice(0, -1)}${String(micros - ms * 1000n).padStart(3, '0')}`
}

function jsonOf({ x, day, at, cents, ...others }: Row): Readonly<Record<string, unknown>> {
  const { list, o, ...simple } = others
  const digits = String(cents < 0n ? -cents : cents).padStart(3, '0')
  return {
    ...simple,
    x: x === null ? null : Buffer.from(x).toString('base64'),
    day: new Date(day * 86_400_000).toISOString().slice(0, 10),
    at: timeText(at),
    cents: `${cents < 0n ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`,
    list,
    o,
  }
}

function arrowOf(rows: readonly Row[]): Uint8Array {
  const built = (type: DataType, values: readonly unknown[]) => vectorFromArray(values, type).data[0]
  const words = rows.flatMap(({ cents }) => [BigInt.asUintN(64, cents), cents < 0n ? 2n ** 64n - 1n : 0n])
  const columns = {
    b: built(
      new Bool(),
      rows.map(({ b }) => b),
    ),
    i: built(
      new Int32(),
      rows.map(({ i }) => i),
    ),
    l: makeData({ type: new Int64(), data: BigInt64Array.from(rows, ({ l }) => l) }),
    d: built(
      new Float64(),
      rows.map(({ d }) => d),
    ),
    s: built(
      new Utf8(),
      rows.map(({ s }) => s),
    ),
    x: built(
      new Binary(),
      rows.map(({ x }) => x),
    ),
    day: makeData({ type: new DateDay(), data: Int32Array.from(rows, ({ day }) => day) }),
    at: makeData({ type: new TimestampMicrosecond(), data: BigInt64Array.from(rows, ({ at }) => at) }),
    cents: makeData({ type: new Decimal(2, 9, 128), data: new Uint32Array(BigUint64Array.from(words).buffer) }),
    list: built(
      new List(new Field('item', new Int32(), true)),
      rows.map(({ list }) => list),
    ),
    o: built(
      new Struct([new Field('p', new Utf8(), true)]),
      rows.map(({ o }) => o),
    ),
  }
  const schema = new Schema(
    Object.entries(columns).map(([name, data]) => new Field(name, data?.type as DataType, true)),
  )
  const children = Object.values(columns) as never[]
  const writer = new RecordBatchStreamWriter()
  writer.write(new RecordBatch(schema, makeData({ type: new Struct(schema.fields), length: rows.length, children })))
  writer.finish()
  return writer.toUint8Array(true)
}

test('the same rows as NDJSON, as JSON and as Arrow are kept as the same bytes', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 8 }), async rows => {
      const lines = rows.map(each => {
        const { x, day, at, cents, list, o, ...simple } = jsonOf(each)
        return printRow({ ...simple, x, day, at, cents, list, o })
      })
      const fromLines = await check(lines.map(line => `${line}\n`).join(''), declaration)
      expect(fromLines).toMatchObject({ kept: rows.length, refused: 0 })
      const fromArray = await check(`[${lines.join()}]`, declaration, 'json')
      const fromArrow = await check(arrowOf(rows), declaration, 'arrow')
      expect(keptText(fromArray)).toBe(keptText(fromLines))
      expect(keptText(fromArrow)).toBe(keptText(fromLines))
    }),
    { numRuns: 200 },
  )
})
