import { deflateRawSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { decodeAvro } from '../../src/iceberg/avro/decode.ts'
import { encodeAvro } from '../../src/iceberg/avro/encode.ts'
import { type AvroSchema, sanitizeAvroName } from '../../src/iceberg/avro/schema.ts'

const sync = new Uint8Array(16).fill(7)

function record(...types: AvroSchema[]): AvroSchema {
  return { type: 'record', name: 'r', fields: types.map((type, index) => ({ name: `f${index}`, type })) }
}

function text(value: string): number[] {
  const bytes = [...new TextEncoder().encode(value)]
  if (bytes.length > 63) return [((bytes.length * 2) & 0x7f) | 0x80, (bytes.length * 2) >> 7, ...bytes]
  return [bytes.length * 2, ...bytes]
}

/** A file put together by hand: header entries, then blocks of [count, body]. */
function file(
  schema: unknown,
  codec: string,
  ...blocks: (readonly [count: number, body: readonly number[]])[]
): Uint8Array {
  const printed = JSON.stringify(schema)
  const header = [
    0x4f,
    0x62,
    0x6a,
    1,
    4,
    ...text('avro.schema'),
    ...text(printed),
    ...text('avro.codec'),
    ...text(codec),
    0,
    ...sync,
  ]
  return Uint8Array.from([
    ...header,
    ...blocks.flatMap(([count, body]) => [count * 2, body.length * 2, ...body, ...sync]),
  ])
}

describe('a file of another writer', () => {
  test('may be uncompressed, or compressed by deflate, in several blocks', () => {
    expect(decodeAvro(file(record('int'), 'null', [2, [2, 4]], [1, [6]])).records).toEqual([
      { f0: 1 },
      { f0: 2 },
      { f0: 3 },
    ])
    expect(decodeAvro(file(record('int'), 'deflate', [2, [...deflateRawSync(Uint8Array.of(2, 4))]])).records).toEqual([
      { f0: 1 },
      { f0: 2 },
    ])
  })

  test('may have arrays and maps in several blocks, with their sizes given or not', () => {
    const array = [2, 2, /* −2 items in 2 bytes */ 3, 4, 4, 6, 0]
    expect(decodeAvro(file(record({ type: 'array', items: 'int' }), 'null', [1, array])).records).toEqual([
      { f0: [1, 2, 3] },
    ])
    const map = [2, ...text('a'), 2, 1, 6, ...text('b'), 4, 0]
    expect(decodeAvro(file(record({ type: 'map', values: 'int' }), 'null', [1, map])).records).toEqual([
      {
        f0: new Map([
          ['a', 1],
          ['b', 2],
        ]),
      },
    ])
  })

  test('may use enums, fixed types, types by their name and types wrapped in types', () => {
    const schema = record(
      { type: 'enum', name: 'e', symbols: ['x', 'y'] },
      { type: 'fixed', name: 'two', size: 2 },
      ['null', 'two'],
      { type: { type: 'array', items: 'two' } } as unknown as AvroSchema,
    )
    const body = [2, 1, 2, 2, 3, 4, 2, 5, 6, 0]
    expect(decodeAvro(file(schema, 'null', [1, body])).records).toEqual([
      { f0: 'y', f1: Uint8Array.of(1, 2), f2: Uint8Array.of(3, 4), f3: [Uint8Array.of(5, 6)] },
    ])
  })

  test('may hold a record that holds itself', () => {
    const schema = {
      type: 'record',
      name: 'node',
      fields: [
        { name: 'value', type: 'int' },
        { name: 'next', type: ['null', 'node'] },
      ],
    }
    expect(decodeAvro(file(schema, 'null', [1, [2, 2, 4, 0]])).records).toEqual([
      { value: 1, next: { value: 2, next: null } },
    ])
  })

  test('has its fields by id where there are ids, whatever their names', () => {
    const schema = {
      type: 'record',
      name: 'r',
      fields: [
        { name: 'added_data_files_count', type: 'int', 'field-id': 504 },
        { name: 'plain', type: 'int' },
      ],
    }
    expect(decodeAvro(file(schema, 'null', [1, [2, 4]])).records).toEqual([{ 504: 1, plain: 2 }])
  })

  test.each<[what: string, bytes: Uint8Array, sentence: string]>([
    ['it is not Avro', Uint8Array.from(new TextEncoder().encode('PAR1 and so on')), 'not an Avro file'],
    ['it is empty', new Uint8Array(), 'not an Avro file'],
    ['its codec is not known', file(record('int'), 'zstandard', [1, [2]]), 'Avro codec zstandard is not supported'],
    [
      'its sync marker does not match',
      file(record('int'), 'null', [1, [2]]).map((byte, index, all) => (index === all.length - 1 ? 0 : byte)),
      'sync marker does not match',
    ],
    [
      'a union branch does not exist',
      file(record(['null', 'int']), 'null', [1, [8, 2]]),
      'union branch does not exist',
    ],
    ['a type is not defined', file(record('two'), 'null', [1, [2]]), 'Avro type two is not defined'],
    ['a string is longer than the block', file(record('string'), 'null', [1, [60, 65]]), 'unexpected end of data'],
    ['a length is negative', file(record('string'), 'null', [1, [5, 65]]), 'unexpected end of data'],
    [
      'a number never ends',
      file(record('long'), 'null', [1, [...new Array<number>(10).fill(0xff), 0]]),
      'varint is too long',
    ],
  ])('is refused when %s', (_what, bytes, sentence) => {
    expect(() => decodeAvro(bytes)).toThrow(sentence)
  })
})

test('longs are exact up to both ends of 64 bits', () => {
  const values = [
    0,
    -1,
    63,
    64,
    -64,
    -65,
    2 ** 30 - 1,
    2 ** 30,
    -(2 ** 30),
    -(2 ** 30) - 1,
    2 ** 49,
    -(2 ** 49),
    Number.MAX_SAFE_INTEGER,
    2n ** 53n,
    2n ** 63n - 1n,
    -(2n ** 63n),
  ]
  const bytes = encodeAvro(
    record('long'),
    values.map(value => ({ f0: value })),
    {},
    sync,
  )
  expect(decodeAvro(bytes).records.map(row => row['f0'])).toEqual(values)
})

test('a file without records has no block and is read as such', () => {
  const bytes = encodeAvro(record('int'), [], { content: 'data' }, sync)
  expect(decodeAvro(bytes)).toMatchObject({ metadata: { content: 'data' }, records: [] })
})

test('a type that cannot be written is an error, not a wrong file', () => {
  expect(() => encodeAvro(record({ type: 'enum', name: 'e', symbols: ['x'] }), [], {}, sync)).toThrow(
    'cannot write Avro type enum',
  )
})

test.each([
  ['plain_1', 'plain_1'],
  ['a.b', 'a_x2Eb'],
  ['9x', '_9x'],
  ['☃', '_x2603'],
  ['ü', '_xFC'],
  ['session-id', 'session_x2Did'],
  ['😀', '_xD83D_xDE00'],
  ['a9', 'a9'],
  [' ', '_x20'],
])('the name %o is %o in Avro', (name, sanitized) => {
  expect(sanitizeAvroName(name)).toBe(sanitized)
})
