import {
  Binary,
  Bool,
  type Data,
  Field,
  Float16,
  Float64,
  Int32,
  Int64,
  makeData,
  RecordBatch,
  RecordBatchStreamWriter,
  Schema,
  Struct,
  TimestampMicrosecond,
  tableFromArrays,
  tableToIPC,
  Utf8,
} from 'apache-arrow'
import { describe, expect, test } from 'vitest'
import { parseJson } from '../../../src/iceberg/json.ts'
import { arrowRows } from '../../../src/ingest/batch/arrow/arrow-rows.ts'
import { cellFromJson } from '../../../src/schema/json-cell.ts'
import { arrowStream } from './arrow-streams.ts'
import { check, keptText, refusal, table, told } from './checking.ts'

/** The rows of a stream as text, or what is wrong with them. */
function rowsOf(body: Uint8Array): string[] {
  return [...arrowRows(body)].flatMap(row =>
    row === undefined ? [] : [row.flaw?.reason ?? Buffer.from(row.bytes).toString().trimEnd()],
  )
}

/** A stream of one batch with these columns. */
function streamOf(columns: Readonly<Record<string, Data>>, rows: number): Uint8Array {
  const fields = Object.entries(columns).map(([name, { type }]) => new Field(name, type, true))
  const schema = new Schema(fields)
  const data = makeData({ type: new Struct(schema.fields), length: rows, children: Object.values(columns) })
  const writer = new RecordBatchStreamWriter()
  writer.write(new RecordBatch(schema, data))
  writer.finish()
  return writer.toUint8Array(true)
}

const invalid = { code: 'BODY_INVALID' }

describe('streams that another program wrote', () => {
  test('give values of every type in the form that they would have as NDJSON', () => {
    const [first, second, third, ...others] = rowsOf(arrowStream('everything')).map(row => parseJson(row))
    expect(others).toEqual([])
    expect(first).toEqual({
      i8: 1,
      u64: 18446744073709551615n,
      i64: 9223372036854775807n,
      f16: null,
      f32: Math.fround(0.1),
      f64: 0.1,
      b: true,
      s: 'é💥',
      ls: 'a"b\n',
      sv: 'short',
      bv: 'AA==',
      bin: 'AP8=',
      lbin: 'AQ==',
      fsb: 'YWJjZA==',
      d128: '12.34',
      d256: '123456789012345678901234567890123456789012345.6',
      dneg: '12e2',
      d32: '12.34',
      d64: '12.34',
      date32: '2024-02-29',
      date64: '2024-02-29',
      t32s: '01:01:01',
      t32ms: '01:01:01.001',
      t64us: '01:01:01.000001',
      t64ns: '01:01:01.000000001',
      tss: '2024-01-31T09:05:00',
      tsms: '2024-01-31T09:05:00.001Z',
      tsus: '2024-01-31T09:05:00.000001Z',
      tsns: '2024-01-31T09:05:00.000000001',
      list: [1, null],
      llist: ['a'],
      fsl: [1, 2],
      struct: { x: 1, y: { z: 'a' } },
      map: { a: 1, b: null },
      imap: { '1': 'x' },
      dict: 'x',
      dlist: ['p', 'q'],
      null: null,
      uuid: '00000000-0000-0000-0000-000000000005',
    })
    expect(new Set(Object.values(second as object))).toEqual(new Set([null]))
    expect(Object.keys(second as object)).toEqual(Object.keys(first as object))
    expect(third).toEqual({
      ...(first as object),
      i8: -3,
      u64: 0,
      i64: -9223372036854775808n,
      f32: -0,
      f64: 'NaN',
      b: false,
      s: '',
      ls: '',
      sv: 'a long string that is out of line',
      bv: 'MDEyMzQ1Njc4OWFiY2RlZg==',
      bin: '',
      lbin: '',
      fsb: 'd3h5eg==',
      d128: '-0.01',
      d256: '-1.5',
      dneg: '-3e2',
      d32: '-0.01',
      d64: '-0.01',
      date32: '1969-12-31',
      date64: '1969-12-31',
      t32s: '00:00:00',
      t32ms: '00:00:00.000',
      t64us: '23:59:59.999999',
      t64ns: '00:00:00.000000000',
      tss: '1969-12-31T23:59:59',
      tsms: '1969-12-31T23:59:59.999Z',
      tsus: '1969-12-31T23:59:59.999999Z',
      tsns: '1969-12-31T23:59:59.999999999',
      list: [],
      llist: [],
      fsl: [3, 4],
      struct: { x: null, y: null },
      map: {},
      imap: {},
      dict: 'y',
      dlist: ['q'],
      uuid: '00000000-0000-0000-0000-000000000006',
    })
  })

  test('may be a part of longer columns', () => {
    expect(rowsOf(arrowStream('sliced'))).toEqual(rowsOf(arrowStream('everything')).slice(1))
  })

  test.each(['lz4', 'zstd', 'file'] as const)('may be compressed, and a file of them: %s', name => {
    const rows = rowsOf(arrowStream(name))
    expect(rows).toHaveLength(300)
    expect(rows).toEqual(rowsOf(arrowStream('long')))
    expect(rows[299]).toBe(
      `{"id":299000000000000000,"text":"row 49 says ${'nothing much, '.repeat(49)}","day":"1970-10-27"}`,
    )
  })

  test('may add to a dictionary, and put another in its place', () => {
    expect(rowsOf(arrowStream('deltas'))).toEqual(['a', 'b', 'a', 'c'].map(d => JSON.stringify({ d })))
    expect(rowsOf(arrowStream('replaced'))).toEqual(['a', 'b', 'x', 'y'].map(d => JSON.stringify({ d })))
  })

  test('may be without rows, and without columns', () => {
    expect(rowsOf(arrowStream('noRows'))).toEqual([])
    expect(rowsOf(arrowStream('noColumns'))).toEqual([])
    expect(rowsOf(new Uint8Array())).toEqual([])
  })

  test.each([
    ['duration', 'The column "origin.x" is of the Arrow type Duration, which no column can hold.'],
    ['runEndEncoded', 'The column "x" is of the Arrow type RunEndEncoded, which no column can hold.'],
    ['twice', 'The Arrow stream has two columns "x".'],
  ] as const)('cannot be rows: %s', (name, message) => {
    expect(() => rowsOf(arrowStream(name))).toThrow(expect.objectContaining({ ...invalid, message }))
  })

  test('with a key twice in one map refuse that row, because an object of JSON would keep one', () => {
    expect(rowsOf(arrowStream('sameKeys'))).toEqual(['a key that is there already', '{"id":2,"m":{"a":1}}'])
  })

  test('go through the contract like any others', async () => {
    const declaration = table(
      [
        { name: 'id', type: 'long', required: true },
        { name: 'day', type: 'date' },
      ],
      { contract: { unknownFields: 'discard_value' } },
    )
    const batch = await check(arrowStream('zstd'), declaration, 'arrow')
    // Every seventh id is null.
    expect(batch).toMatchObject({ rows: 300, refused: 43, kept: 257, discardedValues: 257 })
    expect(told(batch)[0]).toBe('3 id: null, and required')
    expect(keptText(batch).slice(0, 100)).toBe(
      '{"id":0,"day":"1970-01-01"}\n{"id":1000000000000000,"day":"1970-01-02"}\n{"id":2000000000000000,"day":',
    )
    const frozen = await check(arrowStream('zstd'), { ...declaration, contract: {} }, 'arrow')
    expect(frozen).toMatchObject({ kept: 0, refused: 300 })
    expect(told(frozen)[0]).toBe('0 text: not a column of orders')
  })
})

describe('what JSON has no form for', () => {
  test('is refused where it would be as NDJSON', async () => {
    const body = streamOf(
      {
        f: makeData({ type: new Float64(), data: Float64Array.of(Number.NaN, Number.POSITIVE_INFINITY, -0, 1e300) }),
        h: makeData({ type: new Float16(), data: Uint16Array.of(0x7e00, 0x3c00, 0x8001, 0xfbff) }),
        at: makeData({
          type: new TimestampMicrosecond(),
          data: BigInt64Array.of(0n, 2n ** 63n - 1n, -(2n ** 63n), -62135596800000000n),
        }),
      },
      4,
    )
    const declaration = table([
      { name: 'f', type: 'double' },
      { name: 'h', type: 'float' },
      { name: 'at', type: 'timestamp' },
    ])
    const batch = await check(body, declaration, 'arrow')
    expect(batch.errors.map(({ index, column }) => [index, column])).toEqual([
      [0, 'f'],
      [0, 'h'],
      [1, 'f'],
      [1, 'at'],
      [2, 'at'],
    ])
    expect(keptText(batch)).toBe('{"f":1e+300,"h":-65504,"at":"0001-01-01T00:00:00.000000"}\n')
    expect(rowsOf(body)[2]).toContain('"f":-0,"h":-5.960464477539063e-8,')
  })

  test('is a text that is not UTF-8, and its row alone is refused', async () => {
    const bytes = Buffer.from([0xff, 0x61])
    const body = streamOf({ s: makeData({ type: new Utf8(), valueOffsets: Int32Array.of(0, 1, 2), data: bytes }) }, 2)
    const batch = await check(body, table([{ name: 's', type: 'string' }]), 'arrow')
    expect(told(batch)).toEqual(['0 s: a text that is not UTF-8'])
    expect(keptText(batch)).toBe('{"s":"a"}\n')
  })

  test('is nothing of a binary column', () => {
    const data = Buffer.from([0xff, 0x61])
    const body = streamOf({ b: makeData({ type: new Binary(), valueOffsets: Int32Array.of(0, 1, 2), data }) }, 2)
    const cells = rowsOf(body).map(row => cellFromJson((JSON.parse(row) as { b: string }).b, 'binary'))
    expect(cells).toEqual([{ cell: new Uint8Array([0xff]) }, { cell: new Uint8Array([0x61]) }])
  })
})

describe('rows that are larger than they look', () => {
  test('because they share a value of a dictionary, are refused each', async () => {
    const text = 'x'.repeat(3 * 1024 * 1024)
    const body = tableToIPC(tableFromArrays({ a: [text, 'y'], b: [text, text], c: [text, 'z'] }), 'stream')
    const batch = await check(body, table(['a', 'b', 'c'].map(name => ({ name, type: 'string' }))), 'arrow')
    expect(told(batch)).toEqual(['0 null: the row is larger than 8 MiB'])
    expect(batch.kept).toBe(1)
  })

  test('are refused whole where all of them are more than is taken', async () => {
    const text = 'x'.repeat(1024 * 1024)
    const body = tableToIPC(tableFromArrays({ a: Array<string>(300).fill(text) }), 'stream')
    expect(await refusal(check(body, table([{ name: 'a', type: 'string' }]), 'arrow'))).toMatchObject({
      code: 'TOO_LARGE',
    })
  })
})

describe('a stream that is damaged is refused, and nothing of it told', () => {
  const secret = tableToIPC(tableFromArrays({ text: ['a secret', 'another secret'], n: Int32Array.of(1, 2) }), 'stream')

  test.each([
    ['no stream at all', Buffer.from('{"text":"a secret"}\n')],
    ['no schema', Buffer.from([0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0])],
    ['two streams', Buffer.concat([secret, secret])],
    ['more behind its end', Buffer.concat([secret, Buffer.from('secret')])],
    ['a file without its end', Buffer.from(tableToIPC(tableFromArrays({ n: [1] }), 'file')).subarray(0, -8)],
    ['a file and nothing else', Buffer.from('ARROW1\0\0')],
  ])('%s', async (_, body) => {
    const error = await refusal(check(body, table([]), 'arrow'))
    expect(error).toMatchObject(invalid)
    expect(error).not.toHaveProperty('cause')
    expect(`${String(error)} ${JSON.stringify(error)}`).not.toContain('secret')
  })

  test('cut off anywhere but between two messages', () => {
    const whole = arrowStream('deltas')
    const ends: number[] = []
    for (let length = 1; length < whole.length; length++) {
      try {
        rowsOf(whole.subarray(0, length))
        ends.push(length)
      } catch (error) {
        expect(error).toMatchObject(invalid)
      }
    }
    // The schema, two dictionaries, two batches; what is left out is the mark of the end.
    expect(ends).toHaveLength(5)
    expect(ends.at(-1)).toBe(whole.length - 8)
  })

  test('with any byte of its messages changed: an error of the catalogue, or rows, and soon', () => {
    for (const name of ['deltas', 'noRows', 'sameKeys'] as const) {
      const whole = arrowStream(name)
      for (let at = 0; at < whole.length; at++) {
        for (const byte of [0x00, 0x7f, 0xff]) {
          const damaged = Buffer.from(whole)
          damaged[at] = byte
          try {
            rowsOf(damaged)
          } catch (error) {
            expect(error).toHaveProperty('code', expect.stringMatching(/^(?:BODY_INVALID|TOO_LARGE)$/))
          }
        }
      }
    }
  })

  test('with compressed columns that are no such thing, or say another length', () => {
    for (const name of ['lz4', 'zstd'] as const) {
      const whole = arrowStream(name)
      for (let at = 400; at < whole.length - 4; at += 23) {
        const damaged = Buffer.from(whole)
        damaged.fill(0xff, at, at + 4)
        try {
          rowsOf(damaged)
        } catch (error) {
          expect(error).toHaveProperty('code', expect.stringMatching(/^(?:BODY_INVALID|TOO_LARGE)$/))
        }
      }
    }
  })

  test('where a column is shorter or longer than the others', () => {
    const short = makeData({ type: new Int64(), data: BigInt64Array.of(1n) })
    const long = makeData({ type: new Int32(), data: Int32Array.of(1, 2) })
    const flags = makeData({ type: new Bool(), data: Uint8Array.of(3), length: 2 })
    const sound = streamOf({ flags, long }, 2)
    expect(rowsOf(sound)).toEqual(['{"flags":true,"long":1}', '{"flags":true,"long":2}'])
    // The writer fills up what is short; so the length is changed in the stream.
    const body = Buffer.from(streamOf({ long, short }, 2))
    const lengths: number[] = []
    for (let at = 0; at + 16 <= body.length; at += 8)
      if (body.readBigInt64LE(at) === 2n && body.readBigInt64LE(at + 8) < 2n) lengths.push(at)
    expect(lengths.length).toBeGreaterThan(0)
    for (const at of lengths) {
      const damaged = Buffer.from(body)
      damaged.writeBigInt64LE(1n, at)
      expect(() => rowsOf(damaged)).toThrow(expect.objectContaining(invalid))
    }
  })
})
